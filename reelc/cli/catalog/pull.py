"""``reelc catalog pull``"""

from pathlib import Path

import click

from reelc.cli import address
from reelc.cli.catalog.summary import facts, summary
from reelc.cli.output import print_json, talk


@click.command("pull")
@click.option(
    "--worker",
    metavar="URL",
    required=True,
    callback=address.checked,
    help="The ComfyUI server, http://host:8188. Its token comes from REELC_WORKER_TOKEN.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write, NAME.catalog; an older catalog is replaced.",
)
@click.option("--json", "as_json", is_flag=True, help="What was written, as JSON.")
def command(worker: str, output: Path, as_json: bool) -> None:
    """Write the catalog of a worker: what its ComfyUI says of all its node classes.

    `--catalog FILE` then checks, plans, compiles and runs against it. A server does not tell the
    commits of its node packs, so they stay unknown.
    """
    from reelc import catalogs
    from reelc_compiler.catalog import catalog_names

    stem = output.name.removesuffix(catalogs.SUFFIX)
    if not output.name.endswith(catalogs.SUFFIX) or not stem or not _is_name(stem):
        raise click.UsageError(f"A catalog file is called NAME{catalogs.SUFFIX}, of letters, digits, `-`, `_` and `.`.")
    if stem in catalog_names():
        raise click.UsageError(f"`{stem}` is the name of a catalog of reelc; call the file otherwise.")
    pulled = catalogs.pull(worker, output)
    found = facts(pulled.catalog, pulled.path) | {"default": False}
    if as_json:
        print_json({**found, "left_out": list(pulled.left_out)})
    else:
        click.echo("\n".join(summary(found)))
    if pulled.left_out:
        shown = ", ".join(pulled.left_out[:10]) + (", ..." if len(pulled.left_out) > 10 else "")
        talk(f"{len(pulled.left_out)} left out, described in a way that is not ComfyUI's: {shown}")


def _is_name(text: str) -> bool:
    return len(text) <= 100 and all(c.isalnum() or c in "._+-" for c in text)

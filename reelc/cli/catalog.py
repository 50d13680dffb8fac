"""``reelc catalog``: list, show, pull."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import address
from reelc.cli.exits import DONE, INPUT_ERRORS
from reelc.cli.output import print_diagnostics, print_json, talk
from reelc.cli.schemas import class_json, class_lines, origin

if TYPE_CHECKING:
    from reelc_compiler.catalog import Catalog, PackInfo


@click.group("catalog")
def command() -> None:
    """Node catalogs: what every node class of a ComfyUI takes and gives."""


# -- list ------------------------------------------------------------------------------------


@command.command("list", short_help="List the catalogs of reelc and of this folder.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """List the catalogs: those of reelc, and the files *.catalog here and in catalogs/.

    Each with its ComfyUI version, its node packs with their commits, and how many classes it has.
    """
    from reelc.catalogs import project_catalogs, read_catalog
    from reelc_compiler.catalog import DEFAULT, catalog_names, load_catalog
    from reelc_dsl.diagnostics import ReelError
    from reelc_dsl.diagnostics.render import json as render_json

    found = [_facts(load_catalog(name), None) | {"default": name == DEFAULT} for name in catalog_names()]
    broken: list[Any] = []
    for path in project_catalogs():
        try:
            found.append(_facts(read_catalog(path), path) | {"default": False})
        except ReelError as error:
            broken += error.diagnostics
    if as_json:
        print_json({"catalogs": found, "diagnostics": render_json.to_json(broken)})
    else:
        click.echo("\n\n".join("\n".join(_summary(c)) for c in found))
        print_diagnostics(broken)
    raise click.exceptions.Exit(INPUT_ERRORS if broken else DONE)


def _facts(catalog: "Catalog", path: Path | None) -> dict[str, Any]:
    counts: dict[str, int] = dict.fromkeys(catalog.packs, 0)
    for name in catalog.class_names():
        schema = catalog.get(name)
        if schema is not None:
            counts[schema.pack] += 1
    return {
        "name": catalog.name,
        "file": None if path is None else path.as_posix(),
        "comfyui": catalog.comfyui,
        "sha256": catalog.sha256,
        "classes": len(catalog),
        "packs": [{**_pack(pack), "classes": counts[pack.name]} for pack in catalog.packs.values()],
    }


def _pack(pack: "PackInfo") -> dict[str, Any]:
    return {"name": pack.name, "repo": pack.repo, "commit": pack.commit}


def _summary(catalog: dict[str, Any]) -> list[str]:
    where = "in reelc" + (", the default" if catalog["default"] else "")
    if catalog["file"] is not None:
        where = f"--catalog {catalog['file']}"
    lines = [
        f"{catalog['name']} ({where})",
        f"  ComfyUI {catalog['comfyui'] or 'of an unknown version'}, {catalog['classes']} node classes, "
        f"sha256 {catalog['sha256'][:12]}",
    ]
    width = max((len(p["name"]) for p in catalog["packs"]), default=0)
    for pack in catalog["packs"]:
        lines.append(f"  {pack['name']:<{width}}  {pack['classes']:>4}  {origin(pack['repo'], pack['commit'])}")
    return lines


# -- show ------------------------------------------------------------------------------------


@command.command("show", short_help="Show what a node class takes and gives.")
@click.argument("node_class", metavar="CLASS")
@click.option(
    "--catalog",
    "name",
    metavar="NAME|FILE",
    help="The catalog: one of reelc, or a file that `reelc catalog pull` wrote [default: comfyui-0.33.0].",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all choices.")
def show(node_class: str, name: str | None, as_json: bool) -> None:
    """Show what the node class CLASS takes and gives, as a catalog has it."""
    from reelc.catalogs import open_catalog
    from reelc_dsl.diagnostics.suggest import did_you_mean

    catalog = open_catalog(name)
    schema = catalog.get(node_class)
    if schema is None and node_class in catalog.left_out:
        raise click.UsageError(f"`{node_class}` is described in a way that is not ComfyUI's, and was left out.")
    if schema is None:
        hint = "".join(f" {s[:1].upper()}{s[1:]}" for s in did_you_mean(node_class, catalog.class_names()))
        raise click.UsageError(f"The catalog {catalog.name} has no node class `{node_class}`.{hint}")
    if as_json:
        print_json(class_json(schema, catalog))
    else:
        click.echo("\n".join(class_lines(schema, catalog)))


# -- pull ------------------------------------------------------------------------------------


@command.command("pull", short_help="Write the catalog of a worker.")
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
def pull(worker: str, output: Path, as_json: bool) -> None:
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
    facts = _facts(pulled.catalog, pulled.path) | {"default": False}
    if as_json:
        print_json({**facts, "left_out": list(pulled.left_out)})
    else:
        click.echo("\n".join(_summary(facts)))
    if pulled.left_out:
        shown = ", ".join(pulled.left_out[:10]) + (", ..." if len(pulled.left_out) > 10 else "")
        talk(f"{len(pulled.left_out)} left out, described in a way that is not ComfyUI's: {shown}")


def _is_name(text: str) -> bool:
    return len(text) <= 100 and all(c.isalnum() or c in "._+-" for c in text)

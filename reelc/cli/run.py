"""``reelc run``"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc.config import Config
    from reelc_runtime.run.request import Address


@click.command("run")
@options.source
@options.workers
@options.rendering
@options.patience
@click.option(
    "--inputs",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the input files of a plan lie [default: beside the plan's folder].",
)
def command(
    file: Path,
    overrides: dict[str, str],
    pipeline: str | None,
    catalog: str | None,
    workers: tuple[str, ...],
    alike: bool | None,
    out: Path | None,
    until: str | None,
    as_json: bool,
    quiet: bool,
    stall: float | None,
    wait: float | None,
    inputs: Path | None,
) -> None:
    """Render FILE (a .reel file, or the folder of a compiled plan) on ComfyUI workers.

    Independent jobs go to several workers at the same time. Workers are matched before anything is sent:
    node classes, model files, GPU memory. Results are decoded and compared with the plan before they
    count. What was rendered before is not rendered again; a run whose process died goes on where it was.
    Ctrl-C stops the jobs on the workers too.

    Workers behind a login get their token from REELC_WORKER_TOKEN, and further headers from
    REELC_WORKER_HEADERS ("Name: value", one a line).
    """
    from reelc.cli.running import carry_out, compile_for_run, compiled_job, plan_job
    from reelc.config import find_config
    from reelc.planfile import is_plan, read_plan
    from reelc.rendering import render
    from reelc.state import out_folder
    from reelc.workers import address_of

    config = find_config(file.parent if file.is_file() else file)
    folder = out_folder(out, config)
    if is_plan(file):
        if overrides or pipeline or catalog:
            raise click.UsageError("a compiled plan takes no --set, --pipeline or --catalog")
        place = file.parent if file.name == "plan.json" else file
        make = plan_job(read_plan(file), place, inputs, folder)
    else:
        if inputs is not None:
            raise click.UsageError("--inputs goes with a compiled plan; a .reel file's inputs lie beside it")
        make = compiled_job(compile_for_run(file, overrides, pipeline, catalog, as_json=as_json), folder)
    chosen = chosen_workers(workers, config, folder)
    how = options.rendering_options(config, until, alike, stall, wait)
    joined = partial(address_of, configured=config.workers)
    code = carry_out(make, lambda job: render(job, chosen, how, joined), as_json=as_json, quiet=quiet)
    raise click.exceptions.Exit(code)


def chosen_workers(urls: tuple[str, ...], config: "Config", out: Path) -> "tuple[Address, ...]":
    """The workers of a run: those that are named, else those of reelc.toml, else those that were added.

    Without any the way out is said, and nothing is rendered in their place.

    Raises:
        ReelError: E0709.
        click.UsageError: an address is none.
    """
    from reelc.rendering import addresses
    from reelc.workers import registered
    from reelc_dsl.diagnostics import Diagnostic, ReelError
    from reelc_dsl.diagnostics.codes import NO_WORKER
    from reelc_runtime import comfy

    found = addresses(urls, config.workers) or addresses(registered(out))
    for address in found:
        if not comfy.address_shown(address.url):
            raise click.UsageError(f"`{address.url}` is not the URL of a worker; write http://HOST:8188")
    if not found:
        raise ReelError(
            [
                Diagnostic(
                    code=NO_WORKER,
                    message="there is no worker to render on",
                    help=(
                        "name a ComfyUI server with `--worker http://HOST:8188`, or in reelc.toml",
                        "`reelc preview` makes an animatic here, without a GPU",
                    ),
                )
            ]
        )
    return found

"""``reelc run``"""

from pathlib import Path
from urllib.parse import urlsplit

import click

from reelc.cli import options


@click.command("run")
@options.source
@click.option(
    "--worker", metavar="URL", envvar="REELC_WORKER", help="A ComfyUI server, http://host:8188. [env: REELC_WORKER]"
)
@options.rendering
@click.option(
    "--stall",
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    default=900.0,
    show_default=True,
    help="Give up when the worker shows no sign of life for this long.",
)
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
    worker: str | None,
    out: Path,
    as_json: bool,
    quiet: bool,
    stall: float,
    inputs: Path | None,
) -> None:
    """Render FILE (a .reel file, or the folder of a compiled plan) on a ComfyUI worker.

    The worker is matched before anything is sent: node classes, model files, GPU memory. Results
    are decoded and compared with the plan before the film is put in its place. Ctrl-C stops the job
    on the worker too.

    A worker behind a login gets its token from REELC_WORKER_TOKEN, and further headers from
    REELC_WORKER_HEADERS ("Name: value", one a line).
    """
    from reelc.cli.running import carry_out, compile_for_run, compiled_job, plan_job
    from reelc.planfile import is_plan, read_plan
    from reelc.rendering import render

    if is_plan(file):
        if overrides or pipeline or catalog:
            raise click.UsageError("a compiled plan takes no --set, --pipeline or --catalog")
        folder = file.parent if file.name == "plan.json" else file
        make = plan_job(read_plan(file), folder, inputs, out)
    else:
        if inputs is not None:
            raise click.UsageError("--inputs goes with a compiled plan; a .reel file's inputs lie beside it")
        make = compiled_job(compile_for_run(file, overrides, pipeline, catalog, as_json=as_json), out)
    url = _worker(worker)
    code = carry_out(make, lambda job: render(job, url, stall=stall), as_json=as_json, quiet=quiet)
    raise click.exceptions.Exit(code)


def _worker(url: str | None) -> str:
    """The worker's URL; without one the way out is said, and nothing is rendered in its place."""
    from reelc_dsl.diagnostics import Diagnostic, ReelError
    from reelc_dsl.diagnostics.codes import NO_WORKER

    if not url:
        raise ReelError(
            [
                Diagnostic(
                    code=NO_WORKER,
                    message="there is no worker to render on",
                    help=(
                        "name a ComfyUI server with `--worker http://HOST:8188`",
                        "`reelc preview` makes an animatic here, without a GPU",
                    ),
                )
            ]
        )
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits:
        raise click.UsageError(f"`{url}` is not the URL of a worker; write http://HOST:8188")
    return url

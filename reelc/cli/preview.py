"""``reelc preview``"""

from fractions import Fraction
from pathlib import Path

import click

from reelc.cli import options
from reelc.cli.options import SCALE


@click.command("preview")
@options.source
@options.rendering
@click.option(
    "--scale",
    type=SCALE,
    default="1",
    show_default=True,
    metavar="1/N",
    help="All pictures smaller by a factor: as many frames, and cuts at the same places, in less time.",
)
@click.option("--clean", is_flag=True, help="Leave out the label that is burnt into every frame.")
def command(
    file: Path,
    overrides: dict[str, str],
    pipeline: str | None,
    catalog: str | None,
    out: Path | None,
    until: str | None,
    as_json: bool,
    quiet: bool,
    scale: Fraction,
    clean: bool,
) -> None:
    """Render an animatic of FILE on this machine's CPU, at true length, and at true size unless --scale says otherwise.

    An embedded preview worker plays ComfyUI: same protocol, same plan, but stand-ins instead of
    models (a slow camera move for image-to-video, a classic filter for the upscale, optical flow
    for interpolation). It is always labelled as what it is: film.preview.mp4. What did not change since
    the last preview is not made again.
    """
    from reelc.cli.running import carry_out, compile_for_run, compiled_job
    from reelc.config import find_config
    from reelc.rendering import preview
    from reelc.state import out_folder

    folder = out_folder(out, find_config(file.parent))
    done = compile_for_run(file, overrides, pipeline, catalog, as_json=as_json)
    code = carry_out(
        compiled_job(done, folder),
        lambda job: preview(job, clean=clean, until=until, scale=scale),
        as_json=as_json,
        quiet=quiet,
    )
    raise click.exceptions.Exit(code)

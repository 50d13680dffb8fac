"""``reelc sheet``"""

from pathlib import Path

import click

# What a sheet can be written as; others are not what people look at.
PICTURES = (".jpg", ".jpeg", ".png")


def _ending(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
    """The name of a picture that can be written."""
    if value.suffix.lower() not in PICTURES:
        raise click.BadParameter(f"`{value}` is not called as a picture: end it in {', '.join(PICTURES)}", ctx, param)
    return value


@click.command("sheet")
@click.argument("films", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("sheet.jpg"),
    show_default=True,
    callback=_ending,
    help="The picture that is written, a JPEG or a PNG by its name.",
)
@click.option(
    "--frames", type=click.IntRange(1, 100), default=6, show_default=True, help="How many frames of each film, at most."
)
@click.option(
    "--width", type=click.IntRange(16, 4096), default=320, show_default=True, help="How wide each frame is, in pixels."
)
def command(films: tuple[Path, ...], out: Path, frames: int, width: int) -> None:
    """Write a contact sheet of FILMS: a row for each with its name and some of its frames, to choose from.

    For takes: `reelc run film.reel --until clips --set seed=1..8`, then `reelc sheet out/*.mp4`.
    """
    from reelc.rendering import need_extra
    from reelc_dsl.diagnostics import Diagnostic, ReelError
    from reelc_dsl.diagnostics.codes import CANNOT_WRITE, NOT_A_RECORDING

    need_extra("sheet")
    from reelc_runtime.media import errors
    from reelc_runtime.media.sheet import contact_sheet

    try:
        wide, tall = contact_sheet(films, out, frames=frames, width=width)
    except (errors.DiskFull, errors.WriteFailed) as error:
        raise ReelError([Diagnostic(code=CANNOT_WRITE, message=str(error))]) from None
    except errors.MediaError as error:
        raise ReelError([Diagnostic(code=NOT_A_RECORDING, message=str(error))]) from None
    click.echo(f"{out}: {wide}x{tall}, {len(films)} film{'s' if len(films) != 1 else ''}")

"""Options that several commands share, and what they mean."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from reelc.config import Config
    from reelc.rendering import Options


class Scale(click.ParamType[Fraction]):
    """A share of a size: ``1/4``, ``0.25``."""

    name = "scale"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        try:
            scale = Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            self.fail(f"`{value}` is no share, such as 1/4", param, ctx)
        if not Fraction(1, 16) <= scale <= 1:
            self.fail(f"a preview has 1/16 to 1 of the film's size, and this is {value}", param, ctx)
        return scale


SCALE = Scale()
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def parameters(function: F) -> F:
    """--set, --pipeline."""
    for decorator in (
        click.option("--pipeline", metavar="NAME", help="Which pipeline, when the file has several."),
        click.option(
            "--set",
            "overrides",
            metavar="NAME=VALUE|@FILE",
            multiple=True,
            callback=_overrides,
            help="Set a parameter of the pipeline. Repeatable. A range, seed=1..8, or a table, @takes.csv, makes a "
            "variant for each of its numbers or rows.",
        ),
    ):
        function = decorator(function)
    return function


def source(function: F) -> F:
    """FILE, --set, --pipeline, --catalog."""
    for decorator in (
        click.option(
            "--catalog",
            metavar="NAME|FILE",
            help="Node catalog to compile against: a bundled one, a file that `reelc catalog pull` wrote, or a "
            "server's answer of /object_info [default: that of reel.lock, else comfyui-0.33.0].",
        ),
        parameters,
        click.argument("file", type=click.Path(path_type=Path)),
    ):
        function = decorator(function)
    return function


def _overrides(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    out: dict[str, str] = {}
    for value in values:
        if value.startswith("@"):
            # A file of settings, a row for each variant.
            name, equals, text = "@", "=", value[1:]
        else:
            name, equals, text = value.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"`{value}` is not NAME=VALUE", ctx, param)
        if name.strip() in out:
            raise click.BadParameter(f"`{name.strip()}` is set twice", ctx, param)
        out[name.strip()] = text
    return out


def workers(function: F) -> F:
    """--worker, --alike."""
    for decorator in (
        click.option(
            "--alike/--not-alike",
            "alike",
            default=None,
            help="The workers have the same model files and node packs: what one made counts for all of them.",
        ),
        click.option(
            "--worker",
            "workers",
            metavar="URL",
            multiple=True,
            envvar="REELC_WORKER",
            help="A ComfyUI server, http://host:8188. Repeatable. [env: REELC_WORKER, separated by spaces]",
        ),
    ):
        function = decorator(function)
    return function


def patience(function: F) -> F:
    """--stall, --wait."""
    for decorator in (
        click.option(
            "--wait",
            metavar="SECONDS",
            type=click.FloatRange(min=0),
            help="Wait this long for a lost worker to come back when no other is left [default: 300].",
        ),
        click.option(
            "--stall",
            metavar="SECONDS",
            type=click.FloatRange(min=1),
            help="Give up a job when its worker shows no sign of life for this long [default: 900].",
        ),
    ):
        function = decorator(function)
    return function


def rendering_options(
    config: "Config", until: str | None, alike: bool | None, stall: float | None, wait: float | None
) -> "Options":
    """How to render: the command line, else reelc.toml, else the defaults."""
    from reelc.rendering import Options

    default = Options()
    return Options(
        until=until,
        alike=_first(alike, config.alike, default.alike),
        stall=_first(stall, config.stall, default.stall),
        wait=_first(wait, config.wait, default.wait),
    )


def _first(given: T | None, configured: T | None, default: T) -> T:
    """What the command line says, else reelc.toml, else the default."""
    return given if given is not None else configured if configured is not None else default


def telling(function: F) -> F:
    """--json, --quiet, for commands that carry out a run."""
    for decorator in (
        click.option("-q", "--quiet", is_flag=True, help="No progress; only the result and faults."),
        click.option("--json", "as_json", is_flag=True, help="Events as JSON lines on stdout."),
    ):
        function = decorator(function)
    return function


def rendering(function: F) -> F:
    """--out, --until, --json, --quiet."""
    for decorator in (
        telling,
        click.option(
            "--until",
            "--only",
            "until",
            metavar="NAME,...",
            help="Make only what NAME needs (a sampling stage, a shot, a name for a result, an output) and show it.",
        ),
        out("Where films are written; an older film of the same name is replaced."),
    ):
        function = decorator(function)
    return function


def out(help_: str) -> Callable[[F], F]:
    """--out: the folder with films, and with the state unless REELC_STATE names another."""
    return click.option(
        "-o",
        "--out",
        metavar="FOLDER",
        type=click.Path(path_type=Path, file_okay=False),
        default=None,
        help=f"{help_} [default: `out` in reelc.toml, else out]",
    )


def as_json(function: F) -> F:
    """--json, for commands with one result."""
    return click.option("--json", "as_json", is_flag=True, help="The result as JSON on stdout.")(function)

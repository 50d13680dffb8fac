"""Options that several commands share, and what they mean."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def source(function: F) -> F:
    """FILE, --set, --pipeline, --catalog."""
    for decorator in (
        click.option(
            "--catalog",
            metavar="NAME|FILE",
            help="Node catalog to compile against: a bundled one, or a file that `reelc catalog pull` wrote "
            "[default: comfyui-0.33.0].",
        ),
        click.option("--pipeline", metavar="NAME", help="Which pipeline, when the file has several."),
        click.option(
            "--set",
            "overrides",
            metavar="NAME=VALUE",
            multiple=True,
            callback=_overrides,
            help="Set a parameter of the pipeline. Repeatable.",
        ),
        click.argument("file", type=click.Path(path_type=Path)),
    ):
        function = decorator(function)
    return function


def _overrides(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    out: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"`{value}` is not NAME=VALUE", ctx, param)
        if name.strip() in out:
            raise click.BadParameter(f"`{name.strip()}` is set twice", ctx, param)
        out[name.strip()] = text
    return out


def rendering(function: F) -> F:
    """--out, --json, --quiet."""
    for decorator in (
        click.option("-q", "--quiet", is_flag=True, help="No progress; only the result and faults."),
        click.option("--json", "as_json", is_flag=True, help="Events as JSON lines on stdout."),
        click.option(
            "-o",
            "--out",
            metavar="FOLDER",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("out"),
            show_default=True,
            help="Where films are written; an older film of the same name is replaced.",
        ),
    ):
        function = decorator(function)
    return function

"""Printing: results go to stdout, talk goes to stderr."""

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

import click

from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.render import text as as_text


def colors(stream: Any) -> bool:
    """Whether a stream takes colours: a terminal, unless NO_COLOR says otherwise."""
    if "NO_COLOR" in os.environ:
        return False
    return "FORCE_COLOR" in os.environ or (hasattr(stream, "isatty") and stream.isatty())


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Diagnostics for people, on stderr, a blank line between them."""
    paint = colors(sys.stderr)
    for diagnostic in diagnostics:
        click.echo(as_text.render(diagnostic, color=paint) + "\n", err=True, color=paint)


def print_json(value: Any) -> None:
    """A result for programs, on stdout, on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def talk(message: str) -> None:
    """A sentence for the user, on stderr."""
    click.echo(message, err=True)

"""Printing: results go to stdout, talk goes to stderr."""

import json
import os
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

import click

from reelc.cli.exits import code_of
from reelc_dsl.diagnostics import Diagnostic, ReelError
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
    """A result for programs, on stdout, on one line: in UTF-8, or in ASCII where stdout has another encoding."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("_", "-")
    click.echo(json.dumps(value, ensure_ascii=encoding not in ("utf-8", "utf8")))


def talk(message: str) -> None:
    """A sentence for the user, on stderr."""
    click.echo(message, err=True)


@contextmanager
def faults(as_json: bool, *, events: bool = False) -> Generator[None]:
    """Faults in the form that was asked for: left to whoever shows them, or as ``{"ok": false, "diagnostics"}``.

    Args:
        events: as the event ``failed`` instead, for a command whose JSON is events.
    """
    try:
        yield
    except ReelError as error:
        if not as_json:
            raise
        from reelc_dsl.diagnostics.render import json as render_json

        head = {"event": "failed"} if events else {"ok": False}
        print_json({**head, "diagnostics": render_json.to_json(error.diagnostics)})
        raise click.exceptions.Exit(code_of(error.diagnostics)) from None

"""The one layout of a Reel module: text to text, comments kept, the meaning unchanged.

The printer walks the syntax tree and takes every word from the text in order (:mod:`cursor`), so it
prints what was written and only places it anew: spaces, line ends, and the comma behind the last element
of brackets that are broken. Where lines break is decided by :mod:`layout`.
"""

import re

from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import INTERNAL
from reelc_dsl.parser import parse
from reelc_dsl.printer.cursor import Cursor
from reelc_dsl.printer.layout import render
from reelc_dsl.printer.statements import Statements
from reelc_dsl.source import Source

WIDTH = 100

_TEXT_OR_COMMENT = re.compile(r'"""(?:[^"\\]|\\(?:.|\n)|"(?!""))*"""|"(?:[^"\\\n]|\\[^\n])*"|(#[^\n]*)')


def reformat(source: Source, sink: Sink) -> str | None:
    """The text in its one layout.

    Args:
        source: newlines as ``\\n``.
        sink: receives syntax errors (E0104 to E0111); and E0999 if the result would mean something else.

    Returns:
        The text, or None when there are errors.
    """
    errors = Sink()
    module = parse(source, errors)
    sink.extend(errors)
    if errors.has_errors:
        return None
    try:
        text = print_module(module)
    except ValueError as error:
        return _failed(source, str(error), sink)
    if not _same(module, text):
        return _failed(source, "the meaning or a comment would have changed", sink)
    return text


def print_module(module: ast.Module) -> str:
    """The layout of a module that was parsed without errors.

    Raises:
        ValueError: the printer does not follow the grammar somewhere.
    """
    return render(Statements(Cursor(module.source)).module(module), WIDTH)


def comments(text: str) -> list[str]:
    """The comments of a text without syntax errors, in order, without the blank space behind them."""
    return [found[1].rstrip() for found in _TEXT_OR_COMMENT.finditer(text) if found[1] is not None]


def _failed(source: Source, why: str, sink: Sink) -> None:
    message = f"reelc itself failed: `{source.name}` cannot be laid out: {why}"
    sink.add(Diagnostic(code=INTERNAL, message=message, help=("please report this, with the .reel file",)))


def _same(module: ast.Module, text: str) -> bool:
    """Whether a text says what the module says, with the same comments."""
    errors = Sink()
    other = parse(Source(module.source.name, text), errors)
    if errors.has_errors or ast.dump(other) != ast.dump(module):
        return False
    return comments(text) == comments(module.source.text)

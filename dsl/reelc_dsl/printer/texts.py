"""Text literals of several lines: moved to another indentation where that changes no value."""

import re

from reelc_dsl.printer.layout import Block, Doc

DOC = re.compile(r'"""(?:[^"\\]|\\(?:.|\n)|"(?!""))*"""')
# What such an escape makes counts as a line or as indentation when the common indentation is found.
_MOVING = re.compile(r"(?<!\\)(?:\\\\)*\\[nt]")
_BLANK = " \t"


def block(raw: str) -> Doc:
    """A literal as it is printed, with its quotes.

    Its lines but the first lose their common indentation, as they do when the literal is read, and stand
    under the opening quotes. A literal that would then mean something else is printed as it is.
    """
    first, *rest = raw.split("\n")
    if not rest:
        return raw
    closing = rest[-1].removesuffix('"""')
    body = [*rest[:-1], closing]
    widths = [len(line) - len(line.lstrip(_BLANK)) for line in body if line.strip()]
    if _MOVING.search(raw) or (not widths and any(line.strip(_BLANK) for line in body)):
        return Block((first, *rest), exact=True)
    moved = [_without(line, min(widths, default=len(line))) for line in body]
    last = moved[-1].strip(_BLANK) and moved[-1]
    return Block((first, *moved[:-1], last + '"""'), exact=False)


def _without(line: str, indent: int) -> str:
    """A line without as much of its indentation."""
    return line[min(indent, len(line) - len(line.lstrip(_BLANK))) :]

"""What a worker's fonts can write, and colours by name: so that a title is judged before it is rendered."""

import json
from bisect import bisect_right
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path

_DATA = Path(__file__).resolve().parent / "data" / "fonts.json"
Runs = tuple[tuple[int, int, int], ...]

# The sixteen that CSS began with.
COLORS: Mapping[str, int] = {
    "black": 0x000000, "silver": 0xC0C0C0, "gray": 0x808080, "white": 0xFFFFFF,
    "maroon": 0x800000, "red": 0xFF0000, "purple": 0x800080, "fuchsia": 0xFF00FF,
    "green": 0x008000, "lime": 0x00FF00, "olive": 0x808000, "yellow": 0xFFFF00,
    "navy": 0x000080, "blue": 0x0000FF, "teal": 0x008080, "aqua": 0x00FFFF,
}  # fmt: skip
_HEX = frozenset("0123456789abcdefABCDEF")


@cache
def fonts() -> Mapping[str, Runs]:
    """For each font the runs of characters that it has, in order: first, last, width in thousandths of its size."""
    return {name: tuple((a, b, w) for a, b, w in runs) for name, runs in json.loads(_DATA.read_text("utf-8")).items()}


def lacking(text: str, runs: Runs) -> str:
    """The characters of a text that a font lacks, each once, in their order. Blank space counts for a space."""
    return "".join(dict.fromkeys(c for c in _set(text) if _width(c, runs) is None))


def width(text: str, runs: Runs) -> Fraction:
    """How wide a text is on one line, in sizes of the font, by the widths of its characters; kerning is left out.

    Blank space at the ends counts nothing and any in between for one space, as KJNodes' AddLabel sets lines.
    """
    return Fraction(sum(_width(c, runs) or 0 for c in _set(text)), 1000)


def color(text: str) -> int | None:
    """A colour as ComfyUI's nodes take it, ``0xRRGGBB``: of ``#rrggbb``, or of a name; None of any other text."""
    if len(text) == 7 and text[0] == "#" and _HEX.issuperset(text[1:]):
        return int(text[1:], 16)
    return COLORS.get(text)


def _set(text: str) -> str:
    return " ".join(text.split())


def _width(character: str, runs: Runs) -> int | None:
    code = ord(character)
    at = bisect_right(runs, code, key=lambda run: run[0]) - 1
    return runs[at][2] if at >= 0 and code <= runs[at][1] else None

"""How the language's own functions work, on values."""

import hashlib
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from reelc_compiler import lettering
from reelc_compiler.elaborate.arithmetic import ArithmeticFault
from reelc_compiler.units import Size
from reelc_compiler.values import ModelFile

# ComfyUI's window is JavaScript, whose integers are exact to 2^53; its own random seeds stay below 2^50.
SEED_LIMIT = 2**50


def nearest(value: Any, step: int, plus: int = 0) -> Any:
    """The multiple of ``step`` (shifted by ``plus``) nearest to a number or to both sides of a size.

    Never less than the first positive one; a tie goes up.
    """
    if isinstance(value, Size):
        return Size(nearest(value.width, step, plus), nearest(value.height, step, plus))
    if step < 1:
        raise ArithmeticFault("a step is at least 1")
    count = (2 * (value - plus) + step) // (2 * step)
    smallest = 0 if plus > 0 else 1
    return max(count, smallest) * step + plus


def floor(value: Any) -> int:
    """The next whole number down."""
    return math.floor(value)


def ceil(value: Any) -> int:
    """The next whole number up."""
    return math.ceil(value)


def round_(value: Any) -> int:
    """The nearest whole number; a half goes up."""
    return math.floor(Fraction(value) + Fraction(1, 2))


def numerator(value: Any) -> int:
    """The upper number of a fraction in lowest terms: 3 of 1.5."""
    return Fraction(value).numerator


def denominator(value: Any) -> int:
    """The lower number of a fraction in lowest terms: 2 of 1.5."""
    return Fraction(value).denominator


def contains(text: str | ModelFile, part: str) -> bool:
    """Whether a text, or a file's name, has another in it, letter for letter."""
    return part in (text.name if isinstance(text, ModelFile) else text)


def derive(seed: int, name: Any) -> int:
    """A seed of its own for a name: stable, and unlike the seed of any other name."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % SEED_LIMIT


def size(width: int, height: int) -> Size:
    """A size from its two sides, in pixels."""
    if width < 1 or height < 1:
        raise ArithmeticFault(f"a size has at least one pixel a side, and this is {width} by {height}")
    return Size(width, height)


def text_width(text: str, font: str) -> Fraction:
    """How wide a line of text is in a font, in sizes of the font."""
    return lettering.width(text, _runs(font))


def unwritable(text: str, font: str) -> str:
    """The characters of a text that a font lacks, each once."""
    return lettering.lacking(text, _runs(font))


def _runs(font: str) -> lettering.Runs:
    if font not in lettering.fonts():
        raise ArithmeticFault(f"the fonts that are known are {', '.join(lettering.fonts())}, not {font}")
    return lettering.fonts()[font]


PURE: Mapping[str, Callable[..., Any]] = {
    "nearest": nearest,
    "floor": floor,
    "ceil": ceil,
    "round": round_,
    "numerator": numerator,
    "denominator": denominator,
    "abs": abs,
    "min": min,
    "max": max,
    "len": len,
    "contains": contains,
    "size": size,
    "rgb": lettering.color,
    "text_width": text_width,
    "unwritable": unwritable,
}

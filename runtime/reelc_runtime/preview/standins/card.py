"""``card``: a plain picture with the beginning of a text on it, where a model would make a picture out of words."""

import colorsys
import textwrap
import unicodedata
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reelc_runtime.preview import pictures
from reelc_runtime.preview.label import letters
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task

# A line has this many letters, a card this many lines; what is left of the text is dots.
ACROSS, LINES = 28, 5
# The shares of the card that the words may take.
WIDE, TALL = 0.8, 0.6
LEAST = 6


def check(task: Task) -> str | None:
    """One picture, and a text that is put on it."""
    makes = task.makes
    if makes.kind != "image" or makes.frames != 1:
        return f"a card is one image, this makes a {makes.kind} of {makes.frames} frames"
    if makes.eyes != "mono":
        return f"a card is a plain picture, not one for {makes.eyes}"
    if not isinstance(task.settings.get("text"), str):
        return f"a card has a text, not {task.settings.get('text')!r}"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """The card: the same text gives the same picture, another text another colour."""
    facts, text = task.makes, task.settings["text"]
    card = np.full((facts.height, facts.width, 3), _color(text), np.uint8)
    _write(card, shown(text))
    yield card


def shown(text: str) -> list[str]:
    """The lines on the card.

    The font has the letters of ASCII. Accents are dropped; of a text in another script the card says only
    that it is in one, and how long it is.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = " ".join("".join(c if c.isprintable() else " " for c in plain.translate(_ALIKE)).split())
    if not plain:
        return ["no words"]
    if not plain.isascii():
        plain = f"a text of {len(text)} characters, not all of them Latin"
    lines = textwrap.wrap(plain, ACROSS)
    if len(lines) > LINES:
        return [*lines[: LINES - 1], lines[LINES - 1][: ACROSS - 4] + " ..."]
    return lines


_ALIKE = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"})


def _color(text: str) -> tuple[int, int, int]:
    """A dark colour that follows from the text."""
    hue = zlib.crc32(text.encode("utf-8", "surrogatepass")) % 360 / 360
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.45, 0.35)
    return round(255 * red), round(255 * green), round(255 * blue)


def _write(card: Frame, lines: list[str]) -> None:
    """Puts the lines into the middle of the card, as large as they fit; a card too small for letters stays plain."""
    block = _stacked([letters(line) for line in lines])
    height, width = card.shape[:2]
    scale = min(width * WIDE / block.shape[1], height * TALL / block.shape[0])
    wide, tall = int(block.shape[1] * scale), int(block.shape[0] * scale)
    if wide < 1 or tall < LEAST * len(lines):
        return
    ink: NDArray[np.float32] = pictures.resized(block, wide, tall)[:, :, None].astype(np.float32) / np.float32(255)
    top, left = (height - tall) // 2, (width - wide) // 2
    under = card[top : top + tall, left : left + wide]
    under[:] = np.rint(under + (255 - under.astype(np.float32)) * ink).astype(np.uint8)


def _stacked(lines: list[Frame]) -> Frame:
    """Pictures of one line each, one below the other, from the left."""
    pitch = max(line.shape[0] for line in lines)
    block: Frame = np.zeros((pitch * len(lines), max(line.shape[1] for line in lines)), np.uint8)
    for number, line in enumerate(lines):
        block[number * pitch : number * pitch + line.shape[0], : line.shape[1]] = line
    return block


STAND_IN = StandInKind(takes=0, check=check, frames=frames)

"""``fade``: from a colour at the beginning and to it at the end, as the nodes blend; exact."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task

COLORS = {"black": 0, "white": 255}


def check(task: Task) -> str | None:
    """Known colour, fades that fit into the clip, and frames that are neither added, lost nor resized."""
    takes, makes, color = task.takes, task.makes, task.settings.get("color", "black")
    if color not in COLORS:
        return f"a fade is to one of {', '.join(COLORS)}, not {color!r}"
    if (takes.width, takes.height, takes.frames) != (makes.width, makes.height, makes.frames):
        return "a fade keeps the size and the number of the frames"
    opening, closing = task.settings.get("opening", 0), task.settings.get("closing", 0)
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (opening, closing)):
        return f"a fade takes a number of frames, not {opening!r} and {closing!r}"
    if opening + closing > takes.frames:
        return f"fades of {opening} and {closing} frames do not fit into a clip of {takes.frames}"
    return None


def shown(number: int, frames_: int, opening: int, closing: int) -> float:
    """How much of a frame is seen: 0 on the first of the opening and the last of the closing, 1 between them."""
    if number < opening:
        return number / max(1, opening - 1) if opening > 1 else 0.0
    left = frames_ - 1 - number
    if left < closing:
        # A fade of one frame blends nothing: it is the node's first step, the picture itself.
        return left / (closing - 1) if closing > 1 else 1.0
    return 1.0


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Each frame, blended with the colour where it lies in a fade."""
    settings, facts = task.settings, task.makes
    opening, closing = int(settings.get("opening", 0)), int(settings.get("closing", 0))
    plain: Any = np.full((facts.height, facts.width, 3), COLORS[settings.get("color", "black")], np.uint8)
    for number, frame in enumerate(inputs[0].open()):
        amount = shown(number, facts.frames, opening, closing)
        yield frame if amount == 1 else pictures.blended(plain, frame, amount)


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

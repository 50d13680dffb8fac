"""``fade``: from a colour at the beginning and to it at the end, as the nodes blend; exact."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task, whole

COLORS = {"black": 0, "white": 255}


def check(task: Task) -> str | None:
    """Known colour, fades that fit into the clip, and frames that are neither added, lost nor resized."""
    takes, makes, color = task.takes, task.makes, task.settings.get("color", "black")
    if color not in COLORS:
        return f"a fade is to one of {', '.join(COLORS)}, not {color!r}"
    if (takes.width, takes.height, takes.frames) != (makes.width, makes.height, makes.frames):
        return "a fade keeps the size and the number of the frames"
    lengths = [task.settings.get(name, 0) for name in ("opening", "closing")]
    opening, closing = (whole(n, 0) for n in lengths)
    if opening is None or closing is None:
        return f"a fade takes a number of frames, not {lengths[0]!r} and {lengths[1]!r}"
    if opening + closing > takes.frames:
        return f"fades of {opening} and {closing} frames do not fit into a clip of {takes.frames}"
    first, of = whole(task.settings.get("first", 0), 0), whole(task.settings.get("of", max(opening, closing)), 0)
    if first is None or of is None or first + max(opening, closing) > of:
        return "what is seen of a fade is a part of it: first is 0 or more, and of no less than that and its frames"
    return None


def shown(number: int, frames_: int, opening: int, closing: int, first: int = 0, of: int | None = None) -> float:
    """How much of a frame is seen: 0 on the first of the opening and the last of the closing, 1 between them.

    Args:
        first, of: where a part of a longer fade is seen: the number of its first frame in that, and how long it is.
    """
    if number < opening:
        # A fade of one frame blends nothing: it is the node's first step.
        return (first + number) / max(1, (of or opening) - 1)
    begun = number - (frames_ - closing)
    if begun >= 0:
        return 1 - (first + begun) / max(1, (of or closing) - 1)
    return 1.0


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Each frame, blended with the colour where it lies in a fade."""
    settings, facts = task.settings, task.makes
    opening, closing = int(settings.get("opening", 0)), int(settings.get("closing", 0))
    first, of = int(settings.get("first", 0)), settings.get("of")
    plain: Any = np.full((facts.height, facts.width, 3), COLORS[settings.get("color", "black")], np.uint8)
    for number, frame in enumerate(inputs[0].open()):
        amount = shown(number, facts.frames, opening, closing, first, of)
        yield frame if amount == 1 else pictures.blended(plain, frame, amount)


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

"""``color``: the colours of one medium moved to those of another, by mean and spread in CIELAB."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task

# Statistics are taken from pictures of at most this many pixels a side.
SEEN = 256
Spread = tuple[NDArray[np.float64], NDArray[np.float64]]


def check(task: Task) -> str | None:
    """Size and count stay, and the settings are numbers in their range."""
    takes, makes, settings = task.takes, task.makes, task.settings
    if (takes.width, takes.height, takes.frames) != (makes.width, makes.height, makes.frames):
        return "matching colours keeps the size and the number of the frames"
    strength, frame = settings.get("strength", 1), settings.get("frame")
    if isinstance(strength, bool) or not isinstance(strength, int | float) or not 0 <= strength <= 1:
        return f"strength is a number from 0 to 1, not {strength!r}"
    if frame is not None and (isinstance(frame, bool) or not isinstance(frame, int) or not 0 <= frame < takes.frames):
        return f"there is no frame {frame!r} in a clip of {takes.frames}"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """All frames changed alike, so nothing flickers: from the statistics of the clip, or of its frame ``frame``."""
    source, like = inputs[0], inputs[-1]
    frame, strength = task.settings.get("frame"), float(task.settings.get("strength", 1))
    mean, spread = _spread(source.open() if frame is None else islice(source.open(), frame, frame + 1))
    there, wide = _spread(like.open())
    scale = wide / np.maximum(spread, 1e-6)
    for picture in source.open():
        colors = pictures.lab(picture)
        moved = (colors - mean) * scale + there
        yield pictures.from_lab((colors + strength * (moved - colors)).astype(np.float32))


def _spread(shown: Iterable[Frame]) -> Spread:
    """Mean and standard deviation of L, a and b over all frames."""
    count, total, squares = 0, np.zeros(3), np.zeros(3)
    for picture in shown:
        tall, wide = picture.shape[:2]
        shrink = min(1.0, SEEN / max(tall, wide))
        small = pictures.resized(picture, max(1, round(wide * shrink)), max(1, round(tall * shrink)))
        values = pictures.lab(small).reshape(-1, 3).astype(np.float64)
        count, total, squares = count + len(values), total + values.sum(axis=0), squares + (values**2).sum(axis=0)
    mean = total / count
    return mean, np.sqrt(np.maximum(squares / count - mean**2, 0))


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

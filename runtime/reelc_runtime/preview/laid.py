"""What lies over a clip: when it is seen and how much, and how it is laid over a frame, as the nodes do both."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reelc_compiler.plan import Facts
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import Stream, Task, whole

Ink = NDArray[np.float32]


def fault(task: Task, width: int, height: int, takes: Facts) -> str | None:
    """What is wrong with a box of such a size in the clip, or with its time; None if nothing is.

    The settings are ``left``, ``top``, ``first``, ``frames``, ``opening``, ``closing``, ``opacity`` and ``color``.
    """
    settings, makes = task.settings, task.makes
    if (takes.width, takes.height, takes.frames) != (makes.width, makes.height, makes.frames):
        return "what lies over a clip keeps its size and the number of its frames"
    if makes.eyes != "mono":
        return f"what lies over a clip is for one eye, not for {makes.eyes}"
    left, top, first = whole(settings.get("left"), 0), whole(settings.get("top"), 0), whole(settings.get("first"), 0)
    opening, closing = whole(settings.get("opening"), 0), whole(settings.get("closing"), 0)
    if left is None or top is None or left + width > makes.width or top + height > makes.height:
        place = f"{settings.get('left')!r}, {settings.get('top')!r}"
        return f"{width}x{height} at {place} does not lie in {makes.width}x{makes.height}"
    count = makes.frames - (first or 0) if settings.get("frames") is None else whole(settings.get("frames"), 0)
    if first is None or count is None or count < 1 or first + count > makes.frames:
        return (
            f"{settings.get('frames')!r} frames from {settings.get('first')!r} do not lie in a clip of {makes.frames}"
        )
    if opening is None or closing is None or opening + closing >= count:
        fades = f"{settings.get('opening')!r} and {settings.get('closing')!r}"
        return f"fades of {fades} frames do not fit into {count}"
    opacity, color = settings.get("opacity"), settings.get("color")
    if isinstance(opacity, bool) or not isinstance(opacity, int | float) or not 0 <= opacity <= 1:
        return f"opacity is a number from 0 to 1, not {opacity!r}"
    if color is not None and (isinstance(color, bool) or not isinstance(color, int) or not 0 <= color <= 0xFFFFFF):
        return f"a colour is a number from 0 to {0xFFFFFF}, not {color!r}"
    return None


def seen(task: Task) -> list[float]:
    """How much is seen in each frame of the clip: rising before the first full one, falling after the last."""
    settings, total = task.settings, task.makes.frames
    first, opening, closing = settings["first"], settings["opening"], settings["closing"]
    last = (total if settings["frames"] is None else first + settings["frames"]) - 1
    shares = (min((n - first + 1) / (opening + 1), (last - n + 1) / (closing + 1), 1.0) for n in range(total))
    return [max(0.0, share) * settings["opacity"] for share in shares]


def plain(color: int, width: int, height: int) -> Frame:
    """A picture in one colour, ``0xRRGGBB``."""
    picture: Frame = np.empty((height, width, 3), np.uint8)
    picture[:] = (color >> 16, color >> 8 & 255, color & 255)
    return picture


def frames(task: Task, source: Stream, picture: Frame, ink: Ink | None, left: int, top: int) -> Iterator[Frame]:
    """Each frame with a picture over it.

    Args:
        picture: uint8 RGB.
        ink: float32 ``[height, width]``, how much of each of its pixels counts; None for all.
        left, top: of the picture in the frame, in which it lies.
    """
    tall, wide = picture.shape[:2]
    share: Ink = np.ones((tall, wide, 1), np.float32) if ink is None else ink[:, :, None]
    over = picture.astype(np.float32)
    for frame, amount in zip(source.open(), seen(task), strict=True):
        if amount == 0:
            yield frame
            continue
        out = frame.copy()
        box = out[top : top + tall, left : left + wide]
        mask = share * np.float32(amount)
        box[:] = np.rint(box * (1 - mask) + over * mask).astype(np.uint8)
        yield out

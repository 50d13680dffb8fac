"""``equirect``: a flat picture as a window on a black sphere, for each eye by itself."""

import math
from collections.abc import Iterator

import numpy as np

from reelc_runtime.preview import pictures
from reelc_runtime.preview.eyes import eye_size, joined, parted
from reelc_runtime.preview.pictures import Flow, Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task

SPANS = {"equirect180": math.pi, "equirect360": 2 * math.pi}


def check(task: Task) -> str | None:
    """A flat picture becomes part of a sphere, for the same eyes and with as many frames."""
    takes, makes, across = task.takes, task.makes, task.settings.get("across")
    if isinstance(across, bool) or not isinstance(across, int | float) or not 1 <= across <= 170:
        return f"across is the angle of the window's longer side, 1 to 170 degrees, not {across!r}"
    if takes.projection != "flat" or makes.projection not in SPANS:
        return f"a flat picture goes onto a sphere, this goes from {takes.projection} to {makes.projection}"
    if (takes.eyes, takes.frames) != (makes.eyes, makes.frames):
        return f"eyes and frames stay: {takes.frames} of {takes.eyes} come in, {makes.frames} of {makes.eyes} go out"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Each eye's picture by itself; what lies outside the window is black."""
    takes, makes = task.takes, task.makes
    places = window(
        eye_size(takes.width, takes.height, takes.eyes),
        eye_size(makes.width, makes.height, makes.eyes),
        SPANS[makes.projection],
        math.radians(task.settings["across"]),
    )
    for frame in inputs[0].open():
        views = parted(frame, takes.eyes)
        yield joined(tuple(pictures.looked_up(view, *places) for view in views), makes.eyes)


def window(flat: tuple[int, int], sphere: tuple[int, int], span: float, across: float) -> tuple[Flow, Flow]:
    """Where in a flat picture each pixel of an equirectangular one lies.

    Args:
        flat, sphere: width and height, pixels.
        span: how much of the sphere is seen from left to right, radians; from top to bottom it is half a turn.
        across: the angle of the flat picture's longer side, radians.

    Returns:
        Columns and rows, float32 ``[height, width]``, far outside the picture where it is not seen.
    """
    wide, high = flat
    longitude = ((np.arange(sphere[0]) + 0.5) / sphere[0] - 0.5) * span
    latitude = (0.5 - (np.arange(sphere[1]) + 0.5) / sphere[1]) * math.pi
    # A plane at distance 1 in front: its pixels are so far apart that the longer side has its angle.
    pixel = 2 * math.tan(across / 2) / max(wide, high)
    ahead = np.cos(longitude) > 1e-6
    x = np.tan(np.where(ahead, longitude, 0.0))[None, :]
    y = np.tan(latitude)[:, None] / np.where(ahead, np.cos(longitude), 1.0)[None, :]
    columns = np.broadcast_to(x / pixel + (wide - 1) / 2, (sphere[1], sphere[0]))
    rows = -y / pixel + (high - 1) / 2
    seen = ahead[None, :] & (np.abs(columns - (wide - 1) / 2) <= wide / 2) & (np.abs(rows - (high - 1) / 2) <= high / 2)
    return (
        np.where(seen, columns, -9.0).astype(np.float32),
        np.where(seen, rows, -9.0).astype(np.float32),
    )


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

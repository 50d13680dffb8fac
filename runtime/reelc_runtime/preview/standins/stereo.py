"""``stereo``: each eye's picture is the one that comes in, moved sideways by how near everything is."""

from collections.abc import Iterator

import numpy as np

from reelc_runtime.preview import pictures
from reelc_runtime.preview.eyes import eye_size, joined
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task

MOST = 0.2


def check(task: Task) -> str | None:
    """A plain picture comes in with its depth, and two of its size go out."""
    takes, makes = task.takes, task.makes
    share = task.settings.get("parallax")
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= MOST:
        return f"parallax is a share of the width from 0 to {MOST}, not {share!r}"
    if takes.eyes != "mono" or makes.eyes == "mono":
        return f"two eyes are made from one picture, this goes from {takes.eyes} to {makes.eyes}"
    if eye_size(makes.width, makes.height, makes.eyes) != (takes.width, takes.height):
        return f"each eye sees a picture of {takes.width}x{takes.height}, and both are {makes.width}x{makes.height}"
    depth = task.media[task.region.media_in[1]].facts
    if {takes.frames, makes.frames, depth.frames} != {makes.frames}:
        return f"every frame has a depth: {takes.frames} frames, {depth.frames} depths, {makes.frames} pairs"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """What is near lies further right for the left eye, and further left for the right eye."""
    takes, makes = task.takes, task.makes
    columns, rows = np.meshgrid(np.arange(takes.width, dtype=np.float32), np.arange(takes.height, dtype=np.float32))
    most = float(task.settings["parallax"]) * takes.width / 2
    for frame, depth in zip(inputs[0].open(), inputs[1].open(), strict=True):
        grey = pictures.resized(depth, takes.width, takes.height)[:, :, 0]
        moved = grey.astype(np.float32) * np.float32(most / 255)
        views = tuple(
            pictures.looked_up(frame, np.clip(columns + side * moved, 0, takes.width - 1).astype(np.float32), rows)
            for side in (-1, 1)
        )
        yield joined(views, makes.eyes)


STAND_IN = StandInKind(takes=2, check=check, frames=frames)

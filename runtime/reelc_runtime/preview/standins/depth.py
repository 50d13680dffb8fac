"""``depth``: a ramp from far, above, to near, below, where a model would judge each picture."""

from collections.abc import Iterator

import numpy as np

from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task


def check(task: Task) -> str | None:
    """One depth for each frame."""
    takes, makes = task.takes, task.makes
    if takes.frames != makes.frames:
        return f"every frame has a depth: {takes.frames} frames come in, and {makes.frames} go out"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """The same ramp for every frame, as grey pictures: 255 is near."""
    facts = task.makes
    rows = np.rint(np.linspace(0, 255, facts.height)).astype(np.uint8)
    ramp = np.ascontiguousarray(np.broadcast_to(rows[:, None, None], (facts.height, facts.width, 3)))
    for _ in range(facts.frames):
        yield ramp


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

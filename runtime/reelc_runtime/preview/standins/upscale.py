"""``upscale``: a classic filter, where a model would invent detail."""

from collections.abc import Iterator

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task


def check(task: Task) -> str | None:
    """Frames are neither added nor lost."""
    if task.takes.frames != task.makes.frames:
        return f"an upscale keeps the number of frames, this goes from {task.takes.frames} to {task.makes.frames}"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Each frame at the size that the facts say."""
    facts = task.makes
    for frame in inputs[0].open():
        yield pictures.resized(frame, facts.width, facts.height)


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

"""``dissolve``: from the frames of one clip to those of another, as the node mixes them; exact."""

from collections.abc import Iterator

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import PICTURES, StandInKind, Stream, Task


def check(task: Task) -> str | None:
    """Two clips of as many frames and of one size, which is that of what comes out."""
    taken = [task.media[m].facts for m in task.region.media_in if task.media[m].facts.kind in PICTURES]
    makes = task.makes
    if any((f.width, f.height, f.frames) != (makes.width, makes.height, makes.frames) for f in taken[:2]):
        return "a dissolve mixes two clips of one size and of as many frames as it makes"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Frame i of n is the second clip's by (i + 1) / (n + 1)."""
    total = task.makes.frames
    for number, (one, other) in enumerate(zip(inputs[0].open(), inputs[1].open(), strict=True), 1):
        yield pictures.blended(one, other, number / (total + 1))


STAND_IN = StandInKind(takes=2, check=check, frames=frames)

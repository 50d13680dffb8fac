"""``dissolve``: one clip that goes over into another, as the node mixes them; exact."""

from collections.abc import Iterator

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import PICTURES, StandInKind, Stream, Task, whole


def check(task: Task) -> str | None:
    """Two clips of one size; the first ends with what is mixed, the second begins with it and may go on."""
    one, other = [f for m in task.region.media_in if (f := task.media[m].facts).kind in PICTURES][:2]
    makes = task.makes
    if {(one.width, one.height), (other.width, other.height)} != {(makes.width, makes.height)}:
        return "a dissolve mixes two clips of one size"
    said = _settings(task)
    if said is None:
        return "start is 0 or more, and first, last and of rise from 1"
    start, first, last, _ = said
    mixed = last - first + 1
    if (one.frames, makes.frames) != (start + mixed, start + other.frames) or mixed > other.frames:
        return (
            f"a dissolve of {mixed} frames from number {start} on does not make {makes.frames} frames of {one.frames} "
            f"and {other.frames}"
        )
    return None


def _settings(task: Task) -> tuple[int, int, int, int] | None:
    """Where it starts, and the first and the last share of the second clip, in parts of the fourth number."""
    frames = task.media[task.region.media_in[0]].facts.frames
    usual = {"start": 0, "first": 1, "last": frames, "of": frames + 1}
    start, first, last, of = (whole(task.settings.get(name, value), 0) for name, value in usual.items())
    if start is None or not first or last is None or of is None or not first <= last < of:
        return None
    return start, first, last, of


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """The first clip alone, then each frame of both by its share, then the second clip alone."""
    said = _settings(task)
    assert said is not None, "checked before anything starts"
    start, first, last, of = said
    one, other = inputs[0].open(), inputs[1].open()
    for _ in range(start):
        yield next(one)
    for share in range(first, last + 1):
        yield pictures.blended(next(one), next(other), share / of)
    yield from other


STAND_IN = StandInKind(takes=2, check=check, frames=frames)

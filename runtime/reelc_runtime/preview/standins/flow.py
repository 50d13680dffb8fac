"""``flow``: in-between frames along the optical flow, where a model would interpolate."""

from collections.abc import Iterator

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame, MotionSearch
from reelc_runtime.preview.task import StandInKind, Stream, Task


def multiplier(before: int, after: int) -> int | None:
    """How many steps each pair of frames is divided into: ``after = (before - 1) * m + 1``, None if none fits."""
    if before < 1 or after < 1:
        return None
    if before == 1:
        return 1 if after == 1 else None
    steps, rest = divmod(after - 1, before - 1)
    return steps if rest == 0 and steps >= 1 else None


def check(task: Task) -> str | None:
    """The counts must fit together, and the size stay the same."""
    takes, makes = task.takes, task.makes
    if (takes.width, takes.height) != (makes.width, makes.height):
        return "interpolation keeps the size of the frames"
    if multiplier(takes.frames, makes.frames) is None:
        return f"{makes.frames} frames do not come out of {takes.frames} frames by a whole multiplier"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """The frames that come in, and between each two of them ``multiplier - 1`` new ones."""
    steps = multiplier(task.takes.frames, task.makes.frames)
    assert steps is not None
    if steps == 1:
        yield from inputs[0].open()
        return
    search = MotionSearch(task.makes.width, task.makes.height)
    before: Frame | None = None
    for after in inputs[0].open():
        if before is not None:
            yield from _between(search, before, after, steps)
        yield after
        before = after


def _between(search: MotionSearch, before: Frame, after: Frame, steps: int) -> Iterator[Frame]:
    """Both frames moved towards the moment between them, and blended by how near each is."""
    small_before, small_after = search.small(before), search.small(after)
    there, back = search.between(small_before, small_after), search.between(small_after, small_before)
    for step in range(1, steps):
        at = step / steps
        yield pictures.blended(search.moved(before, there, at), search.moved(after, back, 1 - at), at)


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

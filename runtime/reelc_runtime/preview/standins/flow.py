"""``flow``: in-between frames along the optical flow, where a model would interpolate."""

from collections.abc import Iterator, Mapping
from typing import Any

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame, MotionSearch
from reelc_runtime.preview.task import StandInKind, Stream, Task, whole


def multiplier(before: int, after: int) -> int | None:
    """How many steps each pair of frames is divided into: ``after = (before - 1) * m + 1``, None if none fits."""
    if before < 1 or after < 1:
        return None
    if before == 1:
        return 1 if after == 1 else None
    steps, rest = divmod(after - 1, before - 1)
    return steps if rest == 0 and steps >= 1 else None


def rhythm(settings: Mapping[str, Any], before: int, after: int) -> tuple[int, int] | None:
    """Into how many steps each pair is divided, and every how many-th of the frames is kept; None if that cannot be.

    Args:
        settings: may say both, as ``times`` and ``every``; otherwise all frames of a whole multiplier are meant.
        before, after: frame counts; ``after = ((before - 1) * times) // every + 1``.
    """
    every = whole(settings.get("every", 1), 1)
    times = whole(settings["times"], 1) if "times" in settings else multiplier(before, after)
    if times is None or every is None:
        return None
    return (times, every) if before >= 1 and after == (before - 1) * times // every + 1 else None


def check(task: Task) -> str | None:
    """The counts must fit together, and the size stay the same."""
    takes, makes = task.takes, task.makes
    if (takes.width, takes.height) != (makes.width, makes.height):
        return "interpolation keeps the size of the frames"
    if rhythm(task.settings, takes.frames, makes.frames) is None:
        named = {"times", "every"} & task.settings.keys()
        how = ", ".join(f"{n} {task.settings[n]}" for n in sorted(named, reverse=True)) or "a whole multiplier"
        return f"{makes.frames} frames do not come out of {takes.frames} frames by {how}"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """The frames that come in and the new ones between each two of them, or every n-th of these."""
    found = rhythm(task.settings, task.takes.frames, task.makes.frames)
    assert found is not None
    times, every = found
    if times == every == 1:
        yield from inputs[0].open()
        return
    search = MotionSearch(task.makes.width, task.makes.height)
    before: Frame | None = None
    for number, after in enumerate(inputs[0].open()):
        if before is not None:
            first = (number - 1) * times
            yield from _between(search, before, after, times, [s for s in range(1, times) if (first + s) % every == 0])
        if number * times % every == 0:
            yield after
        before = after


def _between(search: MotionSearch, before: Frame, after: Frame, times: int, steps: list[int]) -> Iterator[Frame]:
    """Both frames moved towards each of some moments between them, and blended by how near each is."""
    if not steps:
        return
    small_before, small_after = search.small(before), search.small(after)
    there, back = search.between(small_before, small_after), search.between(small_after, small_before)
    for step in steps:
        at = step / times
        yield pictures.blended(search.moved(before, there, at), search.moved(after, back, 1 - at), at)


STAND_IN = StandInKind(takes=1, check=check, frames=frames, slow=True)

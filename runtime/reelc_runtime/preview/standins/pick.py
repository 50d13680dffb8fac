"""``pick``: some of the frames that come in, in another order if need be; exact."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, cast

from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task, whole

# Frames from the last to the first are held in blocks of at most this many bytes; what lies before a block
# is computed again.
HELD = 512 * 2**20


def check(task: Task) -> str | None:
    """The frames that are asked for are there, at the same size."""
    takes, makes = task.takes, task.makes
    first, step = whole(task.settings.get("first", 0)), whole(task.settings.get("step", 1))
    if first is None or step is None or step == 0:
        return f"frames are picked from `first` by `step`, whole numbers, not {dict(task.settings)}"
    if (takes.width, takes.height) != (makes.width, makes.height):
        return "picking keeps the size of the frames"
    if "numbers" in task.settings:
        return _check_listed(task)
    last = first + step * (makes.frames - 1)
    if makes.frames < 1 or not 0 <= first < takes.frames or not 0 <= last < takes.frames:
        return f"{makes.frames} frames from number {first} by {step} do not lie in a clip of {takes.frames}"
    return None


def _check_listed(task: Task) -> str | None:
    numbers: Any = task.settings["numbers"]
    if not isinstance(numbers, list) or any(whole(n) is None for n in cast(list[Any], numbers)):
        return "`numbers` of a pick is a list of whole numbers"
    listed = cast(list[int], numbers)
    if len(listed) != task.makes.frames:
        return f"{len(listed)} numbers are no {task.makes.frames} frames"
    if any(b <= a for a, b in pairwise([-1, *listed])) or listed[-1] >= task.takes.frames:
        return f"the numbers of a pick rise, from 0 to at most {task.takes.frames - 1}"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Frame ``first + step * n`` of what comes in, as number n, or those that are listed; counted from 0."""
    if "numbers" in task.settings:
        yield from _some(inputs[0], cast(list[int], task.settings["numbers"]))
        return
    first, step = whole(task.settings.get("first", 0)), whole(task.settings.get("step", 1))
    assert first is not None
    assert step
    numbers = [first + step * n for n in range(task.makes.frames)]
    if step > 0:
        yield from _some(inputs[0], numbers)
        return
    block = max(1, HELD // (task.makes.width * task.makes.height * 3))
    for start in range(0, len(numbers), block):
        yield from reversed(list(_some(inputs[0], numbers[start : start + block][::-1])))


def _some(stream: Stream, numbers: list[int]) -> Iterator[Frame]:
    """The frames with these numbers, which rise."""
    wanted = iter(numbers)
    next_ = next(wanted, None)
    for number, frame in enumerate(stream.open()):
        if next_ is None:
            return
        if number == next_:
            yield frame
            next_ = next(wanted, None)


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

"""``repeat``: a picture or a clip again and again, or its last frame held; exact."""

from collections.abc import Iterator

from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task

HOW = ("loop", "hold")


def check(task: Task) -> str | None:
    """A way to go on after the last frame, at the same size."""
    takes, makes, how = task.takes, task.makes, task.settings.get("how", "loop")
    if how not in HOW:
        return f"frames repeat as one of {', '.join(HOW)}, not {how!r}"
    if (takes.width, takes.height) != (makes.width, makes.height):
        return "repeating keeps the size of the frames"
    if makes.frames < takes.frames:
        return f"{makes.frames} frames are no repetition of {takes.frames}"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """All frames that come in, then from the first again, or the last for as long as it takes."""
    left = task.makes.frames
    last: Frame | None = None
    while left:
        for frame in inputs[0].open():
            last = frame
            yield frame
            left -= 1
            if not left:
                return
        if task.settings.get("how") == "hold" and last is not None:
            for _ in range(left):
                yield last
            return


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

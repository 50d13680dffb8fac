"""``load``: the uploaded file itself, decoded as ComfyUI decodes it. Of a sound nothing is needed."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

from reelc_runtime.media.errors import MediaError
from reelc_runtime.media.lossless import read_frames
from reelc_runtime.preview import pictures
from reelc_runtime.preview.errors import StandInError
from reelc_runtime.preview.folders import BadName
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task, whole


def _path(task: Task) -> Path:
    name = task.setting_in_graph()
    try:
        path = task.folders.annotated(name)
    except BadName as error:
        raise StandInError(str(error)) from error
    if not path.is_file():
        what = {"file": "video", "audio": "audio"}.get(str(task.settings.get("field")), "image")
        raise StandInError(f"{task.settings.get('field')} - Invalid {what} file: {name}")
    return path


def check(task: Task) -> str | None:
    """The file must have been uploaded; a stretch of it begins somewhere."""
    if whole(task.settings.get("first", 0), 0) is None:
        return f"first is 0 or more, not {task.settings.get('first')!r}"
    try:
        _path(task)
    except StandInError as error:
        return str(error)
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """The frames of the file; at another size where a smaller preview asks for it."""
    for frame in _frames(task):
        yield (
            pictures.resized(frame, task.makes.width, task.makes.height) if task.settings.get("fit") is True else frame
        )


def _frames(task: Task) -> Iterator[Frame]:
    """One frame of a picture (orientation applied, alpha dropped), or all frames of a film or a hand-over."""
    path = _path(task)
    if task.makes.kind == "image":
        picture = pictures.decode(path.read_bytes())
        if picture is None:
            raise StandInError(f"{path.name} is not a picture that can be decoded")
        yield picture
        return
    first = whole(task.settings.get("first", 0), 0)
    assert first is not None, "checked before anything starts"
    try:
        # All frames that a region without `first` finds are its own; a stretch has as many as were planned.
        frames = task.makes.frames if "first" in task.settings else None
        since = (first - Fraction(1, 2)) / task.makes.fps if first and task.makes.fps else None
        for frame, _ in islice(read_frames(path, since=since), frames):
            yield frame
    except MediaError as error:
        raise StandInError(f"{path.name} is not a clip that can be decoded") from error


STAND_IN = StandInKind(takes=0, check=check, frames=frames, sound=True)

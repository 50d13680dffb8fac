"""``load``: the uploaded file itself, decoded as ComfyUI decodes it. Of a sound nothing is needed."""

from collections.abc import Iterator
from pathlib import Path

from reelc_runtime.media.errors import MediaError
from reelc_runtime.media.lossless import read_frames
from reelc_runtime.preview import pictures
from reelc_runtime.preview.errors import StandInError
from reelc_runtime.preview.folders import BadName
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task


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
    """The file must have been uploaded."""
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
    try:
        for frame, _ in read_frames(path):
            yield frame
    except MediaError as error:
        raise StandInError(f"{path.name} is not a clip that can be decoded") from error


STAND_IN = StandInKind(takes=0, check=check, frames=frames, sound=True)

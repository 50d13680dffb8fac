"""``overlay``: a picture, or a colour, over a clip, through a matte where there is one; exact."""

from collections.abc import Iterator

import numpy as np

from reelc_runtime.preview import laid
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task


def check(task: Task) -> str | None:
    """A clip and one or two pictures of one size come in; what is laid over lies in the clip, in place and time."""
    facts = [task.media[medium].facts for medium in task.region.media_in]
    clips, images = [f for f in facts if f.kind == "clip"], [f for f in facts if f.kind == "image"]
    color, matte = task.settings.get("color"), task.settings.get("matte")
    if len(clips) != 1 or not images or not isinstance(matte, bool):
        return "a clip and a picture come in, and `matte` is true or false"
    if len({(i.width, i.height) for i in images}) > 1:
        return "a matte has the size of its picture"
    if color is not None and not matte:
        return "a colour needs a matte"
    return laid.fault(task, images[0].width, images[0].height, clips[0])


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Each frame with what lies over it. Of two pictures the first is the matte, of which the red channel counts."""
    settings = task.settings
    (source,) = (s for s in inputs if s.facts.kind == "clip")
    images = [s for s in inputs if s.facts.kind == "image"]
    ink = images[0].only()[:, :, 0].astype(np.float32) / np.float32(255) if settings["matte"] else None
    color = settings.get("color")
    size = images[-1].facts
    picture = images[-1].only() if color is None else laid.plain(color, size.width, size.height)
    yield from laid.frames(task, source, picture, ink, settings["left"], settings["top"])


STAND_IN = StandInKind(takes=2, check=check, frames=frames, pixels=("left", "top"))

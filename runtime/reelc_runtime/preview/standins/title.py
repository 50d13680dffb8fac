"""``title``: a line of text over a clip, in the label's font: true in place, width, colour and time."""

from collections.abc import Iterator

import numpy as np

from reelc_runtime.preview import laid, pictures
from reelc_runtime.preview.label import line
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task, whole

# How high capitals are, in sizes of the font: 0.57 and 0.7 in those that std.titles has.
CAPITALS = 0.6


def check(task: Task) -> str | None:
    """There are words, a width and a size for them, and they lie in the clip, in place and time."""
    text, width, size = (task.settings.get(n) for n in ("text", "width", "size"))
    if not isinstance(text, str) or not text.strip():
        return f"a title has a text, not {text!r}"
    if not whole(task.settings.get("width"), 0) or not whole(task.settings.get("size"), 0):
        return f"a title has a width and a size in pixels, not {width!r} and {size!r}"
    if task.settings.get("color") is None:
        return "a title has a colour"
    return laid.fault(task, int(width or 0), 1, task.takes)


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Each frame with the text over it, the middle of its capitals at ``top``; what would stick out is cut off."""
    settings, facts = task.settings, task.makes
    drawn, above, capitals = line(" ".join(settings["text"].split()))
    scale = settings["size"] * CAPITALS / capitals
    tall = max(1, round(drawn.shape[0] * scale))
    ink = pictures.resized(drawn, settings["width"], tall).astype(np.float32) / np.float32(255)
    top = settings["top"] - round((above + capitals / 2) * scale)
    ink = ink[max(0, -top) : max(0, facts.height - top)]
    picture = laid.plain(settings["color"], ink.shape[1], ink.shape[0])
    yield from laid.frames(task, inputs[0], picture, ink, settings["left"], max(0, top))


STAND_IN = StandInKind(takes=1, check=check, frames=frames, pixels=("left", "top", "width", "size"))

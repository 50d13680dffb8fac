"""``resize``: exact, by the rules of ComfyUI's own nodes."""

from collections.abc import Iterator

from reelc_runtime.preview import pictures
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import StandInKind, Stream, Task

RULES = ("crop", "cut", "pad", "place", "stretch")
COLORS = {"black": 0, "white": 255}


def check(task: Task) -> str | None:
    """Rule and colour must be known, frames are neither added nor lost, a cut makes no larger, bars no smaller."""
    rule, takes, makes = task.settings.get("rule"), task.takes, task.makes
    if rule not in RULES:
        return f"the resize rule {rule!r} is not one of {', '.join(RULES)}"
    if task.settings.get("color", "black") not in COLORS:
        return f"bars are in one of {', '.join(COLORS)}, not {task.settings['color']!r}"
    if takes.frames != makes.frames:
        return f"a resize keeps the number of frames, this goes from {takes.frames} to {makes.frames}"
    if rule == "cut" and (takes.width < makes.width or takes.height < makes.height):
        return f"{makes.width}x{makes.height} cannot be cut out of {takes.width}x{takes.height}"
    if rule == "place" and (takes.width > makes.width or takes.height > makes.height):
        return f"{takes.width}x{takes.height} cannot be placed in {makes.width}x{makes.height}"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """Each frame at the size of the medium that comes out."""
    rule, facts = task.settings["rule"], task.makes
    bars = COLORS[task.settings.get("color", "black")]
    for frame in inputs[0].open():
        yield fitted(frame, facts.width, facts.height, rule, bars)


def fitted(frame: Frame, width: int, height: int, rule: str, bars: int = 0) -> Frame:
    """A frame at another size.

    Args:
        frame: uint8 RGB.
        width, height: pixels.
        rule: ``crop`` covers and cuts equal margins off before scaling, as ImageScale does with
            crop=center; ``cut`` takes the middle and scales nothing; ``pad`` fits inside, as
            ResizeAndPadImage does; ``place`` puts bars around it and scales nothing; ``stretch`` does neither.
        bars: how bright the bars are, 0 to 255.
    """
    if rule == "cut":
        top, left = (frame.shape[0] - height) // 2, (frame.shape[1] - width) // 2
        return frame[top : top + height, left : left + width].copy()
    if rule == "place":
        left, top = (width - frame.shape[1]) // 2, (height - frame.shape[0]) // 2
        return pictures.padded(frame, width, height, left, top, bars)
    if rule == "crop":
        frame = _covering(frame, width, height)
    elif rule == "pad":
        tall, wide = frame.shape[:2]
        scale = min(width / wide, height / tall)
        new_wide, new_tall = max(1, int(wide * scale)), max(1, int(tall * scale))
        inner = pictures.resized(frame, new_wide, new_tall)
        return pictures.padded(inner, width, height, (width - new_wide) // 2, (height - new_tall) // 2, bars)
    return pictures.resized(frame, width, height)


def _covering(frame: Frame, width: int, height: int) -> Frame:
    """Equal margins off the longer side, rounded as ImageScale rounds them; one pixel is always left."""
    tall, wide = frame.shape[:2]
    old, new = wide / tall, width / height
    left = round((wide - wide * (new / old)) / 2) if old > new else 0
    top = round((tall - tall * (old / new)) / 2) if old < new else 0
    left, top = min(left, (wide - 1) // 2), min(top, (tall - 1) // 2)
    return frame[top : tall - top, left : wide - left]


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

"""``silence``: a stage that makes nothing but sound, or changes it. What a preview lets hear of models is silence."""

from reelc_runtime.preview.task import StandInKind, Task


def check(task: Task) -> str | None:
    """It makes no pictures."""
    return "silence stands in for sound, and this makes pictures" if task.pictures_out else None


STAND_IN = StandInKind(takes=0, check=check, sound=True)

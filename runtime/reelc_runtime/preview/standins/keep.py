"""``keep``: a hand-over between jobs, every frame exact. It is no film and carries no label; its name says preview."""

from collections.abc import Iterator

from reelc_runtime.media.lossless import STILL_RATE, encode_apng
from reelc_runtime.preview.errors import StandInError
from reelc_runtime.preview.folders import BadName
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import Saved, StandInKind, Stream, Task, Watch

SUFFIX = "png"


def check(task: Task) -> str | None:
    """A prefix that stays inside the output folder."""
    if task.settings.get("container") != SUFFIX:
        return f"the preview hands over as {SUFFIX}, not {task.settings.get('container')}"
    try:
        task.folders.next_output(task.setting_in_graph(), SUFFIX)
    except (BadName, StandInError) as error:
        return str(error)
    return None


def save(task: Task, inputs: tuple[Stream, ...], watch: Watch) -> Saved:
    """Write all frames; ``watch`` sees each one as it goes into the file."""
    facts = inputs[0].facts
    path, name, subfolder = task.folders.next_output(task.setting_in_graph(), SUFFIX)

    def shown() -> Iterator[Frame]:
        for frame in inputs[0].open():
            watch(frame)
            yield frame

    encode_apng(shown(), path, width=facts.width, height=facts.height, fps=facts.fps or STILL_RATE)
    return Saved(node=str(task.settings["node"]), filename=name, subfolder=subfolder)


STAND_IN = StandInKind(takes=1, check=check, save=save)

"""``keep``: what one job hands to the next, every frame exact, and the sound of a film, which is silence: no model was
asked. It is no film and carries no label; its name says preview."""

from collections.abc import Iterator
from fractions import Fraction

from reelc_compiler.facts import AUDIO
from reelc_runtime.media.lossless import STILL_RATE, encode_apng
from reelc_runtime.media.sound import write_silence
from reelc_runtime.preview.errors import StandInError
from reelc_runtime.preview.folders import BadName
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import Saved, StandInKind, Stream, Task, Watch

PICTURES, SOUND = "png", "flac"


def check(task: Task) -> str | None:
    """A prefix that stays inside the output folder, and a file for what comes in."""
    container = task.settings.get("container")
    wanted = SOUND if task.takes.kind == AUDIO else PICTURES
    if container != wanted:
        return f"the preview keeps {task.takes.kind} as {wanted}, not {container}"
    try:
        task.folders.next_output(task.setting_in_graph(), wanted)
    except (BadName, StandInError) as error:
        return str(error)
    return None


def save(task: Task, inputs: tuple[Stream, ...], watch: Watch) -> Saved:
    """Write all frames, each of which ``watch`` sees as it goes into the file; or silence."""
    facts = task.takes
    container = str(task.settings["container"])
    path, name, subfolder = task.folders.next_output(task.setting_in_graph(), container)
    if facts.kind == AUDIO:
        write_silence(path, facts.seconds or Fraction(0))
        return Saved(node=str(task.settings["node"]), filename=name, subfolder=subfolder, field="audio")

    def shown() -> Iterator[Frame]:
        for frame in inputs[0].open():
            watch(frame)
            yield frame

    encode_apng(shown(), path, width=facts.width, height=facts.height, fps=facts.fps or STILL_RATE)
    return Saved(node=str(task.settings["node"]), filename=name, subfolder=subfolder)


STAND_IN = StandInKind(takes=0, check=check, save=save)

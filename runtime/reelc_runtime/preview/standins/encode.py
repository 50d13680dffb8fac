"""``encode``: the film's file, labelled as a preview unless it was asked to be clean."""

from collections.abc import Iterator

from reelc_runtime.media.encode import encode_h264
from reelc_runtime.preview.errors import StandInError
from reelc_runtime.preview.folders import BadName
from reelc_runtime.preview.label import Label
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.task import Saved, StandInKind, Stream, Task, Watch

METADATA = {
    "title": "reelc preview - not a render",
    "comment": "made by reelc's preview worker with stand-ins, not by the models that the plan names",
}


def check(task: Task) -> str | None:
    """What H.264 in MP4 can hold, under a prefix that stays inside the output folder."""
    facts, settings = task.takes, task.settings
    if (settings.get("container"), settings.get("codec")) != ("mp4", "h264"):
        return f"the preview encodes h264 in mp4, not {settings.get('codec')} in {settings.get('container')}"
    crf = settings.get("crf")
    if isinstance(crf, bool) or not isinstance(crf, int | float) or not 0 <= crf <= 51:
        return f"crf is a number from 0 to 51, not {crf!r}"
    if facts.fps is None:
        return f"a film is made from a clip, this is {facts.kind}"
    if facts.width % 2 or facts.height % 2:
        return f"h264 needs an even width and height, this is {facts.width}x{facts.height}"
    try:
        task.folders.next_output(task.setting_in_graph(), "mp4")
    except (BadName, StandInError) as error:
        return str(error)
    return None


def save(task: Task, inputs: tuple[Stream, ...], watch: Watch) -> Saved:
    """Encode all frames; ``watch`` sees each one as it goes into the file."""
    facts = inputs[0].facts
    assert facts.fps is not None
    path, name, subfolder = task.folders.next_output(task.setting_in_graph(), "mp4")
    label = None if task.clean else Label(facts.width, facts.height, facts.eyes)

    def shown() -> Iterator[Frame]:
        for frame in inputs[0].open():
            out = frame if label is None else label.on(frame)
            watch(out)
            yield out

    encode_h264(
        shown(),
        path,
        width=facts.width,
        height=facts.height,
        fps=facts.fps,
        crf=float(task.settings["crf"]),
        metadata=METADATA,
    )
    return Saved(node=str(task.settings["node"]), filename=name, subfolder=subfolder)


STAND_IN = StandInKind(takes=1, check=check, save=save)

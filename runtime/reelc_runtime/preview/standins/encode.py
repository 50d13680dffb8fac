"""``encode``: the film's file, or the lossless one that a sequence of pictures is made of, labelled as a preview unless
it was asked to be clean."""

from collections.abc import Iterator

from reelc_compiler.codecs import CODECS, SEQUENCE
from reelc_runtime.media.encode import encode
from reelc_runtime.media.lossless import encode_apng
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
    """What the codec can hold, under a prefix that stays inside the output folder."""
    facts, settings = task.takes, task.settings
    codec = CODECS.get(str(settings.get("codec")))
    if codec is None or settings.get("container") != codec.container:
        known = ", ".join(f"{c.name} in {c.container}" for c in CODECS.values())
        return f"the preview encodes {known}, not {settings.get('codec')} in {settings.get('container')}"
    crf = settings.get("crf")
    if codec.crf is None:
        if crf is not None:
            return f"{codec.name} takes no crf, and this is {crf!r}"
    elif isinstance(crf, bool) or not isinstance(crf, int | float) or not 0 <= crf <= codec.most:
        return f"crf is a number from 0 to {codec.most}, not {crf!r}"
    if facts.fps is None:
        return f"a film is made from a clip, this is {facts.kind}"
    if codec.even and (facts.width % 2 or facts.height % 2):
        return f"{codec.name} needs an even width and height, this is {facts.width}x{facts.height}"
    if min(facts.width, facts.height) < codec.least:
        return f"{codec.name} needs {codec.least} pixels a side at least, this is {facts.width}x{facts.height}"
    try:
        task.folders.next_output(task.setting_in_graph(), codec.container)
    except (BadName, StandInError) as error:
        return str(error)
    return None


def save(task: Task, inputs: tuple[Stream, ...], watch: Watch) -> Saved:
    """Encode all frames; ``watch`` sees each one as it goes into the file."""
    facts = inputs[0].facts
    assert facts.fps is not None
    codec = CODECS[str(task.settings["codec"])]
    path, name, subfolder = task.folders.next_output(task.setting_in_graph(), codec.container)
    label = None if task.clean else Label(facts.width, facts.height, facts.eyes)

    def shown() -> Iterator[Frame]:
        for frame in inputs[0].open():
            out = frame if label is None else label.on(frame)
            watch(out)
            yield out

    if codec.name == SEQUENCE:
        encode_apng(shown(), path, width=facts.width, height=facts.height, fps=facts.fps)
    else:
        encode(
            shown(),
            path,
            width=facts.width,
            height=facts.height,
            fps=facts.fps,
            codec=codec.name,
            crf=task.settings.get("crf"),
            metadata=METADATA,
        )
    return Saved(node=str(task.settings["node"]), filename=name, subfolder=subfolder)


STAND_IN = StandInKind(takes=1, check=check, save=save)

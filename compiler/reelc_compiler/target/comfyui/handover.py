"""The nodes with which a medium leaves one job and enters the next, and the file between them.

The file is lossless for what a saved medium can hold (8 bits a channel of a picture, 16 bits of sound) and the same
whatever the worker, so that a key never depends on where a job ran. All nodes are ComfyUI's own.
"""

from typing import Any

from reelc_compiler.facts import AUDIO, Facts
from reelc_compiler.ir.graph import Ref
from reelc_dsl.records import dataclass

# What ComfyUI and its packs call the input that files are named after.
PREFIX = "filename_prefix"
# zlib's fastest level: on noisy film frames a higher one costs several times the time for a few percent.
COMPRESS_LEVEL = 1
# The file's own rate is only for people who open it: the exact one is a fact of the plan.
STILL_RATE = 1.0


@dataclass(frozen=True, slots=True)
class Form:
    """How media of one kind are handed over.

    Attributes:
        save, load: the classes; ``takes`` is the input of ``save`` for the medium, ``load_field`` that of ``load`` for
            the file.
        container, codec: of the file.
    """

    save: str
    takes: str
    load: str
    load_field: str
    container: str
    codec: str


PICTURES = Form("SaveAnimatedPNG", "images", "LoadImage", "image", "png", "apng")
SOUND = Form("SaveAudio", "audio", "LoadAudio", "audio", "flac", "flac")


def form_of(facts: Facts) -> Form:
    """How a medium is handed over."""
    return SOUND if facts.kind == AUDIO else PICTURES


def save_inputs(medium: Ref, prefix: str, facts: Facts) -> dict[str, Any]:
    """The inputs of the saving node."""
    inputs: dict[str, Any] = {form_of(facts).takes: medium, PREFIX: prefix}
    if facts.kind != AUDIO:
        inputs["fps"] = float(facts.fps) if facts.fps is not None else STILL_RATE
        inputs["compress_level"] = COMPRESS_LEVEL
    return inputs

"""The nodes with which a medium leaves one job and enters the next, and the file between them.

The file is lossless for what a saved picture can hold (8 bits a channel) and the same whatever the
worker, so that a key never depends on where a job ran. Both nodes are ComfyUI's own.
"""

from typing import Any

from reelc_compiler.facts import Facts
from reelc_compiler.ir.graph import Ref

SAVE = "SaveAnimatedPNG"
LOAD = "LoadImage"
SAVE_FIELD = "filename_prefix"
LOAD_FIELD = "image"
CONTAINER = "png"
CODEC = "apng"
# zlib's fastest level: on noisy film frames a higher one costs several times the time for a few percent.
COMPRESS_LEVEL = 1
# The file's own rate is only for people who open it: the exact one is a fact of the plan.
STILL_RATE = 1.0


def save_inputs(pictures: Ref, prefix: str, facts: Facts) -> dict[str, Any]:
    """The inputs of the saving node."""
    return {
        "images": pictures,
        SAVE_FIELD: prefix,
        "fps": float(facts.fps) if facts.fps is not None else STILL_RATE,
        "compress_level": COMPRESS_LEVEL,
    }


def load_inputs(file: str) -> dict[str, Any]:
    """The inputs of the loading node."""
    return {LOAD_FIELD: file}

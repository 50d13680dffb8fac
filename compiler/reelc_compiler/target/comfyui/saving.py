"""SaveVideo in the spellings that ComfyUI has given it, best first.

Read in ComfyUI's source. From August 20, 2026 (40 commits after the release of 0.33.0): a container, in it a codec, in
it an encoding, with a colour space and a rate factor; "sRGB" converts to BT.709 and tags it. From 0.29 to the release
of 0.33.0: a rate factor, no colour space. Before: neither, and x264's own default of 23. Without a colour space nothing
is tagged, and the pixels come from libswscale's default matrix, that of BT.601.
"""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import InputSchema, NodeSchema, expand_inputs
from reelc_dsl.records import dataclass

CONTAINER = "mp4"
BT709 = "bt709"
BT601 = "smpte170m"


@dataclass(frozen=True, slots=True)
class Saving:
    """How a film is saved.

    Attributes:
        inputs: of the node, besides the video and the prefix.
        crf: the encoder's rate factor; None where the node chooses the quality itself.
        color: the matrix of the pixels, ``bt709`` or ``smpte170m``.
    """

    inputs: Mapping[str, Any]
    crf: int | None
    color: str


def saving(schema: NodeSchema, codec: str, crf: int) -> Saving | None:
    """How this SaveVideo saves; None when it is one that nobody has seen."""
    rate = float(crf)
    spellings = (
        Saving(
            {
                "format": CONTAINER,
                "format.codec": codec,
                "format.codec.encoding": "re-encode",
                "format.codec.encoding.color_space": "sRGB",
                "format.codec.encoding.crf": rate,
            },
            crf,
            BT709,
        ),
        Saving(
            {"format": CONTAINER, "codec": codec, "codec.encoding": "re-encode", "codec.encoding.crf": rate}, crf, BT601
        ),
        Saving({"format": CONTAINER, "codec": codec}, None, BT601),
    )
    return next((s for s in spellings if _takes(schema, s.inputs)), None)


def _takes(schema: NodeSchema, inputs: Mapping[str, Any]) -> bool:
    given = {"video": None, "filename_prefix": "", **inputs}
    known = expand_inputs(schema, given)
    lacking = [name for name, wanted in known.items() if wanted.required and name not in given]
    return not lacking and all(name in known and _offers(known[name], value) for name, value in given.items())


def _offers(wanted: InputSchema, value: Any) -> bool:
    choices = wanted.choices if wanted.options is None else tuple(wanted.options)
    return choices is None or value in choices

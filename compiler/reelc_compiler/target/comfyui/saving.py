"""The nodes that write a film, in the spellings that ComfyUI and its packs have given them, best first.

Read in ComfyUI's source: SaveVideo, from August 20, 2026 (40 commits after the release of 0.33.0), takes a container,
in it a codec, in it an encoding, with a colour space and a rate factor; "sRGB" converts to BT.709 and tags it. From
0.29 to the release of 0.33.0: a rate factor, no colour space. Before: neither, and x264's own default of 23. Without a
colour space nothing is tagged, and the pixels come from libswscale's default matrix, that of BT.601.

Read in VideoHelperSuite 4ee72c06: VHS_VideoCombine pipes frames of 8 bits into ffmpeg (of 16 for FFV1), converts to
BT.709 and tags it. Of ProRes only the profile 4444 has pixels that do not depend on the version of ffmpeg: tried, the
others take what ffmpeg thinks nearest.
"""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import Catalog, InputSchema, NodeSchema, expand_inputs
from reelc_compiler.codecs import CODECS, SEQUENCE
from reelc_compiler.target.comfyui import handover
from reelc_compiler.target.comfyui.handover import PREFIX
from reelc_dsl.records import dataclass

BT709 = "bt709"
BT601 = "smpte170m"
RGB = "rgb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """How a film is saved.

    Attributes:
        collect: the class that makes a video of pictures first; None where the saving node takes pictures.
        save: the class that saves.
        rate: the input that takes the frame rate, of ``collect`` or else of ``save``.
        inputs: of ``save``, besides the pictures or the video, the rate and the prefix.
        crf: the encoder's rate factor; None where there is none, or the node chooses.
        pix_fmt: of the film, in libav's words.
        color: the matrix of the pixels, ``bt709`` or ``smpte170m``; ``rgb`` where they are not converted.
    """

    save: str
    rate: str
    inputs: Mapping[str, Any]
    crf: int | None
    pix_fmt: str
    color: str
    collect: str | None = None

    @property
    def takes(self) -> str:
        """The input of ``save`` that takes the pictures or the video."""
        return "images" if self.collect is None else "video"


def saving(catalog: Catalog, codec: str, crf: int | None) -> Saving | None:
    """How the catalog's ComfyUI saves films in a codec; None when it does not, or in a way that nobody has seen."""
    return next((way for way in _ways(codec, crf) if _works(catalog, way)), None)


def packs_that_save(codec: str) -> str | None:
    """The pack to install where a catalog has nothing that saves in a codec; None where no pack would help."""
    return "ComfyUI-VideoHelperSuite" if codec in _COMBINE else None


def _ways(codec: str, crf: int | None) -> list[Saving]:
    ways: list[Saving] = []
    if codec in ("h264", "av1"):
        ways += _save_video(codec, float(crf or 0), crf)
    if codec in _COMBINE:
        ways.append(_combine(codec, crf))
    if codec == SEQUENCE:
        ways.append(
            Saving(
                save=handover.PICTURES.save,
                rate="fps",
                inputs={"compress_level": handover.COMPRESS_LEVEL},
                crf=None,
                pix_fmt="rgb24",
                color=RGB,
            )
        )
    return ways


def _save_video(codec: str, rate: float, crf: int | None) -> list[Saving]:
    container = CODECS[codec].container

    def way(inputs: Mapping[str, Any], crf: int | None, color: str) -> Saving:
        return Saving(
            collect="CreateVideo",
            save="SaveVideo",
            rate="fps",
            inputs={"format": container, **inputs},
            crf=crf,
            pix_fmt="yuv420p",
            color=color,
        )

    newest = {
        "format.codec": codec,
        "format.codec.encoding": "re-encode",
        "format.codec.encoding.color_space": "sRGB",
        "format.codec.encoding.crf": rate,
    }
    return [
        way(newest, crf, BT709),
        way({"codec": codec, "codec.encoding": "re-encode", "codec.encoding.crf": rate}, crf, BT601),
        way({"codec": codec}, None, BT601),
    ]


# VHS_VideoCombine's format with its own widgets, the pixels of the file, and their matrix.
_COMBINE: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "h265": ({"format": "video/h265-mp4", "pix_fmt": "yuv420p", "save_metadata": False}, "yuv420p", BT709),
    "prores": ({"format": "video/ProRes", "profile": "4444"}, "yuv444p10le", BT709),
    "ffv1": (
        {
            "format": "video/ffv1-mkv",
            "level": "3",
            "coder": "1",
            "context": "1",
            "gop_size": 1,
            "slices": "16",
            "slicecrc": "1",
            "pix_fmt": "bgra",
            "save_metadata": False,
            "trim_to_audio": False,
        },
        "bgra",
        RGB,
    ),
}


def _combine(codec: str, crf: int | None) -> Saving:
    widgets, pix_fmt, color = _COMBINE[codec]
    factor = {} if crf is None else {"crf": crf}
    return Saving(
        save="VHS_VideoCombine",
        rate="frame_rate",
        inputs={"loop_count": 0, **widgets, **factor, "pingpong": False, "save_output": True},
        crf=crf,
        pix_fmt=pix_fmt,
        color=color,
    )


def _works(catalog: Catalog, way: Saving) -> bool:
    save = catalog.get(way.save)
    if save is None or (way.collect is not None and way.collect not in catalog):
        return False
    own_rate = {way.rate: 1.0} if way.collect is None else {}
    return _takes(save, {way.takes: None, PREFIX: "", **own_rate, **way.inputs})


def _takes(schema: NodeSchema, given: Mapping[str, Any]) -> bool:
    known = expand_inputs(schema, given)
    lacking = [name for name, wanted in known.items() if wanted.required and name not in given]
    return not lacking and all(name in known and _offers(known[name], value) for name, value in given.items())


def _offers(wanted: InputSchema, value: Any) -> bool:
    choices = wanted.choices if wanted.options is None else tuple(wanted.options)
    return choices is None or value in choices

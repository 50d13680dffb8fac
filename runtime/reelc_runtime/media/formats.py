"""How libav writes each codec of films: its encoder, its container, and the filter that rewrites its tags."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from reelc_compiler.codecs import CODECS
from reelc_runtime.media.color import Color

# bitexact leaves libav's version and the time out of the file.
MUX = {"fflags": "+bitexact"}
FRONT = {"movflags": "+faststart", **MUX}
RGB = ("bgra", "rgb24")


def _h264(fps: Fraction, tags: Color) -> str:
    # The tick rate is that of fields, twice the frame rate.
    return (
        f"h264_metadata=colour_primaries={tags.primaries}:transfer_characteristics={tags.transfer}"
        f":matrix_coefficients={tags.matrix}:video_full_range_flag=0"
        f":tick_rate={2 * fps.numerator}/{fps.denominator}"
    )


def _hevc(fps: Fraction, tags: Color) -> str:
    return (
        f"hevc_metadata=colour_primaries={tags.primaries}:transfer_characteristics={tags.transfer}"
        f":matrix_coefficients={tags.matrix}:video_full_range_flag=0:tick_rate={fps.numerator}/{fps.denominator}"
    )


def _av1(fps: Fraction, tags: Color) -> str:
    return (
        f"av1_metadata=color_primaries={tags.primaries}:transfer_characteristics={tags.transfer}"
        f":matrix_coefficients={tags.matrix}:color_range=tv"
    )


def _prores(fps: Fraction, tags: Color) -> str:
    return f"prores_metadata=color_primaries={tags.primaries}:color_trc={tags.transfer}:colorspace={tags.matrix}"


def _untouched(fps: Fraction, tags: Color) -> str:
    return "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One codec.

    Attributes:
        encoder: libav's name of what writes it.
        pix_fmt: of the pixels that the preview writes.
        muxer: libav's name of the container.
        mux: the container's options.
        options: the encoder's; `{crf}` in a value stands for the rate factor.
        tag: the sample entry that players want; None for libav's own choice.
        retag: the bitstream filter that writes the rate and the colour tags into packets that are copied.
        timecode: whether a film gets a track of timecode, which editing programs look for, and which starts at
            00:00:00:00.
    """

    encoder: str
    pix_fmt: str
    muxer: str
    mux: Mapping[str, str]
    options: Mapping[str, str]
    retag: Callable[[Fraction, Color], str]
    tag: str | None = None
    timecode: bool = False


# Same film, same bytes, on any machine: of x264 a fixed number of slices instead of as many threads as there are
# processors, and no macroblock tree, which (in the x264 of PyAV 18.1) now and then gives another result for the same
# frames; of x265 one frame at a time, and none that waits for a later one: for films of one or two frames (the x265 of
# PyAV 18.1) does not know then when such a frame is decoded, and says whatever was in its memory.
FORMATS: Mapping[str, Format] = {
    "h264": Format(
        encoder="libx264",
        pix_fmt="yuv420p",
        muxer="mp4",
        mux=FRONT,
        options={
            "crf": "{crf}",
            "preset": "veryfast",
            "threads": "4",
            "x264-params": "sliced-threads=1:mbtree=0",
        },
        retag=_h264,
    ),
    "h265": Format(
        encoder="libx265",
        pix_fmt="yuv420p",
        muxer="mp4",
        mux=FRONT,
        options={"crf": "{crf}", "preset": "veryfast", "x265-params": "log-level=none:frame-threads=1:bframes=0"},
        retag=_hevc,
        tag="hvc1",
    ),
    "av1": Format(
        encoder="libsvtav1",
        pix_fmt="yuv420p",
        muxer="mp4",
        mux=FRONT,
        options={"crf": "{crf}", "preset": "10"},
        retag=_av1,
    ),
    "prores": Format(
        encoder="prores_ks",
        pix_fmt="yuv444p10le",
        muxer="mov",
        mux=FRONT,
        options={"profile": "4444"},
        retag=_prores,
        timecode=True,
    ),
    "ffv1": Format(
        encoder="ffv1",
        pix_fmt="bgra",
        muxer="matroska",
        mux=MUX,
        options={"level": "3", "coder": "1", "context": "1", "g": "1", "slices": "16", "slicecrc": "1"},
        retag=_untouched,
    ),
}

# What a container is called by libav, which knows one family of MP4 and QuickTime.
FAMILIES: Mapping[str, str] = {"mp4": "mp4", "mov": "mp4", "mkv": "matroska", "flac": "flac"}


def stream_of(codec: str) -> str:
    """What libav calls a stream of a codec."""
    return CODECS[codec].stream

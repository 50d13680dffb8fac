"""The codecs of films: what a file of each must be, whoever writes it."""

from collections.abc import Mapping

from reelc_dsl.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """How the pictures of a film are stored.

    Attributes:
        name: in Reel, ``h265``.
        container: in plans, which is also the ending of the file.
        stream: what libav calls a stream of it, ``hevc``.
        crf: the rate factor where none is asked for; None where the codec has none.
        most: the highest rate factor, for the smallest file.
        even: whether width and height are even: the colours of four pixels are stored as one, or the node pads.
        least: pixels that a side has at least.
        sound: what sound is stored as beside it, in libav's words; None where the file has no place for any.
    """

    name: str
    container: str
    stream: str
    crf: int | None = None
    most: int = 0
    even: bool = True
    least: int = 2
    sound: str | None = "aac"


# A sequence of pictures travels as one lossless file; the runtime puts each picture into a file of its own.
SEQUENCE = "png"
SEQUENCE_STREAM = "apng"

# Rate factors: 18 is what people call visually lossless for x264, and 20 and 25 are about as good with x265 and
# SVT-AV1, whose scales are others: estimates. Least sides, tried with the encoders of PyAV 18.1: x265 refuses 8 and
# takes 16; SVT-AV1 never ends with 16x66 and 24x66, and took all that was tried from 30; FFV1 in 16 slices takes 4.
_ALL = (
    Codec(name="h264", container="mp4", stream="h264", crf=18, most=51),
    Codec(name="h265", container="mp4", stream="hevc", crf=20, most=51, least=16),
    Codec(name="av1", container="mp4", stream="av1", crf=25, most=63, least=32),
    Codec(name="prores", container="mov", stream="prores", sound="pcm_s16le"),
    Codec(name="ffv1", container="mkv", stream="ffv1", least=4, sound="flac"),
    Codec(name=SEQUENCE, container="png", stream=SEQUENCE_STREAM, even=False, least=1, sound=None),
)
CODECS: Mapping[str, Codec] = {codec.name: codec for codec in _ALL}

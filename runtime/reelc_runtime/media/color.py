"""Colour as it is written into files.

The numbers are those of ITU-T H.273. Matrix and range are about how the pixels were computed, so they
must be told truly: a wrong matrix shifts reds and greens visibly. Primaries and transfer say how to show
them, and are BT.709 for all that reelc makes (a screen shows sRGB and BT.709 transfer alike).
"""

from dataclasses import dataclass
from typing import Protocol

IDENTITY = 0
UNSPECIFIED = 2
BT709 = 1
SMPTE170M = 6
IEC61966 = 13
RANGE_UNSPECIFIED = 0
RANGE_LIMITED = 1
RANGE_FULL = 2


class Tagged(Protocol):
    """Whatever of PyAV's carries colour tags: codec contexts and frames."""

    color_primaries: int
    color_trc: int
    colorspace: int
    color_range: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Color:
    """The colour tags of a stream, as H.273 numbers; ``range`` is 1 for limited, 2 for full."""

    primaries: int
    transfer: int
    matrix: int
    range: int

    @staticmethod
    def of(tagged: Tagged) -> "Color":
        """The tags that ``tagged`` carries."""
        return Color(
            primaries=int(tagged.color_primaries),
            transfer=int(tagged.color_trc),
            matrix=int(tagged.colorspace),
            range=int(tagged.color_range),
        )

    def put(self, tagged: Tagged) -> None:
        """Write these tags."""
        tagged.color_primaries = self.primaries
        tagged.color_trc = self.transfer
        tagged.colorspace = self.matrix
        tagged.color_range = self.range


HD = Color(primaries=BT709, transfer=BT709, matrix=BT709, range=RANGE_LIMITED)
# Pixels that were never converted: red, green and blue as a screen shows them.
SRGB = Color(primaries=BT709, transfer=IEC61966, matrix=IDENTITY, range=RANGE_FULL)


def delivered(found: Color, *, rgb: bool = False) -> Color | None:
    """The tags that a film gets whose pixels carry the tags ``found``; None if they cannot be BT.709 pixels.

    Args:
        rgb: whether the pixels are red, green and blue; libav writes no matrix for them.

    ComfyUI's SaveVideo with its colour space left on "auto" tags nothing and converts with libswscale's
    default, which is the BT.601 matrix: calling that BT.709 would shift the colours, so the film says
    what the pixels are.
    """
    if rgb:
        return SRGB if found.matrix in (IDENTITY, UNSPECIFIED) else None
    if found.range == RANGE_FULL:
        return None
    if found.matrix == BT709:
        return HD
    if found.matrix in (UNSPECIFIED, 5, SMPTE170M):
        return Color(primaries=BT709, transfer=BT709, matrix=SMPTE170M, range=RANGE_LIMITED)
    return None

"""The words that are burnt into every frame of a preview."""

from typing import Any, cast

import cv2
import numpy as np

from reelc_runtime.preview.eyes import eye_size, parted
from reelc_runtime.preview.pictures import Frame

TEXT = "PREVIEW - not a render"
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Label:
    """The label for frames of one size: white on a darkened box, bottom left.

    It is drawn once, larger, and scaled down, so that the letters are smooth at any size; on a frame it
    costs two operations on its own rectangle.

    Args:
        width, height: of the frames, pixels.
        layout: for which eyes they are; each eye sees the label.
    """

    def __init__(self, width: int, height: int, layout: str = "mono") -> None:
        self._layout = layout
        width, height = eye_size(width, height, layout)
        drawn = letters(TEXT)
        tall = max(8, round(height * 0.05))
        wide = round(drawn.shape[1] * tall / drawn.shape[0])
        room = round(width * 0.94)
        if wide > room:
            tall, wide = max(1, tall * room // wide), max(1, room)
        margin = round(height * 0.03)
        self._left = min(margin, width - wide)
        self._top = max(0, height - margin - tall)
        small = cv2.resize(drawn, (wide, tall), interpolation=cv2.INTER_AREA)
        ink = cast(Any, small)[:, :, None].astype(np.float32) / 255
        # out = frame * keep + add: letters become white, the box keeps 30 % of what lies under it.
        self._keep = np.repeat(0.3 * (1 - ink), 3, axis=2)
        self._add = np.repeat(255 * ink, 3, axis=2)

    def on(self, frame: Frame) -> Frame:
        """A copy of a frame with the label on it."""
        out = frame.copy()
        for view in parted(out, self._layout):
            tall, wide = self._keep.shape[:2]
            box = view[self._top : self._top + tall, self._left : self._left + wide]
            tall, wide = box.shape[:2]
            box[:] = np.rint(box * self._keep[:tall, :wide] + self._add[:tall, :wide]).astype(np.uint8)
        return out


def letters(text: str) -> Frame:
    """The text with room around it, uint8 ``[height, width]``, white on black."""
    (width, height), baseline = cv2.getTextSize(text, _FONT, 2.0, 4)
    room = height // 2
    return _drawn(text, width + 2 * room, height + baseline + room, room, height + room // 2)


def line(text: str) -> tuple[Frame, int, int]:
    """The text from its first letter to its last, as :func:`letters`, with room above and below.

    Returns:
        The picture; how far down in it the capitals begin, and how high they are, in its pixels.
    """
    # As high as capitals: of a text that ends before its first letter nothing is, and any other is as high.
    (_, height), _ = cv2.getTextSize("H", _FONT, 2.0, 4)
    (width, _), _ = cv2.getTextSize(text, _FONT, 2.0, 4)
    rows = np.flatnonzero(_drawn("H", 2 * height, 3 * height, 0, 2 * height).any(axis=1))
    return _drawn(text, max(1, width), 3 * height, 0, 2 * height), int(rows[0]), len(rows)


def _drawn(text: str, width: int, height: int, left: int, baseline: int) -> Frame:
    canvas = np.zeros((height, width), np.uint8)
    cv2.putText(canvas, text, (left, baseline), _FONT, 2.0, (255,), 4, cv2.LINE_AA)
    return cast(Frame, canvas)

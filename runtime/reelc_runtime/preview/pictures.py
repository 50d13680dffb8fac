"""OpenCV, typed: the few operations on pictures that the stand-ins are made of.

Pictures are uint8 RGB ``[height, width, 3]``. This is the only module that sees OpenCV's partial types.
"""

import os
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Flow = NDArray[np.float32]
Gray = NDArray[np.uint8]
Colors = NDArray[np.float32]


# OpenCV's DIS (5.0.0) reads past its buffers, and takes the process down, on pictures such as 90x25: seen
# whenever the height is below 32, never from there on. Each axis is scaled on its own, so this costs nothing.
LEAST_SEARCH = 64


def use_threads(limit: int = 8) -> None:
    """Let OpenCV use the processors that this process may use, at most ``limit``."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    cv2.setNumThreads(max(1, min(limit, usable)))


def decode(content: bytes) -> Frame | None:
    """A picture from a file's bytes with its EXIF orientation applied and alpha dropped; None if unreadable."""
    raw = np.frombuffer(content, np.uint8)
    try:
        picture = cast(Any, cv2.imdecode(raw, cv2.IMREAD_COLOR_RGB)) if raw.size else None
    except cv2.error:
        return None
    return None if picture is None else cast(Frame, picture)


def resized(picture: Frame, width: int, height: int) -> Frame:
    """Scaled without keeping the aspect: Lanczos where it grows, area averages where it shrinks."""
    if picture.shape[:2] == (height, width):
        return picture
    shrinks = width < picture.shape[1] or height < picture.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    return cast(Frame, cv2.resize(picture, (width, height), interpolation=method))


def padded(picture: Frame, width: int, height: int, left: int, top: int, bars: int = 0) -> Frame:
    """On a plain canvas as bright as ``bars``, with its upper left corner at (left, top)."""
    canvas: Frame = np.full((height, width, 3), bars, np.uint8)
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def zoomed(picture: Frame, zoom: float, center_x: float, center_y: float) -> Frame:
    """The part of a picture that a camera sees, at the picture's own size.

    Args:
        picture: what is looked at.
        zoom: 1 sees all of it, 2 a half of its width.
        center_x, center_y: the middle of what is seen, in pixels, fractions allowed.
    """
    height, width = picture.shape[:2]
    # Pixel centres lie at whole numbers, so the middle of a picture is at (width - 1) / 2.
    matrix = np.array(
        [
            [zoom, 0, (width - 1) / 2 - zoom * center_x],
            [0, zoom, (height - 1) / 2 - zoom * center_y],
        ],
        np.float64,
    )
    seen = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return cast(Frame, seen)


def gray(picture: Frame, width: int, height: int) -> Gray:
    """Small and colourless, for motion search."""
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return cast(Gray, cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))


class MotionSearch:
    """Dense motion between pictures of one size, by dense inverse search (DIS).

    The motion is searched at a reduced size and scaled up: in-betweens want smooth fields, and a search
    at 2560x1440 would cost more than all the rest.

    Args:
        width, height: of the pictures, pixels.
        search: the longer side at which motion is searched, pixels.
    """

    def __init__(self, width: int, height: int, search: int = 960) -> None:
        self._size = (width, height)
        scale = min(1.0, search / max(width, height))
        self._small = (max(LEAST_SEARCH, round(width * scale)), max(LEAST_SEARCH, round(height * scale)))
        self._dis = cast(Any, cv2).DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        self._grid: Flow = np.dstack([columns, rows])

    def small(self, picture: Frame) -> Gray:
        """What :meth:`between` compares."""
        return gray(picture, *self._small)

    def between(self, one: Gray, other: Gray) -> Flow:
        """Where each pixel of ``one`` goes in ``other``: float32 ``[height, width, 2]``, full-size pixels."""
        flow = cast(Flow, self._dis.calc(one, other, cast(Any, None)))
        flow = cast(Flow, cv2.GaussianBlur(flow, (0, 0), 1.5))
        flow = cast(Flow, cv2.resize(flow, self._size, interpolation=cv2.INTER_LINEAR))
        flow *= np.array([self._size[0] / self._small[0], self._size[1] / self._small[1]], np.float32)
        return flow

    def moved(self, picture: Frame, flow: Flow, amount: float) -> Frame:
        """A picture moved along a fraction of its own motion."""
        source = cv2.scaleAdd(flow, -amount, self._grid)
        # Fixed-point maps: a third faster than float maps, and 1/32 pixel is enough here.
        whole, part = cv2.convertMaps(source, cast(Any, None), cv2.CV_16SC2)
        return cast(Frame, cv2.remap(picture, whole, part, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def looked_up(picture: Frame, across: Flow, down: Flow) -> Frame:
    """A picture whose pixels are taken from places in another; black where a place lies outside.

    Args:
        picture: what is looked into.
        across, down: float32 ``[height, width]`` of the new picture: the place of each pixel, in pixels.
    """
    seen = cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0))
    return cast(Frame, seen)


def blended(one: Frame, other: Frame, amount: float) -> Frame:
    """``one`` at 0, ``other`` at 1."""
    return cast(Frame, cv2.addWeighted(one, 1 - amount, other, amount, 0))


def lab(picture: Frame) -> Colors:
    """In CIELAB: float32 ``[height, width, 3]``, L from 0 to 100."""
    return cast(Colors, cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB))


def from_lab(colors: Colors) -> Frame:
    """Back from :func:`lab`; what lies beyond black and white is cut off."""
    picture = cast(Colors, cv2.cvtColor(colors, cv2.COLOR_LAB2RGB))
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def thumbnail(picture: Frame, side: int = 512, quality: int = 80) -> bytes:
    """A JPEG that is at most ``side`` pixels wide and high."""
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(width, height))
    small = cv2.resize(
        picture, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    return encoded(cast(Frame, small), ".jpg", quality)


def encoded(picture: Frame, suffix: str, quality: int) -> bytes:
    """A picture as a file, ``.jpg`` or ``.png``; the quality is a JPEG's."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
    _, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)
    return cast(Any, data).tobytes()

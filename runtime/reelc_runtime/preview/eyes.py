"""The pictures of one frame: one, or one for each eye."""

import numpy as np

from reelc_runtime.preview.pictures import Frame


def parted(frame: Frame, layout: str) -> tuple[Frame, ...]:
    """The views of a frame, left eye first; they share its memory.

    Args:
        frame: uint8 ``[height, width, 3]``; its width is even for ``sbs``, its height for ``tb``.
        layout: ``mono``, ``sbs`` or ``tb``.
    """
    height, width = frame.shape[:2]
    if layout == "sbs":
        return frame[:, : width // 2], frame[:, width // 2 :]
    if layout == "tb":
        return frame[: height // 2], frame[height // 2 :]
    return (frame,)


def joined(views: tuple[Frame, ...], layout: str) -> Frame:
    """The inverse of :func:`parted`."""
    return views[0] if layout == "mono" else np.concatenate(views, axis=1 if layout == "sbs" else 0)


def eye_size(width: int, height: int, layout: str) -> tuple[int, int]:
    """Width and height of one eye's picture."""
    return width // 2 if layout == "sbs" else width, height // 2 if layout == "tb" else height

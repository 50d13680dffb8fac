"""Frames that are read more than once and take long to make: kept in a file as they are made, and made once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from reelc_runtime.preview.pictures import Frame

# Beyond it frames are made again: the disk of a small machine has other uses.
MOST_BYTES = 8 * 2**30


class Spool:
    """A medium's frames, made by one iterator however many read them, at the same time or one after another.

    Args:
        path: the file to keep them in; it must not exist.
        made: makes them.
        width, height: of each, pixels.
    """

    def __init__(self, path: Path, made: Iterator[Frame], width: int, height: int) -> None:
        self._path = path
        self._made = made
        self._shape = (height, width, 3)
        self._size = height * width * 3
        self._count = 0
        self._file: Any = None

    @staticmethod
    def fits(width: int, height: int, frames: int) -> bool:
        """Whether a clip is small enough to be kept."""
        return width * height * 3 * frames <= MOST_BYTES

    def frames(self) -> Iterator[Frame]:
        """All frames from the first: those that are there already, then further ones as they are made."""
        number = 0
        while number < self._count or self._more():
            yield self._read(number)
            number += 1

    def close(self) -> None:
        """Let go of the file and remove it."""
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)

    def _more(self) -> bool:
        frame = next(self._made, None)
        if frame is None:
            return False
        if self._file is None:
            self._file = self._path.open("x+b")
        self._file.seek(self._count * self._size)
        self._file.write(np.ascontiguousarray(frame).data)
        self._count += 1
        return True

    def _read(self, number: int) -> Frame:
        self._file.seek(number * self._size)
        frame = np.empty(self._shape, np.uint8)
        self._file.readinto(frame.data)
        return cast(Frame, frame)

"""What can go wrong with a video file, each with one plain sentence."""

import errno
import os
from pathlib import Path


class MediaError(Exception):
    """A video file that cannot be read, joined or written."""


class NotAVideo(MediaError):
    """The file holds no video that libav can open."""


class Truncated(MediaError):
    """The file ends early, or a picture in it cannot be decoded."""


class TooLarge(MediaError):
    """The file exceeds the limits that it is read under."""


class CannotJoin(MediaError):
    """The parts cannot become this output without being encoded again."""


class DiskFull(MediaError):
    """There is no room left where the file is written."""


class WriteFailed(MediaError):
    """The file cannot be written, for another reason than room."""


def reading(error: Exception, path: Path) -> MediaError:
    """The typed error for a failure to read ``path``."""
    if isinstance(error, FileNotFoundError):
        return NotAVideo(f"{path.name} does not exist")
    return NotAVideo(f"{path.name} is not a video that can be read: {_reason(error)}")


def writing(error: Exception, path: Path) -> MediaError:
    """The typed error for a failure to write ``path``."""
    code = getattr(error, "errno", None)
    if code in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"no room left on the disk for {path.name}")
    return WriteFailed(f"{path.name} cannot be written: {_reason(error)}")


def _reason(error: Exception) -> str:
    """The system's words, without libav's numbers and paths."""
    code = getattr(error, "errno", None)
    if isinstance(code, int) and 0 < code < 200:
        return os.strerror(code).lower()
    return str(getattr(error, "strerror", None) or error).splitlines()[0][:200]

"""Files appear whole or not at all."""

import glob
import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from reelc_runtime.media.errors import writing

# Seconds after which a part file that nobody writes to belongs to a process that is dead.
ABANDONED = 3600.0


@contextmanager
def whole_file(to: Path) -> Generator[Path]:
    """A part file beside ``to`` that takes its name when the block ends well, and vanishes otherwise.

    Args:
        to: the final path; an existing file is replaced in one step. Its folder is created.

    Raises:
        DiskFull, WriteFailed: the part file cannot be made, flushed or renamed. What the block itself
            raises passes unchanged.
    """
    part = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
    with _as_write(to):
        to.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        with _as_write(to):
            _flush(part)
            sweep(to, part)
            part.replace(to)
            _flush(to.parent)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def sweep(to: Path, part: Path) -> None:
    """Remove what killed processes have left of the same file or folder; one that still writes has written of late."""
    for other in to.parent.glob(f".{glob.escape(to.name)}.????????.part"):
        with suppress(OSError):
            if other != part and part.stat().st_mtime - other.stat().st_mtime > ABANDONED:
                _remove(other)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


@contextmanager
def _as_write(to: Path) -> Generator[None]:
    """Operating system errors become ours."""
    try:
        yield
    except OSError as error:
        raise writing(error, to) from error


def _flush(path: Path) -> None:
    """Force a file or a folder entry to the disk; Windows cannot open folders, and need not."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

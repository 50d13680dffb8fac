"""Writing files so that they are whole or not there, with faults as diagnostics."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import CANNOT_WRITE, NO_SPACE


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: a reader sees the old content or the new, never a part.

    A link is followed, and the rights of a file that is there are kept.

    Args:
        path: the file; its folder exists.
        content: all of it.

    Raises:
        ReelError: E0711 or E0718; nothing was changed then.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if target.exists():
                part.chmod(target.stat().st_mode & 0o7777)
            part.replace(target)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> ReelError:
    """A file or folder that cannot be written, and why."""
    code = NO_SPACE if error.errno == errno.ENOSPC else CANNOT_WRITE
    reason = (error.strerror or type(error).__name__).lower()
    return ReelError([Diagnostic(code=code, message=f"`{path}` cannot be written: {reason}")])

"""A lock on an open file, which ends with its process."""

import os
import sys

if sys.platform == "win32":
    import msvcrt

    def try_lock(handle: int) -> bool:
        """Lock an open file for this process alone; False when another has it."""
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def wait_lock(folder: os.PathLike[str]) -> int | None:
        """A lock on a folder, waited for; None on systems that cannot open one."""
        return None
else:
    import fcntl

    def try_lock(handle: int) -> bool:
        """Lock an open file for this process alone; False when another has it."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def wait_lock(folder: os.PathLike[str]) -> int | None:
        """A lock on a folder, waited for; None on systems that cannot open one."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            os.close(handle)
            raise
        return handle

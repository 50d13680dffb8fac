"""A run's log as it grows."""

from collections.abc import AsyncGenerator
from pathlib import Path

from reelc_runtime import comfy
from reelc_runtime.run.record import RUNNING, RunFolder

# How often it is looked whether there is more.
TICK = 0.3


async def tail(folder: RunFolder, clock: "comfy.Clock", *, follow: bool) -> AsyncGenerator[str]:
    """The lines of a run's log, without their ends; a last line that is not whole is not one yet.

    Args:
        clock: time, injected.
        follow: go on until no process carries the run out; its last words are not missed.
    """
    path, at, rest = folder.folder / "events.jsonl", 0, b""
    while True:
        # Looked at before the log is read: what was told until then is there.
        standing = folder.standing() if follow else None
        more = _read(path, at)
        at += len(more)
        *lines, rest = (rest + more).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
        if standing is None or standing[1] != RUNNING:
            return
        await clock.sleep(TICK)


def _read(path: Path, at: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read()
    except OSError:
        return b""

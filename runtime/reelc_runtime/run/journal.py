"""The journal of a run: what was begun and what came out, one JSON line each, on disk before it counts."""

import errno
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import CANNOT_WRITE, NO_SPACE
from reelc_runtime.run.faults import RunFault

Json = dict[str, Any]


class Journal:
    """Appends to ``journal.jsonl`` in a run's folder.

    Args:
        folder: of the run; made if it is not there.
        now: seconds since the epoch, injected.
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self.folder = folder
        self.now = now
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFault(cannot_write(folder, error)) from None

    def write(self, **entry: Any) -> None:
        """Append an entry and make sure that it is on the disk."""
        line = json.dumps({"time": round(self.now(), 3), **entry}, ensure_ascii=False) + "\n"
        try:
            with (self.folder / "journal.jsonl").open("a", encoding="utf-8") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunFault(cannot_write(self.folder, error)) from None

    def keep(self, name: str, content: bytes) -> None:
        """Keep a file beside the journal, such as the plan that is being carried out."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise RunFault(cannot_write(path, error)) from None

    async def step(self, name: str, step: Callable[[Json], Awaitable[Json]], args: Json) -> Json:
        """Carry out a step between two entries.

        Args:
            name: of the step.
            step: a function of JSON values to JSON values.
            args: its argument.

        Raises:
            RunFault, CancelledError: whatever the step raises, noted first.
        """
        self.write(step=name, state="begun", args=args)
        try:
            result = await step(args)
        except RunFault as fault:
            self.write(step=name, state="failed", codes=[d.code.code for d in fault.diagnostics])
            raise
        except BaseException as error:
            self.write(step=name, state="interrupted", reason=type(error).__name__)
            raise
        self.write(step=name, state="done", result=result)
        return result


def cannot_write(path: Path, error: OSError) -> Diagnostic:
    """The diagnostic for a file that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Diagnostic(
            code=NO_SPACE,
            message=f"there is no room left on the disk for `{path}`",
            help=("make room and run again; or write elsewhere with `--out`",),
        )
    return Diagnostic(
        code=CANNOT_WRITE,
        message=f"`{path}` cannot be written: {(error.strerror or 'unknown reason').lower()}",
        help=("name another folder with `--out`",),
    )

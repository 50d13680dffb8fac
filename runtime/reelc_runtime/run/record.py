"""A run's folder: what was asked for, how it stands, what was told, and who carries it out.

    runs/<run>/run.json       how it stands; replaced as a whole
    runs/<run>/events.jsonl   what was told, with times
    runs/<run>/plan/          the plan that is carried out
    runs/<run>/files/         downloads that are not verified yet
    runs/<run>/lock           held by the process that carries it out
    runs/<run>/cancel         somebody wants it to end
"""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import CANNOT_WRITE, NO_SPACE, RUN_BUSY
from reelc_runtime.run.faults import RunFault

SCHEMA = 1
MAX_RECORD = 2**20
RUNNING, DONE, FAILED, INTERRUPTED, CANCELLED = "running", "done", "failed", "interrupted", "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """How a run stands.

    Args:
        run: its name.
        state: ``running`` (also when its process died), ``done``, ``failed``, ``interrupted`` or ``cancelled``.
        engine: ``render`` or ``preview``.
        pipeline, source: what is rendered; the source as it was named, for people.
        digest: identifies what was asked for: the plan, the engine, where it goes, where it stops.
        out, inputs: folders, absolute: where films go, where the plan's inputs lie.
        workers: addresses without secrets.
        until: where it stops; empty for the end.
        alike: whether one worker's results count for the others.
        jobs: how many jobs it has.
        generation: counts up each time a run that had ended is taken up again.
        created, changed: seconds since the epoch.
        host, pid: who carries it out, or did.
        codes: the diagnostics that it failed with.
        films: the files that it wrote.
    """

    run: str
    state: str
    engine: str
    pipeline: str
    source: str
    digest: str
    out: str
    inputs: str
    workers: tuple[str, ...]
    until: str
    alike: bool
    jobs: int
    generation: int
    created: float
    changed: float
    host: str
    pid: int
    codes: tuple[str, ...] = ()
    films: tuple[str, ...] = ()


class RunFolder:
    """One run on the disk.

    Args:
        folder: made when something is written.
        now: seconds since the epoch, injected.
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self.folder = folder
        self.now = now
        self._lock: int | None = None

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name

    # -- how it stands ------------------------------------------------------------------------

    def read(self) -> Info | None:
        """How the run stands; None when there is no such run."""
        path = self.folder / "run.json"
        try:
            if path.stat().st_size > MAX_RECORD:
                return None
            value = cast(dict[str, Any], json.loads(path.read_text("utf-8")))
            if value.pop("schema") != SCHEMA:
                return None
            return Info(**{name: tuple(v) if isinstance(v, list) else v for name, v in value.items()})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, info: Info) -> Info:
        """Replace what is known; it is on the disk when this returns.

        Raises:
            RunFault: E0711, E0718.
        """
        info = replace(info, changed=round(self.now(), 3))
        text = json.dumps({"schema": SCHEMA, **asdict(info)}, ensure_ascii=False, indent=1) + "\n"
        self.keep("run.json", text.encode())
        return info

    def keep(self, name: str, content: bytes) -> None:
        """Write a file beside it, whole or not at all.

        Raises:
            RunFault: E0711, E0718.
        """
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".part")
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise RunFault(cannot_write(path, error)) from None

    def tell(self, entry: dict[str, Any]) -> None:
        """Append an entry to what was told; a line that cannot be written is only lost for the log."""
        line = json.dumps({"time": round(self.now(), 3), **entry}, ensure_ascii=False) + "\n"
        with suppress(OSError), (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(line)

    def told(self) -> Iterator[dict[str, Any]]:
        """What was told, in order; a line that was cut off by a crash is left out."""
        with suppress(OSError), (self.folder / "events.jsonl").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                with suppress(ValueError):
                    value = json.loads(line)
                    if isinstance(value, dict):
                        yield cast(dict[str, Any], value)

    # -- who carries it out -------------------------------------------------------------------

    def lock(self) -> None:
        """Become the process that carries it out; the lock ends with the process, however it ends.

        Raises:
            RunFault: E0721, another process does; E0718.
        """
        path = self.folder / "lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise RunFault(cannot_write(path, error)) from None
        if not _try_lock(handle):
            os.close(handle)
            info = self.read()
            who = f" (process {info.pid} on {info.host})" if info is not None else ""
            raise RunFault(
                Diagnostic(
                    code=RUN_BUSY,
                    message=f"the run {self.name} is already being carried out{who}",
                    help=(
                        f"watch it with `reelc runs show {self.name}`, or end it with `reelc runs cancel {self.name}`",
                    ),
                )
            )
        self._lock = handle

    def unlock(self) -> None:
        """Let go of it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def alive(self) -> bool:
        """Whether some process carries it out now."""
        if self._lock is not None:
            return True
        try:
            handle = os.open(self.folder / "lock", os.O_RDWR)
        except OSError:
            return False
        try:
            return not _try_lock(handle)
        finally:
            os.close(handle)

    # -- wanting it to end --------------------------------------------------------------------

    def request_cancel(self) -> None:
        """Ask whoever carries it out to end."""
        self.keep("cancel", b"")

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody has asked."""
        return (self.folder / "cancel").exists()

    def forget_cancel(self) -> None:
        """The wish is fulfilled, or void."""
        with suppress(OSError):
            (self.folder / "cancel").unlink(missing_ok=True)


class Runs:
    """All runs of a state folder.

    Args:
        state: the folder.
        now: seconds since the epoch, injected.
    """

    def __init__(self, state: Path, now: Callable[[], float]) -> None:
        self.root = state / "runs"
        self.now = now

    def folder(self, run: str) -> RunFolder:
        """A run's folder, which may not be there."""
        return RunFolder(self.root / run, self.now)

    def all(self) -> list[tuple[RunFolder, Info]]:
        """Every run, the oldest first."""
        folders = sorted(self.root.iterdir()) if self.root.is_dir() else []
        found = [(folder, folder.read()) for folder in (RunFolder(path, self.now) for path in folders)]
        return sorted(((f, i) for f, i in found if i is not None), key=lambda pair: (pair[1].created, pair[1].run))

    def unfinished(self, digest: str) -> RunFolder | None:
        """The newest run of the same thing whose process died, or still lives."""
        for folder, info in reversed(self.all()):
            if info.digest == digest and info.state == RUNNING:
                return folder
        return None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


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

"""A run's folder: what was asked for, how it stands, what was told, and who carries it out.

runs/<run>/run.json       how it stands; replaced as a whole
runs/<run>/events.jsonl   what was told, with times
runs/<run>/plan/          the plan that is carried out
runs/<run>/sources.json   the program's text, for the places of faults
runs/<run>/files/         downloads that are not verified yet
runs/<run>/lock           held by the process that carries it out
runs/<run>/cancel         somebody wants it to end
"""

import errno
import json
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import CANNOT_WRITE, NO_SPACE, RUN_BUSY, UNKNOWN_RUN
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_runtime.locks import try_lock, wait_lock
from reelc_runtime.run.faults import RunFault

SCHEMA = 1
MAX_RECORD = 2**20
RUNNING, DONE, FAILED, INTERRUPTED, CANCELLED = "running", "done", "failed", "interrupted", "cancelled"
# Not written by anybody: what is recorded as running, while no process carries it out.
DIED = "died"
# Names that stand for a run besides its own.
LAST = "last"


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
            if value["schema"] != SCHEMA:
                return None
            # The folder's name counts, also when somebody has copied it.
            return _info({**value, "run": self.name})
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def standing(self) -> tuple[Info, str] | None:
        """The record, and how the run stands: its state, or ``died``; None when there is no such run.

        A run may end or be taken up again between two looks, so it has died only when its record has stayed
        the same while nobody held the lock.
        """
        info = self.read()
        while info is not None and info.state == RUNNING:
            if self.alive():
                return info, RUNNING
            again = self.read()
            if again == info:
                return info, DIED
            info = again
        return None if info is None else (info, info.state)

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
        with self._door():
            taken = try_lock(handle)
        if not taken:
            os.close(handle)
            raise RunFault(self.busy())
        self._lock = handle
        self._mend_log()

    def _mend_log(self) -> None:
        """A line that a dead process has left unfinished must not spoil ours."""
        with suppress(OSError), (self.folder / "events.jsonl").open("r+b") as file:
            if file.seek(0, os.SEEK_END) and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                file.write(b"\n")

    def busy(self) -> Diagnostic:
        """The diagnostic for a run that another process carries out."""
        info = self.read()
        who = f" (process {info.pid} on {info.host})" if info is not None else ""
        return Diagnostic(
            code=RUN_BUSY,
            message=f"the run {self.name} is already being carried out{who}",
            help=(f"watch it with `reelc runs logs -f {self.name}`, or end it with `reelc runs cancel {self.name}`",),
        )

    def unlock(self) -> None:
        """Let go of it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def alive(self) -> bool:
        """Whether some process carries it out now."""
        if self._lock is not None:
            return True
        with self._door():
            handle = _open_lock(self.folder / "lock")
            if handle is None:
                return False
            try:
                return not try_lock(handle)
            finally:
                os.close(handle)

    @contextmanager
    def _door(self) -> Generator[None]:
        """One at a time tries the lock: who only looks must not be taken for who carries it out."""
        try:
            handle = wait_lock(self.folder)
        except OSError:
            handle = None  # a file system without such locks; then two that look at once may see each other
        try:
            yield
        finally:
            if handle is not None:
                os.close(handle)

    # -- wanting it to end --------------------------------------------------------------------

    def request_cancel(self) -> None:
        """Ask whoever carries it out to end.

        Raises:
            RunFault: E0711, E0718.
        """
        path = self.folder / "cancel"
        try:
            path.touch()
        except OSError as error:
            raise RunFault(cannot_write(path, error)) from None

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

    def named(self, name: str) -> RunFolder:
        """The run that a name stands for: its own, the beginning of it, or ``last``.

        Raises:
            RunFault: E0722.
        """
        known = {folder.name: folder for folder, _ in self.all()}
        if name in known:
            return known[name]
        if name == LAST and known:
            return list(known.values())[-1]
        meant = [run for run in known if name and run.startswith(name)]
        if len(meant) == 1:
            return known[meant[0]]
        raise unknown_run(self.root.parent, name, list(known), meant)


def unknown_run(state: Path, name: str, known: Sequence[str] = (), meant: Sequence[str] = ()) -> RunFault:
    """The fault of a name that stands for no run, or for several.

    Args:
        known: the names of all runs, the oldest first.
        meant: those that begin with the name.
    """
    return RunFault(_unknown(state, name, known, meant))


def _unknown(state: Path, name: str, known: Sequence[str], meant: Sequence[str]) -> Diagnostic:
    if meant:
        newest = ", ".join(f"`{run}`" for run in meant[-3:])
        return Diagnostic(
            code=UNKNOWN_RUN,
            message=f"{len(meant)} runs begin with `{name}`",
            help=(f"write more of the name; the newest of them are {newest}",),
        )
    if not known:
        help_ = ("is this the folder of the films? name it with `--out`, or the state with REELC_STATE",)
        return Diagnostic(code=UNKNOWN_RUN, message=f"there are no runs in `{state}`", help=help_)
    return Diagnostic(
        code=UNKNOWN_RUN,
        message=f"there is no run `{name}` in `{state}`",
        help=did_you_mean(name, known) or (f"the newest is `{known[-1]}`; `reelc runs ls` lists them",),
    )


def _info(value: dict[str, Any]) -> Info:
    """A record from its JSON value; what a newer reelc added is passed over.

    Raises:
        TypeError: a field is missing or of another kind.
    """
    known: dict[str, Any] = {}
    for field in fields(Info):
        if field.name not in value:
            continue
        found = value[field.name]
        if isinstance(found, list):
            texts = cast("list[Any]", found)
            fits = field.type == tuple[str, ...] and all(isinstance(text, str) for text in texts)
            found = tuple(texts)
        elif field.type is float:
            fits = type(found) in (int, float)
        else:
            fits = type(found) is field.type
        if not fits:
            raise TypeError(field.name)
        known[field.name] = found
    return Info(**known)


def _open_lock(path: Path) -> int | None:
    """The lock's file, to look at it; None when there is none."""
    for mode in (os.O_RDWR, os.O_RDONLY):
        try:
            return os.open(path, mode)
        except PermissionError:
            continue  # somebody else's run
        except OSError:
            return None
    return None


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

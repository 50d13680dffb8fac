"""The artifact store: results of jobs by what they are the result of, never by who made them when.

A result is found by its *identity*: the job's key, the contents of the files that it started from, and a
*scope*. A worker tells neither the hashes of its model files nor the commits of its node packs, so a result
that depends on them counts for that worker only, unless the user says that the workers are alike.

    store/<2>/<identity>/<scope>/record.json     what it is, where it came from
    store/<2>/<identity>/<scope>/<artifact>      its files

A file is hashed again each time it is used: a disk that lies, or a file that somebody changed, is noticed.
"""

import asyncio
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from reelc_compiler.canonical import sha256
from reelc_compiler.plan import Job
from reelc_runtime.digest import is_whole

SCHEMA = 1
RECORD = "record.json"
MAX_RECORD = 2**20
SHARED = "shared"
# In the names of folders that are being written, or removed.
PART = ".part-"
# How often other processes may be faster: clear a folder away, or put the same thing in its place.
TRIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a result: its artifact's place in the job, its name in the entry's folder, its content.

    Behind the artifacts come the outputs that nodes of the user's own save; several files may be of one of them.
    """

    number: int
    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A result that is in the store.

    Args:
        identity, scope: under which it is found; ``scope`` is ``shared`` or a hash of a worker's address.
        engine: ``render`` or ``preview``.
        folder: where its files lie.
        job, pipeline, run: where it came from, for people.
        worker: who made it.
        made: seconds since the epoch.
        files: its files, in the order of the job's artifacts.
        used: seconds since the epoch when it was last made or used.
    """

    identity: str
    scope: str
    engine: str
    folder: Path
    job: str
    pipeline: str
    run: str
    worker: str
    made: float
    files: tuple[StoredFile, ...]
    used: float

    @property
    def bytes(self) -> int:
        """Of all its files."""
        return sum(file.bytes for file in self.files)

    def path(self, file: StoredFile) -> Path:
        """Where a file lies."""
        return self.folder / file.name


def identity(job: Job, engine: str, inputs: Mapping[str, str], *, clean: bool) -> str:
    """What a job's result is the result of.

    Args:
        inputs: the SHA-256 of each artifact that the job starts from.
        clean: whether a preview's films carry no label.
    """
    films = any(region.stand_in is not None and region.stand_in.kind == "encode" for region in job.regions)
    label = [] if engine == "render" or not films else ["clean" if clean else "labelled"]
    order = [inputs[artifact.id] for artifact in job.artifacts_in]
    return sha256([job.keys[engine], order, label])


def scope(job: Job, engine: str, worker: str, *, alike: bool) -> str:
    """For whom a result counts: everybody, or one worker.

    Args:
        worker: its address, without secrets.
        alike: the user says that model files and node packs of the same name are the same on all workers.
    """
    proven = engine == "preview" or not (job.needs.models or job.needs.packs)
    return SHARED if proven or alike else hashlib.sha256(worker.encode()).hexdigest()[:16]


class Store:
    """The results in one folder.

    Args:
        root: the folder.
        now: seconds since the epoch, injected.
    """

    def __init__(self, root: Path, now: Callable[[], float]) -> None:
        self.root = root
        self.now = now

    def _place(self, name: str) -> Path:
        return self.root / name[:2] / name

    def find(self, name: str, scopes: Collection[str] | None) -> Iterator[Entry]:
        """The results of an identity, newest first, unchecked.

        Args:
            scopes: which count; None for all.
        """
        folder = self._place(name)
        found = [e for e in self._entries(folder) if scopes is None or e.scope in scopes]
        yield from sorted(found, key=lambda e: (-e.made, e.scope))

    async def take(self, name: str, engine: str, scopes: Collection[str] | None) -> Entry | None:
        """A result that can be used: its files are whole. One that is damaged is thrown away."""
        for entry in self.find(name, scopes):
            if entry.engine != engine:
                continue
            # Before it is looked at: what is being used is not cleared away.
            self._touch(entry)
            if await asyncio.to_thread(self._whole, entry):
                return entry
            await asyncio.to_thread(shutil.rmtree, entry.folder, ignore_errors=True)
        return None

    def put(
        self,
        name: str,
        scope: str,
        engine: str,
        files: list[tuple[Path, str, int]],
        *,
        job: str,
        pipeline: str,
        run: str,
        worker: str,
        numbers: Sequence[int] = (),
    ) -> Entry:
        """Move a job's files into the store; all at once or not at all.

        Args:
            files: in the order of the job's artifacts: where each lies now, its SHA-256 and its size.
            numbers: their places in the job, where that is not just their order.

        Returns:
            The entry; that of another run when it was faster, since it may be using its files by now.

        Raises:
            OSError: they cannot be moved.
        """
        folder = self._place(name) / scope
        part = _new_part(folder)
        try:
            kept: list[dict[str, Any]] = []
            for position, (path, digest, size) in enumerate(files):
                own = f"{position}{path.suffix}"
                shutil.move(path, part / own)
                number = numbers[position] if numbers else position
                kept.append({"number": number, "name": own, "sha256": digest, "bytes": size})
            record = {
                "schema": SCHEMA,
                "identity": name,
                "scope": scope,
                "engine": engine,
                "job": job,
                "pipeline": pipeline,
                "run": run,
                "worker": worker,
                "made": round(self.now(), 3),
                "files": kept,
            }
            _write_whole(part / RECORD, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
            held = self._take_place(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        # Not read again: another process may throw it away at this moment.
        return held if held is not None else _entry(folder, record, self.now())

    def _take_place(self, part: Path, folder: Path) -> Entry | None:
        """Put a finished folder in its place; what lies there instead, when that is whole."""
        for left in range(TRIES - 1, -1, -1):
            try:
                part.replace(folder)
            except OSError:
                if left == 0:
                    raise
                held = self._read(folder)
                if held is not None and self._whole(held):
                    self._touch(held)
                    return held
                aside = folder.with_name(f"{folder.name}{PART}{secrets.token_hex(4)}")
                with suppress(FileNotFoundError):
                    folder.rename(aside)
                shutil.rmtree(aside, ignore_errors=True)
            else:
                return None
        raise AssertionError("the last try returns or raises")

    def entries(self) -> Iterator[Entry]:
        """Everything, in the order of identities."""
        for place in self._places():
            entry = self._read(place) if PART not in place.name else None
            if entry is not None:
                yield entry

    def remove(self, entry: Entry) -> bool:
        """Throw a result away, unless it was used or made anew since it was read; whether it is gone.

        It is moved aside first: a run that takes it at this moment either has it or does not.

        Raises:
            OSError: it cannot be removed.
        """
        aside = entry.folder.with_name(f"{entry.folder.name}{PART}{secrets.token_hex(4)}")
        try:
            entry.folder.rename(aside)
            used = (aside / RECORD).stat().st_mtime
        except FileNotFoundError:
            used = entry.used  # somebody was faster, or it has no record to be used by
        if used != entry.used:
            with suppress(OSError):  # when it was made anew meanwhile, the new one stays
                aside.rename(entry.folder)
                return False
        _clear(aside)
        self._tidy(entry.folder)
        return True

    def remove_part(self, part: Path) -> None:
        """Throw away what a process that died has left.

        Raises:
            OSError: it cannot be removed.
        """
        _clear(part)
        self._tidy(part)

    def _tidy(self, folder: Path) -> None:
        """Folders that are empty now are not kept."""
        for empty in (folder.parent, folder.parent.parent):
            try:
                empty.rmdir()
            except OSError:
                return

    def parts(self) -> Iterator[tuple[Path, float, int]]:
        """What processes that died have left: folder, seconds since the epoch when it was last written to, bytes."""
        for place in self._places():
            if PART in place.name:
                with suppress(OSError):
                    stats = [path.stat() for path in (place, *place.iterdir())]
                    yield place, max(s.st_mtime for s in stats), sum(s.st_size for s in stats[1:])

    def strays(self) -> Iterator[Path]:
        """Folders whose record cannot be read: no run finds what lies in them."""
        for place in self._places():
            if PART not in place.name and place.is_dir() and self._read(place) is None:
                yield place

    def _places(self) -> Iterator[Path]:
        """The folders of all results, whole or not, in the order of their names."""
        for shelf in _sorted(self.root):
            for name in _sorted(shelf):
                yield from _sorted(name)

    def holds(self, entry: Entry) -> bool:
        """Whether an entry is still the one that was read: it may have been thrown away or made anew since."""
        now = self._read(entry.folder)
        return now is not None and (now.made, now.files) == (entry.made, entry.files)

    def damaged(self, entry: Entry) -> list[str]:
        """The names of an entry's files that are not what its record says."""
        return [file.name for file in entry.files if not is_whole(entry.path(file), file.sha256)]

    def _whole(self, entry: Entry) -> bool:
        return not self.damaged(entry)

    def _touch(self, entry: Entry) -> None:
        now = self.now()
        try:
            os.utime(entry.folder / RECORD, (now, now))
        except OSError:
            return  # it only serves the clean-up

    def _entries(self, folder: Path) -> Iterator[Entry]:
        for place in _sorted(folder):
            entry = self._read(place) if PART not in place.name else None
            if entry is not None:
                yield entry

    def _read(self, folder: Path) -> Entry | None:
        """An entry from its record; None when it is not one that was written here."""
        path = folder / RECORD
        try:
            stat = path.stat()
            if stat.st_size > MAX_RECORD:
                return None
            value = cast(dict[str, Any], json.loads(path.read_text("utf-8")))
            if value["schema"] != SCHEMA:
                return None
            return _entry(folder, value, stat.st_mtime)
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _entry(folder: Path, record: dict[str, Any], used: float) -> Entry:
    """An entry from its record.

    Raises:
        KeyError, TypeError, ValueError: it is not one that was written here.
    """
    files = tuple(StoredFile(**file) for file in record["files"])
    if any(Path(file.name).name != file.name or type(file.bytes) is not int for file in files):
        raise ValueError("a file's name leads elsewhere, or its size is none")
    texts = {name: str(record[name]) for name in ("identity", "scope", "engine", "job", "pipeline", "run", "worker")}
    return Entry(folder=folder, files=files, used=used, made=float(record["made"]), **texts)


def _sorted(folder: Path) -> list[Path]:
    """What is in a folder; nothing when it is none, or is being removed."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _clear(folder: Path) -> None:
    """Remove a folder; it may be gone, or go meanwhile."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        shutil.rmtree(folder, ignore_errors=True)


def _new_part(folder: Path) -> Path:
    """An empty folder beside the one that is to be written."""
    for left in range(TRIES - 1, -1, -1):
        part = folder.with_name(f"{folder.name}{PART}{secrets.token_hex(4)}")
        try:
            part.mkdir(parents=True)
        except FileNotFoundError:
            if left == 0:
                raise
            continue
        return part
    raise AssertionError("the last try returns or raises")


def _write_whole(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

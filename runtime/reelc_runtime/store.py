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
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from reelc_compiler.canonical import sha256
from reelc_compiler.plan import Job

SCHEMA = 1
RECORD = "record.json"
MAX_RECORD = 2**20
SHARED = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file of a result: its artifact's place in the job, its name in the entry's folder, its content."""

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
            if await asyncio.to_thread(self._whole, entry):
                self._touch(entry)
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
    ) -> Entry:
        """Move a job's files into the store; all at once or not at all.

        Args:
            files: in the order of the job's artifacts: where each lies now, its SHA-256 and its size.

        Raises:
            OSError: they cannot be moved.
        """
        folder = self._place(name) / scope
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = folder.with_name(f"{scope}.part-{secrets.token_hex(4)}")
        part.mkdir()
        try:
            kept: list[dict[str, Any]] = []
            for number, (path, digest, size) in enumerate(files):
                own = f"{number}{path.suffix}"
                shutil.move(path, part / own)
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
            if folder.exists():
                # Somebody made the same thing meanwhile: equal by its name, so the newer takes its place.
                shutil.rmtree(folder)
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        entry = self._read(folder)
        assert entry is not None, "what was just written can be read"
        return entry

    def entries(self) -> Iterator[Entry]:
        """Everything, in the order of identities."""
        if self.root.is_dir():
            for shelf in sorted(self.root.iterdir()):
                for folder in sorted(shelf.iterdir()) if shelf.is_dir() else ():
                    yield from self._entries(folder)

    def remove(self, entry: Entry) -> None:
        """Throw a result away.

        Raises:
            OSError: it cannot be removed.
        """
        shutil.rmtree(entry.folder)
        for folder in (entry.folder.parent, entry.folder.parent.parent):
            try:
                folder.rmdir()
            except OSError:
                return

    def damaged(self, entry: Entry) -> list[str]:
        """The names of an entry's files that are not what its record says."""
        return [file.name for file in entry.files if not _is(entry.path(file), file)]

    def _whole(self, entry: Entry) -> bool:
        return not self.damaged(entry)

    def _touch(self, entry: Entry) -> None:
        now = self.now()
        try:
            os.utime(entry.folder / RECORD, (now, now))
        except OSError:
            return  # it only serves the clean-up

    def _entries(self, folder: Path) -> Iterator[Entry]:
        if folder.is_dir():
            for place in sorted(folder.iterdir()):
                entry = self._read(place) if ".part-" not in place.name else None
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
            files = tuple(StoredFile(**file) for file in value["files"])
            if any(Path(file.name).name != file.name for file in files):
                return None
            known = ("identity", "scope", "engine", "job", "pipeline", "run", "worker", "made")
            return Entry(folder=folder, files=files, used=stat.st_mtime, **{name: value[name] for name in known})
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _is(path: Path, file: StoredFile) -> bool:
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def _write_whole(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

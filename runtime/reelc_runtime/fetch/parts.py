"""A file on its way: ``x.safetensors.part`` beside its place, and ``x.safetensors.part.json`` about it."""

import errno
import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from reelc_dsl.diagnostics.codes import CANNOT_WRITE, NO_SPACE, NOT_FETCHED
from reelc_runtime.fetch.wants import FetchFault
from reelc_runtime.locks import try_lock

PIECE = 2**22


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a part is of: its address, and the mark by which the host tells its versions apart."""

    url: str
    etag: str | None
    total: int | None


class Part:
    """An open part, locked for this process. A context manager; what was written stays when it is left.

    Args:
        target: the place of the whole file.
        name: the file, for people.
    """

    def __init__(self, target: Path, name: str) -> None:
        self.target = target
        self.name = name
        self.path = target.with_name(f"{target.name}.part")
        self._about = target.with_name(f"{target.name}.part.json")
        self._file: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self.size = 0
        self.origin: Origin | None = None

    def __enter__(self) -> Self:
        """Open what is there. Raises FetchFault: E0608 when another process has it; E0711, E0718."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as error:
            raise disk_fault(self.path, error) from None
        if not try_lock(handle):
            os.close(handle)
            raise FetchFault(NOT_FETCHED, f"another process is downloading `{self.name}`", "wait for it to end")
        self._file = os.fdopen(handle, "r+b")
        self.size = os.fstat(handle).st_size
        self.origin = self._read_origin()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            empty = self.size == 0
            with suppress(OSError):
                self._file.close()
            self._file = None
            if empty:
                self._remove()

    @property
    def file(self) -> BinaryIO:
        """The open file."""
        assert self._file is not None
        return self._file

    @property
    def sha256(self) -> str:
        """Of what is there."""
        return self._digest.hexdigest()

    def _read_origin(self) -> Origin | None:
        try:
            raw: Any = json.loads(self._about.read_bytes()[:65536])
        except (OSError, ValueError):
            return None
        value = cast(dict[str, Any], raw) if isinstance(raw, dict) else {}
        url, etag, total = value.get("url"), value.get("etag"), value.get("total")
        if not isinstance(url, str) or not isinstance(etag, str | None) or not isinstance(total, int | None):
            return None
        return Origin(url=url, etag=etag, total=total)

    def reread(self) -> None:
        """Hash what is there already. Raises FetchFault: E0718."""
        self._digest = hashlib.sha256()
        try:
            self.file.seek(0)
            left = self.size
            while left and (piece := self.file.read(min(PIECE, left))):
                self._digest.update(piece)
                left -= len(piece)
        except OSError as error:
            raise disk_fault(self.path, error) from None

    def begin(self, origin: Origin) -> None:
        """Throw away what is there; what comes is of ``origin``. Raises FetchFault: E0711, E0718."""
        try:
            self.file.truncate(0)
            self.file.seek(0)
            self._about.write_text(json.dumps(asdict(origin)), "utf-8")
        except OSError as error:
            raise disk_fault(self.path, error) from None
        self._digest = hashlib.sha256()
        self.size = 0
        self.origin = origin

    def append(self, piece: bytes) -> None:
        """Write the next bytes. Raises FetchFault: E0711, E0718."""
        try:
            self.file.seek(self.size)
            self.file.write(piece)
            self.file.flush()
        except OSError as error:
            raise disk_fault(self.path, error) from None
        self._digest.update(piece)
        self.size += len(piece)

    def finish(self) -> None:
        """Put the whole file into its place, in one step. Raises FetchFault: E0711, E0718."""
        try:
            os.fsync(self.file.fileno())
            # Windows moves no open file.
            self.file.close()
            self._file = None
            self.path.replace(self.target)
        except OSError as error:
            raise disk_fault(self.target, error) from None
        with suppress(OSError):
            self._about.unlink()

    def discard(self) -> None:
        """Throw it away: it is of no use."""
        with suppress(OSError):
            self.file.truncate(0)
        self.size = 0

    def _remove(self) -> None:
        for path in (self.path, self._about):
            with suppress(OSError):
                path.unlink()


def disk_fault(path: Path, error: OSError) -> FetchFault:
    """A file that cannot be written or read, and why."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FetchFault(NO_SPACE, f"the disk is full: `{path}` cannot be written", "free some space and go on")
    reason = (error.strerror or type(error).__name__).lower()
    return FetchFault(CANNOT_WRITE, f"`{path}` cannot be written: {reason}")

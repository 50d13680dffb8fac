"""What downloading tells whoever watches it. ``--json`` writes it as it is."""

from dataclasses import dataclass

from reelc_runtime.run.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchStarted(Event):
    """``files`` are to be downloaded into ``folder``, ``bytes`` of them are known and not there yet."""

    folder: str
    files: tuple[str, ...]
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePresent(Event):
    """A file is there; ``checked`` says by what: ``sha256``, ``size`` or ``nothing``."""

    file: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead(Event):
    """So many bytes that are there already are read, which takes a while."""

    file: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStarted(Event):
    """A file is being transferred, from byte ``at`` on; ``bytes`` is null where the host does not say."""

    file: str
    at: int
    bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProgress(Event):
    """So many bytes of a file are on the disk."""

    file: str
    done: int
    bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRetried(Event):
    """A transfer failed and is taken up again after ``wait`` seconds."""

    file: str
    reason: str
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFetched(Event):
    """A file is there, whole; ``known`` says whether its hash was known before."""

    file: str
    bytes: int
    sha256: str
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFailed(Event):
    """A file is not there, and why."""

    file: str
    code: str
    message: str
    help: tuple[str, ...]

"""What is to be downloaded, where it goes, and what is not done."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from reelc_compiler.filenames import is_device
from reelc_compiler.units import bytes_text
from reelc_dsl.diagnostics import Code, Diagnostic
from reelc_dsl.diagnostics.codes import UNSAFE_MODEL, WRONG_MODEL


class FetchFault(Exception):
    """Why a file is not there; the diagnostic holds no secret."""

    def __init__(self, code: Code, message: str, *help_: str) -> None:
        self.diagnostic = Diagnostic(code=code, message=message, help=help_)
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A model file. None is unknown.

    Args:
        folder: one of ComfyUI's models folders, ``checkpoints``.
        file: its name in it, which may lead into a folder.
        bytes: its size, rounded unless ``exact``.
        page: where its licence is accepted, for people.
    """

    folder: str
    file: str
    url: str | None = None
    bytes: int | None = None
    exact: bool = False
    sha256: str | None = None
    page: str | None = None

    @property
    def name(self) -> str:
        """``checkpoints/svd_xt.safetensors``"""
        return f"{self.folder}/{self.file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a download may take.

    Args:
        connect, read: seconds for a connection, and without a byte.
        window, least: a transfer that brings fewer bytes in so many seconds is given up and taken up again.
        attempts: failures in a row, without progress between them, that are borne.
        progress: bytes that count as progress.
        redirects: how often a host may send on.
        retry_after: seconds that a host may ask to wait.
        largest: bytes that no model file has.
        chunk: bytes read at once.
        tell: seconds between two reports on one file.
    """

    connect: float = 20.0
    read: float = 60.0
    window: float = 60.0
    least: int = 64 * 2**10
    attempts: int = 5
    progress: int = 2**20
    redirects: int = 8
    retry_after: float = 120.0
    largest: int = 200 * 2**30
    chunk: int = 2**20
    tell: float = 0.25


def target_of(root: Path, want: Want) -> Path:
    """Where a file goes: always below ``root``.

    Raises:
        FetchFault: E0612.
    """
    parts = [part for text in (want.folder, want.file) for part in text.split("/")]
    for part in parts:
        odd = part in ("", ".", "..") or part != part.strip() or part.endswith(".")
        if odd or not part.isprintable() or any(c in '\\:*?"<>|' for c in part) or is_device(part):
            raise FetchFault(
                UNSAFE_MODEL,
                f"`{want.name}` is no name for a file below the models folder",
                "a folder and a name of ordinary letters, with `/` between folders",
            )
    return root.joinpath(*parts)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def safe_url(url: str, name: str, start: SplitResult | None = None) -> SplitResult:
    """The parts of an address that may be asked: https, or http on this machine.

    Args:
        name: the file, for people.
        start: the first address, when this one is where it was sent on to.

    Raises:
        FetchFault: E0612.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise FetchFault(UNSAFE_MODEL, f"the address of `{name}` is not a URL", "correct it in reel.lock") from None
    here = is_loopback(host) and (start is None or is_loopback(start.hostname or ""))
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        whose = "the address" if start is None else f"{start.hostname} sends on; the address"
        raise FetchFault(
            UNSAFE_MODEL,
            f"{whose} of `{name}` is not https",
            "over http, anybody on the way could put something else in its place",
        )
    if parts.username is not None or parts.password is not None:
        raise FetchFault(
            UNSAFE_MODEL,
            f"the address of `{name}` contains a password",
            "put a token into HF_TOKEN or CIVITAI_TOKEN instead",
        )
    return parts


def plausible(want: Want, size: int, where: str) -> None:
    """See that a size can be the file's.

    Raises:
        FetchFault: E0610.
    """
    if want.bytes is None or size == want.bytes:
        return
    # A printed size may be off by its rounding, or by MB for MiB; a web page or a broken copy is off by far more.
    if not want.exact and want.bytes / 2 <= size <= want.bytes * 2:
        return
    about = "" if want.exact else "about "
    raise FetchFault(
        WRONG_MODEL,
        f"`{want.name}` has {size} bytes {where}, and {about}{want.bytes} are expected"
        if size < 10**6
        else f"`{want.name}` has {bytes_text(size)} ({size} bytes) {where}, "
        f"and {about}{bytes_text(want.bytes)} ({want.bytes}) are expected",
        "it is cut off, or another file of that name",
    )

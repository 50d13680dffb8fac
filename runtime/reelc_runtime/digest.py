"""Files by their content."""

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, hexadecimal; reads the whole file, in pieces.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def is_whole(path: Path, sha256: str) -> bool:
    """Whether a file is there and still what it was when its SHA-256 was taken."""
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False

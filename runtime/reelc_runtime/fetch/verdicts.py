"""Hashes of files that were read once: a model of 30 GB is not read again while it is what it was."""

import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from reelc_runtime.digest import sha256_of

NAME = ".reelc-verified.json"


class Verdicts:
    """Hashes by path, each good for one size and time of change. Kept in the models folder; losing it costs time.

    Args:
        root: the models folder.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / NAME
        self._root = root
        self._known = self._read()

    def _read(self) -> dict[str, list[Any]]:
        try:
            raw: Any = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        value = cast(dict[str, Any], raw) if isinstance(raw, dict) else {}
        return {k: v for k, v in value.items() if isinstance(v, list) and len(cast(list[Any], v)) == 3}

    def known(self, path: Path) -> str | None:
        """The hash of a file as it is, if it was read before. Raises OSError when it cannot be looked at."""
        entry = self._known.get(self._key(path))
        return entry[2] if entry is not None and entry[:2] == _mark(path) else None

    def read(self, path: Path) -> str:
        """The hash of a file, which is read if need be. Raises OSError."""
        known = self.known(path)
        if known is None:
            before = _mark(path)
            known = sha256_of(path)
            if _mark(path) == before:
                self._known[self._key(path)] = [*before, known]
        return known

    def put(self, path: Path, sha256: str) -> None:
        """Remember the hash of a file that was just written."""
        with suppress(OSError):
            self._known[self._key(path)] = [*_mark(path), sha256]

    def save(self) -> None:
        """Write what is known, in one step; a folder that cannot be written keeps none."""
        part = self._path.with_name(f"{NAME}.{secrets.token_hex(4)}.part")
        try:
            part.write_text(json.dumps(self._known, indent=1, sort_keys=True), "utf-8")
            part.replace(self._path)
        except OSError:
            with suppress(OSError):
                part.unlink()

    def _key(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _mark(path: Path) -> list[Any]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]

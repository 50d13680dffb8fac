"""One canonical JSON form for everything that is hashed or written: same value, same bytes."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> bytes:
    """The compact form that is hashed: sorted keys, no spaces, UTF-8, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def pretty(value: Any) -> bytes:
    """The form that is written for people: keys as given, two spaces, UTF-8, a final newline."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def sha256(value: Any) -> str:
    """Hex SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()

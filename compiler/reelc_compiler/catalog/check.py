"""A catalog file from elsewhere: believed only after every line of it was read."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from reelc_compiler.catalog.decode import decode_class
from reelc_compiler.catalog.store import Catalog
from reelc_compiler.catalog.write import content_sha256


class BrokenCatalog(ValueError):
    """A file that is no catalog, or no longer the one that was written; the message says what is wrong."""


def checked(text: bytes) -> Catalog:
    """The catalog in a file's bytes.

    Raises:
        BrokenCatalog: it is none, is cut off, or was changed.
    """
    head, newline, body = text.partition(b"\n")
    header = _header(head)
    if not newline or (body and not body.endswith(b"\n")):
        raise BrokenCatalog("it is cut off: its last line has no end")
    if content_sha256(header, body) != header["sha256"]:
        raise BrokenCatalog("it is cut off or was changed: its content is not what its hash says")
    before = ""
    for number, line in enumerate(body.split(b"\n")[:-1], 2):
        before = _class(number, line, before, header["packs"])
    return Catalog(text)


def _header(line: bytes) -> Mapping[str, Any]:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not {"comfyui", "name", "packs", "types", "sha256"} <= set(cast("Any", value)):
        raise BrokenCatalog("its first line is not that of a catalog")
    header = cast(dict[str, Any], value)
    packs = header["packs"]
    fits = (
        all(isinstance(header[key], str) for key in ("comfyui", "name", "sha256"))
        and re.fullmatch(r"[\w.+-]{1,100}", header["name"]) is not None
        and isinstance(header["types"], list)
        and all(isinstance(t, str) for t in cast(list[Any], header["types"]))
        and isinstance(packs, dict)
        and all(_is_pack(p) for p in cast(dict[str, Any], packs).values())
        and isinstance(header.get("replacements", {}), dict)
    )
    if not fits:
        raise BrokenCatalog("its first line is not that of a catalog")
    return header


def _is_pack(value: Any) -> bool:
    pack = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    return set(pack) == {"repo", "commit"} and all(v is None or isinstance(v, str) for v in pack.values())


def _class(number: int, line: bytes, before: str, packs: Mapping[str, Any]) -> str:
    """Check one class's line; its name."""
    try:
        name, tab, record = line.decode().partition("\t")
        if not tab or not name or name <= before:
            raise BrokenCatalog(f"line {number} is out of order")
        if decode_class(name, json.loads(record)).pack not in packs:
            raise BrokenCatalog(f"line {number} is of a pack that its first line does not name")
    except BrokenCatalog:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        raise BrokenCatalog(f"line {number} does not describe a node class") from None
    return name

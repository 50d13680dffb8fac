"""Catalog files: making their bytes from captured schemas or from a live server's."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog.compact import socket_types
from reelc_compiler.catalog.quirks import with_quirks


def pack_of(raw: Mapping[str, Any]) -> str:
    """The folder of custom nodes that a class comes from, or ``core``."""
    parent, dot, folder = str(raw.get("python_module") or "").partition(".")
    # The folder's own name may have dots; what lies in it is not told.
    return folder if parent == "custom_nodes" and dot and folder else "core"


def catalog_text(
    name: str,
    comfyui: str,
    packs: Mapping[str, Mapping[str, str | None]],
    records: Mapping[str, Mapping[str, Any]],
    replacements: Mapping[str, Any] | None = None,
    *,
    compacted: Mapping[str, Mapping[str, Any]] | None = None,
) -> bytes:
    """A catalog file's bytes; the same facts give the same bytes.

    Args:
        packs: for each pack its ``repo`` and ``commit``; None where they are not known.
        records: for each class what ``compact_class`` made of it.
        replacements: the server's table of renamed classes, as it publishes it.
        compacted: or that table as another catalog has it.
    """
    body = "".join(f"{c}\t{_json(with_quirks(c, records[c]))}\n" for c in sorted(records)).encode()
    types: set[str] = set()
    for record in records.values():
        types |= socket_types(record)
    header: dict[str, Any] = {"comfyui": comfyui, "name": name, "packs": packs, "types": sorted(types)}
    own = {old: _replacement(new[0]) for old, new in (replacements or {}).items() if new}
    header["replacements"] = {**own, **(compacted or {})}
    header["sha256"] = content_sha256(header, body)
    return _json(header, sort=True).encode() + b"\n" + body


def _replacement(raw: Mapping[str, Any]) -> dict[str, Any]:
    """``class``, and ``inputs`` where they are mapped: the new name to ``{"from"}`` or ``{"value"}``.

    The server takes the first replacement. No mapping of outputs in the table moves a slot, so none is kept.
    """
    found: dict[str, Any] = {"class": raw["new_node_id"]}
    if raw.get("input_mapping"):
        found["inputs"] = {
            m["new_id"]: {"value": m["set_value"]} if "set_value" in m else {"from": m["old_id"]}
            for m in raw["input_mapping"]
        }
    return found


def content_sha256(header: Mapping[str, Any], body: bytes) -> str:
    """The hash in a catalog's header: over the header without it, and the body."""
    facts = {key: value for key, value in header.items() if key != "sha256"}
    return hashlib.sha256(_json(facts, sort=True).encode() + b"\n" + body).hexdigest()


def _json(value: Any, *, sort: bool = False) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=sort)

"""A catalog from elsewhere: believed only after all of it was read, and every fact is of the type it has to be."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from reelc_compiler.catalog.decode import decode_class
from reelc_compiler.catalog.schema import AUTOGROW, DYNAMIC_COMBO, InputSchema, NodeSchema
from reelc_compiler.catalog.store import Catalog
from reelc_compiler.catalog.write import content_sha256

# Beyond these a description is not ComfyUI's, which repeats an input a hundred times at most.
MAX_SLOTS = 1000
MAX_DEPTH = 16


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
        and all(_is_rename(r) for r in cast(dict[str, Any], header.get("replacements", {})).values())
    )
    if not fits:
        raise BrokenCatalog("its first line is not that of a catalog")
    return header


def _is_pack(value: Any) -> bool:
    pack = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    return set(pack) == {"repo", "commit"} and all(v is None or isinstance(v, str) for v in pack.values())


def _is_rename(value: Any) -> bool:
    rename = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    inputs: Any = rename.get("inputs", {})
    return (
        isinstance(rename.get("class"), str)
        and isinstance(inputs, dict)
        and all(isinstance(r, dict) and ("value" in r or "from" in r) for r in cast(dict[str, Any], inputs).values())
    )


def _class(number: int, line: bytes, before: str, packs: Mapping[str, Any]) -> str:
    """Check one class's line; its name."""
    try:
        name, tab, record = line.decode().partition("\t")
        if not tab or not name or name <= before:
            raise BrokenCatalog(f"line {number} is out of order")
        read: Any = json.loads(record)
        schema = decode_class(name, read) if plain_record(read) else None
        if schema is None or not sound(schema):
            raise BrokenCatalog(f"line {number} does not describe a node class")
        if schema.pack not in packs:
            raise BrokenCatalog(f"line {number} is of a pack that its first line does not name")
    except BrokenCatalog:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError):
        raise BrokenCatalog(f"line {number} does not describe a node class") from None
    return name


# -- facts -----------------------------------------------------------------------------------


def plain_record(record: Mapping[str, Any]) -> bool:
    """Whether a record can be decoded without harm: no input repeats without end, or nests too deep."""
    return all(_plain_entries(inputs, 0) for inputs in record.get("in", {}).values())


def _plain_entries(entries: Iterable[Any], depth: int) -> bool:
    for entry in entries:
        options: Any = entry[2] if len(entry) > 2 else {}
        grow: Any = options.get("grow", {})
        if not isinstance(grow.get("max", 0), int) or grow.get("max", 0) > MAX_SLOTS or depth > MAX_DEPTH:
            return False
        for sections in (*options.get("options", {}).values(), grow.get("in", {})):
            if not all(_plain_entries(inner, depth + 1) for inner in sections.values()):
                return False
    return True


def sound(schema: NodeSchema) -> bool:
    """Whether every fact of a class has the type that whoever uses it relies on."""
    return (
        _texts(schema.class_type, schema.pack, *schema.validates)
        and all(_sound(i) for i in schema.inputs)
        and all(_texts(h.name, h.type) for h in schema.hidden)
        and all(_texts(o.name, o.type, o.dialect) and _maybe(o.match) for o in schema.outputs)
    )


def _sound(item: InputSchema) -> bool:
    grow = item.autogrow
    return (
        _texts(item.name, item.type, item.under, item.dialect, *item.extensions, *item.links_from, *item.allowed)
        and _texts(*(item.present or ()))
        and all(_maybe(text) for text in (item.files, item.upload, item.match))
        and all(_number(bound) for bound in (item.min, item.max, item.step))
        and (item.type == DYNAMIC_COMBO) == (item.options is not None)
        and (item.type != "COMBO" or item.choices is not None)
        and all(_texts(key) and all(_sound(i) for i in inner) for key, inner in (item.options or {}).items())
        and all(_texts(key) and all(_sound(i) for i in inner) for key, inner in item.widgets.items())
        and (item.type == AUTOGROW) == (grow is not None)
        and (
            grow is None
            or (
                _sound(grow.element)
                # A slot is a plain input: nothing repeats what repeats.
                and grow.element.autogrow is None
                and grow.element.options is None
                and 0 < len(grow.names) <= MAX_SLOTS
                and _texts(*grow.names)
                and _number(grow.minimum)
            )
        )
    )


def _texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _maybe(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and math.isfinite(value))

"""A catalog of what a live server describes, completed by what it hides and another catalog knows.

``/object_info`` lists the files that lie in the server's model folders among a combo's choices, and hides which inputs
a class validates itself. Where the known catalog has the same class of the same pack, its facts are taken: a model file
that comes or goes then changes nothing, and the folder's name is known.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from reelc_compiler.catalog.compact import compact_class
from reelc_compiler.catalog.decode import decode_class
from reelc_compiler.catalog.store import Catalog
from reelc_compiler.catalog.write import catalog_text, pack_of
from reelc_dsl.records import dataclass

Json = dict[str, Any]

# What of an input is known better when its choices are files.
_FILES = ("choices", "files", "under", "ext", "dirs", "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """A catalog file and what did not go into it.

    Args:
        text: the file's bytes.
        left_out: classes that are described in a way that no catalog can hold.
    """

    text: bytes
    left_out: tuple[str, ...]


def pull(name: str, comfyui: str, dump: Mapping[str, Any], known: Catalog) -> Pulled:
    """The catalog file of what ``/object_info`` answered.

    Args:
        name: the catalog's.
        comfyui: the server's version.
        dump: the answer, class by class.
        known: supplies what the answer hides.
    """
    # Only servers that know the new node interface tell a price badge; older ones do not tell which classes use it.
    tells = any("price_badge" in raw for raw in dump.values() if isinstance(raw, dict))
    records: dict[str, Json] = {}
    left_out: list[str] = []
    for class_type, raw in dump.items():
        record = _record(class_type, raw, known, tells)
        if record is None:
            left_out.append(class_type)
        else:
            records[class_type] = record
    packs = {record["pack"]: _pack(record["pack"], known) for record in records.values()}
    # The server does not tell its renames either: those of the same version are its own.
    replacements = dict(known.replacements) if known.comfyui == comfyui else {}
    text = catalog_text(name, comfyui, packs, records, compacted=replacements)
    return Pulled(text=text, left_out=tuple(left_out))


def _pack(name: str, known: Catalog) -> dict[str, str | None]:
    """A pack's repository where the known catalog has a pack of this name; a commit is never told."""
    same = next((p for p in known.packs.values() if p.name.casefold() == name.casefold()), None)
    return {"repo": None if same is None else same.repo, "commit": None}


def _record(class_type: str, raw: Any, known: Catalog, tells: bool) -> Json | None:
    """A class's record; None where its description is not of the form that ComfyUI gives."""
    # A line of a catalog is a name, a tab, a record.
    if not isinstance(raw, dict) or not class_type.isprintable() or not class_type:
        return None
    described = cast(Json, raw)
    try:
        pack = pack_of(described)
        schema = known.get(class_type)
        facts: Json = {**described, "v3": "price_badge" in described, "validate": None}
        if schema is None or schema.pack.casefold() != pack.casefold():
            record = compact_class(facts, pack)
        else:
            if not tells:
                facts["v3"] = schema.v3
            record = compact_class(facts | {"validate": known.record(class_type).get("validate")}, pack)
            _take_files(record.get("in", {}), known.record(class_type).get("in", {}))
        # Read back as it will be: what a catalog cannot hold is found here and not by whoever uses it.
        decode_class(class_type, json.loads(json.dumps(record)))
        return record if _plain(record) else None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        return None


def _take_files(sections: Mapping[str, list[list[Any]]], known: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Give inputs of files the folder that the known record names, instead of the files that happen to be there."""
    mine = {entry[0]: entry for inputs in known.values() for entry in inputs}
    for entry in (e for inputs in sections.values() for e in inputs):
        other: Mapping[str, Any] = mine[entry[0]][2] if entry[0] in mine and len(mine[entry[0]]) > 2 else {}
        if len(entry) < 3 or entry[1] != mine.get(entry[0], entry)[1]:
            continue
        options: Json = entry[2]
        if "files" in other:
            entry[2] = {k: v for k, v in options.items() if k not in _FILES}
            entry[2] |= {key: other[key] for key in _FILES if key in other}
        for key, inner in options.get("options", {}).items():
            _take_files(inner, other.get("options", {}).get(key, {}))


def _plain(record: Mapping[str, Any]) -> bool:
    """Whether all names and types of a record's inputs and outputs are texts."""
    inputs = [entry for section in record.get("in", {}).values() for entry in section]
    return all(_texts(e[:2]) for e in inputs) and all(_texts(o[:2]) for o in record.get("out", ()))


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)

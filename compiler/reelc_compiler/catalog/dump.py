"""From what a server describes to a catalog: the one way there is.

``/object_info`` lists the files that lie in the server's folders among a combo's choices, and hides which inputs a
class validates itself. Where a known catalog has the class, what is hidden is taken from it. Files are read in two
ways: in the catalog's text an input has the folder's name, so that a file that comes or goes changes nothing; beside it
the catalog keeps which files the server listed (``InputSchema.present``), for whoever asks what that server accepts.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from reelc_compiler.catalog.check import plain_record, sound
from reelc_compiler.catalog.compact import compact_class
from reelc_compiler.catalog.decode import decode_class
from reelc_compiler.catalog.quirks import with_quirks
from reelc_compiler.catalog.store import Catalog
from reelc_compiler.catalog.write import catalog_text, pack_of
from reelc_dsl.records import dataclass

Json = dict[str, Any]

# What of an input is known better when its choices are files.
_FILES = ("choices", "files", "under", "ext", "dirs", "default")
# So many classes tell which version a server is most like.
_ENOUGH = 200
# What only a capture says; a server's own options of these names are others.
_CAPTURED = ("files", "under", "ext", "dirs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A catalog file of a server, and what did not go into it.

    Args:
        text: the file's bytes.
        lists: for each class with inputs of files its record with the files that the server listed.
        left_out: classes that are described in a way that no catalog can hold.
    """

    text: bytes
    lists: Mapping[str, Mapping[str, Any]]
    left_out: tuple[str, ...]

    def catalog(self) -> Catalog:
        """The catalog, with the server's lists of files."""
        return Catalog(self.text, lists=self.lists, left_out=self.left_out)


def from_dump(
    dump: Mapping[str, Any],
    known: Sequence[Catalog],
    *,
    name: str = "object_info",
    comfyui: str = "",
    validators: Mapping[str, Mapping[str, Any]] | None = None,
) -> Described:
    """The catalog of what ``/object_info`` answered, whatever that was.

    Args:
        dump: the answer, class by class.
        known: supply what the answer hides, the first that has a class before the others.
        name: the catalog's.
        comfyui: the server's version; empty when it is not known.
        validators: for a class what is surely known: ``args`` (and ``kw``) of its VALIDATE_INPUTS, and ``v3``.
    """
    reader = Reader(dump, known, comfyui, validators or {})
    records: dict[str, Json] = {}
    lists: dict[str, Mapping[str, Any]] = {}
    left_out: list[str] = []
    for class_type in dump:
        read = reader.read(class_type)
        if read is None:
            left_out.append(class_type)
            continue
        records[class_type], listed = read
        if listed is not None:
            lists[class_type] = with_quirks(class_type, listed)
    packs = {record["pack"]: _pack(record["pack"], known) for record in records.values()}
    # The server does not tell its renames either: those of the same version are its own.
    same = next((c for c in known if comfyui and c.comfyui == comfyui), None)
    text = catalog_text(name, comfyui, packs, records, compacted={} if same is None else same.replacements)
    return Described(text=text, lists=lists, left_out=tuple(left_out))


class Reader:
    """Reads classes of an answer one by one.

    Args:
        dump, known, comfyui, validators: as for ``from_dump``.
    """

    def __init__(
        self,
        dump: Mapping[str, Any],
        known: Sequence[Catalog],
        comfyui: str = "",
        validators: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        if len(known) > 1 and not any(comfyui and catalog.comfyui == comfyui for catalog in known):
            known = sorted(known, key=lambda catalog: _unlike(dump, catalog))
        self._dump = dump
        self._known = known
        self._validators = validators or {}
        # Only servers that know the new node interface tell a price badge; older ones do not tell which classes use it.
        self._tells = any("price_badge" in raw for raw in dump.values() if isinstance(raw, dict))

    def read(self, class_type: str) -> tuple[Json, Json | None] | None:
        """A class's record, and the one with the server's files where it has any; None for what no catalog can hold."""
        try:
            raw = self._dump[class_type]
            return _record(class_type, raw, self._known, self._tells, self._validators.get(class_type))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError):
            return None


def _unlike(dump: Mapping[str, Any], catalog: Catalog) -> int:
    """In how many classes, of some, an answer of an unknown version has other inputs than a catalog."""
    unlike = 0
    for class_type in sorted(dump)[:: 1 + len(dump) // _ENOUGH]:
        raw = dump[class_type]
        sections: Any = cast(Json, raw).get("input") if isinstance(raw, dict) else None
        if not isinstance(sections, dict):
            continue
        known = catalog.record(class_type).get("in", {})
        theirs = {n for s in ("required", "optional") for n in _names_in(cast(Json, sections).get(s))}
        unlike += theirs != {entry[0] for inputs in known.values() for entry in inputs}
    return unlike


def _names_in(section: Any) -> Iterable[str]:
    return cast(Json, section) if isinstance(section, dict) else ()


def _pack(name: str, known: Sequence[Catalog]) -> dict[str, str | None]:
    """A pack's repository where a known catalog has a pack of this name; a commit is never told."""
    packs = (p for catalog in known for p in catalog.packs.values())
    same = next((p for p in packs if p.name.casefold() == name.casefold()), None)
    return {"repo": None if same is None else same.repo, "commit": None}


def _record(
    class_type: str, raw: Any, known: Sequence[Catalog], tells: bool, validator: Mapping[str, Any] | None
) -> tuple[Json, Json | None]:
    """A class's record, and the one with the server's files where it has any.

    Raises:
        ValueError, TypeError, ...: the description is not of the form that ComfyUI gives.
    """
    # A line of a catalog is a name, a tab, a record.
    if not isinstance(raw, dict) or not class_type.isprintable() or not class_type:
        raise ValueError(class_type)
    described = cast(Json, raw)
    facts: Json = {**described, "v3": bool(described.get("v3", "price_badge" in described)), "validate": None}
    record = compact_class(facts, pack_of(described))
    for entry in _entries(record.get("in", {})):
        _forget_captured(entry)
    listed: Json | None = None
    twin = _known(class_type, record, known)
    if twin is not None:
        if not tells:
            _set_flag(record, "v3", on="v3" in twin.get("flags", ()))
        if "validate" in twin:
            record["validate"] = twin["validate"]
        if any(len(entry) > 2 and "files" in entry[2] for entry in _entries(twin.get("in", {}))):
            listed = cast(Json, json.loads(json.dumps(record)))
            if not _take_files(record.get("in", {}), twin.get("in", {}), listed.get("in", {})):
                listed = None
    if validator is not None:
        for one in (record, *([listed] if listed is not None else [])):
            one.pop("validate", None)
            if validator.get("args") or validator.get("kw"):
                args = sorted(map(str, validator.get("args", ())))
                one["validate"] = {"args": args, "kwargs": bool(validator.get("kw"))}
            if "v3" in validator:
                _set_flag(one, "v3", on=bool(validator["v3"]))
    # Read back as it will be: what a catalog cannot hold is found here and not by whoever uses it.
    for one in (record, listed):
        if one is not None:
            text = json.dumps(one, ensure_ascii=False, allow_nan=False).encode().decode()
            if not (plain_record(one) and sound(decode_class(class_type, json.loads(text)))):
                raise ValueError(class_type)
    return record, listed


def _set_flag(record: Json, flag: str, *, on: bool) -> None:
    flags = [f for f in record.pop("flags", ()) if f != flag] + ([flag] if on else [])
    if flags:
        record["flags"] = flags


def _known(class_type: str, record: Json, known: Sequence[Catalog]) -> Mapping[str, Any] | None:
    """The class in a known catalog: of the same pack, else one that looks the same, for folders are named freely."""
    found = (r for catalog in known if (r := catalog.record(class_type)))
    alike: Mapping[str, Any] | None = None
    for other in found:
        if other["pack"].casefold() == record["pack"].casefold():
            return other
        if alike is None and _shape(other) == _shape(record):
            alike = other
    return alike


def _shape(record: Mapping[str, Any]) -> Any:
    required = record.get("in", {}).get("required", ())
    return sorted(str(e[0]) for e in required), [str(o[0]) for o in record.get("out", ())]


def _entries(sections: Mapping[str, Iterable[list[Any]]]) -> Iterable[list[Any]]:
    """All inputs of a record, those inside dynamic ones too."""
    for entry in (e for inputs in sections.values() for e in inputs):
        yield entry
        options: Json = entry[2] if len(entry) > 2 else {}
        for inner in (*options.get("options", {}).values(), options.get("grow", {}).get("in", {})):
            yield from _entries(inner)


def _forget_captured(entry: list[Any]) -> None:
    if len(entry) > 2:
        for key in _CAPTURED:
            entry[2].pop(key, None)


def _take_files(
    sections: Mapping[str, list[list[Any]]],
    known: Mapping[str, Sequence[Sequence[Any]]],
    listed: Mapping[str, list[list[Any]]],
) -> bool:
    """Give inputs of files the folder that the known record names, and in ``listed`` also the files that are there.

    Returns:
        Whether there was any such input.
    """
    mine = {entry[0]: entry for inputs in known.values() for entry in inputs}
    found = False
    for section, inputs in sections.items():
        for entry, there in zip(inputs, listed[section], strict=True):
            other: Mapping[str, Any] = mine[entry[0]][2] if entry[0] in mine and len(mine[entry[0]]) > 2 else {}
            if len(entry) < 3 or entry[1] != mine.get(entry[0], entry)[1]:
                continue
            options: Json = entry[2]
            if "files" in other:
                entry[2] = {k: v for k, v in options.items() if k not in _FILES}
                entry[2] |= {key: other[key] for key in _FILES if key in other}
                there[2] = _present(entry[2], options.get("choices", ()))
                found = True
            for key, inner in options.get("options", {}).items():
                here = there[2]["options"][key]
                found = _take_files(inner, other.get("options", {}).get(key, {}), here) or found
    return found


def _present(options: Json, choices: Sequence[Any]) -> Json:
    """An input's options with the choices that the server has, told apart from the files."""
    if "choices" not in options:
        return options
    fixed = [c for c in options["choices"] if c in choices]
    return {**options, "choices": fixed, "present": [c for c in choices if c not in fixed and isinstance(c, str)]}

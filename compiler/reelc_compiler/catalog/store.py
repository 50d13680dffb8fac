"""Catalogs: which node classes exist, read from the package's data one class at a time.

A catalog file is text, one line a class, sorted by name: ``class name, tab, compact record``. The first line is
a header. Reading it splits lines and parses the header; a class's JSON is parsed when somebody asks for it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

from reelc_compiler.catalog.compact import compact_class, socket_types
from reelc_compiler.catalog.decode import decode_class
from reelc_compiler.catalog.schema import NodeSchema, PackInfo

DEFAULT = "comfyui-0.33.0"
_SUFFIX = ".catalog"


class UnknownCatalog(LookupError):
    """There is no catalog of that name in the package."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no catalog `{name}`; known: {', '.join(known)}")
        self.name = name
        self.known = known


class Catalog:
    """The node classes of one ComfyUI version with some packs.

    Attributes:
        name: ``comfyui-0.33.0``.
        comfyui: ComfyUI's version.
        sha256: over the header's facts and every record: two catalogs with the same hash are the same.
        packs: by name.
    """

    def __init__(self, header: Mapping[str, Any], lines: Mapping[str, bytes]) -> None:
        self.name: str = header["name"]
        self.comfyui: str = header["comfyui"]
        self.sha256: str = header["sha256"]
        self.packs: Mapping[str, PackInfo] = {
            name: PackInfo(name, pack["repo"], pack["commit"]) for name, pack in header["packs"].items()
        }
        self._types = frozenset[str](header["types"])
        self._lines = lines
        self._schemas: dict[str, NodeSchema] = {}

    @classmethod
    def from_text(cls, text: bytes) -> "Catalog":
        """The catalog in a catalog file's bytes."""
        head, _, body = text.partition(b"\n")
        lines: dict[str, bytes] = {}
        for line in body.splitlines():
            name, _, record = line.partition(b"\t")
            lines[name.decode()] = record
        return cls(json.loads(head), lines)

    @classmethod
    def from_object_info(
        cls,
        dump: Mapping[str, Mapping[str, Any]],
        validators: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        name: str = "object_info",
        comfyui: str = "",
    ) -> "Catalog":
        """The catalog that a live server describes.

        Args:
            dump: what ``/object_info`` answers.
            validators: for each class what ``/object_info`` hides: ``args`` (and ``kw``) of its VALIDATE_INPUTS,
                and ``v3``. Without it, classes are taken to have no validator of their own.
        """
        known = validators or {}
        records = {c: compact_class(_with_validator(raw, known.get(c)), _pack_of(raw)) for c, raw in dump.items()}
        packs = {record["pack"]: {"repo": "", "commit": ""} for record in records.values()}
        return cls.from_text(catalog_text(name, comfyui, packs, records))

    def get(self, class_type: str) -> NodeSchema | None:
        """The schema of a class, or None."""
        schema = self._schemas.get(class_type)
        if schema is None and class_type in self._lines:
            schema = decode_class(class_type, json.loads(self._lines[class_type]))
            self._schemas[class_type] = schema
        return schema

    def __contains__(self, class_type: object) -> bool:
        return isinstance(class_type, str) and class_type in self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def class_names(self) -> Sequence[str]:
        """All class names, sorted."""
        return tuple(self._lines)

    def opaque_types(self) -> frozenset[str]:
        """All socket types but those of widgets: ``MODEL``, ``VAE``, ``IMAGE``, and the packs' own."""
        return self._types


def _pack_of(raw: Mapping[str, Any]) -> str:
    parts = str(raw.get("python_module") or "").split(".")
    return parts[1] if parts[0] == "custom_nodes" and len(parts) > 1 else "core"


def _with_validator(raw: Mapping[str, Any], known: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if known is None:
        return raw
    return {**raw, "v3": known.get("v3", False), "validate": known if known.get("args") or known.get("kw") else None}


def catalog_text(
    name: str, comfyui: str, packs: Mapping[str, Mapping[str, str]], records: Mapping[str, Mapping[str, Any]]
) -> bytes:
    """A catalog file's bytes; the same facts give the same bytes."""
    body = "".join(f"{c}\t{_json(records[c])}\n" for c in sorted(records)).encode()
    types: set[str] = set()
    for record in records.values():
        types |= socket_types(record)
    header: dict[str, Any] = {"comfyui": comfyui, "name": name, "packs": packs, "types": sorted(types)}
    header["sha256"] = content_sha256(header, body)
    return _json(header, sort=True).encode() + b"\n" + body


def content_sha256(header: Mapping[str, Any], body: bytes) -> str:
    """The hash in a catalog's header: over the header without it, and the body."""
    facts = {key: value for key, value in header.items() if key != "sha256"}
    return hashlib.sha256(_json(facts, sort=True).encode() + b"\n" + body).hexdigest()


def _json(value: Any, *, sort: bool = False) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=sort)


def catalog_names() -> tuple[str, ...]:
    """The catalogs in the package."""
    entries: Iterable[str] = (e.name for e in _folder().iterdir())
    return tuple(sorted(e.removesuffix(_SUFFIX) for e in entries if e.endswith(_SUFFIX)))


@lru_cache(maxsize=4)
def load_catalog(name: str = DEFAULT) -> Catalog:
    """A catalog from the package's data; the same object for the same name.

    Raises:
        UnknownCatalog: there is none of that name.
    """
    if name not in catalog_names():
        raise UnknownCatalog(name, catalog_names())
    return Catalog.from_text(_folder().joinpath(name + _SUFFIX).read_bytes())


def _folder() -> Any:
    return resources.files("reelc_compiler") / "data" / "catalogs"

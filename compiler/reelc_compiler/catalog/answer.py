"""The catalog in a file with an answer of ``/object_info``, of which only the classes that somebody asks for are read.

A server has a thousand classes and more, a graph some twenty, and reading the others takes ten times as long as judging
the graph.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from reelc_compiler.catalog.check import BrokenCatalog
from reelc_compiler.catalog.decode import decode_class
from reelc_compiler.catalog.dump import Reader, from_dump
from reelc_compiler.catalog.quirks import with_quirks
from reelc_compiler.catalog.schema import NodeSchema
from reelc_compiler.catalog.store import Catalog, bundled_for

Json = dict[str, Any]


def is_dump(value: Any) -> bool:
    """Whether a JSON value has the form of an answer of ``/object_info``: classes with inputs and outputs."""
    return isinstance(value, dict) and any(_is_class(v) for v in cast(Json, value).values())


def unwrapped(value: Any) -> Json | None:
    """The answer in a JSON value: itself, or the one member that is it; None when there is none."""
    if is_dump(value):
        return value
    inner = [v for v in cast(Json, value).values() if is_dump(v)] if isinstance(value, dict) else []
    return inner[0] if len(inner) == 1 else None


def _is_class(value: Any) -> bool:
    raw = cast(Json, value) if isinstance(value, dict) else {}
    return isinstance(raw.get("input"), dict) or isinstance(raw.get("output"), list)


def catalog_of_answer(text: bytes, name: str) -> Catalog:
    """The catalog in a file with an answer of ``/object_info``; the server's version is not known.

    Args:
        text: the file's bytes.
        name: the catalog's.

    Raises:
        BrokenCatalog: there is none in it.
    """
    try:
        value: Any = json.loads(text)
    except RecursionError:
        raise BrokenCatalog("it is nested too deeply") from None
    except ValueError:
        raise BrokenCatalog("it is no JSON, or it is cut off") from None
    dump = unwrapped(value)
    if dump is None:
        raise BrokenCatalog(f"it is {_instead(value)}, and no answer of /object_info")
    catalog = _Answer(dump, name)
    if not any(class_type in catalog for class_type in dump):
        raise BrokenCatalog("it describes no node class in the way that ComfyUI does")
    return catalog


def _instead(value: Any) -> str:
    """What a JSON value is instead, as far as it shows."""
    members = cast(Json, value) if isinstance(value, dict) else {}
    if any(isinstance(m, dict) and "class_type" in m for m in members.values()):
        return "a graph in API format"
    return "a workflow of ComfyUI's window" if {"nodes", "links"} <= set(members) else "JSON that describes no node"


class _Answer(Catalog):
    """The catalog of an answer: ``get``, ``in`` and ``mentioning`` read single classes, all else reads all of them."""

    def __init__(self, dump: Mapping[str, Any], name: str) -> None:
        """The catalog of that name; the server's version is not known."""
        # Not the parent's: what is missing here is made by `__getattr__`.
        self.name = name
        self.comfyui = ""
        self.replacements = {}
        self._dump = dump
        self._reader = Reader(dump, bundled_for(""))
        self._read: dict[str, tuple[Json, Json] | None] = {}
        self._asked: dict[str, NodeSchema | None] = {}

    def get(self, class_type: str) -> NodeSchema | None:
        """The schema of a class, or None."""
        if class_type not in self._asked:
            read = self._both(class_type)
            self._asked[class_type] = None if read is None else decode_class(class_type, read[1])
        return self._asked[class_type]

    def _both(self, class_type: str) -> tuple[Json, Json] | None:
        """A class's record as the catalog's text has it, and the one with the server's files."""
        if class_type not in self._read:
            read = self._reader.read(class_type)
            self._read[class_type] = None
            if read is not None:
                # A record goes through JSON, as in a catalog's file.
                record = json.loads(json.dumps(with_quirks(class_type, read[0])))
                listed = record if read[1] is None else dict(with_quirks(class_type, read[1]))
                self._read[class_type] = record, listed
        return self._read[class_type]

    def mentioning(self, *texts: str) -> Sequence[str]:
        """The classes whose compact records contain one of these texts.

        They are looked for where records come from, in the answer and in the known classes. What a record calls by
        another name than an answer does is not found.
        """
        known = {name for catalog in bundled_for("") for name in catalog.mentioning(*texts)}
        words = [text.strip('"') for text in texts]
        written = ((c, repr(raw)) for c, raw in self._dump.items())
        likely = [c for c, raw in written if c in known or any(word in raw for word in words)]
        return tuple(sorted(c for c in likely if any(text in self._text_of(c) for text in texts)))

    def _text_of(self, class_type: str) -> str:
        read = self._both(class_type)
        return "" if read is None else json.dumps(read[0], separators=(",", ":"), ensure_ascii=False)

    def __contains__(self, class_type: object) -> bool:
        return isinstance(class_type, str) and self.get(class_type) is not None

    def __getattr__(self, name: str) -> Any:
        """What only the whole catalog knows: its hash, its packs, its text."""
        if name.startswith("__") or "_dump" not in self.__dict__:
            raise AttributeError(name)
        whole = from_dump(self._dump, bundled_for(""), name=self.name).catalog()
        self.__dict__.update(vars(whole))
        if name not in self.__dict__:
            raise AttributeError(name)
        return self.__dict__[name]

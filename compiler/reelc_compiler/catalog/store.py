"""Catalogs: which node classes exist, read from the package's data one class at a time.

A catalog file is text, one line a class, sorted by name: ``class name, tab, compact record``. The first line is
a header. Loading reads the file and parses the header; a class's line is looked for, and its JSON parsed, when
somebody asks for it: splitting a megabyte into lines would take a fiftieth of a whole check.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from reelc_compiler.catalog.decode import decode_class
from reelc_compiler.catalog.schema import NodeSchema, PackInfo

DEFAULT = "comfyui-0.33.0"
_SUFFIX = ".catalog"
# Not importlib.resources: importing it costs a fifth of what `reelc check` may take in all.
_FOLDER = Path(__file__).resolve().parent.parent / "data" / "catalogs"


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
        comfyui: ComfyUI's version; empty when it is not known.
        sha256: over the header's facts and every record: two catalogs with the same hash are the same.
        packs: by name.
        replacements: classes that the server renames in a graph when it lacks them: for each old name the new
            ``class`` and, where they change, its ``inputs`` (``{"from": old name}`` or ``{"value": literal}``).
        left_out: classes that a server has and that no catalog can hold.
    """

    def __init__(
        self, text: bytes, *, lists: Mapping[str, Mapping[str, Any]] | None = None, left_out: Sequence[str] = ()
    ) -> None:
        """The catalog in a catalog file's bytes.

        Args:
            text: the bytes.
            lists: for classes with inputs of files their records with the files that a server listed.
            left_out: classes of that server that no catalog can hold.
        """
        end = text.index(b"\n")
        header: Mapping[str, Any] = json.loads(text[:end])
        self.name: str = header["name"]
        self.comfyui: str = header["comfyui"]
        self.sha256: str = header["sha256"]
        self.packs: Mapping[str, PackInfo] = {
            name: PackInfo(name, pack["repo"], pack["commit"]) for name, pack in header["packs"].items()
        }
        self.replacements: Mapping[str, Mapping[str, Any]] = header.get("replacements", {})
        self._types = frozenset[str](header["types"])
        self.left_out = tuple(left_out)
        self._whole = text
        self._text = text[end:]
        self._lists = lists or {}
        self._records: dict[str, bytes | None] = {}
        self._schemas: dict[str, NodeSchema | None] = {}

    @staticmethod
    def from_object_info(
        dump: Mapping[str, Mapping[str, Any]],
        validators: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        name: str = "object_info",
        comfyui: str = "",
        known: "Sequence[Catalog] | None" = None,
    ) -> "Catalog":
        """The catalog that a live server describes, with its lists of files.

        Args:
            dump: what ``/object_info`` answers.
            validators: for each class what ``/object_info`` hides: ``args`` (and ``kw``) of its VALIDATE_INPUTS,
                and ``v3``. It wins over what ``known`` say.
            name: the catalog's.
            comfyui: the server's version; empty when it is not known.
            known: the catalogs that supply what ``/object_info`` hides; the bundled ones when None.
        """
        # Only a live server's schemas need it: a plain check does not pay for the import.
        from reelc_compiler.catalog.dump import from_dump

        known = bundled_for(comfyui) if known is None else known
        return from_dump(dump, known, name=name, comfyui=comfyui, validators=validators).catalog()

    def without_lists(self) -> "Catalog":
        """The same catalog for a server whose files are not known: whatever is missing can still be put there."""
        return Catalog(self._whole, left_out=self.left_out) if self._lists else self

    def get(self, class_type: str) -> NodeSchema | None:
        """The schema of a class, or None."""
        if class_type not in self._schemas:
            record = self._record(class_type)
            read = None if record is None else self._lists.get(class_type) or json.loads(record)
            self._schemas[class_type] = None if read is None else decode_class(class_type, read)
        return self._schemas[class_type]

    def record(self, class_type: str) -> Mapping[str, Any]:
        """The compact record of a class; empty when there is no such class."""
        record = self._record(class_type)
        return {} if record is None else json.loads(record)

    def _record(self, class_type: str) -> bytes | None:
        if class_type not in self._records:
            self._records[class_type] = self._search(class_type)
        return self._records[class_type]

    def _search(self, class_type: str) -> bytes | None:
        if "\t" in class_type or "\n" in class_type:
            return None
        name = class_type.encode(errors="surrogatepass")
        # By halves, since lines are sorted by name: `low` and `high` are the line ends around what is left.
        text, low, high = self._text, 0, len(self._text) - 1
        while low < high:
            before = text.rfind(b"\n", low, (low + high) // 2 + 1)
            tab = text.index(b"\t", before)
            found = text[before + 1 : tab]
            end = text.index(b"\n", tab)
            if found == name:
                return text[tab + 1 : end]
            if found < name:
                low = end
            else:
                high = before
        return None

    def __contains__(self, class_type: object) -> bool:
        return isinstance(class_type, str) and self._record(class_type) is not None

    def __len__(self) -> int:
        return self._text.count(b"\n") - 1

    def class_names(self) -> Sequence[str]:
        """All class names, sorted."""
        return tuple(name.decode() for name in re.findall(rb"^([^\t\n]+)\t", self._text, re.MULTILINE))

    def mentioning(self, *texts: str) -> Sequence[str]:
        """The classes whose compact records contain one of these texts, sorted: ``'"upload"'``."""
        pattern = "|".join(re.escape(text) for text in texts).encode()
        found = re.finditer(rb"^([^\t\n]+)\t[^\n]*?(?:" + pattern + rb")", self._text, re.MULTILINE)
        return tuple(match[1].decode() for match in found)

    def opaque_types(self) -> frozenset[str]:
        """All socket types but those of widgets: ``MODEL``, ``VAE``, ``IMAGE``, and the packs' own."""
        return self._types


def version_text(comfyui: str) -> str:
    """A ComfyUI version for a sentence, also one that is not known."""
    return f"ComfyUI {comfyui}" if comfyui else "a ComfyUI of an unknown version"


def catalog_names() -> tuple[str, ...]:
    """The catalogs in the package."""
    return (
        tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in _FOLDER.glob(f"*{_SUFFIX}")))
        if _FOLDER.is_dir()
        else ()
    )


@lru_cache(maxsize=4)
def load_catalog(name: str = DEFAULT) -> Catalog:
    """A catalog from the package's data; the same object for the same name.

    Raises:
        UnknownCatalog: there is none of that name.
    """
    try:
        # A name is never a path.
        if not re.fullmatch(r"[\w.+-]+", name):
            raise FileNotFoundError
        return Catalog((_FOLDER / f"{name}{_SUFFIX}").read_bytes())
    except FileNotFoundError:
        raise UnknownCatalog(name, catalog_names()) from None


def bundled_for(comfyui: str) -> tuple[Catalog, ...]:
    """The bundled catalogs for what a server of this version hides: that of the version first, then the default."""
    all_ = (load_catalog(name) for name in sorted(catalog_names(), key=lambda name: name != DEFAULT))
    return tuple(sorted(all_, key=lambda catalog: catalog.comfyui != comfyui))

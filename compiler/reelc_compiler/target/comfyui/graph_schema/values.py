"""What may stand in an input: the schema of its values.

Keywords of JSON Schema bind one JSON type each: ``minimum`` numbers, ``pattern`` texts, ``prefixItems`` lists. So one
flat schema says what a number, a text and a link must be, and a fault is reported as what it is.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeGuard, cast

from reelc_compiler.catalog import DYNAMIC_COMBO, WIDGET_TYPES, InputSchema
from reelc_compiler.catalog.schema import type_names
from reelc_compiler.target.comfyui.graph_schema.sharing import Definitions
from reelc_dsl.records import dataclass

# What Python's own int() and float() read, and little else: a pattern is shown to whoever breaks it.
INT_TEXT = r"^\s*[+-]?[0-9_]+\s*$"
FLOAT_TEXT = r"^\s*[+-]?([0-9._]+([eE][+-]?[0-9_]+)?|[iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])\s*$"

_LINK = {"minItems": 2, "maxItems": 2}
# A boolean is a number to the server, and -1 is the last output.
_SLOT = {"type": ["integer", "boolean"]}
_STRICT_SLOT = {"type": "integer", "minimum": 0}
_WRAPPED = {"properties": {"__value__": True}, "required": ["__value__"]}
# JSON types that a literal of a type has, where it must have the right one.
_JSON = {"INT": "integer", "FLOAT": "number", "STRING": "string", "BOOLEAN": "boolean"}

# Who looks at a value's range and choices: the server; the class's own function, so that the server does not; or such
# a function that also opens the file of that name.
Judge = Literal["server", "class", "opens"]
# Definitions that are not named after a type. All others have a colon in their names.
RESERVED = frozenset({"link", "held", "node", "class_type"})


@dataclass(frozen=True, slots=True)
class Values:
    """Schemas of inputs' values.

    Args:
        strict: only what a person means.
    """

    definitions: Definitions
    strict: bool

    def of(self, wanted: InputSchema, judge: Judge = "server", *, nested: bool = False) -> dict[str, Any]:
        """The schema of an input's values, a place that other inputs may share.

        Args:
            nested: the input is part of a dynamic one.
        """
        schema = self._schema(wanted, judge, nullable=not wanted.required and not nested)
        bounds = f"{schema.get('minimum', '')}..{schema.get('maximum', '')}"
        return self.definitions.share(f"input:{wanted.name}" if bounds == ".." else f"{wanted.type}:{bounds}", schema)

    def _schema(self, wanted: InputSchema, judge: Judge, *, nullable: bool) -> dict[str, Any]:
        default = self._default(wanted)
        if wanted.type == DYNAMIC_COMBO:
            return {**self._key(wanted), **default}
        if judge == "opens" and wanted.type != "STRING":
            # It fails on a link, which has no value yet.
            kind = self._file(wanted) if wanted.files else {}
            return {**kind, "type": ["string", "object"], **default}
        choices = _choices(wanted) if judge == "server" else None
        if choices is not None:
            return {**self._choice(wanted.name, choices), **self._socket(wanted), **default}
        if wanted.is_combo and wanted.files is not None:
            return {**self._file(wanted), **self._socket(wanted), **default}
        found = {"$ref": self._type(wanted, nullable=nullable), **self._socket(wanted)}
        if judge == "server":
            found |= _range(wanted)
        return {**found, **default}

    def _default(self, wanted: InputSchema) -> dict[str, Any]:
        """The default, where the input could be given it: some declare one that they would refuse."""
        value = wanted.default
        choices = _choices(wanted) if wanted.options is None else tuple(wanted.options)
        if not isinstance(value, (str, int, float)) or not _plain(value) or self._only_link(wanted):
            return {}
        if choices is not None and value not in choices:
            return {}
        if isinstance(value, str):
            return {"default": value}
        low, high = (bound if _number(bound) else value for bound in (wanted.min, wanted.max))
        return {"default": value} if low <= value <= high else {}

    def _socket(self, wanted: InputSchema) -> dict[str, Any]:
        """ComfyUI takes a link for any input, also where its window shows no socket."""
        refused = self.strict and wanted.socketless and not self._only_link(wanted)
        return {"not": {"type": "array"}} if refused else {}

    def _only_link(self, wanted: InputSchema) -> bool:
        return self.strict and (wanted.force_input or not wanted.takes_literal)

    # -- types -------------------------------------------------------------------------------

    def _type(self, wanted: InputSchema, *, nullable: bool) -> str:
        """The reference to the definition of a type.

        Args:
            nullable: the input is optional: for a link, null says that it is not given.
        """
        kinds = type_names(wanted.type)
        widgets = kinds & WIDGET_TYPES
        name = wanted.type if wanted.type not in RESERVED and ":" not in wanted.type else f"type:{wanted.type}"
        schema: dict[str, Any] = {"$ref": self.link()}
        if self._only_link(wanted):
            # A null for a number is refused even where only a link makes sense.
            nullable = nullable and not widgets
            name = f"link:{name}?" if nullable else f"link:{name}"
            schema = {"type": ["array", "null"] if nullable else "array", **schema}
        elif self.strict and widgets and widgets <= _JSON.keys():
            schema = self._exact(widgets)
        elif wanted.type in ("INT", "FLOAT"):
            schema = self._converted(wanted.type)
        title = "any type" if wanted.type == "*" else wanted.type.replace(",", " or ")
        return self.definitions.define(name, {"title": title, **schema})

    def _exact(self, kinds: Iterable[str]) -> dict[str, Any]:
        """A literal of the right JSON type, or a link."""
        literal = sorted({_JSON[kind] for kind in kinds})
        inner = {"__value__": {"type": literal}}
        return {"type": [*literal, "array", "object"], "$ref": self.held(), "properties": inner}

    def _converted(self, kind: str) -> dict[str, Any]:
        """What Python's own constructors take, for the server calls them; all else can be a text or a boolean."""
        text = {"pattern": INT_TEXT if kind == "INT" else FLOAT_TEXT}
        literal = ["number", "string", "boolean"]
        inner = {"__value__": {"type": literal, **text}}
        return {"type": [*literal, "array", "object"], **text, "$ref": self.held(), "properties": inner}

    def link(self) -> str:
        """The definition for: if it is a list, it is a link."""
        items = [{"type": "string"}, _STRICT_SLOT if self.strict else _SLOT]
        return self.definitions.define("link", {**_LINK, "prefixItems": items})

    def held(self) -> str:
        """The definition for: a list is a link, and an object holds a value in ``__value__``."""
        return self.definitions.define("held", {"$ref": self.link(), **_WRAPPED})

    # -- combos ------------------------------------------------------------------------------

    def _choice(self, name: str, choices: Sequence[Any]) -> dict[str, Any]:
        ref = self._choices(name, choices)
        return {
            "if": {"type": ["array", "object"]},
            "then": {"$ref": self.held()},
            "else": {"$ref": ref},
            **offered(ref),
        }

    def _choices(self, name: str, choices: Iterable[Any]) -> str:
        return self.definitions.content(f"choices:{name}", {"enum": _with_equals(choices, strict=self.strict)})

    def _key(self, wanted: InputSchema) -> dict[str, Any]:
        """A dynamic combo's key: ComfyUI takes any value, and a wrong one fails when the node runs."""
        choices = self._choices(wanted.name, wanted.options or ())
        return {"$ref": choices} if self.strict else offered(choices)

    def _file(self, wanted: InputSchema) -> dict[str, Any]:
        """A file that only the server knows; any name may be one."""
        folder = wanted.files or ""
        where = f"ComfyUI's {folder} folder" if folder in ("input", "output") else f"models/{folder}"
        kind = f"a {'folder' if wanted.folders else 'file'} in {where}"
        strict = {"type": ["string", "array", "object"], "$ref": self.held()} if self.strict else {"$ref": self.link()}
        name = f"{'folder' if wanted.folders else 'file'}:{folder}"
        return {"$ref": self.definitions.define(name, {"title": kind, **strict})}


def offered(choices: str) -> dict[str, Any]:
    """A condition that always holds: editors offer what they find in ``anyOf``, and do not look behind an ``if``."""
    return {"anyOf": [{"$ref": choices}, True]}


def _choices(wanted: InputSchema) -> tuple[Any, ...] | None:
    """A combo's choices with the files that a server listed; None for what is no list to hold to.

    That are files of a server that nobody asked, an empty list, and values that JSON cannot write.
    """
    choices = (*(wanted.choices or ()), *(wanted.present or ()))
    unknown = wanted.files is not None and wanted.present is None
    return choices if wanted.is_combo and choices and not unknown and all(map(_plain, choices)) else None


def _with_equals(choices: Iterable[Any], *, strict: bool) -> list[Any]:
    """The choices, each once; to the server ``true`` is 1 and ``false`` is 0."""
    found: list[Any] = []
    for choice in choices:
        equal = [choice]
        if not strict and isinstance(choice, (bool, int, float)) and choice in (0, 1):
            equal = [choice, int(choice) if isinstance(choice, bool) else bool(choice)]
        found += [one for one in equal if not any(one == f and type(one) is type(f) for f in found)]
    return found


def _range(wanted: InputSchema) -> dict[str, Any]:
    """The bounds that numbers are held to. A text that is read as a number escapes them, as JSON Schema sees it."""
    if wanted.type in ("STRING", "BOOLEAN", "COMBO"):
        return {}
    bounds = {"minimum": wanted.min, "maximum": wanted.max}
    return {key: _short(bound) for key, bound in bounds.items() if _number(bound)}


def _number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _short(bound: Any) -> int | float:
    """8.0 as 8."""
    return int(bound) if bound == int(bound) and abs(bound) < 2**53 else bound


def _plain(value: Any) -> bool:
    """Whether JSON can write it: no infinity and no NaN in it."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list):
        return all(map(_plain, cast(list[Any], value)))
    if isinstance(value, dict):
        return all(map(_plain, cast(dict[str, Any], value).values()))
    return True

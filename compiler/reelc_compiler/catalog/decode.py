"""From a catalog's compact record to the schema of a node class."""

from collections.abc import Mapping, Sequence
from typing import Any

from reelc_compiler.catalog.quirks import LINKS_TO, with_check
from reelc_compiler.catalog.schema import (
    ANY_TYPE,
    MATCH_TYPE,
    Autogrow,
    InputSchema,
    NodeSchema,
    OutputSchema,
    Section,
    type_names,
)


def decode_class(class_type: str, record: Mapping[str, Any]) -> NodeSchema:
    """The schema in a record that ``compact_class`` made."""
    flags = frozenset[str](record.get("flags", ()))
    validate: Mapping[str, Any] = record.get("validate", {})
    args = frozenset[str](validate.get("args", ()))
    inputs = decode_sections(record.get("in", {}))
    return NodeSchema(
        class_type=class_type,
        pack=record["pack"],
        inputs=tuple(with_check(class_type, i) if i.name in args else i for i in inputs) if validate else inputs,
        hidden=tuple(InputSchema(name, kind, "hidden") for name, kind in record.get("hidden", {}).items()),
        outputs=tuple(_output(class_type, i, *out) for i, out in enumerate(record.get("out", ()))),
        output_node="output_node" in flags,
        deprecated="deprecated" in flags,
        experimental="experimental" in flags,
        api="api_node" in flags,
        takes_lists="is_input_list" in flags,
        v3="v3" in flags,
        validates=args - {"input_types"},
        validates_all=bool(validate.get("kwargs")),
        validates_links="input_types" in args,
    )


def decode_sections(sections: Mapping[str, Sequence[Sequence[Any]]]) -> tuple[InputSchema, ...]:
    """The inputs of ``{"required": [...], "optional": [...]}``, required first."""
    order: tuple[Section, ...] = ("required", "optional")
    return tuple(_input(entry, section) for section in order for entry in sections.get(section, ()))


def _output(class_type: str, slot: int, kind: str, name: str, options: Mapping[str, Any] | None = None) -> OutputSchema:
    extra = options or {}
    return OutputSchema(
        name,
        kind,
        is_list=bool(extra.get("list")),
        match=extra.get("match"),
        dialect=extra.get("dialect", _dialect(kind)),
        choices=tuple(extra["choices"]) if "choices" in extra else None,
        links_to=LINKS_TO.get((class_type, slot), ()),
    )


def _dialect(kind: str) -> str:
    """Where any type passes, anybody's values do."""
    return "" if type_names(kind).isdisjoint((ANY_TYPE, MATCH_TYPE)) else "*"


def _input(entry: Sequence[Any], section: Section) -> InputSchema:
    name, kind = entry[0], entry[1]
    if len(entry) == 2:
        return InputSchema(name, kind, section, dialect=_dialect(kind))
    o: Mapping[str, Any] = entry[2]
    match: Sequence[Any] = o.get("match", (None, ""))
    return InputSchema(
        name,
        kind,
        section,
        default=o.get("default"),
        has_default="default" in o,
        min=o.get("min"),
        max=o.get("max"),
        step=o.get("step"),
        choices=tuple(o["choices"]) if "choices" in o else None,
        listed=bool(o.get("listed")),
        files=o.get("files"),
        present=tuple(o["present"]) if "present" in o else None,
        under=o.get("under", ""),
        extensions=tuple(o.get("ext", ())),
        folders=bool(o.get("dirs")),
        multiselect=bool(o.get("multiselect")),
        force_input=bool(o.get("forceInput")),
        socketless=bool(o.get("socketless")),
        hidden_widget=bool(o.get("hidden")),
        upload=o.get("upload"),
        controlled=bool(o.get("control")),
        links_from=tuple(o.get("links", ())),
        dialect=o.get("dialect", _dialect(kind)),
        options={key: decode_sections(inner) for key, inner in o["options"].items()} if "options" in o else None,
        inner=decode_sections(o["slot"]) if "slot" in o else None,
        widgets={key: tuple(_input(w, "optional") for w in inner) for key, inner in o.get("widgets", {}).items()},
        autogrow=_autogrow(o["grow"]) if "grow" in o else None,
        match=match[0],
        allowed=tuple(part.strip() for part in match[1].split(",")) if match[1] else (),
    )


def _autogrow(grow: Mapping[str, Any]) -> Autogrow | None:
    inner = decode_sections(grow["in"])
    if not inner:
        return None
    names = grow["names"] if "names" in grow else [f"{grow['prefix']}{i}" for i in range(grow["max"])]
    return Autogrow(inner[0], tuple(names), grow["min"])

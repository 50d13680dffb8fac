"""Nodes as the text of a pipeline. What is written is laid out by the printer, as `reelc fmt` does."""

import re
from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import DYNAMIC_COMBO, InputSchema
from reelc_compiler.importing.naming import name_nodes, name_outputs
from reelc_compiler.importing.reading import Link, RawNode
from reelc_compiler.sema.dynamic import KEY
from reelc_dsl.records import dataclass

_NAME = re.compile(r"[^\W\d]\w*")
# Names that begin an expression, and so cannot stand before a colon as they are.
_EXPRESSIONS = frozenset({"node", "if", "for", "chain", "not", "true", "false", "none"})
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
_TEMPLATE = ("{{", "{%", "{#")


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """The text of a file, not laid out yet.

    Args:
        names: of the nodes that became a ``let``.
        outputs: of the nodes that became an ``output``.
    """

    text: str
    names: Mapping[str, str]
    outputs: Mapping[str, str]


def write(pipeline: str, nodes: Mapping[str, RawNode], outputs: tuple[str, ...], comments: tuple[str, ...]) -> Written:
    """A file with one pipeline.

    Args:
        pipeline: its name.
        nodes: each after what it reads from.
        outputs: those of them that save something, in the order in which they are to stand.
        comments: what stands above the pipeline, a line each.
    """
    read = {source for raw in nodes.values() for source in raw.sources()}
    bound = {node: raw for node, raw in nodes.items() if node not in outputs or node in read}
    names = name_nodes(bound)
    films = name_outputs((nodes[node] for node in outputs), names.values())
    lines = [f"  let {names[node]} = {_node(raw, nodes, names)}" for node, raw in bound.items()]
    ends = [
        f"  output {films[node]} = {names[node] if node in names else _node(nodes[node], nodes, names)}"
        for node in outputs
    ]
    head = ["reel 1", "", *(f"# {comment}" for comment in comments), f"pipeline {pipeline} {{"]
    return Written("\n".join([*head, *lines, *([""] if lines else []), *ends, "}", ""]), names, films)


def _node(raw: RawNode, nodes: Mapping[str, RawNode], names: Mapping[str, str]) -> str:
    written = {name: _value(value, nodes, names) for name, value in raw.inputs.items()}
    for declared in raw.schema.inputs:
        whole = _dynamic(declared, declared.name, raw.inputs, written)
        if whole is not None:
            # In the place of the first of them.
            expression, parts = whole
            written = {
                (declared.name if name == parts[0] else name): (expression if name == parts[0] else value)
                for name, value in written.items()
                if name not in parts[1:]
            }
    inputs = (f"{_key(name)}: {value}" for name, value in written.items())
    class_type = raw.schema.class_type
    shown = class_type if _NAME.fullmatch(class_type) else text_literal(class_type, template=False)
    return f"node {shown}({', '.join(inputs)})"


def _dynamic(
    declared: InputSchema, name: str, inputs: Mapping[str, Any], written: Mapping[str, str]
) -> tuple[str, list[str]] | None:
    """A repeating input as a list, a choice with inputs of its own as a record; and the inputs that are in it.

    None where nothing of it is given, and where neither form says it all: the dotted names then stand for themselves.
    """
    below = [n for n in inputs if n.startswith(f"{name}.")]
    if declared.autogrow is not None:
        slots = [f"{name}.{slot}" for slot in declared.autogrow.names]
        if below and below == slots[: len(below)] and declared.autogrow.element.type != DYNAMIC_COMBO:
            return f"[{', '.join(written[slot] for slot in below)}]", below
        return None
    key = inputs.get(name)
    if declared.type != DYNAMIC_COMBO or not isinstance(key, str) or not below:
        return None
    fields, parts = [f"{KEY}: {written[name]}"], [name]
    for inner in (declared.options or {}).get(key, ()):
        own = f"{name}.{inner.name}"
        expression, found = _dynamic(inner, own, inputs, written) or (written.get(own), [own] if own in inputs else [])
        if expression is not None:
            fields.append(f"{_key(inner.name)}: {expression}")
        parts += found
    said = set(parts) == {name, *below} and not any(field.startswith(f"{KEY}:") for field in fields[1:])
    return (f"{{ {', '.join(fields)} }}", parts) if said else None


def _key(name: str) -> str:
    plain = _NAME.fullmatch(name) and name not in _EXPRESSIONS
    return name if plain else text_literal(name, template=False)


def _value(value: Any, nodes: Mapping[str, RawNode], names: Mapping[str, str]) -> str:
    if isinstance(value, Link):
        return _link(value, nodes[value.node], names[value.node])
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return text_literal(value)


def _link(link: Link, source: RawNode, name: str) -> str:
    """An output of a node: the value itself when it is the only one, else by its name, else by its number."""
    outputs = [o.name for o in source.schema.outputs]
    if len(outputs) == 1:
        return name
    own = outputs[link.slot]
    # Of two outputs of one name, a name means the last.
    plain = outputs.count(own) == 1 and _NAME.fullmatch(own)
    return f"{name}.{own}" if plain else f"{name}[{link.slot}]"


def text_literal(text: str, *, template: bool = True) -> str:
    """A text as it is written in Reel, on one line.

    Braces that would begin a template, and characters that a source file cannot hold, are written as templates that
    give them.

    Args:
        template: the text stands where templates are read; elsewhere braces mean themselves.
    """
    held = {"\r", "\0"} & set(text) or any(mark in text for mark in _TEMPLATE)
    if not (template and held):
        return '"' + "".join(_ESCAPES.get(c, c) for c in text) + '"'
    # From the end on, because a brace before a template, also before one that is made here, begins one itself.
    parts: list[str] = []
    for at, char in reversed(list(enumerate(text))):
        if char == "{" and parts and parts[-1][0] in "{%#":
            parts.append(_given("{"))
        elif char in "\r\0" or (char == "\n" and at == len(text) - 1):
            # The template's reader drops a line end at its end, and knows only one kind of line end.
            parts.append(_given({"\r": "\\r", "\0": "\\x00", "\n": "\\n"}[char]))
        else:
            parts.append(_ESCAPES.get(char, char))
    return '"' + "".join(reversed(parts)) + '"'


def _given(inner: str) -> str:
    """A template that gives a text, escaped for a literal of Reel."""
    escaped = inner.replace("\\", "\\\\")
    return f'{{{{ \\"{escaped}\\" }}}}'

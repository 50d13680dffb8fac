"""Likely mistakes that ComfyUI lets pass without a word."""

import math
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from reelc_compiler.catalog import (
    DYNAMIC_COMBO,
    InputSchema,
    NodeSchema,
    OutputSchema,
    expand_inputs,
    same_dialect,
    socket_compatible,
)
from reelc_compiler.target.comfyui.links import link_source
from reelc_compiler.target.comfyui.literals import convert, not_in_list, out_of_range, shown, unwrap
from reelc_compiler.target.comfyui.verdict import Notice
from reelc_compiler.target.comfyui.walk import Walk
from reelc_dsl.diagnostics.suggest import nearest


def notices(walk: Walk) -> tuple[Notice, ...]:
    """The notices about every node that an output needs, and about those that none needs."""
    reached = _reached(walk)
    return tuple(
        notice for node, data in walk.graph.items() for notice in _about(node, data, walk, reached=node in reached)
    )


def _reached(walk: Walk) -> set[str]:
    """The nodes that outputs need. Unlike validation, running follows undeclared links too."""
    schemas = {node: walk.catalog.get(data["class_type"]) for node, data in walk.graph.items()}
    waiting = [node for node, schema in schemas.items() if schema is not None and schema.output_node]
    found = set(waiting)
    while waiting:
        inputs: Mapping[str, Any] = walk.graph[waiting.pop()].get("inputs", {})
        for value in inputs.values():
            source = link_source(value)
            if source is not None and source in walk.graph and source not in found:
                found.add(source)
                waiting.append(source)
    return found


def _about(node: str, data: Mapping[str, Any], walk: Walk, *, reached: bool) -> Iterator[Notice]:
    schema = walk.catalog.get(data["class_type"])
    assert schema is not None
    if not reached:
        yield Notice("unreached", node, None, "no output needs this node: it never runs")
        if "inputs" not in data:
            yield Notice("kills_server", node, None, "a node without `inputs` stops the server's queue for good")
        return
    if schema.deprecated:
        yield Notice("deprecated", node, None, f"`{schema.class_type}` is deprecated")
    given: Mapping[str, Any] = data.get("inputs", {})
    inputs = expand_inputs(schema, given)
    for name, value in given.items():
        wanted = inputs.get(name)
        if wanted is None:
            yield from _unknown(node, name, value, schema, inputs, walk)
        elif wanted.type == DYNAMIC_COMBO:
            yield from _key(node, wanted, value)
        elif isinstance(value, list):
            yield from _linked(node, wanted, cast(list[Any], value), walk)
        else:
            yield from _literal(node, wanted, unwrap(value), schema, walk)
    yield from _missing_keys(node, inputs, given)
    yield from _gaps(node, schema.inputs, given)


def _unknown(
    node: str, name: str, value: Any, schema: NodeSchema, inputs: Mapping[str, InputSchema], walk: Walk
) -> Iterator[Notice]:
    source = link_source(value)
    if source is not None and source not in walk.graph:
        yield Notice("kills_server", node, name, f"{name}: a link to no node, which stops the server's queue for good")
    if any(hidden.name == name for hidden in schema.hidden):
        yield Notice("hidden_input", node, name, f"{name}: the server fills this in itself")
        return
    near = nearest(name, [other for other in inputs if name not in inputs])
    # A classic node is called with every link, and a repeating input with every name under its own.
    grows = any(i.autogrow is not None and name.startswith(f"{i.name}.") for i in schema.inputs)
    effect = "fails when the node runs" if grows or (source is not None and not schema.v3) else "is ignored"
    yield Notice("unknown_input", node, name, f"{schema.class_type} has no input `{name}`: it {effect}", near)


def _linked(node: str, wanted: InputSchema, link: list[Any], walk: Walk) -> Iterator[Notice]:
    """Types that ComfyUI does not hold a link to: a MatchType's, and a borrowed name's."""
    origin = _origin(link, walk)
    if origin is None:
        return
    given = origin.type
    if wanted.allowed and not any(socket_compatible(given, kind) for kind in wanted.allowed):
        text = f"{wanted.name}: takes {' or '.join(wanted.allowed)}, and a {given} fails when the node runs"
        yield Notice("match_type", node, wanted.name, text)
    if not same_dialect(origin.dialect, wanted.dialect):
        mine, theirs = wanted.dialect or "ComfyUI", origin.dialect or "ComfyUI"
        text = f"{wanted.name}: takes a {wanted.type} of {mine}, and one of {theirs} fails when the node runs"
        yield Notice("foreign_type", node, wanted.name, text)


def _origin(link: list[Any], walk: Walk) -> OutputSchema | None:
    """The output at the other end of a link; None where there is none."""
    source = link_source(link)
    if source is None or source not in walk.graph:
        return None
    schema = walk.catalog.get(walk.graph[source]["class_type"])
    if schema is None or not isinstance(link[1], int) or not 0 <= link[1] < len(schema.outputs):
        return None
    return schema.outputs[link[1]]


def _key(node: str, wanted: InputSchema, value: Any) -> Iterator[Notice]:
    keys = tuple(wanted.options or ())
    if isinstance(value, str) and value in keys:
        return
    near = nearest(value, keys) if isinstance(value, str) else ()
    text = f"{wanted.name}: {shown(value)} is not one of {', '.join(map(repr, keys))}"
    yield Notice("dynamic_key", node, wanted.name, text, near)


def _missing_keys(node: str, inputs: Mapping[str, InputSchema], given: Mapping[str, Any]) -> Iterator[Notice]:
    for name, wanted in inputs.items():
        if wanted.type == DYNAMIC_COMBO and wanted.required and name not in given:
            keys = ", ".join(map(repr, wanted.options or ()))
            yield Notice("dynamic_key", node, name, f"{name} is missing (one of {keys}), and so are its inputs")


def _gaps(node: str, declared: Iterable[InputSchema], given: Mapping[str, Any]) -> Iterator[Notice]:
    """A repeating input with an empty slot before a full one."""
    for wanted in declared:
        if wanted.autogrow is None:
            continue
        slots = [f"{wanted.name}.{slot}" for slot in wanted.autogrow.names]
        used = [i for i, slot in enumerate(slots) if slot in given]
        for i in range(max(used, default=0)):
            if i not in used:
                yield Notice("slot_gap", node, slots[i], f"{slots[i]} is empty, and a later slot of it is not")
                break


def _literal(node: str, wanted: InputSchema, value: Any, schema: NodeSchema, walk: Walk) -> Iterator[Notice]:
    name = wanted.name
    if value is None and not wanted.required and schema.input(name) is not None:
        return  # a plain optional input takes it for "not given"; a repeating input's slot does not
    if not wanted.takes_literal:
        yield Notice("literal_for_link", node, name, f"{name}: takes a link to a {wanted.type}, not {shown(value)}")
        return
    try:
        read = convert(wanted.type, value)
    except (ValueError, TypeError, OverflowError):
        return
    if isinstance(read, float) and not math.isfinite(read):
        yield Notice("not_a_number", node, name, f"{name}: {read} passes, and is not a number")
        return
    if _changed(value, read):
        yield Notice("rewritten", node, name, f"{name}: {shown(value)} is taken as {shown(read)}")
    if _off_step(wanted, read):
        yield Notice("off_step", node, name, f"{name}: {read} is not on the step of {wanted.step}")
    if schema.input(name) is None and name in _widget_names(schema):
        yield from _widget(node, wanted, read, walk)
    if name in schema.validates and isinstance(read, str):
        yield from _kind(node, wanted, read)


def _changed(value: Any, read: Any) -> bool:
    """Whether converting changed what is meant: 4.5 to 4, "false" to true, null to "None", an object to text."""
    if type(value) is type(read):
        return False
    if isinstance(read, str):
        return not isinstance(value, (int, float)) or isinstance(value, bool)
    if isinstance(read, bool):
        return not isinstance(value, (int, float)) or value not in (0, 1)
    if isinstance(value, str):
        return False
    return isinstance(value, bool) or value != read


def _off_step(wanted: InputSchema, value: Any) -> bool:
    if not wanted.step or isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    origin = wanted.min or 0
    if isinstance(value, int) and isinstance(wanted.step, int) and isinstance(origin, int):
        return (value - origin) % wanted.step != 0
    steps = (value - origin) / wanted.step
    if not math.isfinite(steps):
        return False
    return abs(steps - round(steps)) > 1e-6 * max(1.0, abs(steps))


def _widget_names(schema: NodeSchema) -> set[str]:
    return {w.name for i in schema.inputs for widgets in i.widgets.values() for w in widgets}


def _widget(node: str, wanted: InputSchema, value: Any, walk: Walk) -> Iterator[Notice]:
    try:
        problem = out_of_range(wanted, value) or not_in_list(replace(wanted, files=None), value, None, walk.hints)
    except TypeError:
        return
    if problem is not None:
        yield Notice("widget_value", node, wanted.name, problem.message, problem.suggestions)


def _kind(node: str, wanted: InputSchema, value: str) -> Iterator[Notice]:
    """A file that is there, and that the node cannot read."""
    endings = {e.lower() for e in wanted.extensions}
    endings |= {posixpath.splitext(c)[1].lower() for c in wanted.choices or () if isinstance(c, str) and "." in c}
    name = value.rpartition(" [")[0] if value.endswith("]") else value
    if endings and value not in (wanted.choices or ()) and posixpath.splitext(name)[1].lower() not in endings:
        kinds = ", ".join(sorted(endings))
        yield Notice(
            "file_kind", node, wanted.name, f"{wanted.name}: {shown(value)} is not a file of the kinds {kinds}"
        )

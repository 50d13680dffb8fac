"""reelc's own judgement of a graph that ComfyUI accepts: what fails when it runs, and what is probably a mistake."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from reelc_compiler.catalog import DYNAMIC_COMBO, InputSchema, NodeSchema, expand_inputs
from reelc_compiler.catalog.quirks import NEEDED, unused_input
from reelc_compiler.target.comfyui.links import link_source
from reelc_compiler.target.comfyui.literals import shown, unwrap
from reelc_compiler.target.comfyui.report import Report
from reelc_compiler.target.comfyui.settings import literal
from reelc_compiler.target.comfyui.undeclared import undeclared
from reelc_compiler.target.comfyui.verdict import Notice
from reelc_compiler.target.comfyui.walk import DEEPEST, Walk
from reelc_compiler.target.comfyui.wiring import linked, wrapped

# The server's limit counts what else is on its stack, and its own walk is not always the shortest.
_SAFE_DEPTH = DEEPEST - 75
_NODE_KEYS = ("class_type", "inputs", "_meta", "is_changed")


def notices(walk: Walk, outputs: Iterable[str]) -> tuple[tuple[Notice, ...], tuple[Notice, ...]]:
    """The failures and the warnings about every node that an output needs, and about those that none needs.

    Args:
        outputs: the output nodes.
    """
    starts = tuple(outputs)
    reached = _reached(walk, starts, choices=True)
    report = Report(idle=frozenset(reached - _reached(walk, starts, choices=False)))
    for node in starts:
        if _SAFE_DEPTH < walk.heights.get(node, 0) <= DEEPEST and node not in walk.bad:
            text = f"{walk.heights[node]} nodes follow each other: ComfyUI fails at about {DEEPEST}"
            report.fail("too_deep", node, None, text)
    for node, data in walk.graph.items():
        _about(node, data, walk, report, reached=node in reached)
    return tuple(report.failures), tuple(report.warnings)


def _reached(walk: Walk, starts: Iterable[str], *, choices: bool) -> set[str]:
    """The nodes that outputs need. Unlike validation, running follows undeclared links too.

    Args:
        choices: with those behind the input that a switch does not choose.
    """
    waiting = list(starts)
    found = set(waiting)
    while waiting:
        node = waiting.pop()
        # What was wrapped is a link by now.
        inputs: Mapping[str, Any] = walk.values[node] if node in walk.values else walk.graph[node].get("inputs", {})
        idle = None if choices else unused_input(walk.graph[node]["class_type"], inputs)
        for name, value in inputs.items():
            source = link_source(value)
            if source is not None and source in walk.graph and source not in found and name != idle:
                found.add(source)
                waiting.append(source)
    return found


def _about(node: str, data: Mapping[str, Any], walk: Walk, report: Report, *, reached: bool) -> None:
    schema = walk.catalog.get(data["class_type"])
    assert schema is not None
    if "inputs" not in data and node not in walk.errors:
        report.fail("kills_server", node, None, "a node without `inputs` stops the server's queue for good")
    for key in data:
        near = walk.hints.near(key, _NODE_KEYS) if key not in _NODE_KEYS else ()
        if near:
            report.warn("unknown_key", node, None, f"{shown(key)} means nothing to ComfyUI beside `class_type`", near)
    if not reached:
        report.warn("unreached", node, None, "no output needs this node: it never runs")
        return
    _flags(node, schema, report)
    given: Mapping[str, Any] = data.get("inputs", {})
    inputs = expand_inputs(schema, given)
    for name, value in given.items():
        wanted = inputs.get(name)
        if wanted is None:
            undeclared(node, name, value, schema, inputs, walk, report)
        elif wanted.type == DYNAMIC_COMBO:
            _key(node, wanted, value, schema, walk, report)
        elif isinstance(value, list):
            linked(node, wanted, cast(list[Any], value), walk, report)
        elif link_source(walk.values.get(node, given).get(name)) is not None:
            wrapped(node, wanted, walk.values[node][name], walk, report)
        else:
            literal(node, wanted, unwrap(value), schema, given, walk, report)
    _missing_keys(node, schema, inputs, given, report)
    _gaps(node, schema.inputs, given, report)
    _needed(node, schema, given, report)


def _flags(node: str, schema: NodeSchema, report: Report) -> None:
    name = schema.class_type
    if schema.deprecated:
        report.warn("deprecated", node, None, f"`{name}` is deprecated: a coming version may lack it")
    if schema.experimental:
        report.warn("experimental", node, None, f"`{name}` is experimental: a coming version may change it")
    if schema.api:
        report.warn("paid_service", node, None, f"`{name}` sends its inputs to a service that charges for each run")


def _key(node: str, wanted: InputSchema, value: Any, schema: NodeSchema, walk: Walk, report: Report) -> None:
    """A dynamic combo's key that is none: the class is called without the input."""
    name, keys = wanted.name, tuple(wanted.options or ())
    if isinstance(value, str) and value in keys:
        return
    text = f"{name}: {shown(value)} is not one of {', '.join(map(repr, keys))}"
    near = walk.hints.near(value, keys) if isinstance(value, str) else ()
    if link_source(value) is not None:
        source = link_source(value)
        if source not in walk.graph:
            report.fail(
                "kills_server", node, name, f"{name}: a link to no node, which stops the server's queue for good"
            )
        else:
            report.fail("dynamic_key", node, name, f"{name}: takes no link, and fails with one when the node runs")
    elif schema.input(name) is not None and wanted.required:
        report.fail("dynamic_key", node, name, f"{text}, and the node fails without it when it runs", near)
    else:
        report.warn("dynamic_key", node, name, f"{text}: it is ignored, with its inputs", near)


def _missing_keys(
    node: str, schema: NodeSchema, inputs: Mapping[str, InputSchema], given: Mapping[str, Any], report: Report
) -> None:
    for name, wanted in inputs.items():
        if wanted.type != DYNAMIC_COMBO or not wanted.required or name in given:
            continue
        text = f"{name} is missing (one of {', '.join(map(repr, wanted.options or ()))}), and so are its inputs"
        if schema.input(name) is not None:
            report.fail("dynamic_key", node, name, f"{text}: the node fails when it runs")
        else:
            report.warn("dynamic_key", node, name, text)


def _gaps(node: str, declared: Iterable[InputSchema], given: Mapping[str, Any], report: Report) -> None:
    """A repeating input with an empty slot before a full one."""
    for wanted in declared:
        if wanted.autogrow is None:
            continue
        slots = [f"{wanted.name}.{slot}" for slot in wanted.autogrow.names]
        used = [i for i, slot in enumerate(slots) if slot in given]
        empty = next((i for i in range(max(used, default=0)) if slots[i] not in given), None)
        if empty is not None:
            text = f"{slots[empty]} is empty, and a later slot of it is not"
            report.warn("slot_gap", node, slots[empty], text)


def _needed(node: str, schema: NodeSchema, given: Mapping[str, Any], report: Report) -> None:
    for name in NEEDED.get(schema.class_type, ()):
        if name not in given:
            text = f"{name}: ComfyUI calls this optional, and the node fails without it when it runs"
            report.fail("needed_input", node, name, text)

"""Inputs that a node has and its class has not: ignored as literals, and fatal as links."""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import InputSchema, NodeSchema
from reelc_compiler.catalog.expand import possible_inputs
from reelc_compiler.catalog.quirks import takes_more
from reelc_compiler.target.comfyui.links import link_source
from reelc_compiler.target.comfyui.literals import brief
from reelc_compiler.target.comfyui.report import Report
from reelc_compiler.target.comfyui.walk import Walk


def undeclared(
    node: str,
    name: str,
    value: Any,
    schema: NodeSchema,
    inputs: Mapping[str, InputSchema],
    walk: Walk,
    report: Report,
) -> None:
    """What becomes of an input that the class, with its present keys, does not have.

    The server calls a class with every link of the node, and leaves literals out that it does not know.

    Args:
        inputs: those that it has.
    """
    called = brief(name)
    source = link_source(value)
    if source is not None and source not in walk.graph:
        text = f"{called}: a link to no node, which stops the server's queue for good"
        report.fail("kills_server", node, name, text)
        return
    if any(hidden.name == name for hidden in schema.hidden):
        if source is not None:
            text = f"{called}: the server fills this in itself, and fails on a link when the graph runs"
            report.fail("extra_link", node, name, text)
        else:
            report.warn("hidden_input", node, name, f"{called}: the server fills this in itself")
        return
    fatal = source is not None and not takes_more(schema)
    add = report.fail if fatal else report.warn
    effect = "fails when the node runs" if fatal else "is ignored"
    grown = next((i for i in schema.inputs if i.autogrow is not None and name.startswith(f"{i.name}.")), None)
    if grown is not None and grown.autogrow is not None and grown.autogrow.names:
        slots = [f"{grown.name}.{slot}" for slot in grown.autogrow.names]
        text = f"`{grown.name}` has the slots {slots[0]} to {slots[-1]}: `{called}` {effect}"
        add("slot_overflow", node, name, text, walk.hints.near(name, slots))
    elif name in possible_inputs(schema):
        parent = name.rpartition(".")[0]
        text = f"{called}: belongs to another choice of `{parent}`, and {effect}"
        add("stale_input", node, name, text)
    else:
        text = f"{schema.class_type} has no input `{called}`: it {effect}"
        add("extra_link" if fatal else "unknown_input", node, name, text, walk.hints.near(name, inputs))

"""Nodes of the media graph as a ComfyUI API-format graph."""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.ir.graph import Op, Ref
from reelc_compiler.plan import Graph


def emit(ops: list[Op], ids: Mapping[int, str]) -> Graph:
    """The graph of some nodes, in their order.

    Args:
        ops: every node that they read must be among them.
        ids: node numbers to the ids in the graph.
    """
    return {ids[op.id]: _node(op, ids) for op in ops}


def _node(op: Op, ids: Mapping[int, str]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for name, value in op.inputs:
        inputs[name] = [ids[value.op], value.slot] if isinstance(value, Ref) else value
    return {"class_type": op.class_type, "inputs": inputs, "_meta": {"title": _title(op)}}


def _title(op: Op) -> str:
    """What ComfyUI's window shows: the stage that wants the node, and the class."""
    callers = [frame.name for frame in op.stack[:-1]]
    return f"{callers[-1]}: {op.class_type}" if callers else op.class_type

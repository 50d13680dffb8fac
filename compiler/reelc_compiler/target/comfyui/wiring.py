"""Links that ComfyUI lets pass and that mean something else when they run."""

from typing import Any

from reelc_compiler.catalog import InputSchema, OutputSchema, same_dialect, socket_compatible
from reelc_compiler.target.comfyui.links import link_source
from reelc_compiler.target.comfyui.report import Report
from reelc_compiler.target.comfyui.walk import Walk


def linked(node: str, wanted: InputSchema, link: list[Any], walk: Walk, report: Report) -> None:
    """Types that ComfyUI does not hold a link to, a MatchType's and a borrowed name's; and odd ways to say a slot."""
    source = link_source(link)
    origin = _origin(source, link, walk)
    if origin is None:
        return
    name, given = wanted.name, origin.type
    if wanted.allowed and not any(socket_compatible(given, kind) for kind in wanted.allowed):
        text = f"{name}: takes {' or '.join(wanted.allowed)}, and a {given} fails when the node runs"
        report.fail("match_type", node, name, text)
    if not same_dialect(origin.dialect, wanted.dialect):
        mine, theirs = wanted.dialect or "ComfyUI", origin.dialect or "ComfyUI"
        text = f"{name}: takes a {wanted.type} of {mine}, and one of {theirs} fails when the node runs"
        report.fail("foreign_type", node, name, text)
    if isinstance(link[1], bool) or link[1] < 0:
        report.warn("odd_slot", node, name, f"{name}: the slot {link[1]} is taken for output {origin.name}")


def _origin(source: str | None, link: list[Any], walk: Walk) -> OutputSchema | None:
    """The output at the other end of a link; None where there is none."""
    if source is None or source not in walk.graph:
        return None
    schema = walk.catalog.get(walk.graph[source]["class_type"])
    if schema is None or not isinstance(link[1], int) or not -len(schema.outputs) <= link[1] < len(schema.outputs):
        return None
    return schema.outputs[link[1]]

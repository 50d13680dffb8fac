"""Links that ComfyUI lets pass and that mean something else when they run."""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import MATCH_TYPE, InputSchema, OutputSchema, expand_inputs, same_dialect, socket_compatible
from reelc_compiler.target.comfyui.links import link_source
from reelc_compiler.target.comfyui.report import Report
from reelc_compiler.target.comfyui.walk import Walk, fits

# Switches behind switches that are looked through for what they hand on.
_FURTHEST = 8


def linked(node: str, wanted: InputSchema, link: list[Any], walk: Walk, report: Report) -> None:
    """Types that ComfyUI does not hold a link to, a MatchType's and a borrowed name's; and odd ways to say a slot."""
    source = link_source(link)
    origin = _origin(source, link, walk)
    if origin is None:
        return
    name = wanted.name
    # Another mismatch is an error already.
    if wanted.type == MATCH_TYPE or origin.type == MATCH_TYPE:
        _matching(node, wanted, link, walk, report)
    if not same_dialect(origin.dialect, wanted.dialect):
        mine, theirs = wanted.dialect or "ComfyUI", origin.dialect or "ComfyUI"
        text = f"{name}: takes a {wanted.type} of {mine}, and one of {theirs} fails when the node runs"
        report.fail("foreign_type", node, name, text)
    if isinstance(link[1], bool) or link[1] < 0:
        report.warn("odd_slot", node, name, f"{name}: the slot {link[1]} is taken for output {origin.name}")


def _matching(node: str, wanted: InputSchema, link: list[Any], walk: Walk, report: Report) -> None:
    given = _carried(link, walk, _FURTHEST)
    takes = wanted.allowed or (() if wanted.type == MATCH_TYPE else (wanted.type,))
    if takes and given and not any(socket_compatible(g, t) for g in given for t in takes):
        text = f"{wanted.name}: takes {' or '.join(takes)}, and {' or '.join(sorted(given))} fails when the node runs"
        report.fail("match_type", node, wanted.name, text)


def _carried(link: list[Any], walk: Walk, further: int) -> frozenset[str]:
    """The types that a link may carry when it runs: a matched output has those of what it is matched with.

    Returns:
        Nothing when they are not known.
    """
    source = link_source(link)
    output = _origin(source, link, walk)
    if source is None or output is None:
        return frozenset()
    if output.type != MATCH_TYPE:
        return frozenset({output.type})
    key = source, int(link[1]), further
    if key not in walk.carried:
        walk.carried[key] = _matched(source, output, walk, further - 1) if further else frozenset()
    return walk.carried[key]


def _matched(source: str, output: OutputSchema, walk: Walk, further: int) -> frozenset[str]:
    schema = walk.catalog.get(walk.graph[source]["class_type"])
    if schema is None or output.match is None:
        return frozenset()
    inputs: Mapping[str, Any] = walk.values.get(source, {})
    found: frozenset[str] = frozenset()
    for name, wanted in expand_inputs(schema, inputs, widgets=False).items():
        if wanted.match != output.match or name not in inputs:
            continue
        behind = _carried(inputs[name], walk, further)
        if not behind:
            return frozenset()
        found |= behind
    return found


def wrapped(node: str, wanted: InputSchema, link: list[Any], walk: Walk, report: Report) -> None:
    """``{"__value__": ["5", 0]}``: a literal when it is validated, and a link when it runs."""
    name, source = wanted.name, link_source(link)
    origin = _origin(source, link, walk)
    if source not in walk.graph:
        text = f"{name}: unwrapped it is a link to no node, which stops the server's queue for good"
        report.fail("kills_server", node, name, text)
    elif origin is None or not fits(origin, wanted):
        text = f"{name}: unwrapped it is a link that ComfyUI does not check, and that fails when the node runs"
        report.fail("wrapped_link", node, name, text)
    else:
        linked(node, wanted, link, walk, report)
        report.warn("wrapped_link", node, name, f"{name}: unwrapped it is a link, which ComfyUI does not check")


def _origin(source: str | None, link: list[Any], walk: Walk) -> OutputSchema | None:
    """The output at the other end of a link; None where there is none."""
    if source is None or source not in walk.graph:
        return None
    schema = walk.catalog.get(walk.graph[source]["class_type"])
    if schema is None or not isinstance(link[1], int) or not -len(schema.outputs) <= link[1] < len(schema.outputs):
        return None
    return schema.outputs[link[1]]

"""Literals that ComfyUI takes: those that fail when the node runs, and those that are hardly meant."""

import math
import posixpath
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from reelc_compiler.catalog import MATCH_TYPE, WIDGET_TYPES, InputSchema, NodeSchema
from reelc_compiler.catalog.quirks import EXPRESSIONS, FINITE, unused_input
from reelc_compiler.catalog.schema import type_names
from reelc_compiler.target.comfyui.literals import CONVERSION_ERRORS, convert, not_in_list, out_of_range, shown
from reelc_compiler.target.comfyui.report import Report
from reelc_compiler.target.comfyui.walk import Walk


def literal(
    node: str,
    wanted: InputSchema,
    value: Any,
    schema: NodeSchema,
    given: Mapping[str, Any],
    walk: Walk,
    report: Report,
) -> None:
    """Judge one literal.

    Args:
        value: unwrapped.
        given: the node's inputs.
    """
    name = wanted.name
    converted = wanted.type in WIDGET_TYPES - {"COMBO"}
    if value is None and not wanted.required and not converted and schema.input(name) is not None:
        return  # a plain optional input takes it for "not given"; a repeating input's slot does not
    if not _usable(wanted, value):
        text = f"{name}: takes a link to a {wanted.type}, not {shown(value)}"
        unused = wanted.type == MATCH_TYPE and unused_input(schema.class_type, given) == name
        add = report.warn if unused else report.fail
        add("literal_for_link", node, name, text)
        return
    try:
        read = convert(wanted.type, value)
    except CONVERSION_ERRORS:
        return
    if wanted.force_input:
        report.warn("literal_for_link", node, name, f"{name}: is meant for a link; {shown(value)} works too")
    if isinstance(read, float) and not math.isfinite(read):
        _not_finite(node, wanted, read, schema, report)
        return
    if _changed(value, read):
        report.warn("rewritten", node, name, f"{name}: {shown(value)} is taken as {shown(read)}")
    if _off_step(wanted, read):
        report.warn("off_step", node, name, f"{name}: {shown(read)} is not on the step of {wanted.step}")
    if schema.input(name) is None and name in _widget_names(schema):
        _widget(node, wanted, read, walk, report)
    if wanted.checked and isinstance(read, str):
        _file(node, wanted, read, walk, report)
    if isinstance(read, str) and (schema.class_type, name) in EXPRESSIONS:
        _expression(node, name, read, schema, given, report)


def _usable(wanted: InputSchema, value: Any) -> bool:
    """Whether a literal is something that the class can work with."""
    kinds = type_names(wanted.type)
    widgets = kinds & WIDGET_TYPES
    if not widgets or wanted.type in WIDGET_TYPES:
        return wanted.takes_literal or wanted.type in WIDGET_TYPES
    # Several types in one: nothing is converted, so that the literal must be one of them.
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return (
        (number and not widgets.isdisjoint({"INT", "FLOAT"}))
        or (isinstance(value, bool) and not widgets.isdisjoint({"BOOLEAN", "INT", "FLOAT"}))
        or (isinstance(value, str) and not widgets.isdisjoint({"STRING", "COMBO"}))
        or "COMBO" in widgets
    )


def _not_finite(node: str, wanted: InputSchema, read: float, schema: NodeSchema, report: Report) -> None:
    name = wanted.name
    if name.startswith(FINITE.get(schema.class_type, ())):
        text = f"{name}: {read} passes ComfyUI's validation, and the node fails with it when it runs"
        report.fail("unusable_value", node, name, text)
    else:
        report.warn("not_a_number", node, name, f"{name}: {read} passes, and is not a number to work with")


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
    if any(isinstance(number, float) and not math.isfinite(number) for number in (value, origin, wanted.step)):
        return False
    if max(abs(value), abs(origin)) < _PRECISE:
        steps = (value - origin) / wanted.step
        return abs(steps - round(steps)) > 1e-6 * max(1.0, abs(steps))
    # Exactly, in decimals: a minimum of -2^63, as ComfyUI's own primitives have it, leaves no digits for a step.
    exact = (_decimal(value) - _decimal(origin)) / _decimal(wanted.step)
    return abs(exact - round(exact)) > Fraction(1, 10**6)


# Below this a float has digits enough for any step that somebody would declare.
_PRECISE = 10**6


def _decimal(number: int | float) -> Fraction:
    """The number as it is written: 0.1 is a tenth."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _widget_names(schema: NodeSchema) -> set[str]:
    return {w.name for i in schema.inputs for widgets in i.widgets.values() for w in widgets}


def _widget(node: str, wanted: InputSchema, value: Any, walk: Walk, report: Report) -> None:
    try:
        problem = out_of_range(wanted, value) or not_in_list(replace(wanted, files=None), value, None, walk.hints)
    except TypeError:
        return
    if problem is not None:
        report.warn("widget_value", node, wanted.name, problem.message, problem.suggestions)


def _file(node: str, wanted: InputSchema, value: str, walk: Walk, report: Report) -> None:
    """A file that the node cannot read, or of which nobody can say whether it is there."""
    name = wanted.name
    if value in (wanted.choices or ()) or (wanted.checked == "any_file" and value in ("", "none")):
        return
    if wanted.checked in ("file", "own_file") and walk.disk.is_folder(value):
        text = f"{name}: {shown(value)} is a folder: ComfyUI asks no more than that it is there, and fails to read it"
        report.fail("unusable_value", node, name, text)
        return
    path = wanted.checked == "path"
    there = None if path else walk.disk.there(value)
    if there is None and not walk.disk.silent():
        text = f"{name}: whether {shown(value)} is there cannot be known from the catalog"
        report.warn("unknown_file", node, name, text)
        return
    if path or there is False:
        return
    endings = {e.lower() for e in wanted.extensions}
    endings |= {posixpath.splitext(c)[1].lower() for c in wanted.choices or () if isinstance(c, str) and "." in c}
    plain = value.rpartition("[")[0].rstrip() if value.endswith("]") else value
    if endings and posixpath.splitext(plain)[1].lower() not in endings:
        kinds = ", ".join(sorted(endings))
        report.warn("file_kind", node, name, f"{name}: {shown(value)} is not a file of the kinds {kinds}")


def _expression(node: str, name: str, text: str, schema: NodeSchema, given: Mapping[str, Any], report: Report) -> None:
    import ast

    parent, functions = EXPRESSIONS[schema.class_type, name]
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        report.fail("expression", node, name, f"{name}: {shown(text)} cannot be read")
        return
    found = list(ast.walk(tree))
    if not tree.body:
        report.fail("expression", node, name, f"{name}: is empty")
        return
    called = {id(n.func): n.func.id for n in found if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    variables = {n.id for n in found if isinstance(n, ast.Name) and id(n) not in called}
    known = {slot[len(parent) + 1 :] for slot in given if slot.startswith(f"{parent}.")} | {parent}
    unknown = sorted((variables - known) | (set(called.values()) - functions))
    if unknown:
        # What is not chosen is not evaluated.
        certain = not any(isinstance(n, (ast.IfExp, ast.BoolOp)) for n in found)
        add = report.fail if certain else report.warn
        add("expression", node, name, f"{name}: {shown(text)} names {', '.join(unknown)}, which is not given")

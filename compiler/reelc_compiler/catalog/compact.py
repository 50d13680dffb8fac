"""From a class as ComfyUI's ``/object_info`` describes it to the compact record that catalogs keep.

A record is JSON: ``{"pack", "in": {section: [[name, type, options?]]}, "out": [[type, name, options?]], ...}``.
It keeps the facts that compiling and validating need, and nothing that is prose: no display names, tooltips or
categories. Absent means false, empty or none.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from reelc_compiler.catalog.schema import AUTOGROW, DYNAMIC_COMBO, DYNAMIC_SLOT, MATCH_TYPE, WIDGET_TYPES

Json = dict[str, Any]

_BOUNDS = ("min", "max", "step")
# Seeds have 64 bits.
_FAR = 2**100
_KEPT = ("default", "min", "max", "step", "files", "under", "ext", "dirs")
_FLAGS = ("multiselect", "forceInput", "socketless", "hidden")
_UPLOADS = ("image", "video", "audio", "file")
_NODE_FLAGS = ("output_node", "deprecated", "experimental", "api_node", "is_input_list", "v3")


def compact_class(raw: Mapping[str, Any], pack: str) -> Json:
    """One class's record.

    Args:
        raw: the class's entry in ``/object_info``, or in a capture (which adds ``validate`` and ``v3``).
        pack: which pack it comes from.
    """
    declared, order = _map(raw.get("input")), _map(raw.get("input_order"))
    record: Json = {"pack": pack}
    for section in ("required", "optional"):
        inputs = _section(_map(declared.get(section)), _list(order.get(section)))
        if inputs:
            record.setdefault("in", {})[section] = inputs
    hidden = _map(declared.get("hidden"))
    if hidden:
        record["hidden"] = {name: _hidden_type(hidden[name]) for name in sorted(hidden)}
    outputs = _outputs(raw)
    if outputs:
        record["out"] = outputs
    flags = [flag for flag in _NODE_FLAGS if raw.get(flag)]
    if flags:
        record["flags"] = flags
    if raw.get("validate"):
        record["validate"] = _validate(_map(raw["validate"]))
    return record


def _map(value: Any) -> Json:
    return cast(Json, value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return list(cast(Sequence[Any], value)) if isinstance(value, (list, tuple)) else []


def _section(inputs: Mapping[str, Any], order: Sequence[str]) -> list[list[Any]]:
    names = [n for n in order if n in inputs]
    names += [n for n in inputs if n not in names]
    return [compact_input(name, inputs[name]) for name in names]


def compact_input(name: str, spec: Any) -> list[Any]:
    """``[name, type, options?]`` of one input; a classic combo becomes type COMBO with ``listed``."""
    parts = _list(spec) or [spec]
    kind: Any = parts[0]
    raw = _map(parts[1]) if len(parts) > 1 else {}
    options: Json = {key: raw[key] for key in _KEPT if key in raw and (key not in _BOUNDS or _is_bound(raw[key]))}
    options |= {flag: True for flag in _FLAGS if raw.get(flag)}
    if "default_long" in raw or _is_endless(raw.get("default")):
        options["default"] = None
    if raw.get("control_after_generate"):
        options["control"] = True
    for upload in _UPLOADS:
        if raw.get(f"{upload}_upload"):
            options["upload"] = upload
    if raw.get("image_folder", "input") != "input":
        options["files"] = raw["image_folder"]
    if isinstance(kind, list):
        options |= {"choices": kind, "listed": True}
        kind = "COMBO"
    elif kind == "COMBO":
        options["choices"] = _list(raw.get("options"))
    elif kind == DYNAMIC_COMBO:
        options["options"] = {o["key"]: _sections(_map(o.get("inputs"))) for o in map(_map, _list(raw.get("options")))}
    elif kind == AUTOGROW:
        options["grow"] = _autogrow(_map(raw.get("template")))
    elif kind == DYNAMIC_SLOT:
        options["slot"] = _sections(_map(raw.get("inputs")))
    elif kind == MATCH_TYPE:
        template = _map(raw.get("template"))
        options["match"] = [template.get("template_id"), template.get("allowed_types", "*")]
    widgets = _widgets(raw.get("formats"))
    if widgets:
        options["widgets"] = widgets
    return [name, kind, options] if options else [name, kind]


def _is_bound(value: Any) -> bool:
    """Whether a minimum, maximum or step is one: nothing is below minus infinity, and no number reaches so far."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _FAR


def _is_endless(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _sections(inputs: Mapping[str, Any]) -> Json:
    return {s: _section(_map(inputs[s]), ()) for s in ("required", "optional") if inputs.get(s)}


def _autogrow(template: Mapping[str, Any]) -> Json:
    grow: Json = {"in": _sections(_map(template.get("input"))), "min": template.get("min", 0)}
    if "names" in template:
        return grow | {"names": template["names"]}
    return grow | {"prefix": template.get("prefix", ""), "max": template.get("max", 0)}


def _widgets(formats: Any) -> Json:
    """VideoHelperSuite's widgets for each format; its loaders keep other things under the same key."""
    found: Json = {}
    for key, widgets in _map(formats).items():
        if isinstance(widgets, list):
            found[key] = [compact_input(w[0], w[1:3]) for w in map(_list, _list(widgets))]
    return found


def _hidden_type(kind: Any) -> str:
    """``"PROMPT"``, also where it is written as ``["PROMPT", {...}]``."""
    return str((_list(kind) or [kind])[0])


def _outputs(raw: Mapping[str, Any]) -> list[list[Any]]:
    names, lists = _list(raw.get("output_name")), _list(raw.get("output_is_list"))
    matches = _list(raw.get("output_matchtypes"))
    found: list[list[Any]] = []
    declared = raw.get("output")
    # Some classes forget the comma of a tuple of one: every letter of the type is then an output to ComfyUI.
    kinds: list[Any] = list(declared) if isinstance(declared, str) else _list(declared)
    for i, kind in enumerate(kinds):
        # A class may output one of its own combo's values: the type is then that list.
        shown = kind if isinstance(kind, str) else "COMBO"
        options: Json = {"choices": kind} if isinstance(kind, list) else {}
        if i < len(lists) and lists[i]:
            options["list"] = True
        if i < len(matches) and matches[i]:
            options["match"] = matches[i]
        found.append([shown, _name(names, i, shown), *([options] if options else [])])
    return found


def _name(names: Sequence[Any], i: int, kind: str) -> str:
    """An output's name; one without has its type's, which may be a list of values."""
    name = names[i] if i < len(names) else None
    return name if isinstance(name, str) and name else kind


def _validate(raw: Mapping[str, Any]) -> Json:
    args = sorted(str(a) for a in _list(raw.get("args")) if a not in ("s", "self", "cls"))
    return {"args": args, "kwargs": True} if raw.get("kwargs") or raw.get("kw") else {"args": args}


def socket_types(record: Mapping[str, Any]) -> set[str]:
    """The names of all socket types that a record's outputs and linkable inputs use."""
    found = {str(out[0]) for out in record.get("out", ())}
    for inputs in record.get("in", {}).values():
        for entry in inputs:
            found |= _input_types(entry)
    names = {name.strip() for kind in found for name in kind.split(",")}
    return {n for n in names if n not in WIDGET_TYPES and n != "*" and not n.startswith("COMFY_")}


def _input_types(entry: Sequence[Any]) -> set[str]:
    options: Mapping[str, Any] = entry[2] if len(entry) > 2 else {}
    if options.get("socketless"):
        return set()
    found = {str(entry[1])}
    if "match" in options:
        found.add(str(options["match"][1]))
    nested = [*options.get("options", {}).values(), options.get("grow", {}).get("in", {}), options.get("slot", {})]
    for sections in nested:
        for inputs in sections.values():
            for inner in inputs:
                found |= _input_types(inner)
    return found

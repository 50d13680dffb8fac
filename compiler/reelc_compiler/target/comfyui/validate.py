"""Predicting the verdict of ComfyUI's server on an API-format graph, without a server."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from reelc_compiler.catalog import Catalog
from reelc_compiler.target.comfyui.hints import Hints
from reelc_compiler.target.comfyui.literals import Files, shown
from reelc_compiler.target.comfyui.notices import link_source, notices
from reelc_compiler.target.comfyui.replace import CannotReplace, replace_class
from reelc_compiler.target.comfyui.validators import Disk
from reelc_compiler.target.comfyui.verdict import NodeError, Notice, Verdict
from reelc_compiler.target.comfyui.walk import Walk

__all__ = ["NodeError", "Notice", "Verdict", "faults", "validate"]


def validate(graph: Any, catalog: Catalog, *, files: Files | None = None) -> Verdict:
    """What ComfyUI 0.33 would answer to ``POST /prompt``, and what it would not say.

    Args:
        graph: the API-format graph; any JSON value is judged, none raises.
        catalog: the server's node classes.
        files: for each folder (``input``, ``checkpoints``) the files that the server has. None when they are not
            known: then what the choices in the catalog list are taken for all there are in the input folder itself,
            and where they list none (the package's catalogs), no file is missing.

    Returns:
        The verdict. Where the server's own order is random (it walks over sets), errors come in the order of the
        graph and of the inputs' declaration.
    """
    if not isinstance(graph, dict):
        return _refused(500, "http_500", None, "the graph is not a JSON object")
    nodes = dict(cast(Mapping[str, Any], graph))
    for node, data in nodes.items():
        refused = _shape(node, data)
        if refused is not None:
            return refused
    for node, data in nodes.items():
        try:
            nodes[node] = _replaced(data, catalog)
        except CannotReplace as error:
            return _refused(500, "http_500", node, str(error))
    for node, data in nodes.items():
        unknown = _class(node, data, catalog)
        if unknown is not None:
            return unknown
    outputs = [n for n, data in nodes.items() if _is_output(data["class_type"], catalog)]
    if not outputs:
        return _refused(400, "prompt_no_outputs", None, "the graph has no output node: nothing would be saved")
    walk = Walk(nodes, catalog, Disk(catalog, files))
    good = tuple(node for node in outputs if walk.output(node))
    failures, warnings = notices(walk, outputs)
    return Verdict(
        verdict="rejected" if not good else "partial" if walk.bad else "accepted",
        status=200 if good else 400,
        errors=tuple(error for node in nodes for error in walk.errors.get(node, ())),
        warnings=warnings,
        failures=failures,
        outputs=good,
        coerced=_coerced(walk),
    )


def faults(graph: Mapping[str, Any], catalog: Catalog, wanted: Iterable[str]) -> tuple[NodeError, ...]:
    """What the server would find in some nodes, and in all that they need, if they were run.

    Args:
        graph: any JSON object; nodes that are not needed are not looked at.
        wanted: ids of nodes in it.
    """
    reached: dict[str, Any] = {}
    todo = list(wanted)
    while todo:
        node = todo.pop()
        if node in reached or node not in graph:
            continue
        data = reached[node] = graph[node]
        refused = _shape(node, data)
        if refused is None:
            try:
                reached[node] = data = _replaced(data, catalog)
            except CannotReplace as error:
                refused = _refused(500, "http_500", node, str(error))
            else:
                refused = _class(node, data, catalog)
        if refused is not None:
            return refused.errors
        inputs = cast(Mapping[str, Any], data.get("inputs", {}))
        todo.extend(source for source in map(link_source, inputs.values()) if source is not None)
    walk = Walk(reached, catalog, Disk(catalog, None))
    for node in wanted:
        walk.output(node)
    return tuple(error for node in reached for error in walk.errors.get(node, ()))


def _refused(status: Any, kind: str, node: str | None, message: str, suggestions: tuple[str, ...] = ()) -> Verdict:
    return Verdict("rejected", status, (NodeError(kind, node, None, message, suggestions),))


def _shape(node: str, data: Any) -> Verdict | None:
    """The server's first look at every node, for classes to replace, fails on what is no object."""
    passes = isinstance(data, (str, list)) and not ("class_type" in data and "inputs" in data)
    if not isinstance(data, dict):
        # A text or a list only has no such key at first; the look at the classes fails on it.
        return None if passes else _no_object(node)
    fields = cast(Mapping[str, Any], data)
    if "class_type" not in fields or "inputs" not in fields:
        return None
    if isinstance(fields["class_type"], (dict, list)):
        return _refused(500, "http_500", node, "`class_type` is not a text")
    if not isinstance(fields["inputs"], dict):
        return _refused(500, "http_500", node, "`inputs` is not a JSON object")
    return None


def _replaced(data: Any, catalog: Catalog) -> Any:
    return replace_class(cast(dict[str, Any], data), catalog) if isinstance(data, dict) else data


def _no_object(node: str) -> Verdict:
    return _refused(500, "http_500", node, "the node is not a JSON object")


def _class(node: str, data: Any, catalog: Catalog) -> Verdict | None:
    if not isinstance(data, dict):
        return _no_object(node)
    fields = cast(Mapping[str, Any], data)
    name = fields.get("class_type")
    if isinstance(name, (dict, list)):
        return _refused(500, "http_500", node, "`class_type` is not a text")
    if name in catalog:
        return None
    if not isinstance(fields.get("_meta", {}), dict):
        return _refused(500, "http_500", node, "the node has no class, and its `_meta` is not a JSON object")
    if not isinstance(name, str) or not name:
        return _refused(400, "missing_node_type", node, "the node has no class")
    near = Hints().near(name, catalog.class_names())
    return _refused(400, "missing_node_type", node, f"there is no node class {shown(name)}", near)


def _is_output(class_type: str, catalog: Catalog) -> bool:
    schema = catalog.get(class_type)
    return schema is not None and schema.output_node


def _coerced(walk: Walk) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for node, values in walk.values.items():
        given = walk.graph[node]["inputs"]
        changed = {name: value for name, value in values.items() if _differs(value, given[name])}
        if changed:
            found[node] = changed
    return found


def _differs(value: Any, given: Any) -> bool:
    # Only what is not the same object was converted or unwrapped; what was unwrapped differs.
    return value is not given and (type(value) is not type(given) or isinstance(given, dict) or value != given)

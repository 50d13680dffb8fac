"""What a worker's node classes have that the plan's did not, as far as a graph can tell."""

from collections.abc import Iterator, Mapping
from typing import Any

from reelc_compiler.catalog import Catalog
from reelc_compiler.catalog.diff import Change, diff_class
from reelc_compiler.catalog.diff.change import literal

# Whether a value is still in range or among the choices is asked of the graph itself, with the node's own values.
_OWN_VALUES = frozenset({"choices", "range", "step", "files", "input-optional", "deprecated", "experimental"})


def differences(graph: Mapping[str, Any], planned: Catalog, here: Catalog) -> Iterator[tuple[str, Change]]:
    """For each node the first change of its class that it can tell.

    A new input counts even where it is optional: what it is set to would be the worker's choice, not the plan's. So
    does the changed default of an input that the node leaves out. New choices and wider ranges do not.

    Args:
        graph: an API-format graph.
        planned: the catalog that it was made for.
        here: what the worker describes.
    """
    changes: dict[str, tuple[Change, ...]] = {}
    for node_id, node in graph.items():
        name = node["class_type"]
        if name not in changes:
            old, new = planned.get(name), here.get(name)
            changes[name] = diff_class(old, new) if old is not None and new is not None else ()
        found = next((c for c in changes[name] if _tells(c, name, node["inputs"])), None)
        if found is not None:
            yield node_id, found


def _tells(change: Change, class_type: str, inputs: Mapping[str, Any]) -> bool:
    if change.kind in _OWN_VALUES or not _chosen(change, inputs):
        return False
    field = change.path.removeprefix(f"{class_type}.")
    # `images.*` is any slot of `images`.
    given = any(name.startswith(field[:-1]) for name in inputs) if field.endswith(".*") else field in inputs
    match change.kind:
        case "input-added" | "api" | "output-node":
            return True
        case "default" | "input-required":
            return not given
        case "input-removed":
            return given
        case "type" | "links" | "slots":
            return given and change.breaking
        case _:
            return change.breaking


def _chosen(change: Change, inputs: Mapping[str, Any]) -> bool:
    """Whether the input is there with what the node chooses."""
    if not change.when:
        return True
    chosen = {f"{name} = {literal(value)}" for name, value in inputs.items() if isinstance(value, str)}
    return not chosen.isdisjoint(change.when)

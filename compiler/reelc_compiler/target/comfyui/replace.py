"""Renamed classes: what the server does to a graph before it validates it."""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import Catalog


class CannotReplace(Exception):
    """The server fails on the node while it replaces its class, and with it on the whole request."""


def replace_class(data: Mapping[str, Any], catalog: Catalog) -> Mapping[str, Any]:
    """The node under its class's new name, if the server lacks the class and knows what replaced it.

    Raises:
        CannotReplace: it has no ``_meta`` to copy, or lacks an input that goes by a new name.
    """
    name = data.get("class_type")
    if not isinstance(name, str) or name in catalog or "inputs" not in data:
        return data
    new = catalog.replacements.get(name)
    if new is None or new["class"] not in catalog:
        return data
    if not isinstance(data.get("_meta"), (dict, list)):
        raise CannotReplace("the server can only replace the class of a node with `_meta`")
    return {**data, "class_type": new["class"], "inputs": _inputs(data["inputs"], new.get("inputs") or {})}


def _inputs(given: Mapping[str, Any], mapping: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The new node's inputs: only those that the mapping has."""
    found: dict[str, Any] = {}
    for name, rule in mapping.items():
        if "value" in rule:
            found[name] = rule["value"]
        elif rule["from"] not in given:
            raise CannotReplace(f"the server replaces the class, and needs the input `{rule['from']}` for that")
        else:
            found[name] = given[rule["from"]]
    return found

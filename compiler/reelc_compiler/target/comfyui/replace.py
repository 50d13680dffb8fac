"""Renamed classes: what the server does to a graph before it validates it."""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import Catalog


def replace_class(data: Mapping[str, Any], catalog: Catalog) -> Mapping[str, Any]:
    """The node under its class's new name, if the server lacks the class and knows what replaced it."""
    name = data.get("class_type")
    if not isinstance(name, str) or name in catalog or "inputs" not in data:
        return data
    new = catalog.replacements.get(name)
    if new is None or new["class"] not in catalog:
        return data
    return {**data, "class_type": new["class"], "inputs": _inputs(data["inputs"], new.get("inputs"))}


def _inputs(given: Mapping[str, Any], mapping: Mapping[str, Mapping[str, Any]] | None) -> Mapping[str, Any]:
    if mapping is None:
        return given
    found: dict[str, Any] = {}
    for name, rule in mapping.items():
        if "value" in rule:
            found[name] = rule["value"]
        elif rule["from"] in given:
            found[name] = given[rule["from"]]
    return found

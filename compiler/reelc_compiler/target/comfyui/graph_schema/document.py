"""The whole document: the graph, its nodes, and a definition for each class."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from reelc_compiler.catalog import Catalog
from reelc_compiler.target.comfyui.graph_schema.classes import Classes, renamed_inputs
from reelc_compiler.target.comfyui.graph_schema.dispatch import dispatch
from reelc_compiler.target.comfyui.graph_schema.sharing import Definitions, pointer
from reelc_compiler.target.comfyui.graph_schema.values import offered

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def graph_schema(catalog: Catalog, classes: Sequence[str] | None = None, *, strict: bool = False) -> dict[str, Any]:
    """The JSON Schema (2020-12) of API-format graphs of a catalog's classes.

    It judges each node by itself. A graph that ComfyUI accepts is valid under it, when an output needs every node of
    it; what joins nodes (types of links, cycles) it does not say.

    Args:
        catalog: the server's node classes.
        classes: which of them a graph may have; all, and those that the server renames, when None.
        strict: refuse what ComfyUI lets pass and a person hardly means: inputs that a class does not have, literals
            of another type, literals where only a link makes sense, unknown keys of dynamic inputs.

    Returns:
        A JSON value; the same arguments give the same one.

    Raises:
        KeyError: a name in ``classes`` that the catalog does not have.
    """
    definitions = Definitions()
    builder = Classes(definitions, strict=strict)
    wanted = sorted(set(catalog.class_names() if classes is None else classes))
    branches: dict[str, Any] = {}
    for name in wanted:
        schema = catalog.get(name)
        if schema is None:
            raise KeyError(name)
        branches[name] = _held_to(definitions.define(f"class:{name}", builder.inputs(schema)))
    if classes is None:
        branches |= _renamed(catalog, builder, definitions)
    definitions.settle()
    named = definitions.define("class_type", {"enum": sorted(branches)})
    node = {
        "type": "object",
        "required": ["class_type", "inputs"],
        "properties": {
            "class_type": {"type": "string", **offered(named)},
            "inputs": {"type": "object"},
            "_meta": {"type": "object"},
        },
        # Else a node without a class would be held to every class's inputs.
        "if": {"properties": {"class_type": {"type": "string"}}, "required": ["class_type"]},
        "then": dispatch(branches),
    }
    definitions.define("node", node)
    head = {
        "$schema": DIALECT,
        "title": f"ComfyUI graph in API format, catalog {catalog.name} ({catalog.sha256[:12]})"
        + (", strict" if strict else ""),
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"$ref": pointer("node")},
        "$defs": definitions.sorted(),
    }
    content = hashlib.sha256(json.dumps(head, sort_keys=True).encode()).hexdigest()
    return {"$schema": DIALECT, "$id": f"urn:reelc:graph-schema:{content}", **head}


def _held_to(ref: str) -> dict[str, Any]:
    return {"properties": {"inputs": {"$ref": ref}}}


def _renamed(catalog: Catalog, builder: Classes, definitions: Definitions) -> dict[str, Any]:
    """Branches for the names that the server replaces because it no longer has their classes."""
    found: dict[str, Any] = {}
    for old, rule in catalog.replacements.items():
        new = catalog.get(rule["class"])
        inputs = (
            None if old in catalog or new is None else renamed_inputs(builder.inputs(new), rule.get("inputs") or {})
        )
        if inputs is not None:
            branch = _held_to(definitions.define(f"class:{old}", inputs))
            # The server fails on the whole graph when there is nothing to copy.
            branch["properties"]["_meta"] = {"type": ["object", "array"]}
            found[old] = {**branch, "required": ["_meta"]}
    return found


def schema_text(schema: Mapping[str, Any]) -> str:
    """A schema as it is written to a file: one line a definition, so that changes can be read; ASCII."""
    parts = [f"{_json(key)}: {_json(value)}" for key, value in schema.items() if key != "$defs"]
    definitions = ",\n".join(f"{_json(name)}: {_json(value)}" for name, value in schema["$defs"].items())
    return "{\n" + ",\n".join([*parts, f'"$defs": {{\n{definitions}\n}}']) + "\n}\n"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)

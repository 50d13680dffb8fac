"""The bundled catalog in the form of ComfyUI's `/object_info`, as a rival reads it from a file."""

from typing import Any

from reelc_compiler.catalog import InputSchema, NodeSchema, load_catalog
from reelc_compiler.catalog.schema import AUTOGROW, DYNAMIC_COMBO


def object_info(files: dict[tuple[str, str], str]) -> dict[str, Any]:
    """All classes of the default catalog.

    Args:
        files: a model file or picture that the server is to have, by class and input.
    """
    catalog = load_catalog()
    schemas = ((name, catalog.get(name)) for name in catalog.class_names())
    return {name: _node(schema, files) for name, schema in schemas if schema is not None}


def _node(schema: NodeSchema, files: dict[tuple[str, str], str]) -> dict[str, Any]:
    sections: dict[str, dict[str, Any]] = {"required": {}, "optional": {}}
    for one in schema.inputs:
        sections[one.section][one.name] = _input(one, files.get((schema.class_type, one.name)))
    return {
        "input": sections,
        "input_order": {section: list(inputs) for section, inputs in sections.items()},
        "output": [output.type for output in schema.outputs],
        "output_is_list": [output.is_list for output in schema.outputs],
        "output_name": [output.name for output in schema.outputs],
        "name": schema.class_type,
        "display_name": schema.class_type,
        "description": "",
        "category": schema.pack,
        "python_module": "nodes" if schema.pack == "core" else f"custom_nodes.{schema.pack}",
        "output_node": schema.output_node,
        "deprecated": schema.deprecated,
        "experimental": schema.experimental,
        "api_node": schema.api,
    }


def _input(one: InputSchema, file: str | None) -> list[Any]:
    """``[type, options]``, or ``[choices, options]`` for a classic combo."""
    bounds = {"default": one.default if one.has_default else None, "min": one.min, "max": one.max, "step": one.step}
    options: dict[str, Any] = {key: value for key, value in bounds.items() if value is not None}
    if one.type == DYNAMIC_COMBO:
        options["options"] = [{"key": key, "inputs": _inputs(inner)} for key, inner in (one.options or {}).items()]
    if one.type == AUTOGROW and one.autogrow is not None:
        template = {"input": _inputs((one.autogrow.element,)), "names": list(one.autogrow.names)}
        options["template"] = {**template, "min": one.autogrow.minimum}
    if not one.is_combo:
        return [one.type, options]
    choices = [*(one.choices or ()), *((file,) if file else ())]
    return [choices, options] if one.listed else ["COMBO", {**options, "options": choices}]


def _inputs(inner: tuple[InputSchema, ...]) -> dict[str, Any]:
    sections: dict[str, dict[str, Any]] = {"required": {}, "optional": {}}
    for one in inner:
        sections[one.section][one.name] = _input(one, None)
    return sections

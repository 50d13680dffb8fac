"""Links in API-format graphs: what the server takes for one, and which types fit."""

from typing import Any, cast

from reelc_compiler.catalog import ANY_TYPE, MATCH_TYPE, InputSchema, OutputSchema


def is_link(value: Any) -> bool:
    """Whether the server follows the value when it runs the graph. Validation takes every list for a link."""
    return link_source(value) is not None


def link_source(value: Any) -> str | None:
    """The node that a link comes from; None for what the server does not run as a link."""
    if not isinstance(value, list):
        return None
    link = cast(list[Any], value)
    linked = len(link) == 2 and isinstance(link[0], str) and isinstance(link[1], (int, float))
    return link[0] if linked else None


def fits(output: OutputSchema, wanted: InputSchema) -> bool:
    """Whether ComfyUI's validator lets this output be linked to this input."""
    if output.choices is None:
        return wanted.accepts(output.type) or wanted.type in output.links_to
    # A list of values in place of a type.
    if wanted.listed:
        return list(output.choices) == list(wanted.choices or ())
    return wanted.type in ("COMBO", ANY_TYPE, MATCH_TYPE)

"""Links in API-format graphs: what the server takes for one. What reads plans needs it, so it imports nothing else."""

from typing import Any, cast


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

"""The program's text in a run's folder, so that a run that is taken up again can show the lines of its faults."""

import json
from collections.abc import Mapping
from typing import Any, cast

from reelc_compiler.plan import Plan
from reelc_dsl.source import Source

SOURCES = "sources.json"
SCHEMA = 1


def sources_to_json(plan: Plan, sources: Mapping[str, Source]) -> bytes:
    """The texts that the plan's places point into, as the file's content.

    They are kept as they were when the plan was made: the places fit no other text.
    """
    named = {place.file for nodes in plan.spans.values() for stack in nodes.values() for place in stack}
    files = {
        key: {"name": source.name, "text": source.text, "library": source.library}
        for key, source in sorted(sources.items())
        if key in named
    }
    return (json.dumps({"schema": SCHEMA, "files": files}, ensure_ascii=False) + "\n").encode()


def sources_from_json(content: bytes) -> dict[str, Source]:
    """The inverse; empty for content that is no such file: faults are then told without their lines."""
    try:
        value = cast(dict[str, Any], json.loads(content))
        if value["schema"] != SCHEMA:
            return {}
        files = cast(dict[str, dict[str, Any]], value["files"])
        return {
            key: Source(str(file["name"]), str(file["text"]), library=bool(file["library"]))
            for key, file in files.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}

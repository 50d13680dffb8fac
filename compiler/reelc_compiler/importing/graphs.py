"""The text of an API-format graph: its JSON, and where in it things stand."""

import json
from collections.abc import Mapping
from typing import Any, cast

from reelc_compiler.target.comfyui.places import Places, json_path
from reelc_dsl.diagnostics import Code, Diagnostic
from reelc_dsl.diagnostics.codes import NOT_A_GRAPH
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

_WRAPPER = "prompt"


class Unreadable(Exception):
    """A text that is no graph; ``help`` says what to do, ``offset`` is where in the text."""

    def __init__(self, message: str, *help_: str, offset: int = 0) -> None:
        self.help = help_
        self.offset = offset
        super().__init__(message)


@dataclass(frozen=True, slots=True, eq=False)
class GraphText:
    """A graph with the text that it was read from.

    Args:
        nodes: node ids to what stands there, whatever that is.
        places: where it stands. A graph may lie under ``prompt``, as it is sent to a server.
    """

    nodes: Mapping[str, Any]
    places: Places

    def span(self, node: str | None, name: str | None = None) -> Span:
        """Where a node's id stands, or the value of an input that is given."""
        if node is None or name is None:
            return self.places.node(node or "")
        return self.places.value(node, name)

    def diagnostic(self, code: Code, message: str, node: str | None, name: str | None, *help_: str) -> Diagnostic:
        """A finding about a node, or about one of its inputs, which is also named by its JSON path."""
        below = () if name is None else ("inputs", name)
        notes = () if node is None else (f"in the graph this is {json_path(node, *below)}",)
        return Diagnostic(code=code, message=message, span=self.span(node, name), help=help_, notes=notes)


def parse_graph(source: Source) -> GraphText:
    """The graph in a text.

    Raises:
        Unreadable: it is not JSON, or no graph in the API format.
    """
    try:
        value = json.loads(source.text)
    except json.JSONDecodeError as error:
        what = "the file is empty" if not source.text.strip() else f"the file is not JSON: {error.msg.lower()}"
        raise Unreadable(what, offset=min(error.pos, len(source.text))) from None
    except RecursionError:
        raise Unreadable("the file is nested more deeply than a server reads") from None
    except ValueError:
        raise Unreadable("the file holds a number with more digits than a server reads") from None
    return _graph(source, value)


def _graph(source: Source, value: Any) -> GraphText:
    if not isinstance(value, dict):
        raise Unreadable("the file is JSON, and no graph: a graph is an object of nodes by their ids")
    nodes = cast(dict[str, Any], value)
    inner = nodes.get(_WRAPPER)
    wrapped = isinstance(inner, dict) and "class_type" not in inner
    if wrapped:
        nodes = cast(dict[str, Any], inner)
    if isinstance(nodes.get("nodes"), list) and ("links" in nodes or "last_node_id" in nodes):
        raise Unreadable(
            "the file is a workflow of ComfyUI's window, and this wants the API format",
            "open it in ComfyUI and save it with `Export (API)`; older versions call that `Save (API Format)`",
        )
    if not nodes:
        raise Unreadable("the graph has no nodes")
    if not any(isinstance(node, dict) and "class_type" in node for node in nodes.values()):
        raise Unreadable(
            "the file is JSON, and no graph: no node in it has a `class_type`",
            'a graph looks like `{"3": {"class_type": "KSampler", "inputs": {...}}}`',
        )
    return GraphText(nodes, Places(source, within=_WRAPPER if wrapped else None))


def unreadable(source: Source, error: Unreadable) -> Diagnostic:
    """The diagnostic for a text that is no graph."""
    end = min(error.offset + 1, len(source.text)) if error.offset else 0
    return Diagnostic(
        code=NOT_A_GRAPH,
        message=str(error),
        span=Span(source, error.offset if end else 0, end),
        help=error.help,
    )

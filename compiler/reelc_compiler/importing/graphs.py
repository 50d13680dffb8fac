"""The text of an API-format graph: its JSON, and where in it things stand."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from reelc_dsl.diagnostics import Code, Diagnostic
from reelc_dsl.diagnostics.codes import NOT_A_GRAPH
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

# ``("6", "inputs", "text")``: keys from the graph inwards.
Path = tuple[str, ...]

# How deep a place is looked for: node, `inputs`, input, and the wrapper `prompt` around them.
_DEPTH = 4
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)
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
        source: the text.
        nodes: node ids to what stands there, whatever that is.
        wrapped: it stands under ``prompt``, as it is sent to a server.
    """

    source: Source
    nodes: Mapping[str, Any]
    wrapped: bool

    def span(self, path: Path) -> Span:
        """Where something stands: the key of its innermost part that is there."""
        found = _places(self.source.text)
        full = (_WRAPPER, *path) if self.wrapped else path
        for length in range(len(full), 0, -1):
            if full[:length] in found:
                return Span(self.source, *found[full[:length]])
        return Span(self.source, 0, 0)

    def diagnostic(self, code: Code, message: str, path: Path, *help_: str) -> Diagnostic:
        """A finding about a part of the graph, named by its JSON path."""
        notes = (f"in the graph this is {shown(path)}",) if path else ()
        return Diagnostic(code=code, message=message, span=self.span(path), help=help_, notes=notes)


def shown(path: Path) -> str:
    """A path as people write it: ``6.inputs.text``."""
    return ".".join(path)


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
        raise Unreadable("the file is nested too deeply to be a graph") from None
    except ValueError as error:
        # A whole number of thousands of digits, which Python does not read.
        raise Unreadable(f"the file holds a number that means nothing: {str(error).split(';')[0].lower()}") from None
    return _graph(source, value)


def _graph(source: Source, value: Any) -> GraphText:
    if not isinstance(value, dict):
        raise Unreadable("the file is JSON, and no graph: a graph is an object of nodes by their ids")
    nodes = cast(dict[str, Any], value)
    wrapped = False
    inner = nodes.get(_WRAPPER)
    if isinstance(inner, dict) and "class_type" not in inner:
        nodes, wrapped = cast(dict[str, Any], inner), True
    if isinstance(nodes.get("nodes"), list) and ("links" in nodes or "last_node_id" in nodes):
        raise Unreadable(
            "the file is a workflow of ComfyUI's window, with places of boxes and wires; this wants the API format",
            "open it in ComfyUI and save it with `Export (API)`; older versions call that `Save (API Format)`",
        )
    if not nodes:
        raise Unreadable("the graph has no nodes")
    if not any(isinstance(node, dict) and "class_type" in node for node in nodes.values()):
        raise Unreadable(
            "the file is JSON, and no graph: no node in it has a `class_type`",
            'a graph looks like `{"3": {"class_type": "KSampler", "inputs": {...}}}`',
        )
    return GraphText(source, nodes, wrapped)


def unreadable(source: Source, error: Unreadable) -> Diagnostic:
    """The diagnostic for a text that is no graph."""
    end = min(error.offset + 1, len(source.text)) if error.offset else 0
    return Diagnostic(
        code=NOT_A_GRAPH,
        message=str(error),
        span=Span(source, error.offset if end else 0, end),
        help=error.help,
    )


@lru_cache(maxsize=2)
def _places(text: str) -> dict[Path, tuple[int, int]]:
    """The keys of the outer objects of a JSON text, with where each stands; of two equal keys the last counts."""
    found: dict[Path, tuple[int, int]] = {}
    # For each open bracket the key that led into it, None inside of lists.
    path: list[str | None] = []
    key: str | None = None
    last: tuple[int, int] | None = None
    for word in _WORD.finditer(text):
        match word[0]:
            case "{" | "[":
                path.append(key if word[0] == "{" else None)
                key = last = None
            case "}" | "]":
                if path:
                    path.pop()
                key = last = None
            case ",":
                key = last = None
            case ":":
                if last is not None and len(path) <= _DEPTH:
                    name: str = json.loads(text[slice(*last)])
                    outer = path[1:]
                    if None not in outer:
                        found[(*cast(list[str], outer), name)] = last
                    key = name
            case _:
                last = word.span()
    return found

"""Where a graph's nodes and inputs stand in the text of its JSON file.

The text is read again for it, one level at a time and only as deep as somebody asks: a graph without findings pays
nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a JSON object: offsets of its key and of its value."""

    key_start: int
    key_end: int
    start: int
    end: int


class Places:
    """The places of a graph, in text that is known to be JSON.

    Where a name is given twice, the last one counts, as for whoever reads JSON.

    Args:
        within: the member of the outermost object that holds the graph; None when that is the graph itself.
    """

    def __init__(self, source: Source, within: str | None = None) -> None:
        self.source = source
        self._within = within
        self._members: dict[int, dict[str, Member]] = {}

    def node(self, node: str) -> Span:
        """The node's id; the start of the file for what is no node."""
        found = self._node(node)
        return self._start() if found is None else Span(self.source, found.key_start, found.key_end)

    def class_type(self, node: str) -> Span:
        """The node's class, or its id where it has none."""
        found = self._node(node)
        inner = None if found is None else self._inside(found.start).get("class_type")
        return self.node(node) if inner is None else Span(self.source, inner.start, inner.end)

    def key(self, node: str, name: str) -> Span:
        """The name of an input that is given, or the node's class."""
        found = self._input(node, name)
        return self.class_type(node) if found is None else Span(self.source, found.key_start, found.key_end)

    def value(self, node: str, name: str) -> Span:
        """The value of an input that is given, or the node's class."""
        found = self._input(node, name)
        return self.class_type(node) if found is None else Span(self.source, found.start, found.end)

    def repeated(self) -> Mapping[str, Span]:
        """Names that the graph, a node or a node's inputs hold twice: where the one that counts stands."""
        found: dict[str, Span] = {}
        for at in self._objects():
            last: dict[str, Member] = {}
            twice: set[str] = set()
            for key, member in _members(self.source.text, at):
                if key in last:
                    twice.add(key)
                last[key] = member
            for key in twice:
                found.setdefault(key, Span(self.source, last[key].key_start, last[key].key_end))
        return found

    def _objects(self) -> Iterator[int]:
        """Where the graph, its nodes and their inputs start."""
        text, graph = self.source.text, self._graph()
        if graph is None:
            return
        yield graph
        for _, node in _members(text, graph):
            yield node.start
            yield from (inner.start for key, inner in _members(text, node.start) if key == "inputs")

    def _start(self) -> Span:
        return Span(self.source, 0, 0)

    def _node(self, node: str) -> Member | None:
        graph = self._graph()
        return None if graph is None else self._inside(graph).get(node)

    def _graph(self) -> int | None:
        """Where the graph starts; None where there is none within."""
        at = _after_space(self.source.text, 0)
        if self._within is None:
            return at
        outer = self._inside(at).get(self._within)
        return None if outer is None else outer.start

    def _input(self, node: str, name: str) -> Member | None:
        found = self._node(node)
        inputs = None if found is None else self._inside(found.start).get("inputs")
        return None if inputs is None else self._inside(inputs.start).get(name)

    def _inside(self, at: int) -> dict[str, Member]:
        """The members of the object that starts there; none of what is no object."""
        if at not in self._members:
            self._members[at] = dict(_members(self.source.text, at))
        return self._members[at]


def _members(text: str, at: int) -> Iterator[tuple[str, Member]]:
    if not text.startswith("{", at):
        return
    at = _after_space(text, at + 1)
    while text.startswith('"', at):
        key, key_end = _DECODER.raw_decode(text, at)
        start = _after_space(text, _after_space(text, key_end) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, Member(at, key_end, start, end)
        at = _after_space(text, _after_space(text, end) + 1)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def json_path(node: str | None, *below: Any) -> str:
    """The normalized JSONPath (RFC 9535) of a node, or of what lies below it: ``$['6']['inputs']['seed']``."""
    return "$" if node is None else "$" + "".join(f"['{_escaped(str(part))}']" for part in (node, *below))


def _escaped(name: str) -> str:
    text = json.dumps(name, ensure_ascii=False)[1:-1]
    return text.replace('\\"', '"').replace("'", "\\'")

"""The typed media graph: nodes, regions, media and films. networkx stays inside this module.

Nodes are made in an order in which every input exists before its user, and equal nodes are made
once, so the list of nodes is already topological, free of duplicates, and the same on every run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from reelc_compiler.canonical import canonical
from reelc_compiler.facts import Facts
from reelc_dsl.diagnostics import Frame
from reelc_dsl.source import Span

Stack = tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """An output slot of a node, the socket type that it carries, and whose values of that type (see ``Dialect``)."""

    op: int
    slot: int
    type: str
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class Medium:
    """Pictures on a slot, with what is known of them. One slot may be read as several clips,
    for example at two rates, so the facts belong to the identity.
    """

    ref: Ref
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """A node: inputs by name, each a JSON literal or a :class:`Ref`.

    Args:
        id: position in :attr:`MediaGraph.ops`.
        region: the region that it belongs to, None for loaders of models.
        stack: calls from the user's file inwards, outermost first; the last frame is the ``node``.
        places: input names to where their values are written.
        media: the media that it reads.
        file: for a source, the input file's id.
    """

    id: int
    class_type: str
    inputs: tuple[tuple[str, Any], ...]
    region: int | None
    stack: Stack
    places: Mapping[str, Span] = field(default_factory=dict[str, Span])
    media: tuple[Medium, ...] = ()
    file: str | None = None

    def refs(self) -> Iterable[Ref]:
        """The slots that this node reads."""
        return (v for _, v in self.inputs if isinstance(v, Ref))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionOp:
    """A stage instance: its name, its stand-in (None when it declares none), and its estimate."""

    id: int
    stage: str
    stand_in: tuple[str, Mapping[str, Any]] | None
    estimate: Mapping[str, Any]
    stack: Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A sink: the medium that is encoded, how, and the nodes that do it."""

    name: str
    clip: Medium
    codec: str
    crf: int
    span: Span
    save: int
    region: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaGraph:
    """Everything that a pipeline's outputs need.

    Args:
        media: all media, each with the region that makes it.
        region_reads: media that a region reads without a node of its own.
    """

    ops: tuple[Op, ...]
    regions: tuple[RegionOp, ...]
    media: Mapping[Medium, int]
    region_reads: Mapping[int, tuple[Medium, ...]]
    films: tuple[Film, ...]

    def reached(self) -> frozenset[int]:
        """The nodes that some film needs."""
        seen: set[int] = set()
        todo = [f.save for f in self.films]
        while todo:
            op = todo.pop()
            if op not in seen:
                seen.add(op)
                todo.extend(r.op for r in self.ops[op].refs())
        return frozenset(seen)

    def components(self) -> tuple[frozenset[int], ...]:
        """Reached nodes that belong together: films that share work share a component.

        Ordered by the first film of each.
        """
        import networkx as nx

        graph: Any = cast(Any, nx).Graph()
        for op in sorted(self.reached()):
            graph.add_node(op)
            for ref in self.ops[op].refs():
                graph.add_edge(ref.op, op)
        found: list[set[int]] = list(cast(Any, nx).connected_components(graph))
        home = {op: i for i, component in enumerate(found) for op in component}
        order = dict.fromkeys(home[film.save] for film in self.films)
        return tuple(frozenset(found[i]) for i in order)


class GraphBuilder:
    """Makes nodes, equal ones once.

    Args:
        limit: how many nodes a program may make.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.ops: list[Op] = []
        self.regions: list[RegionOp] = []
        self.media: dict[Medium, int] = {}
        self.reads: dict[int, list[Medium]] = {}
        self.films: list[Film] = []
        self._known: dict[bytes, int] = {}

    @property
    def full(self) -> bool:
        """Whether no more nodes may be made."""
        return len(self.ops) >= self.limit

    def op(
        self,
        class_type: str,
        inputs: Mapping[str, Any],
        *,
        region: int | None,
        stack: Stack,
        places: Mapping[str, Span],
        media: tuple[Medium, ...] = (),
        file: str | None = None,
    ) -> int:
        """The id of a node of this class with these inputs, made if there is none yet."""
        plain = {k: ["ref", v.op, v.slot] if isinstance(v, Ref) else ["lit", v] for k, v in inputs.items()}
        key = canonical([class_type, plain, file])
        if key in self._known:
            return self._known[key]
        number = len(self.ops)
        self._known[key] = number
        self.ops.append(
            Op(
                id=number,
                class_type=class_type,
                inputs=tuple(inputs.items()),
                region=region,
                stack=stack,
                places=places,
                media=media,
                file=file,
            )
        )
        return number

    def region(self, stage: str, stack: Stack) -> int:
        """Open a region; what it declares is filled in by :meth:`close`."""
        number = len(self.regions)
        self.regions.append(RegionOp(id=number, stage=stage, stand_in=None, estimate={}, stack=stack))
        return number

    def close(self, region: int, stand_in: tuple[str, Mapping[str, Any]] | None, estimate: Mapping[str, Any]) -> None:
        """Record what a stage declares of itself."""
        old = self.regions[region]
        self.regions[region] = RegionOp(
            id=region, stage=old.stage, stand_in=stand_in, estimate=estimate, stack=old.stack
        )

    def medium(self, medium: Medium, region: int, source: Medium | None = None) -> None:
        """State what a slot carries; stating it again for a shared node changes nothing.

        Args:
            source: the medium that it is made of when no node stands between them.
        """
        if medium not in self.media:
            self.media[medium] = region
            if source is not None:
                self.reads.setdefault(region, []).append(source)

    def build(self) -> MediaGraph:
        """The finished graph."""
        return MediaGraph(
            ops=tuple(self.ops),
            regions=tuple(self.regions),
            media=dict(self.media),
            region_reads={region: tuple(media) for region, media in self.reads.items()},
            films=tuple(self.films),
        )

"""The typed media graph: nodes, regions, media and films. networkx stays inside this module.

Nodes are made in an order in which every input exists before its user, and equal nodes are made
once, so the list of nodes is already topological, free of duplicates, and the same on every run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import Any, Protocol, cast

from reelc_compiler.canonical import canonical
from reelc_compiler.facts import Facts, Laid
from reelc_dsl.diagnostics import Frame
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

Stack = tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """An output slot of a node, the socket type that it carries, and whose values of that type (see ``Dialect``)."""

    op: int
    slot: int
    type: str
    dialect: str = ""


class Windowed(Protocol):
    """A clip of which stretches can be made.

    Attributes:
        split: whether it is too long to be made at once.
        wanted: whether something reads it whole all the same.
        longest: how many frames a stretch may have to cost what a window does.
        spare: how many more it may have to reach into the next window.
    """

    split: bool
    wanted: bool
    longest: int
    spare: int

    def stretch(self, first: int, frames: int) -> "Medium":
        """Some of its frames, as a clip that is made by itself."""
        ...

    def bounds(self) -> tuple[int, ...]:
        """Where its windows begin, in its own frames."""
        ...


@dataclass(frozen=True, slots=True)
class Medium:
    """Pictures on a slot, with what is known of them. One slot may be read as several clips,
    for example at two rates, so the facts belong to the identity.

    Args:
        windows: how stretches of it are made, where a stage that can be split made it. No part of the identity: the
            same pictures may be asked for within one memory and within another.
    """

    ref: Ref
    facts: Facts
    windows: Windowed | None = field(default=None, compare=False, repr=False)


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
    """A stage instance: its name, its stand-in (None when it declares none), and its estimate.

    Args:
        handed: what it makes is handed over to the jobs that read it, and it reads what others make where they make it.
        kept: what it makes is handed over, as if it sampled.
    """

    id: int
    stage: str
    stand_in: tuple[str, Mapping[str, Any]] | None
    estimate: Mapping[str, Any]
    stack: Stack
    handed: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPart:
    """A stretch of a film, or its sound: the medium that is encoded, the node that saves it, and its region."""

    clip: Medium
    save: int
    region: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The sound of a film: an input file, by its id, or what a node saves; and how it is laid over the pictures."""

    facts: Facts
    how: Laid
    file: str | None = None
    part: FilmPart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A sink: its parts in the order of time, how they are encoded, and the sound over them.

    A clip that comes twice in a film is one part that is listed twice. ``crf`` is None where the
    codec has none, or ComfyUI chooses. ``variant`` says of which variant of the program it is, where there are several.
    """

    name: str
    parts: tuple[FilmPart, ...]
    facts: Facts
    codec: str
    crf: int | None
    pix_fmt: str
    color: str
    span: Span
    track: Track | None = None
    variant: str = ""

    @property
    def saved(self) -> tuple[FilmPart, ...]:
        """What nodes save of it: its parts, and its sound unless that is a file."""
        sound = self.track.part if self.track is not None else None
        return self.parts if sound is None else (*self.parts, sound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """An output that a node of its own saves, in whatever form; nothing is known of its files.

    Args:
        name: the ``output``'s name in the program.
        op: the node.
        span: where it is asked for.
    """

    name: str
    op: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Where the graph is cut: a medium is saved by one job and loaded by others.

    Args:
        medium: as the stage made it.
        save, load: the nodes on both sides; their regions are ``save_region`` and ``load_region``.
        loaded: the medium as the other side reads it.
        stage: the qualified name of the stage that made it.
    """

    medium: Medium
    save: int
    save_region: int
    load: int
    load_region: int
    loaded: Medium
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaGraph:
    """Everything that a pipeline's outputs need.

    Args:
        media: all media, each with the region that makes it.
        region_reads: media that a region reads without a node of its own.
        asked: the media that the nodes of a region read, in the order in which the stage asks, whoever has the nodes.
        saves: outputs that nodes of their own save.
        names: what the pipeline calls a medium, in the order in which it does.
        handovers: where it is cut; none before the pass ``handover``.
    """

    ops: tuple[Op, ...]
    regions: tuple[RegionOp, ...]
    media: Mapping[Medium, int]
    region_reads: Mapping[int, tuple[Medium, ...]]
    films: tuple[Film, ...]
    saves: tuple[Save, ...] = ()
    names: Mapping[Medium, tuple[str, ...]] = field(default_factory=dict[Medium, tuple[str, ...]])
    handovers: tuple[Handover, ...] = ()
    asked: Mapping[int, tuple[Medium, ...]] = field(default_factory=dict[int, tuple[Medium, ...]])

    def sinks(self) -> tuple[int, ...]:
        """The nodes that the outputs are made by: what saves films' parts, then the others."""
        parts = [part.save for film in self.films for part in film.saved]
        return tuple(dict.fromkeys([*parts, *(save.op for save in self.saves)]))

    def closure(self, sinks: Iterable[int]) -> frozenset[int]:
        """Some nodes with all that they need."""
        seen: set[int] = set()
        todo = list(sinks)
        while todo:
            op = todo.pop()
            if op not in seen:
                seen.add(op)
                todo.extend(r.op for r in self.ops[op].refs())
        return frozenset(seen)


def connected(pairs: Iterable[tuple[int, int]], nodes: Iterable[int]) -> list[frozenset[int]]:
    """The connected components of an undirected graph of numbers, by their smallest member."""
    import networkx as nx

    graph: Any = cast(Any, nx).Graph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(pairs)
    found: list[set[int]] = list(cast(Any, nx).connected_components(graph))
    return sorted((frozenset(component) for component in found), key=min)


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
        self.asked: dict[int, dict[Medium, None]] = {}
        self.films: list[Film] = []
        self.saves: list[Save] = []
        self.names: dict[Medium, list[str]] = {}
        # The sound that comes with a clip.
        self.sounds: dict[Medium, Medium] = {}
        self._known: dict[bytes, int] = {}
        self._views: list[frozenset[Facts]] = []

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
        apart: Any = None,
    ) -> int:
        """The id of a node of this class with these inputs, made if there is none yet.

        Args:
            apart: tells nodes from each other that would be the same.
        """
        for medium in media:
            _read_whole(medium)
            if region is not None:
                self.asked.setdefault(region, {})[medium] = None
        plain = {k: ["ref", v.op, v.slot] if isinstance(v, Ref) else ["lit", v] for k, v in inputs.items()}
        key = canonical([class_type, plain, file, apart])
        number = self._known.setdefault(key, len(self.ops))
        views = self._behind(inputs, media)
        if number < len(self.ops):
            # A shared node speaks for whoever asked last: that is who now states what it carries.
            self._views[number] = views
            if region is not None and self.ops[number].region != region:
                # It belongs to the region that came first, and this one reads the same without it.
                known = self.reads.setdefault(region, [])
                known.extend(medium for medium in media if medium not in known)
            return number
        self._views.append(views)
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

    def _behind(self, inputs: Mapping[str, Any], media: tuple[Medium, ...]) -> frozenset[Facts]:
        pictures = {m.ref for m in media}
        refs = (v for v in inputs.values() if isinstance(v, Ref) and v not in pictures)
        return frozenset(m.facts for m in media if m.facts.view).union(*(self._views[ref.op] for ref in refs))

    def made_of(self, ref: Ref) -> frozenset[Facts]:
        """Of which pictures a slot was made, as far as they are for two eyes or of a sphere."""
        return self._views[ref.op]

    def region(self, stage: str, stack: Stack, *, handed: bool = False) -> int:
        """Open a region; what it declares is filled in by :meth:`close`."""
        number = len(self.regions)
        self.regions.append(RegionOp(id=number, stage=stage, stand_in=None, estimate={}, stack=stack, handed=handed))
        return number

    def close(self, region: int, stand_in: tuple[str, Mapping[str, Any]] | None, estimate: Mapping[str, Any]) -> None:
        """Record what a stage declares of itself."""
        self.regions[region] = replace(self.regions[region], stand_in=stand_in, estimate=estimate)

    def keep(self, medium: Medium) -> None:
        """Hand over a medium, whatever made it."""
        region = self.media[medium]
        self.regions[region] = replace(self.regions[region], kept=True)

    def medium(self, medium: Medium, region: int, source: Medium | None = None) -> None:
        """State what a slot carries; stating it again for a shared node changes nothing.

        Args:
            source: the medium that it is made of when no node stands between them.
        """
        if source is not None:
            _read_whole(source)
        if medium not in self.media:
            self.media[medium] = region
            if source is not None:
                self.reads.setdefault(region, []).append(source)

    def call(self, medium: Medium, name: str) -> None:
        """Note what the pipeline calls a medium."""
        known = self.names.setdefault(medium, [])
        if name not in known:
            known.append(name)

    def build(self) -> MediaGraph:
        """The finished graph."""
        return MediaGraph(
            ops=tuple(self.ops),
            regions=tuple(self.regions),
            media=dict(self.media),
            region_reads={region: tuple(media) for region, media in self.reads.items()},
            films=tuple(self.films),
            saves=tuple(self.saves),
            names={medium: tuple(names) for medium, names in self.names.items()},
            asked={region: tuple(media) for region, media in self.asked.items()},
        )


def _read_whole(medium: Medium) -> None:
    if medium.windows is not None:
        medium.windows.wanted = True

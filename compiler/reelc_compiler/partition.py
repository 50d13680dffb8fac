"""Which nodes make a job: what one graph on one worker is to do.

A job is one or more *sinks* (nodes that save a file) with all that they need. Sinks share a job when they
share work: pictures that were sampled, or clips that were processed. What is cheap is done in each job
again instead: loading models and input files, encoding texts, fitting a still. Outputs that nodes of their
own save stay together: what such nodes cost is not known, and a graph that was imported stays one graph.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reelc_compiler.catalog import Catalog
from reelc_compiler.facts import AUDIO
from reelc_compiler.ir.graph import Film, FilmPart, Handover, MediaGraph, Save, connected
from reelc_compiler.passes.handover import made_by, samples
from reelc_dsl.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The content of a job.

    Args:
        name: without its number.
        ops: numbers of its nodes.
        heavy: those of them that are done nowhere else.
        parts: the films' parts and sounds that it saves, each with its film.
        files: the outputs that nodes of their own save.
        saves, loads: the hand-overs that it makes, and those that it starts from.
    """

    name: str
    ops: frozenset[int]
    heavy: frozenset[int]
    parts: tuple[tuple[Film, FilmPart], ...]
    files: tuple[Save, ...]
    saves: tuple[Handover, ...]
    loads: tuple[Handover, ...]


def partition(graph: MediaGraph, catalog: Catalog, *, whole: bool = False) -> tuple[Piece, ...]:
    """The jobs, each after those that it starts from, in the order in which the films need them.

    Args:
        whole: everything in one job; the graph must have no hand-overs.
    """
    saves = made_by(graph.handovers)
    parts = {part.save: (film, part) for film in graph.films for part in film.saved if part.save not in saves}
    by_load = {h.load: h for h in graph.handovers}
    closures = _closures(graph)
    own = [save.op for save in graph.saves]
    heavy = _heavy(graph, catalog)
    first: dict[int, int] = {}
    pairs: list[tuple[int, int]] = []
    for sink, ops in closures.items():
        for op in ops & heavy:
            pairs.append((first.setdefault(op, sink), sink))
    pairs.extend((own[0], sink) for sink in own[1:])
    pairs.extend(_ends(graph, closures))
    if whole:
        pairs.extend((next(iter(closures)), sink) for sink in closures)
    shared = {sink: number for number, group in enumerate(connected(pairs, closures)) for sink in group}
    depths = _depths(graph, closures)
    groups: dict[tuple[int, int], list[int]] = {}
    for sink in closures:
        # Sinks of one depth only: a job that starts from a hand-over cannot be the one that makes it.
        groups.setdefault((shared[sink], depths[sink]), []).append(sink)
    pieces: list[Piece] = []
    for members in groups.values():
        ops = frozenset[int]().union(*(closures[s] for s in members))
        pieces.append(
            Piece(
                name=_name(members, graph, saves),
                ops=ops,
                heavy=ops & heavy,
                parts=tuple(parts[s] for s in members if s in parts),
                files=tuple(save for save in graph.saves if save.op in members),
                saves=tuple(saves[s] for s in members if s in saves),
                loads=tuple(by_load[op] for op in sorted(ops & by_load.keys())),
            )
        )
    return tuple(_ordered(pieces))


def _ends(graph: MediaGraph, closures: Mapping[int, frozenset[int]]) -> Iterable[tuple[int, int]]:
    """Pairs of what is taken for joins out of one clip that was handed over: that is read once."""
    loads = {h.load for h in graph.handovers}
    first: dict[frozenset[int], int] = {}
    for handover in graph.handovers:
        if handover.save in closures and graph.regions[graph.media[handover.medium]].handed:
            started = closures[handover.save] & loads
            if started:
                yield first.setdefault(started, handover.save), handover.save


def _depths(graph: MediaGraph, closures: Mapping[int, frozenset[int]]) -> dict[int, int]:
    """How many hand-overs lie one behind the other before each sink; sinks come after what they start from."""
    saves = {h.load: h.save for h in graph.handovers}
    depths: dict[int, int] = {}
    for sink, ops in closures.items():
        depths[sink] = max((depths[saves[op]] + 1 for op in ops & saves.keys()), default=0)
    return depths


def _closures(graph: MediaGraph) -> dict[int, frozenset[int]]:
    """Everything that must be saved, with all that it needs: each after what it starts from, as the films want it."""
    saves = {h.load: h.save for h in graph.handovers}
    # A stage that samples hands its sound over with its pictures, whoever wants it.
    stages = {h.save: graph.media[h.medium] for h in graph.handovers}
    sounds: dict[int, list[int]] = defaultdict(list)
    for handover in graph.handovers:
        if handover.medium.facts.kind == AUDIO:
            sounds[stages[handover.save]].append(handover.save)
    found: dict[int, frozenset[int]] = {}
    order: dict[int, frozenset[int]] = {}
    todo = [(sink, False) for sink in reversed(graph.sinks())]
    while todo:
        at, ready = todo.pop()
        if ready:
            order.setdefault(at, found[at])
        elif at not in found:
            found[at] = graph.closure([at])
            todo.append((at, True))
            todo.extend((saves[op], False) for op in sorted(found[at] & saves.keys(), reverse=True))
            if at in stages:
                todo.extend((save, False) for save in reversed(sounds[stages[at]]))
    return order


def _heavy(graph: MediaGraph, catalog: Catalog) -> frozenset[int]:
    """Nodes that are never done twice: samplers, what follows them, and what works on clips.

    What a sampling stage does before it samples, such as encoding its still, is cheap beside the sampling:
    takes of one still are jobs of their own.
    """
    sampling = {op.region for op in graph.ops if samples(op, catalog)}
    clips = {region for medium, region in graph.media.items() if medium.facts.kind == "clip"} - sampling
    # A film that was given is decoded in seconds, wherever it is needed.
    clips -= {op.region for op in graph.ops if op.file is not None}
    clips |= {part.region for film in graph.films for part in film.saved}
    clips |= {h.save_region for h in graph.handovers}
    loads = {h.load for h in graph.handovers}
    pictures: set[int] = set()
    heavy: set[int] = set()
    for op in graph.ops:
        sources = {ref.op for ref in op.refs()}
        if op.file is not None or op.id in loads or sources & pictures:
            pictures.add(op.id)
        if op.id in loads:
            continue
        if samples(op, catalog) or sources & heavy or (op.id in pictures and op.region in clips):
            heavy.add(op.id)
    return frozenset(heavy)


def _name(members: list[int], graph: MediaGraph, saves: Mapping[int, Handover]) -> str:
    """What a job is called: after its first output, or after what it hands over, or after the film of its sound."""
    names = {save.op: save.name for save in reversed(graph.saves)}
    names |= {part.save: film.name for film in reversed(graph.films) for part in film.parts}
    handed = {save: handover.stage.rsplit(".", 1)[-1] for save, handover in saves.items()}
    sounds = {part.save: film.name for film in reversed(graph.films) for part in film.saved}
    return next(known[sink] for known in (names, handed, sounds) for sink in members if sink in known)


def _ordered(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces, each after those whose hand-overs it loads."""
    waiting = list(pieces)
    done: set[int] = set()
    out: list[Piece] = []
    while waiting:
        ready = next(p for p in waiting if all(h.save in done for h in p.loads))
        waiting.remove(ready)
        done.update(h.save for h in ready.saves)
        out.append(ready)
    return out

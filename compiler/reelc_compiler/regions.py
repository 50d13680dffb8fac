"""The typed view on a job: its stage instances and the media between them.

Media are numbered once and handled as numbers: their facts are exact fractions, which are slow to hash,
and a film of a thousand shots has thousands of media.
"""

from collections import defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from reelc_compiler.ir.graph import Film, MediaGraph, Op
from reelc_compiler.ir.graph import Medium as MediumOp
from reelc_compiler.plan import Medium, Region, StandIn


def typed_view(
    graph: MediaGraph, films: list[Film], ops: list[Op], ids: Mapping[int, str]
) -> tuple[tuple[Region, ...], dict[str, Medium]]:
    """The regions of a job, each after those that it reads from, and the media that pass between them.

    Args:
        films: the job's sinks.
        ops: its nodes.
        ids: node numbers to ids in the job's graph.
    """
    number = {medium: i for i, medium in enumerate(graph.media)}
    media = list(graph.media)
    maker = list(graph.media.values())
    reads = _reads(graph, films, ops, number, maker)
    crossing = sorted({m for region, read in reads.items() for m in read if maker[m] != region})
    made: dict[int, list[int]] = defaultdict(list)
    for medium in crossing:
        made[maker[medium]].append(medium)
    nodes: dict[int, list[str]] = defaultdict(list)
    for op in ops:
        if op.region is not None:
            nodes[op.region].append(ids[op.id])
    saves = {film.region: film for film in films}
    foreign = {r: [m for m in reads.get(r, ()) if maker[m] != r] for r in {*made, *saves}}
    order = _topological({r: {maker[m] for m in read} for r, read in foreign.items()})
    names = {medium: f"m{i}" for i, medium in enumerate((m for r in order for m in made[r]), 1)}
    regions = tuple(
        Region(
            id=f"r{i}",
            stage=graph.regions[r].stage,
            nodes=tuple(nodes[r]),
            media_in=tuple(names[m] for m in foreign[r]),
            media_out=tuple(names[m] for m in made[r]),
            stand_in=_stand_in(graph, r, nodes[r], saves, ids),
        )
        for i, r in enumerate(order, 1)
    )
    view = {
        name: Medium(node=ids[media[m].ref.op], slot=media[m].ref.slot, facts=media[m].facts)
        for m, name in names.items()
    }
    return regions, view


def _reads(
    graph: MediaGraph, films: list[Film], ops: list[Op], number: Mapping[MediumOp, int], maker: list[int]
) -> dict[int, list[int]]:
    """Which media each region reads, each once, in order of first reading."""
    reads: dict[int, dict[int, None]] = defaultdict(dict)
    for op in ops:
        if op.region is not None:
            reads[op.region].update(dict.fromkeys(number[m] for m in op.media))
    for film in films:
        # Two films of one clip share the node that collects its frames; each encodes the clip all the same.
        reads[film.region][number[film.clip]] = None
    # A region without nodes (a new rate for the same pictures) is needed when its medium is.
    needed = {m for read in reads.values() for m in read} | {number[f.clip] for f in films}
    todo = sorted(needed)
    while todo:
        region = maker[todo.pop()]
        for medium in graph.region_reads.get(region, ()):
            reads[region][number[medium]] = None
            if number[medium] not in needed:
                needed.add(number[medium])
                todo.append(number[medium])
    return {region: list(read) for region, read in reads.items()}


def _stand_in(
    graph: MediaGraph, region: int, nodes: list[str], saves: Mapping[int, Film], ids: Mapping[int, str]
) -> StandIn | None:
    declared = graph.regions[region].stand_in
    if declared is None:
        return None
    kind, settings = declared
    if region in saves:
        return StandIn(kind=kind, settings={"node": ids[saves[region].save], **settings})
    if kind == "load":
        return StandIn(kind=kind, settings={"node": nodes[0], **settings})
    return StandIn(kind=kind, settings=settings)


def _topological(after: Mapping[int, set[int]]) -> list[int]:
    """Regions, each after those it reads from; among the possible ones the first made comes first."""
    waiting = {region: len(before & after.keys()) for region, before in after.items()}
    readers: dict[int, list[int]] = defaultdict(list)
    for region, before in after.items():
        for source in before:
            readers[source].append(region)
    ready = [region for region, count in waiting.items() if count == 0]
    heapify(ready)
    order: list[int] = []
    while ready:
        region = heappop(ready)
        order.append(region)
        for reader in readers[region]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heappush(ready, reader)
    return order

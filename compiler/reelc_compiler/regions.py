"""The typed view on a job: its stage instances and the media between them.

Media are numbered once and handled as numbers: their facts are exact fractions, which are slow to hash,
and a film of a thousand shots has thousands of media.
"""

from collections import defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from reelc_compiler.ir.graph import MediaGraph, Op
from reelc_compiler.ir.graph import Medium as MediumOp
from reelc_compiler.partition import Piece
from reelc_compiler.plan import Medium, Region, StandIn

# Regions that save something: the node that does, and the medium that it saves.
Sinks = Mapping[int, tuple[int, MediumOp]]


class Views:
    """The typed views on the jobs of one graph; its media are numbered once."""

    def __init__(self, graph: MediaGraph) -> None:
        self._graph = graph
        self._media = list(graph.media)
        self._maker = list(graph.media.values())
        self._number = {medium: i for i, medium in enumerate(self._media)}

    def of(self, piece: Piece, ops: list[Op], ids: Mapping[int, str]) -> tuple[tuple[Region, ...], dict[str, Medium]]:
        """The regions of a job, each after those that it reads from, and the media that pass between them.

        Args:
            piece: the job's content, with its sinks.
            ops: its nodes.
            ids: node numbers to ids in the job's graph.
        """
        maker = self._maker
        sinks = {part.region: (part.save, part.clip) for _, part in piece.parts}
        sinks |= {h.save_region: (h.save, h.medium) for h in piece.saves}
        reads = self._reads(sinks, ops)
        crossing = sorted({m for region, read in reads.items() for m in read if maker[m] != region})
        made: dict[int, list[int]] = defaultdict(list)
        for medium in crossing:
            made[maker[medium]].append(medium)
        nodes: dict[int, list[str]] = defaultdict(list)
        for op in ops:
            if op.region is not None:
                nodes[op.region].append(ids[op.id])
        # What a node of the user's own saves has no medium, and is done in a region all the same.
        own = {self._graph.ops[save.op].region for save in piece.files} - {None}
        foreign = {r: [m for m in reads.get(r, ()) if maker[m] != r] for r in {*made, *sinks, *own} if r is not None}
        order = _topological({r: {maker[m] for m in read} for r, read in foreign.items()})
        names = {medium: f"m{i}" for i, medium in enumerate((m for r in order for m in made[r]), 1)}
        regions = tuple(
            Region(
                id=f"r{i}",
                stage=self._graph.regions[r].stage,
                nodes=tuple(nodes[r]),
                media_in=tuple(names[m] for m in foreign[r]),
                media_out=tuple(names[m] for m in made[r]),
                stand_in=self._stand_in(r, nodes[r], sinks, ids),
            )
            for i, r in enumerate(order, 1)
        )
        media = self._media
        view = {
            name: Medium(node=ids[media[m].ref.op], slot=media[m].ref.slot, facts=media[m].facts)
            for m, name in names.items()
        }
        return regions, view

    def _reads(self, sinks: Sinks, ops: list[Op]) -> dict[int, list[int]]:
        """Which media each region reads, each once, in order of first reading."""
        number = self._number
        reads: dict[int, dict[int, None]] = defaultdict(dict)
        behind: dict[int, dict[int, None]] = {}
        for op in ops:
            known = behind[op.id] = dict.fromkeys(number[m] for m in op.media)
            pictures = {m.ref for m in op.media}
            for ref in op.refs():
                if ref not in pictures:
                    # What is no medium (conditioning, latents) stands for the media that it was made of. Two takes of
                    # one still share the node that encodes it, which belongs to the first of them.
                    known.update(behind[ref.op])
            if op.region is not None:
                reads[op.region].update(known)
        for region, (_, clip) in sinks.items():
            # Two films of one clip share the node that collects its frames; each encodes the clip all the same.
            reads[region][number[clip]] = None
        # A region without nodes (a new rate for the same pictures) is needed when its medium is.
        needed = {m for read in reads.values() for m in read} | {number[clip] for _, clip in sinks.values()}
        todo = sorted(needed)
        while todo:
            region = self._maker[todo.pop()]
            for medium in self._graph.region_reads.get(region, ()):
                reads[region][number[medium]] = None
                if number[medium] not in needed:
                    needed.add(number[medium])
                    todo.append(number[medium])
        # A node that stages share is the first one's, and comes last here: the order is that in which a stage asks.
        return {region: self._ordered(region, read) for region, read in reads.items()}

    def _ordered(self, region: int, read: Mapping[int, None]) -> list[int]:
        if len(read) < 2:
            return list(read)
        asked = {self._number.get(m): i for i, m in enumerate(self._graph.asked.get(region, ()))}
        return sorted(read, key=lambda medium: asked.get(medium, len(asked)))

    def _stand_in(self, region: int, nodes: list[str], sinks: Sinks, ids: Mapping[int, str]) -> StandIn | None:
        declared = self._graph.regions[region].stand_in
        if declared is None:
            return None
        kind, settings = declared
        if region in sinks:
            return StandIn(kind=kind, settings={"node": ids[sinks[region][0]], **settings})
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

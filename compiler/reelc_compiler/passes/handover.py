"""Cut the media graph after each stage that samples, and where it is asked for.

What a sampler makes is the expensive part of a film, and the part that people look at before they pay
for the rest. So it becomes a file of its own: a change of the upscale then repeats no generation, another
worker can go on from it, and it can be kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reelc_compiler.catalog import Catalog
from reelc_compiler.facts import AUDIO
from reelc_compiler.ir.graph import Film, Handover, MediaGraph, Medium, Op, Ref, RegionOp
from reelc_compiler.target.comfyui import handover as form
from reelc_dsl.records import dataclass

# An input of this name is where a node takes its noise from: in ComfyUI's samplers and in those of packs.
SEED_INPUTS = frozenset({"seed", "noise_seed"})


def samples(op: Op, catalog: Catalog) -> bool:
    """Whether a node makes pictures out of noise."""
    schema = catalog.get(op.class_type)
    return schema is not None and any(i.name in SEED_INPUTS and i.type == "INT" for i in schema.inputs)


def cut(graph: MediaGraph, catalog: Catalog) -> MediaGraph:
    """The graph with a save and a load node at each result of a sampling stage that others read.

    Needs: nodes in topological order. Guarantees: the same; no path without a hand-over from a sampling
    stage to a node outside it. Preserves: facts, regions, films. Doing it twice changes nothing. A catalog
    without the nodes that it takes leaves the graph as it is.
    """
    if graph.handovers:
        return graph
    reached = graph.closure(graph.sinks())
    places = _Places.of(graph, catalog, reached)
    reached |= graph.closure(medium.ref.op for medium, region in graph.media.items() if places.heard(medium, region))
    found = {
        ref: medium
        for ref, medium in _results(graph, places, reached).items()
        if form.form_of(medium.facts).save in catalog and form.form_of(medium.facts).load in catalog
    }
    return _Cutter(graph, found, places).run() if found else graph


@dataclass(frozen=True, slots=True)
class _Places:
    """Where regions read what others make.

    Attributes:
        kept: those whose results are handed over whole: what samples, and what asks for it.
        handed: those that take frames for a join.
        close: those, and those of films' sounds: they read what is not kept where it is made.
    """

    kept: frozenset[int | None]
    handed: frozenset[int]
    close: frozenset[int]

    @classmethod
    def of(cls, graph: MediaGraph, catalog: Catalog, reached: frozenset[int]) -> "_Places":
        tracks = (film.track for film in graph.films if film.track is not None)
        handed = frozenset(region.id for region in graph.regions if region.handed)
        return cls(
            kept=frozenset(op.region for op in graph.ops if op.id in reached and samples(op, catalog))
            | {region.id for region in graph.regions if region.kept},
            handed=handed,
            close=handed | {track.part.region for track in tracks if track.part is not None},
        )

    def same(self, maker: int, reader: int | None) -> bool:
        """Whether a region reads what another makes in the job that makes it.

        A film's sound goes straight into its file, and frames that a join wants are taken where a clip was made; but
        not where that is handed over whole: the job of a sampler is the same whatever is done with what it makes, so
        that no change of a join, or of the sound, samples it again.
        """
        return reader == maker or (reader in self.close and maker not in self.kept)

    def heard(self, medium: Medium, maker: int) -> bool:
        """Whether it is a sound that is handed over even if nobody wants it yet."""
        return medium.facts.kind == AUDIO and maker in self.kept


def _results(graph: MediaGraph, places: _Places, reached: frozenset[int]) -> dict[Ref, Medium]:
    """The slots where pictures are handed to other jobs, each with its medium as the stage made it."""
    makers = places.kept | places.handed
    made: dict[Ref, Medium] = {}
    for medium, region in graph.media.items():
        maker = graph.ops[medium.ref.op]
        if region in makers and maker.region == region and maker.id in reached:
            made.setdefault(medium.ref, medium)
    read = {
        ref
        for op in graph.ops
        if op.id in reached
        for ref in op.refs()
        if ref in made and not places.same(graph.media[made[ref]], op.region)
    }
    return {ref: medium for ref, medium in made.items() if ref in read or places.heard(medium, graph.media[medium])}


class _Cutter:
    """Rebuilds the graph, with new numbers for its nodes."""

    def __init__(self, graph: MediaGraph, found: Mapping[Ref, Medium], places: _Places) -> None:
        self.graph = graph
        self.found = found
        self.results: dict[int, list[Ref]] = defaultdict(list)
        for ref in found:
            self.results[ref.op].append(ref)
        self.ops: list[Op] = []
        self.regions: list[RegionOp] = list(graph.regions)
        self.numbers: dict[int, int] = {}
        self.loaded: dict[Ref, Ref] = {}
        self.handovers: list[Handover] = []
        self.places = places

    def run(self) -> MediaGraph:
        """The cut graph."""
        for op in self.graph.ops:
            self.numbers[op.id] = len(self.ops)
            self.ops.append(self._copied(op))
            for ref in self.results[op.id]:
                self._hand_over(ref, self.found[ref], op)
        return MediaGraph(
            ops=tuple(self.ops),
            regions=tuple(self.regions),
            media=self._media(),
            region_reads={
                region: tuple(self._medium(m, region) for m in media)
                for region, media in self.graph.region_reads.items()
            },
            films=tuple(self._film(film) for film in self.graph.films),
            saves=tuple(replace(save, op=self.numbers[save.op]) for save in self.graph.saves),
            asked={region: tuple(self._medium(m, region) for m in media) for region, media in self.graph.asked.items()},
            names={self._kept(medium): names for medium, names in self.graph.names.items()},
            handovers=tuple(self.handovers),
        )

    def _copied(self, op: Op) -> Op:
        inputs = tuple((name, self._ref(v, op.region) if isinstance(v, Ref) else v) for name, v in op.inputs)
        media = tuple(self._medium(m, op.region) for m in op.media)
        return replace(op, id=len(self.ops), inputs=inputs, media=media)

    def _hand_over(self, ref: Ref, medium: Medium, op: Op) -> None:
        kept = self._kept(medium)
        how = form.form_of(medium.facts)
        stage = self.graph.regions[self.graph.media[medium]]
        number = len(self.handovers) + 1
        save_region = self._region("save", stage)
        save = self._new(
            how.save, op, form.save_inputs(kept.ref, f"reelc/handover-{number}", medium.facts), save_region
        )
        self.ops[save] = replace(self.ops[save], media=(kept,))
        load_region = self._region("load", stage)
        load = self._new(how.load, op, {how.load_field: f"handover-{number}.{how.container}"}, load_region)
        self.loaded[ref] = Ref(load, 0, ref.type)
        self.regions[save_region] = replace(
            self.regions[save_region], stand_in=("keep", {"field": form.PREFIX, "container": how.container})
        )
        self.regions[load_region] = replace(self.regions[load_region], stand_in=("load", {"field": how.load_field}))
        self.handovers.append(
            Handover(
                medium=kept,
                save=save,
                save_region=save_region,
                load=load,
                load_region=load_region,
                loaded=Medium(self.loaded[ref], medium.facts),
                stage=stage.stage,
            )
        )

    def _new(self, class_type: str, op: Op, inputs: Mapping[str, Any], region: int) -> int:
        number = len(self.ops)
        self.ops.append(
            Op(
                id=number,
                class_type=class_type,
                inputs=tuple(inputs.items()),
                region=region,
                stack=op.stack,
            )
        )
        return number

    def _region(self, name: str, stage: RegionOp) -> int:
        number = len(self.regions)
        self.regions.append(RegionOp(id=number, stage=name, stand_in=None, estimate={}, stack=stage.stack))
        return number

    # -- references: inside the stage as before, elsewhere to what was loaded ------------------

    def _ref(self, ref: Ref, region: int | None) -> Ref:
        medium = self.found.get(ref)
        if medium is not None and not self.places.same(self.graph.media[medium], region):
            return self.loaded[ref]
        return replace(ref, op=self.numbers[ref.op])

    def _medium(self, medium: Medium, region: int | None) -> Medium:
        return Medium(self._ref(medium.ref, region), medium.facts)

    def _kept(self, medium: Medium) -> Medium:
        """A medium on its own side of the cut."""
        return Medium(replace(medium.ref, op=self.numbers[medium.ref.op]), medium.facts)

    def _media(self) -> dict[Medium, int]:
        out: dict[Medium, int] = {}
        by_loaded = {h.loaded: h.load_region for h in self.handovers}
        for medium, region in self.graph.media.items():
            result = self.found.get(medium.ref)
            if result is None or region == self.graph.media[result]:
                out[self._kept(medium)] = region
            if result is not None:
                loaded = Medium(self.loaded[medium.ref], medium.facts)
                # Facts that another stage restates for the same pictures belong to that stage.
                out[loaded] = by_loaded.get(loaded, region)
        return out

    def _film(self, film: Film) -> Film:
        parts = tuple(
            replace(part, clip=self._medium(part.clip, part.region), save=self.numbers[part.save])
            for part in film.parts
        )
        track = film.track
        if track is not None and track.part is not None:
            sound = track.part
            handed = next((h for h in self.handovers if h.medium == self._kept(sound.clip)), None)
            if handed is not None:
                # What is handed over is the film's sound as it is.
                part = replace(sound, clip=handed.medium, save=handed.save, region=handed.save_region)
                return replace(film, parts=parts, track=replace(track, part=part))
            moved = replace(sound, clip=self._medium(sound.clip, sound.region), save=self.numbers[sound.save])
            track = replace(track, part=moved)
        return replace(film, parts=parts, track=track)


def made_by(handovers: Iterable[Handover]) -> dict[int, Handover]:
    """Hand-overs by their saving node."""
    return {h.save: h for h in handovers}

"""The media graph to a plan: hand-overs, partition into jobs, API-format graphs, needs, keys, spans."""

from collections.abc import Mapping
from dataclasses import replace

from reelc_compiler.catalog import Catalog, expand_inputs
from reelc_compiler.catalog.models import Lookup, ModelInfo, lookup
from reelc_compiler.codecs import CODECS, SEQUENCE
from reelc_compiler.elaborate import Elaborated
from reelc_compiler.facts import AUDIO, Json
from reelc_compiler.ir.graph import Film, FilmPart, Handover, MediaGraph, Op
from reelc_compiler.ir.graph import Save as SaveOp
from reelc_compiler.partition import Piece, partition
from reelc_compiler.passes.handover import cut
from reelc_compiler.plan import (
    Artifact,
    CatalogRef,
    Encode,
    Job,
    Model,
    Needs,
    Output,
    Pack,
    Place,
    Plan,
    Save,
    Sound,
    Stack,
    Upload,
    Variant,
    plan_keys,
)
from reelc_compiler.regions import Views
from reelc_compiler.sema.program import Program
from reelc_compiler.target.comfyui import handover as form
from reelc_compiler.target.comfyui.emit import emit
from reelc_dsl.diagnostics import Frame
from reelc_dsl.source import Source

# Model folders are what these are not: files of the user's own.
USER_FOLDERS = ("input", "output", "temp")


def lower(
    elaborated: Elaborated, program: Program, catalog: Catalog, *, whole: bool = False, models: Lookup = lookup
) -> Plan:
    """The plan of an elaborated pipeline.

    Args:
        whole: everything in one graph, without hand-overs.
        models: what is known of model files.
    """
    graph = elaborated.graph if whole else cut(elaborated.graph, catalog)
    lowering = _Lowering(graph, catalog, models)
    places = Places(program)
    jobs: list[Job] = []
    spans: dict[str, dict[str, Stack]] = {}
    for number, piece in enumerate(partition(graph, catalog, whole=whole), 1):
        ops = [graph.ops[i] for i in sorted(piece.ops)]
        ids = {op.id: str(i) for i, op in enumerate(ops, 1)}
        job = lowering.job(f"{number:02}-{piece.name}", piece, ops, ids)
        jobs.append(job)
        spans[job.id] = {ids[op.id]: places.stack(op.stack) for op in ops}
    keys = plan_keys(jobs, elaborated.inputs, catalog.comfyui)
    return Plan(
        pipeline=elaborated.pipeline,
        catalog=CatalogRef(name=catalog.name, comfyui=catalog.comfyui, sha256=catalog.sha256),
        params=_together([made.params for made in elaborated.variants.values()]),
        takes=elaborated.variants[""].takes if "" in elaborated.variants else {},
        variants=tuple(
            Variant(name=name, params=made.params, takes=made.takes)
            for name, made in elaborated.variants.items()
            if name
        ),
        inputs=elaborated.inputs,
        jobs=tuple(replace(job, keys=keys[job.id]) for job in jobs),
        outputs=tuple(_output(film, lowering.ready) for film in graph.films),
        spans=spans,
    )


class _Lowering:
    """Jobs one after another; ``ready`` holds what the ones before leave, by the saving node."""

    def __init__(self, graph: MediaGraph, catalog: Catalog, models: Lookup) -> None:
        self.graph = graph
        self.catalog = catalog
        self.models = models
        self.views = Views(graph)
        self.ready: dict[int, Artifact] = {}
        self.makers: dict[str, str] = {}
        self.numbers: dict[int, str] = {}
        for film in graph.films:
            saves = dict.fromkeys(part.save for part in film.parts)
            if len(saves) > 1:
                self.numbers |= {save: f"-{i}" for i, save in enumerate(saves, 1)}

    def job(self, name: str, piece: Piece, ops: list[Op], ids: Mapping[int, str]) -> Job:
        """The job of a piece."""
        regions, media = self.views.of(piece, ops, ids)
        emitted = emit(ops, ids)
        made = self._made(name, piece, ids)
        taken = [_taken(self.ready[handover.save], ids[handover.load]) for handover in piece.loads]
        # What stands in the graph until it is sent: names that people recognise.
        for artifact in made:
            emitted[artifact.node]["inputs"][artifact.field] = f"reelc/{artifact.id.removeprefix(name + '.')}"
        for artifact in taken:
            emitted[artifact.node]["inputs"][artifact.field] = f"{artifact.id}.{artifact.container}"
        after = sorted({self.makers[artifact.id] for artifact in taken})
        self.makers.update({artifact.id: name for artifact in made})
        return Job(
            id=name,
            graph=emitted,
            # A node that loads an input has the file's name as its one input.
            uploads=tuple(
                Upload(node=ids[op.id], field=op.inputs[0][0], input=op.file) for op in ops if op.file is not None
            ),
            artifacts_in=tuple(taken),
            artifacts_out=tuple(made),
            needs=_needs(self.graph, piece, ops, ids, self.catalog, self.models),
            estimate=None,
            after=tuple(after),
            regions=regions,
            media=media,
            keys={},
            saves=tuple(self._file(save, ids) for save in piece.files),
        )

    def _file(self, save: SaveOp, ids: Mapping[int, str]) -> Save:
        op = self.graph.ops[save.op]
        prefixed = isinstance(dict(op.inputs).get(form.PREFIX), str)
        field = form.PREFIX if prefixed else None
        return Save(name=save.name, node=ids[op.id], class_type=op.class_type, field=field)

    def _made(self, name: str, piece: Piece, ids: Mapping[int, str]) -> list[Artifact]:
        made: list[Artifact] = []
        for film, part in piece.parts:
            artifact = f"{name}.{film.name}{self.numbers.get(part.save, '')}"
            if part not in film.parts:
                artifact = f"{name}.{film.name}-sound"
            made.append(_film_part(artifact, ids[part.save], film, part))
            self.ready[part.save] = made[-1]
        for number, handover in enumerate(piece.saves, 1):
            names = self.graph.names
            called = dict.fromkeys(names.get(handover.medium, ()) + names.get(handover.loaded, ()))
            taken = self.graph.regions[self.graph.media[handover.medium]].handed
            suffix = f"-{number}" if len(piece.saves) > 1 else ""
            made.append(_kept(name + suffix, ids[handover.save], handover, () if taken else (*called, handover.stage)))
            self.ready[handover.save] = made[-1]
        return made


def _film_part(name: str, node: str, film: Film, part: FilmPart) -> Artifact:
    picture, sound = CODECS[film.codec], part.clip.facts.kind == AUDIO
    return Artifact(
        id=name,
        node=node,
        field=form.PREFIX,
        container=form.SOUND.container if sound else picture.container,
        codec=form.SOUND.codec if sound else picture.stream,
        facts=part.clip.facts,
        names=(film.name,),
    )


def _kept(name: str, node: str, handover: Handover, called: tuple[str, ...]) -> Artifact:
    return Artifact(
        id=name,
        node=node,
        field=form.PREFIX,
        container=form.form_of(handover.medium.facts).container,
        codec=form.form_of(handover.medium.facts).codec,
        facts=handover.medium.facts,
        names=called,
    )


def _taken(artifact: Artifact, node: str) -> Artifact:
    return replace(artifact, node=node, field=form.form_of(artifact.facts).load_field)


def _output(film: Film, ready: Mapping[int, Artifact]) -> Output:
    codec = CODECS[film.codec]
    track, sound = film.track, None
    if track is not None:
        made = ready[track.part.save].id if track.part is not None else None
        sound = Sound(input=track.file, artifact=made, facts=track.facts, how=track.how)
    sequence = codec.name == SEQUENCE
    return Output(
        name=film.name,
        # The pictures of a sequence are files of a folder.
        file=film.name if sequence else f"{film.name}.{codec.container}",
        artifacts=tuple(ready[part.save].id for part in film.parts),
        join="split" if sequence else "copy",
        encode=Encode(
            container=codec.container,
            codec=codec.name,
            crf=film.crf,
            pix_fmt=film.pix_fmt,
            color=film.color,
            # Of the others the index stands at the end, or there is none.
            faststart=codec.container in ("mp4", "mov"),
        ),
        sound=sound,
        facts=film.facts,
        variant=film.variant,
    )


def _together(params: list[Mapping[str, Json]]) -> dict[str, Json]:
    """The parameters of all variants: a list of values where they differ."""
    out: dict[str, Json] = {}
    for name in params[0] if params else ():
        values = [mine.get(name) for mine in params]
        out[name] = values[0] if all(v == values[0] for v in values) else values
    return out


# -- needs -----------------------------------------------------------------------------------


def _needs(
    graph: MediaGraph, piece: Piece, ops: list[Op], ids: Mapping[int, str], catalog: Catalog, known: Lookup
) -> Needs:
    packs: dict[str, set[str]] = {}
    models: dict[tuple[str, str], Model] = {}
    for op in ops:
        schema = catalog.get(op.class_type)
        assert schema is not None, "only nodes of the catalog are made"
        if schema.pack in catalog.packs and schema.pack != "core":
            packs.setdefault(schema.pack, set()).add(op.class_type)
        inputs = dict(op.inputs)
        for name, wanted in expand_inputs(schema, inputs).items():
            value = inputs.get(name)
            if wanted.files is not None and wanted.files not in USER_FOLDERS and isinstance(value, str):
                key = (wanted.files, value)
                models.setdefault(key, _model(*key, ids[op.id], name, known(*key)))
    # A loader that several jobs share belongs to the stage instance that came first, which may be another job's.
    # A film that was given takes its memory in each.
    own = [op for op in ops if op.id in piece.heavy or op.file is not None]
    used = {op.region for op in own if op.region is not None}
    vram = [int(graph.regions[r].estimate["vram"]) for r in used if "vram" in graph.regions[r].estimate]
    ram = [int(graph.regions[r].estimate["ram"]) for r in used if "ram" in graph.regions[r].estimate]
    return Needs(
        packs=tuple(
            Pack(
                name=name,
                repo=catalog.packs[name].repo,
                commit=catalog.packs[name].commit,
                classes=tuple(sorted(classes)),
            )
            for name, classes in sorted(packs.items())
        ),
        models=tuple(models[key] for key in sorted(models)),
        vram=max(vram, default=None),
        ram=max(ram, default=None),
    )


def _model(folder: str, file: str, node: str, field: str, known: ModelInfo | None) -> Model:
    if known is None:
        return Model(folder=folder, file=file, node=node, field=field)
    return Model(
        folder=folder,
        file=file,
        node=node,
        field=field,
        sha256=known.sha256,
        bytes=known.bytes,
        url=known.url,
        licence=known.licence,
        commercial=known.commercial,
    )


# -- places ----------------------------------------------------------------------------------


class Places:
    """Spans as places in files, by the names that modules have in the program."""

    def __init__(self, program: Program) -> None:
        # A library's file has the same name for everyone.
        self._files = {
            id(module.source): module.source.name if module.source.library else key
            for key, module in program.modules.items()
        }

    def stack(self, frames: tuple[Frame, ...]) -> Stack:
        """A stack of calls as places."""
        return tuple(self.place(frame) for frame in frames)

    def place(self, frame: Frame) -> Place:
        """One call as a place."""
        source: Source = frame.span.source
        line, column = source.position(frame.span.start)
        end_line, end_column = source.position(frame.span.end)
        return Place(
            file=self._files.get(id(source), source.name),
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            name=frame.name,
            library=source.library,
        )

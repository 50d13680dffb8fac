"""The media graph to a plan: partition into jobs, API-format graphs, needs, keys, spans.

Partition today is by connection alone: films that share work share a job, independent ones get a
job each. Cuts inside a component come with hand-overs between jobs.
"""

from collections.abc import Mapping
from dataclasses import replace

from reelc_compiler.catalog import Catalog, expand_inputs
from reelc_compiler.catalog.models import lookup
from reelc_compiler.elaborate import Elaborated
from reelc_compiler.ir.graph import Film, MediaGraph, Op
from reelc_compiler.plan import (
    Artifact,
    CatalogRef,
    Encode,
    Engine,
    Job,
    Model,
    Needs,
    Output,
    Pack,
    Place,
    Plan,
    Stack,
    Upload,
    job_key,
)
from reelc_compiler.regions import typed_view
from reelc_compiler.sema.program import Program
from reelc_compiler.target.comfyui.emit import emit
from reelc_dsl.diagnostics import Frame
from reelc_dsl.source import Source

# Model folders are what these are not: files of the user's own.
USER_FOLDERS = ("input", "output", "temp")


def lower(elaborated: Elaborated, program: Program, catalog: Catalog) -> Plan:
    """The plan of an elaborated pipeline."""
    graph = elaborated.graph
    places = Places(program)
    jobs: list[Job] = []
    outputs: list[Output] = []
    spans: dict[str, dict[str, Stack]] = {}
    reference = CatalogRef(name=catalog.name, comfyui=catalog.comfyui, sha256=catalog.sha256)
    for number, component in enumerate(graph.components(), 1):
        films = [f for f in graph.films if f.save in component]
        ops = [op for op in graph.ops if op.id in component]
        ids = {op.id: str(i) for i, op in enumerate(ops, 1)}
        job = _job(f"{number:02}-{films[0].name}", graph, films, ops, ids, catalog)
        keys: dict[str, str] = {}
        engines: tuple[Engine, ...] = ("render", "preview")
        for engine in engines:
            keys[engine] = job_key(job, elaborated.inputs, catalog.comfyui, engine)
        jobs.append(replace(job, keys=keys))
        spans[job.id] = {ids[op.id]: places.stack(op.stack) for op in ops}
        outputs.extend(_output(f, a) for f, a in zip(films, job.artifacts_out, strict=True))
    order = [f.name for f in graph.films]
    return Plan(
        pipeline=elaborated.pipeline,
        catalog=reference,
        params=elaborated.params,
        inputs=elaborated.inputs,
        jobs=tuple(jobs),
        outputs=tuple(sorted(outputs, key=lambda o: order.index(o.name))),
        spans=spans,
    )


def _job(
    name: str, graph: MediaGraph, films: list[Film], ops: list[Op], ids: Mapping[int, str], catalog: Catalog
) -> Job:
    regions, media = typed_view(graph, films, ops, ids)
    return Job(
        id=name,
        graph=emit(ops, ids),
        uploads=tuple(Upload(node=ids[op.id], field="image", input=op.file) for op in ops if op.file is not None),
        artifacts_in=(),
        artifacts_out=tuple(
            Artifact(
                id=f"{name}.{film.name}",
                node=ids[film.save],
                field="filename_prefix",
                container="mp4",
                codec=film.codec,
                facts=film.clip.facts,
            )
            for film in films
        ),
        needs=_needs(graph, ops, ids, catalog),
        estimate=None,
        after=(),
        regions=regions,
        media=media,
        keys={},
    )


def _output(film: Film, artifact: Artifact) -> Output:
    return Output(
        name=film.name,
        file=f"{film.name}.mp4",
        artifacts=(artifact.id,),
        join="copy",
        encode=Encode(container="mp4", codec=film.codec, crf=film.crf),
        facts=film.clip.facts,
    )


# -- needs -----------------------------------------------------------------------------------


def _needs(graph: MediaGraph, ops: list[Op], ids: Mapping[int, str], catalog: Catalog) -> Needs:
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
                models.setdefault((wanted.files, value), _model(wanted.files, value, ids[op.id], name))
    used = {op.region for op in ops if op.region is not None}
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


def _model(folder: str, file: str, node: str, field: str) -> Model:
    known = lookup(folder, file)
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
        self._files = {
            id(module.source): f"std/{key.removeprefix('std.')}.reel" if key.startswith("std.") else key
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

"""The plan: what the compiler hands to the runtime, and the files it is written as.

A plan says *what* is to be made and never *where*: no host, no absolute path, no time. It is a
folder of ``plan.json``, ``jobs/NN-name.json`` (each a pure ComfyUI API-format graph) and
``spans.json`` (the places in the source that each graph node came from; the only file that
changes when the source is merely reformatted).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, cast

from reelc_compiler.canonical import pretty, sha256
from reelc_compiler.facts import Facts, Input, Json

__all__ = [
    "Artifact",
    "CatalogRef",
    "Encode",
    "Engine",
    "Facts",
    "Graph",
    "Input",
    "Job",
    "Json",
    "Medium",
    "Model",
    "Needs",
    "Output",
    "Pack",
    "Place",
    "Plan",
    "PlanError",
    "Region",
    "Stack",
    "StandIn",
    "Upload",
    "job_key",
    "media_to_json",
    "plan_schema",
]

PLAN_SCHEMA = 1
KEY_SCHEMA = 1

Graph = dict[str, dict[str, Any]]
Engine = Literal["render", "preview"]


class PlanError(Exception):
    """A plan that cannot be read; the message says what is wrong and where in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Where an input's name stands in a job's graph: ``graph[node]["inputs"][field]``."""

    node: str
    field: str
    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that a job leaves behind.

    Args:
        id: unique in the plan.
        node: the node that saves it; its outputs in the history name the file.
        field: the node's input that holds the file prefix, substituted at submission.
        container, codec: what the file must turn out to be, ``mp4`` and ``h264``.
        facts: verified by decoding before the job counts as done.
    """

    id: str
    node: str
    field: str
    container: str
    codec: str
    facts: Facts

    def to_json(self) -> Json:
        return {
            "id": self.id,
            "node": self.node,
            "field": self.field,
            "container": self.container,
            "codec": self.codec,
            "facts": self.facts.to_json(),
        }

    @staticmethod
    def from_json(value: Json) -> "Artifact":
        fields: dict[str, Any] = {**value, "facts": Facts.from_json(value["facts"])}
        return Artifact(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A node pack that a job's graph uses; ``core`` is never listed."""

    name: str
    repo: str
    commit: str
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model file that a job needs; None means unknown, and is said so.

    Args:
        folder: ComfyUI's models folder, ``checkpoints``.
        file: the name as it stands in the graph.
        node, field: where it stands.
        sha256, bytes, url, licence, commercial: from the model registry, where known.
    """

    folder: str
    file: str
    node: str
    field: str
    sha256: str | None = None
    bytes: int | None = None
    url: str | None = None
    licence: str | None = None
    commercial: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a worker must have before a job is sent to it. Memory in bytes, as the stages estimate it."""

    packs: tuple[Pack, ...] = ()
    models: tuple[Model, ...] = ()
    vram: int | None = None
    ram: int | None = None

    def to_json(self) -> Json:
        return {
            "packs": [
                {"name": p.name, "repo": p.repo, "commit": p.commit, "classes": list(p.classes)} for p in self.packs
            ],
            "models": [{name: getattr(m, name) for name in Model.__slots__} for m in self.models],
            "vram": self.vram,
            "ram": self.ram,
        }

    @staticmethod
    def from_json(value: Json) -> "Needs":
        return Needs(
            packs=tuple(
                Pack(name=p["name"], repo=p["repo"], commit=p["commit"], classes=tuple(p["classes"]))
                for p in value["packs"]
            ),
            models=tuple(Model(**m) for m in value["models"]),
            vram=value["vram"],
            ram=value["ram"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """How the preview worker acts for a region: a kind and its settings (JSON values)."""

    kind: str
    settings: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A stage instance: the unit of which previews, progress and reports speak.

    Args:
        id: ``r1``, ``r2``, ...
        stage: the qualified stage name, ``std.svd.animate``; ``load`` and ``video`` for sources and sinks.
        nodes: ids of its nodes in the job's graph.
        media_in, media_out: ids in :attr:`Job.media`.
        stand_in: None when the stage declares none; a preview then refuses it by name.
    """

    id: str
    stage: str
    nodes: tuple[str, ...]
    media_in: tuple[str, ...]
    media_out: tuple[str, ...]
    stand_in: StandIn | None

    def to_json(self) -> Json:
        stand_in = self.stand_in
        return {
            "id": self.id,
            "stage": self.stage,
            "nodes": list(self.nodes),
            "media_in": list(self.media_in),
            "media_out": list(self.media_out),
            "stand_in": None if stand_in is None else {"kind": stand_in.kind, "settings": dict(stand_in.settings)},
        }

    @staticmethod
    def from_json(value: Json) -> "Region":
        stand_in = value["stand_in"]
        return Region(
            id=value["id"],
            stage=value["stage"],
            nodes=tuple(value["nodes"]),
            media_in=tuple(value["media_in"]),
            media_out=tuple(value["media_out"]),
            stand_in=None if stand_in is None else StandIn(**stand_in),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A medium inside a job: the output slot that carries it, and its facts."""

    node: str
    slot: int
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One graph for one worker. See :data:`KEY_SCHEMA` and :func:`job_key` for ``key``.

    Args:
        id: ``01-film``; also the name of the graph's file.
        graph: the API-format graph, with input base names and file prefixes as placeholders.
        uploads, artifacts_in, artifacts_out: what goes in and comes out.
        needs: what a worker must have.
        estimate: minutes and cost, None while nothing honest can be said.
        after: ids of jobs that must be done first.
        regions, media: the typed view on the graph; travels as ``extra_data.reelc``.
    """

    id: str
    graph: Graph
    uploads: tuple[Upload, ...]
    artifacts_in: tuple[Artifact, ...]
    artifacts_out: tuple[Artifact, ...]
    needs: Needs
    estimate: Json
    after: tuple[str, ...]
    regions: tuple[Region, ...]
    media: Mapping[str, Medium]
    keys: Mapping[str, str]

    @property
    def path(self) -> str:
        """The graph's file inside the plan's folder."""
        return f"jobs/{self.id}.json"

    def to_json(self) -> Json:
        """As in ``plan.json``: everything but the graph, which has its own file."""
        return {
            "id": self.id,
            "graph": self.path,
            "uploads": [{"node": u.node, "field": u.field, "input": u.input} for u in self.uploads],
            "artifacts_in": [a.to_json() for a in self.artifacts_in],
            "artifacts_out": [a.to_json() for a in self.artifacts_out],
            "needs": self.needs.to_json(),
            "estimate": self.estimate,
            "after": list(self.after),
            "regions": [r.to_json() for r in self.regions],
            "media": media_to_json(self.media),
            "key": dict(self.keys),
        }

    @staticmethod
    def from_json(value: Json, graph: Graph) -> "Job":
        return Job(
            id=value["id"],
            graph=graph,
            uploads=tuple(Upload(**u) for u in value["uploads"]),
            artifacts_in=tuple(Artifact.from_json(a) for a in value["artifacts_in"]),
            artifacts_out=tuple(Artifact.from_json(a) for a in value["artifacts_out"]),
            needs=Needs.from_json(value["needs"]),
            estimate=value["estimate"],
            after=tuple(value["after"]),
            regions=tuple(Region.from_json(r) for r in value["regions"]),
            media={
                name: Medium(node=m["node"], slot=m["slot"], facts=Facts.from_json(m["facts"]))
                for name, m in value["media"].items()
            },
            keys=value["key"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """How an output file is encoded.

    Args:
        container: ``mp4``.
        codec: ``h264``.
        crf: constant rate factor of the encoder, 0 to 51.
        pix_fmt: ``yuv420p``.
        color: ``bt709``: primaries, transfer and matrix, limited range.
        faststart: the index stands before the pictures.
    """

    container: str
    codec: str
    crf: int
    pix_fmt: str = "yuv420p"
    color: str = "bt709"
    faststart: bool = True

    def to_json(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One film: which artifacts, in which order, joined how, become which file.

    Args:
        name: the ``output``'s name in the program.
        file: the file's name, ``film.mp4``; a preview is written as ``film.preview.mp4``.
        artifacts: ids, in the order of time.
        join: ``copy``: the artifact's packets are copied, nothing is encoded again.
        encode: what the file must be.
        facts: what the file must turn out to have.
    """

    name: str
    file: str
    artifacts: tuple[str, ...]
    join: str
    encode: Encode
    facts: Facts

    def to_json(self) -> Json:
        return {
            "name": self.name,
            "file": self.file,
            "artifacts": list(self.artifacts),
            "join": self.join,
            "encode": self.encode.to_json(),
            "facts": self.facts.to_json(),
        }

    @staticmethod
    def from_json(value: Json) -> "Output":
        return Output(
            name=value["name"],
            file=value["file"],
            artifacts=tuple(value["artifacts"]),
            join=value["join"],
            encode=Encode(**value["encode"]),
            facts=Facts.from_json(value["facts"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRef:
    """The one catalog that a plan was compiled against."""

    name: str
    comfyui: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a source file: 1-based lines and columns (code points), end exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    name: str
    library: bool = False

    def to_json(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}


Stack = tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything the runtime needs; see the module's text.

    Args:
        pipeline: its name.
        catalog: what the graphs were validated against.
        params: the pipeline's parameters as resolved, in JSON values.
        inputs, jobs, outputs: what goes in, what runs, what comes out (the assembly).
        spans: per job id and node id, the calls from the user's file inwards, outermost first.
    """

    pipeline: str
    catalog: CatalogRef
    params: Mapping[str, Json]
    inputs: tuple[Input, ...]
    jobs: tuple[Job, ...]
    outputs: tuple[Output, ...]
    spans: Mapping[str, Mapping[str, Stack]]

    def to_json(self) -> Json:
        """The content of ``plan.json``."""
        return {
            "schema": PLAN_SCHEMA,
            "reel": 1,
            "pipeline": self.pipeline,
            "catalog": {"name": self.catalog.name, "comfyui": self.catalog.comfyui, "sha256": self.catalog.sha256},
            "params": dict(self.params),
            "inputs": [i.to_json() for i in self.inputs],
            "jobs": [j.to_json() for j in self.jobs],
            "assembly": [o.to_json() for o in self.outputs],
        }

    def to_files(self) -> dict[str, bytes]:
        """The plan's folder: POSIX paths to contents, the same bytes for the same plan."""
        files = {"plan.json": pretty(self.to_json())}
        for job in self.jobs:
            files[job.path] = pretty(job.graph)
        spans = {
            job: {node: [place.to_json() for place in stack] for node, stack in nodes.items()}
            for job, nodes in self.spans.items()
        }
        files["spans.json"] = pretty(spans)
        return files

    @staticmethod
    def from_files(files: Mapping[str, Json]) -> "Plan":
        """Rebuild a plan from parsed JSON files.

        Args:
            files: POSIX path inside the plan's folder to parsed JSON.

        Raises:
            PlanError: a file is missing or does not fit the plan's schema, or a graph is not the
                one that its key was made from.
        """
        import jsonschema

        if "plan.json" not in files:
            raise PlanError("plan.json is missing")
        value = files["plan.json"]
        error = next(iter(sorted(jsonschema.Draft202012Validator(plan_schema()).iter_errors(value), key=str)), None)
        if error is not None:
            where = "".join(f"[{p!r}]" if isinstance(p, str) else f"[{p}]" for p in error.absolute_path)
            raise PlanError(f"plan.json{where}: {error.message[:200]}")
        jobs: list[Job] = []
        for entry in value["jobs"]:
            graph: Any = files.get(entry["graph"])
            if not isinstance(graph, dict):
                raise PlanError(f"{entry['graph']} is missing or not a graph")
            jobs.append(Job.from_json(entry, cast(Graph, graph)))
        inputs = tuple(Input.from_json(i) for i in value["inputs"])
        for job in jobs:
            for engine, key in job.keys.items():
                if (
                    job_key(job, inputs, value["catalog"]["comfyui"], "preview" if engine == "preview" else "render")
                    != key
                ):
                    raise PlanError(f"{job.path} was changed after it was compiled: its key does not match")
        spans = files.get("spans.json", {})
        return Plan(
            pipeline=value["pipeline"],
            catalog=CatalogRef(**value["catalog"]),
            params=value["params"],
            inputs=inputs,
            jobs=tuple(jobs),
            outputs=tuple(Output.from_json(o) for o in value["assembly"]),
            spans={
                job: {node: tuple(Place(**place) for place in stack) for node, stack in nodes.items()}
                for job, nodes in spans.items()
            },
        )


def media_to_json(media: Mapping[str, Medium]) -> Json:
    """A job's media as in ``plan.json`` and ``extra_data.reelc``."""
    return {name: {"node": m.node, "slot": m.slot, "facts": m.facts.to_json()} for name, m in media.items()}


def job_key(job: Job, inputs: tuple[Input, ...], comfyui: str, engine: Engine) -> str:
    """The identity of a job's result: equal keys, interchangeable results.

    It covers the key schema, the engine, the graph without its titles, the contents of inputs,
    models and packs as far as they are known, and ComfyUI's version; for a preview also the typed
    view, which is what a preview executes. It never covers paths, spans, hosts or reelc's version.
    """
    used = {i.id: i for i in inputs}
    graph: dict[str, Json] = {}
    for node_id, node in job.graph.items():
        graph[node_id] = {"class_type": node["class_type"], "inputs": dict(node["inputs"])}
    for upload in job.uploads:
        graph[upload.node]["inputs"][upload.field] = {"input": used[upload.input].sha256}
    for number, artifact in enumerate(job.artifacts_out):
        graph[artifact.node]["inputs"][artifact.field] = {"prefix": number}
    payload: dict[str, Json] = {
        "key": KEY_SCHEMA,
        "engine": engine,
        "graph": graph,
        "models": sorted([m.folder, m.file, m.sha256 or ""] for m in job.needs.models),
        "packs": sorted([p.name, p.commit] for p in job.needs.packs),
        "comfyui": comfyui,
        "flags": [],
    }
    if engine == "preview":
        payload["regions"] = [r.to_json() for r in job.regions]
        payload["media"] = media_to_json(job.media)
    return sha256(payload)


@cache
def plan_schema() -> Json:
    """The JSON Schema (2020-12) of ``plan.json``."""
    import json

    return json.loads(resources.files("reelc_compiler").joinpath("data/plan.schema.json").read_text("utf-8"))

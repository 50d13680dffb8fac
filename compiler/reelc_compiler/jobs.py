"""Jobs: one API-format graph for one worker, what it needs, and the typed view on it."""

from collections.abc import Iterable, Mapping
from itertools import count, takewhile
from typing import Any, Literal

from reelc_compiler.canonical import sha256
from reelc_compiler.facts import Facts, Input, Json
from reelc_compiler.target.comfyui.links import link_source
from reelc_dsl.records import dataclass

KEY_SCHEMA = 3

Graph = dict[str, dict[str, Any]]
Engine = Literal["render", "preview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Where an input's name stands in a job's graph: ``graph[node]["inputs"][field]``."""

    node: str
    field: str
    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that a job leaves behind, or one that it starts from.

    Args:
        id: unique in the plan; the same on both sides of a hand-over.
        node: the node that saves it (its outputs in the history name the file), or that loads it.
        field: the node's input that holds the file prefix, or the file's name; substituted at submission.
        container, codec: what the file must turn out to be: ``mp4`` and ``h264`` for a film's part, ``png``
            and ``apng`` for a hand-over.
        facts: verified by decoding before the job counts as done.
        names: what people call it: names of the pipeline first, then the qualified stage. Nobody calls anything what
            the language itself takes of a clip, the ends that joins mix and the frame that a segment starts from.
    """

    id: str
    node: str
    field: str
    container: str
    codec: str
    facts: Facts
    names: tuple[str, ...] = ()

    @property
    def counted(self) -> bool:
        """Whether the plan's own node has counted out its frames, so that one picture stands for all of them."""
        return not self.names and self.facts.fps is not None

    def to_json(self) -> Json:
        return {
            "id": self.id,
            "node": self.node,
            "field": self.field,
            "container": self.container,
            "codec": self.codec,
            "facts": self.facts.to_json(),
            "names": list(self.names),
        }

    @staticmethod
    def from_json(value: Json) -> "Artifact":
        fields: dict[str, Any] = {
            **value,
            "facts": Facts.from_json(value["facts"]),
            "names": tuple(value["names"]),
        }
        return Artifact(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """An output that a node of the user's own saves: how many files, and what is in them, only a run tells.

    Args:
        name: the ``output``'s name in the program.
        node: the node; its outputs in the history name the files.
        class_type: its class.
        field: its input that holds the file prefix, substituted at submission; None when it has none.
    """

    name: str
    node: str
    class_type: str
    field: str | None

    def file_id(self, job: str, number: int) -> str:
        """What one of its files is called inside a run, counted from 1; no artifact's id is like it."""
        return f"{job}.{self.name}-{number}"

    def to_json(self) -> Json:
        return {"name": self.name, "node": self.node, "class": self.class_type, "field": self.field}

    @staticmethod
    def from_json(value: Json) -> "Save":
        return Save(name=value["name"], node=value["node"], class_type=value["class"], field=value["field"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A node pack that a job's graph uses; ``core`` is never listed.

    Args:
        repo, commit: where it comes from; None where the catalog does not know.
    """

    name: str
    repo: str | None
    commit: str | None
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
        saves: outputs that nodes of the user's own save.
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
    saves: tuple[Save, ...] = ()

    @property
    def path(self) -> str:
        """The graph's file inside the plan's folder."""
        return f"jobs/{self.id}.json"

    def saved(self, known: Mapping[str, Any]) -> list[tuple[Save, list[str]]]:
        """For each output that a node of the user's own saves the ids of its files, as far as they are in ``known``."""
        out: list[tuple[Save, list[str]]] = []
        for save in self.saves:
            ids = (save.file_id(self.id, number) for number in count(1))
            out.append((save, list(takewhile(lambda name: name in known, ids))))
        return out

    def to_json(self) -> Json:
        """As in ``plan.json``: everything but the graph, which has its own file."""
        return {
            "id": self.id,
            "graph": self.path,
            "uploads": [{"node": u.node, "field": u.field, "input": u.input} for u in self.uploads],
            "artifacts_in": [a.to_json() for a in self.artifacts_in],
            "artifacts_out": [a.to_json() for a in self.artifacts_out],
            # Most jobs have none, and are written as they were before there were any.
            **({"saves": [s.to_json() for s in self.saves]} if self.saves else {}),
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
            saves=tuple(Save.from_json(s) for s in value.get("saves", ())),
        )


def media_to_json(media: Mapping[str, Medium]) -> Json:
    """A job's media as in ``plan.json`` and ``extra_data.reelc``."""
    return {name: {"node": m.node, "slot": m.slot, "facts": m.facts.to_json()} for name, m in media.items()}


def job_key(job: Job, inputs: tuple[Input, ...], comfyui: str, engine: Engine, made: Mapping[str, list[Json]]) -> str:
    """The identity of a job's result: equal keys, interchangeable results.

    It covers the key schema, the engine, the graph without its titles, the contents of inputs,
    models and packs as far as they are known, ComfyUI's version, and the keys of the jobs that it starts
    from; for a preview also the typed view, which is what a preview executes. It never covers paths,
    spans, names, hosts or reelc's version.

    Args:
        made: for each artifact of the jobs before, the identity that :func:`made_by` gives.
    """
    used = {i.id: i for i in inputs}
    graph: dict[str, Json] = {}
    for node_id, node in job.graph.items():
        graph[node_id] = {"class_type": node["class_type"], "inputs": dict(node["inputs"])}
    for upload in job.uploads:
        graph[upload.node]["inputs"][upload.field] = {"input": used[upload.input].sha256}
    for number, artifact in enumerate(job.artifacts_out):
        graph[artifact.node]["inputs"][artifact.field] = {"prefix": number}
    for number, save in enumerate(job.saves, len(job.artifacts_out)):
        if save.field is not None:
            graph[save.node]["inputs"][save.field] = {"prefix": number}
    for artifact in job.artifacts_in:
        graph[artifact.node]["inputs"][artifact.field] = {"artifact": made[artifact.id]}
    # What comes before a job in its film gives its nodes other numbers, and makes nothing else of them. A preview
    # executes the typed view, which has the numbers in it.
    names = {node: node for node in graph} if engine == "preview" else _numbered(job, graph)
    payload: dict[str, Json] = {
        "key": KEY_SCHEMA,
        "engine": engine,
        "graph": _renamed(graph, names),
        "models": sorted([m.folder, m.file, m.sha256 or ""] for m in job.needs.models),
        "packs": sorted([p.name, p.commit or ""] for p in job.needs.packs),
        "comfyui": comfyui,
        "flags": [],
    }
    if job.saves:
        # Which of the job's files is which.
        payload["saves"] = [names[save.node] for save in job.saves]
    if engine == "preview":
        payload["regions"] = [r.to_json() for r in job.regions]
        payload["media"] = media_to_json(job.media)
    return sha256(payload)


def _numbered(job: Job, graph: Mapping[str, Json]) -> dict[str, str]:
    """Numbers for a job's nodes that follow from the graph alone: from what it saves backwards, by names of inputs."""
    names: dict[str, str] = {}
    todo = [*(a.node for a in job.artifacts_out), *(s.node for s in job.saves), *sorted(graph)]
    todo.reverse()
    while todo:
        node = todo.pop()
        if node not in names:
            names[node] = str(len(names) + 1)
            inputs = graph[node]["inputs"]
            sources = (link_source(inputs[name]) for name in sorted(inputs, reverse=True))
            todo.extend(source for source in sources if source is not None and source in graph)
    return names


def _renamed(graph: Mapping[str, Json], names: Mapping[str, str]) -> dict[str, Json]:
    return {
        names[node]: {
            **data,
            "inputs": {
                name: value
                if (source := link_source(value)) is None or source not in names
                else [names[source], value[1]]
                for name, value in data["inputs"].items()
            },
        }
        for node, data in graph.items()
    }


def made_by(job: Job, key: str) -> dict[str, list[Json]]:
    """The identities of a job's artifacts: its key, and which of its files."""
    return {artifact.id: [key, number] for number, artifact in enumerate(job.artifacts_out)}


def plan_keys(
    jobs: Iterable[Job], inputs: tuple[Input, ...], comfyui: str, engines: Iterable[Engine] = ("render", "preview")
) -> dict[str, dict[str, str]]:
    """The keys of all jobs by id and engine; each job stands after those that it starts from.

    Raises:
        KeyError: a job starts from an artifact that no job before it makes.
    """
    keys: dict[str, dict[str, str]] = {}
    made: dict[Engine, dict[str, list[Json]]] = {engine: {} for engine in engines}
    for job in jobs:
        keys[job.id] = {}
        for engine, known in made.items():
            key = keys[job.id][engine] = job_key(job, inputs, comfyui, engine, known)
            known.update(made_by(job, key))
    return keys

"""The plan: what the compiler hands to the runtime, and the files it is written as.

A plan says *what* is to be made and never *where*: no host, no absolute path, no time. It is a
folder of ``plan.json``, ``jobs/NN-name.json`` (each a pure ComfyUI API-format graph) and
``spans.json`` (the places in the source that each graph node came from; the only file that
changes when the source is merely reformatted).
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import cache
from importlib import resources
from typing import Any, cast

from reelc_compiler.canonical import pretty
from reelc_compiler.facts import Facts, Input, Json, Laid
from reelc_compiler.jobs import (
    Artifact,
    Engine,
    Graph,
    Job,
    Medium,
    Model,
    Needs,
    Pack,
    Region,
    Save,
    StandIn,
    Upload,
    media_to_json,
    plan_keys,
)
from reelc_dsl.records import dataclass

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
    "Save",
    "Sound",
    "Stack",
    "StandIn",
    "Upload",
    "Variant",
    "media_to_json",
    "plan_keys",
    "plan_schema",
]

PLAN_SCHEMA = 1


class PlanError(Exception):
    """A plan that cannot be read; the message says what is wrong and where in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """How an output file is encoded.

    Args:
        container: ``mp4``, ``mov``, ``mkv``, or ``png`` for a sequence of pictures.
        codec: as in Reel, ``h264``; see :data:`reelc_compiler.codecs.CODECS`.
        crf: constant rate factor of the encoder; None where it has none, or ComfyUI chooses the quality.
        pix_fmt: in libav's words, ``yuv420p``.
        color: the matrix, ``bt709`` or ``smpte170m`` (BT.601), with primaries and transfer of BT.709 and limited range;
            ``rgb`` where the pixels are those of the pictures.
        faststart: the index stands before the pictures.
    """

    container: str
    codec: str
    crf: int | None
    pix_fmt: str = "yuv420p"
    color: str = "bt709"
    faststart: bool = True

    def to_json(self) -> Json:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """The sound over a film: an input, or what a job makes.

    Args:
        input: the id of an input, which may be a film whose sound is meant; None for an artifact.
        artifact: the id of an artifact; None for an input.
        facts: how long it is.
        how: how it is laid over the pictures.
    """

    input: str | None
    artifact: str | None
    facts: Facts
    how: Laid = Laid()

    def to_json(self) -> Json:
        return {
            "input": self.input,
            "artifact": self.artifact,
            "facts": self.facts.to_json(),
            "how": self.how.to_json(),
        }

    @staticmethod
    def from_json(value: Json) -> "Sound":
        facts, how = Facts.from_json(value["facts"]), Laid.from_json(value["how"])
        return Sound(input=value["input"], artifact=value["artifact"], facts=facts, how=how)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One film: which artifacts, in which order, joined how, become which file.

    Args:
        name: the ``output``'s name in the program.
        file: the file's name, ``film.mp4``; a preview is written as ``film.preview.mp4``. For a sequence of pictures
            the name of their folder.
        artifacts: ids, in the order of time.
        join: ``copy``: the artifacts' packets are copied, nothing is encoded again; ``split``: each picture becomes a
            file of its own.
        encode: what the file must be.
        facts: what the file must turn out to have.
        sound: what is heard, cut or filled with silence to the length of the pictures; None for a silent film.
        variant: the name of the variant that it is of; empty where there are none.
    """

    name: str
    file: str
    artifacts: tuple[str, ...]
    join: str
    encode: Encode
    facts: Facts
    sound: Sound | None = None
    variant: str = ""

    @property
    def made_of(self) -> tuple[str, ...]:
        """The ids of all artifacts that it needs."""
        sound = self.sound.artifact if self.sound is not None else None
        return self.artifacts if sound is None else (*self.artifacts, sound)

    def to_json(self) -> Json:
        return {
            "name": self.name,
            "file": self.file,
            "artifacts": list(self.artifacts),
            "join": self.join,
            "encode": self.encode.to_json(),
            "facts": self.facts.to_json(),
            # Silent films are written as they were before any could be heard.
            **({"sound": self.sound.to_json()} if self.sound is not None else {}),
            **({"variant": self.variant} if self.variant else {}),
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
            sound=Sound.from_json(value["sound"]) if "sound" in value else None,
            variant=value.get("variant", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What one of several variants is made with.

    Args:
        name: what the names of its films end in.
        params: the pipeline's parameters as resolved, in JSON values.
        takes: the seeds that were chosen for names, of those that it derives seeds from.
    """

    name: str
    params: Mapping[str, Json]
    takes: Mapping[str, int]

    def to_json(self) -> Json:
        return {"name": self.name, "params": dict(self.params), "takes": dict(self.takes)}


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
        params: the pipeline's parameters as resolved, in JSON values; where they differ between variants, a list with
            the value of each.
        takes: the seeds that were chosen for names, of those that seeds are derived from; empty where there are
            variants.
        variants: what each of several variants is made with.
        inputs, jobs, outputs: what goes in, what runs, which films come out (the assembly).
        spans: per job id and node id, the calls from the user's file inwards, outermost first.
    """

    pipeline: str
    catalog: CatalogRef
    params: Mapping[str, Json]
    inputs: tuple[Input, ...]
    jobs: tuple[Job, ...]
    outputs: tuple[Output, ...]
    spans: Mapping[str, Mapping[str, Stack]]
    takes: Mapping[str, int] = field(default_factory=dict[str, int])
    variants: tuple[Variant, ...] = ()

    def made_with(self, output: Output) -> Variant:
        """What a film is made with; the name is empty where there are no variants."""
        known = {variant.name: variant for variant in self.variants}
        return known.get(output.variant) or Variant(name="", params=self.params, takes=self.takes)

    def with_earlier(self, jobs: Iterable[str]) -> tuple[str, ...]:
        """Some jobs, by their ids, and all that must be done before them; in the plan's order."""
        by_id = {job.id: job for job in self.jobs}
        todo = list(jobs)
        found: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo.extend(by_id[name].after)
        return tuple(name for name in by_id if name in found)

    @property
    def saves(self) -> tuple[Save, ...]:
        """The outputs that nodes of the user's own save."""
        return tuple(save for job in self.jobs for save in job.saves)

    def to_json(self) -> Json:
        """The content of ``plan.json``."""
        return {
            "schema": PLAN_SCHEMA,
            "reel": 1,
            "pipeline": self.pipeline,
            "catalog": {"name": self.catalog.name, "comfyui": self.catalog.comfyui, "sha256": self.catalog.sha256},
            "params": dict(self.params),
            # Few plans have any, and the others are written as they were before there were any.
            **({"takes": dict(self.takes)} if self.takes else {}),
            **({"variants": [v.to_json() for v in self.variants]} if self.variants else {}),
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
        try:
            known = plan_keys(jobs, inputs, value["catalog"]["comfyui"])
        except KeyError as error:
            raise PlanError(f"plan.json names {error} where nothing of the kind is") from None
        for job, keys in known.items():
            entry = next(j for j in jobs if j.id == job)
            if dict(entry.keys) != keys:
                raise PlanError(f"{entry.path} was changed after it was compiled: its key does not match")
        outputs = tuple(Output.from_json(o) for o in value["assembly"])
        made = {artifact.id for job in jobs for artifact in job.artifacts_out}
        given = {i.id for i in inputs}
        for output in outputs:
            sound = output.sound
            heard = sound is None or (sound.input in given) != (sound.artifact in made)
            varied = output.variant in {variant["name"] for variant in value.get("variants", ())} | {""}
            if not heard or not varied or not made.issuperset(output.made_of):
                raise PlanError(f"plan.json makes {output.file} of what is not there")
        spans = files.get("spans.json", {})
        return Plan(
            pipeline=value["pipeline"],
            catalog=CatalogRef(**value["catalog"]),
            params=value["params"],
            takes=value.get("takes", {}),
            variants=tuple(Variant(**variant) for variant in value.get("variants", ())),
            inputs=inputs,
            jobs=tuple(jobs),
            outputs=outputs,
            spans={
                job: {node: tuple(Place(**place) for place in stack) for node, stack in nodes.items()}
                for job, nodes in spans.items()
            },
        )


@cache
def plan_schema() -> Json:
    """The JSON Schema (2020-12) of ``plan.json``."""
    import json

    return json.loads(resources.files("reelc_compiler").joinpath("data/plan.schema.json").read_text("utf-8"))

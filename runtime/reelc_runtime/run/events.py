"""What a run tells whoever watches it. The command line prints it; ``--json`` writes it as it is."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Anything that happens in a run."""

    def to_json(self) -> dict[str, Any]:
        """``{"event": "node-progress", ...}``"""
        out: dict[str, Any] = {"event": _dashed(type(self).__name__)}
        for field in fields(self):
            out[field.name] = getattr(self, field.name)
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """``engine`` is ``render`` or ``preview``; ``state`` is the run's folder; ``resumed`` after an interruption.

    ``jobs`` are those that lead to what was asked for, in the order of the plan.
    """

    run: str
    engine: str
    workers: tuple[str, ...]
    jobs: tuple[str, ...]
    state: str
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerJoined(Event):
    """A worker was added while the run goes on."""

    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDraining(Event):
    """A worker gets no new jobs; ``jobs`` are still on it."""

    worker: str
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLost(Event):
    """A worker does not answer; its jobs go elsewhere, and it is asked again from time to time."""

    worker: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerBack(Event):
    """A lost worker answers again."""

    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReused(Event):
    """A job need not run: its result, made by an earlier run, lies in the store."""

    job: str
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDone(Event):
    """A job's results are verified and in the store. ``seconds`` of wall time since it got its worker."""

    job: str
    worker: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetried(Event):
    """A job is tried again, on the same or another worker."""

    job: str
    worker: str
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerMatched(Event):
    """The worker has what the job needs. Memory in bytes, None when the worker does not say."""

    job: str
    worker: str
    comfyui: str
    device: str
    vram: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputUploaded(Event):
    """An input file is on the worker; ``sent`` is false when it was there already."""

    job: str
    input: str
    name: str
    bytes: int
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSubmitted(Event):
    """The graph is in the worker's queue; ``attached`` when it was there from an earlier try."""

    job: str
    worker: str
    prompt: str
    attempt: int
    nodes: int
    attached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueued(Event):
    """Other prompts come first."""

    job: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesCached(Event):
    """Nodes that the worker need not run again."""

    job: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(Event):
    """A node begins; ``title`` is the stage and the class."""

    job: str
    node: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProgress(Event):
    """Steps, tiles or frames, whatever the node counts."""

    job: str
    node: str
    title: str
    value: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished(Event):
    """A node is done."""

    job: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRetried(Event):
    """A passing fault; the step is tried again after ``seconds``."""

    job: str
    step: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptStopped(Event):
    """A prompt was taken off the worker; ``confirmed`` when the worker says that it no longer runs or waits."""

    job: str
    worker: str
    prompt: str
    confirmed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDownloaded(Event):
    """A result is here."""

    job: str
    artifact: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactVerified(Event):
    """A result was decoded and is what the plan says; a still picture has no rate."""

    job: str
    artifact: str
    width: int
    height: int
    frames: int
    fps: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputWritten(Event):
    """A film is in its place."""

    output: str
    path: str
    bytes: int
    sha256: str
    width: int
    height: int
    frames: int
    fps: str | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FileWritten(Event):
    """A file that a node of the user's own saved is in its place; nothing was known of it before."""

    output: str
    path: str
    bytes: int
    sha256: str


# What a run has made.
Written = OutputWritten | FileWritten


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopping(Event):
    """The run is ended early: ``jobs`` are on workers or on their way, and are taken off them."""

    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """Everything that was asked for is done; ``seconds`` is wall time."""

    run: str
    seconds: float


def event_from_json(value: dict[str, Any]) -> Event | None:
    """The inverse of :meth:`Event.to_json`; None for what is no event, or one of another version of reelc.

    Fields that the event does not have, such as the time that a log adds, are passed over.
    """
    kind = _kinds().get(str(value.get("event")))
    if kind is None:
        return None
    found = {f.name: value[f.name] for f in fields(kind) if f.name in value}
    if len(found) < len(fields(kind)) or not all(_fits(_type_name(f.type), found[f.name]) for f in fields(kind)):
        return None
    return kind(**{name: tuple(cast("list[Any]", v)) if isinstance(v, list) else v for name, v in found.items()})


@cache
def _kinds() -> dict[str, type[Event]]:
    kinds = [k for k in globals().values() if isinstance(k, type) and issubclass(k, Event) and k is not Event]
    return {_dashed(kind.__name__): kind for kind in kinds}


def _type_name(kind: Any) -> str:
    """A field's type as it is written."""
    return str(kind).removeprefix("<class '").removesuffix("'>")


def _fits(wanted: str, value: Any) -> bool:
    """Whether a JSON value is of a field's type, as far as sentences need it."""
    match value:
        case None:
            return wanted.endswith("| None")
        case bool():
            return wanted == "bool"
        case int():
            return wanted.split(" ")[0] in ("int", "float")
        case float():
            return wanted == "float"
        case list():
            return wanted.startswith("tuple") and all(isinstance(item, str) for item in cast("list[Any]", value))
        case _:
            return wanted.split(" ")[0] == type(value).__name__


def _dashed(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))

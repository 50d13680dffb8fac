"""A run's jobs as people look at them: put together from what the engine recorded and what the log tells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reelc_runtime.run import events

Json = dict[str, Any]

WAITING, NOT_BEGUN, RUNNING, LEFT_OFF = "waiting", "not begun", "running", "left off"
DONE, FAILED, STOPPED = "done", "failed", "stopped"
# The step after each, and the key of its result without which an attempt is over.
NEXT = {
    "look-up": ("lease", None),
    "lease": ("upload", "worker"),
    "upload": ("submit", "inputs"),
    "submit": ("follow", "attached"),
    "follow": ("collect", "outputs"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """A step that has ended; ``attempt`` is None before a worker was found; seconds since the epoch or None."""

    name: str
    attempt: int | None
    began: float | None
    ended: float | None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return None if self.began is None or self.ended is None else self.ended - self.began


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file that a job left; ``path`` is relative to the store, None while that is not known."""

    artifact: str
    bytes: int
    sha256: str
    path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """How a job stands. What is not known is None.

    Args:
        job: its id.
        generation: the run's when the job was begun; None when it was not.
        state: ``waiting`` or ``running`` while a process carries the run out, ``not begun`` or ``left off`` when none
            does; ``done``, ``failed`` or ``stopped``.
        how: ``rendered`` or ``reused``; None while it is not done.
        made_by: the run that made a reused result.
        attempts: how often it was given to a worker.
        worker: who had it last, or made it.
        seconds: from the first step to the last.
        step, since: what is under way, and since when.
        steps: those that have ended; None when nothing records them.
        files: what it left.
        faults: what it failed with.
    """

    job: str
    state: str
    generation: int | None = None
    how: str | None = None
    made_by: str | None = None
    attempts: int | None = None
    worker: str | None = None
    seconds: float | None = None
    step: str | None = None
    since: float | None = None
    steps: tuple[StepView, ...] | None = None
    files: tuple[FileView, ...] = ()
    faults: tuple[Json, ...] = ()


def jobs_of(
    names: Sequence[str] | None, recorded: Sequence[Json] | None, told: Iterable[Json], *, alive: bool
) -> list[JobView]:
    """The jobs of a run.

    Args:
        names: in the order of the plan; None when the plan cannot be read.
        recorded: from :func:`reelc_runtime.engine.durable.recorded`; None when nothing records the run.
        told: its log.
        alive: whether a process carries it out.
    """
    known = _told(told)
    newest = {entry["job"]: entry for entry in sorted(recorded or (), key=lambda e: e["generation"])}
    order = list(names) if names is not None else sorted({*known, *newest})
    out: list[JobView] = []
    for job in order:
        seen = known.get(job, _Told())
        if job in newest:
            out.append(_recorded(newest[job], seen, alive=alive))
        elif recorded is None:
            out.append(_from_log(job, seen, alive=alive))
        else:
            out.append(JobView(job=job, state=WAITING if alive else NOT_BEGUN, steps=()))
    return out


# -- from the engine ---------------------------------------------------------------------------


def _recorded(entry: Json, told: "_Told", *, alive: bool) -> JobView:
    steps = _steps(entry["steps"])
    workers = [_value(s)["worker"] for s in entry["steps"] if s["name"] == "lease" and "worker" in _value(s)]
    result: Json = entry["result"] or {}
    state = _state(entry["state"], result, alive=alive)
    reused = any(s["name"] == "look-up" and "files" in _value(s) for s in entry["steps"])
    step, since = _under_way(entry["steps"]) if state == RUNNING else (None, None)
    times = [t for s in steps for t in (s.began, s.ended) if t is not None]
    how = None if state != DONE else "reused" if reused else "rendered"
    return JobView(
        job=entry["job"],
        generation=entry["generation"],
        state=state,
        how=how,
        made_by=told.made_by if how == "reused" else None,
        attempts=len(workers),
        worker=workers[-1] if workers else result.get("worker"),
        seconds=max(times) - min(times) if times and state in (DONE, FAILED, STOPPED) else None,
        step=step,
        since=since,
        steps=steps,
        files=tuple(
            FileView(artifact=f["artifact"], bytes=f["bytes"], sha256=f["sha256"], path=f["path"])
            for f in result.get("files", ())
        ),
        faults=tuple(result.get("fault", ())),
    )


def _state(status: str, result: Json, *, alive: bool) -> str:
    if "files" in result:
        return DONE
    if "fault" in result or status == "ERROR":
        return FAILED
    if "stopped" in result or status == "CANCELLED":
        return STOPPED
    return RUNNING if alive else LEFT_OFF


def _steps(steps: Sequence[Json]) -> tuple[StepView, ...]:
    attempt, out = 0, list[StepView]()
    for step in steps:
        attempt += step["name"] == "lease"
        out.append(StepView(name=step["name"], attempt=attempt or None, began=step["began"], ended=step["ended"]))
    return tuple(out)


def _under_way(steps: Sequence[Json]) -> tuple[str, float | None]:
    """The step that follows the last one that has ended."""
    if not steps:
        return "look-up", None
    last = steps[-1]
    name, key = NEXT.get(last["name"], ("lease", None))
    going_on = key is None or key in _value(last)
    return name if going_on else "lease", last["ended"]


def _value(step: Json) -> Json:
    return step["result"] or {}


# -- from the log ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Told:
    """What the log tells of a job."""

    worker: str | None = None
    attempts: int = 0
    made_by: str | None = None
    done: bool = False
    stopped: bool = False
    seconds: float | None = None
    files: dict[str, FileView] = field(default_factory=dict[str, FileView])


def _told(told: Iterable[Json]) -> dict[str, _Told]:
    known: dict[str, _Told] = {}
    for event in map(events.event_from_json, told):
        job = getattr(event, "job", None)
        if job is None:
            continue
        seen = known.setdefault(job, _Told())
        match event:
            case events.JobSubmitted():
                seen.worker, seen.stopped, seen.done = event.worker, False, False
                seen.attempts += not event.attached
            case events.JobReused():
                seen.made_by, seen.done = event.made_by, True
            case events.JobDone():
                seen.done, seen.made_by, seen.seconds = True, None, event.seconds
            case events.PromptStopped():
                seen.stopped = True
            case events.ArtifactDownloaded():
                seen.files[event.artifact] = FileView(
                    artifact=event.artifact, bytes=event.bytes, sha256=event.sha256, path=None
                )
            case _:
                pass
    return known


def _from_log(job: str, told: _Told, *, alive: bool) -> JobView:
    begun = told.worker is not None
    if told.done:
        state = DONE
    elif told.stopped:
        state = STOPPED
    elif begun:
        state = RUNNING if alive else LEFT_OFF
    else:
        state = WAITING if alive else NOT_BEGUN
    how = None if not told.done else "reused" if told.made_by is not None else "rendered"
    return JobView(
        job=job,
        state=state,
        how=how,
        made_by=told.made_by,
        attempts=told.attempts if begun else None,
        worker=told.worker,
        seconds=told.seconds,
        files=tuple(told.files.values()) if told.done else (),
    )

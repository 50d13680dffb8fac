"""A run's jobs as people look at them."""

from typing import Any

import pytest

from reelc_runtime.run import events
from reelc_runtime.run.view import FileView, JobView, jobs_of

A, B = "http://a:8188", "http://b:8188"
FILES = [{"artifact": "01-film.film", "path": "ab/x/y/0.mp4", "sha256": "0", "bytes": 7}]
DONE = {"files": FILES, "worker": A, "outputs": {}}
FAULT = {"code": "E0706", "message": "it failed", "notes": [], "help": []}


def body(*steps: tuple[str, Any], state: str = "PENDING", result: Any = None, generation: int = 1) -> dict[str, Any]:
    """What is recorded of a job, each step two seconds long, one after the other."""
    rows = [
        {"name": name, "began": 10.0 + 2 * i, "ended": 12.0 + 2 * i, "result": value}
        for i, (name, value) in enumerate(steps)
    ]
    return {"job": "01-film", "generation": generation, "state": state, "result": result, "steps": rows}


def only(recorded: list[dict[str, Any]] | None, *told: events.Event, alive: bool = True) -> JobView:
    (job,) = jobs_of(["01-film"], recorded, [event.to_json() for event in told], alive=alive)
    return job


LOOKED, LEASED = ("look-up", {"identity": "x"}), ("lease", {"worker": A})
SENT = (LOOKED, LEASED, ("upload", {"inputs": {}, "artifacts": {}}), ("submit", {"attached": False}))


@pytest.mark.parametrize(
    ("steps", "step"),
    [
        ((), ("look-up", None)),
        ((LOOKED,), ("lease", 12.0)),
        ((LOOKED, LEASED), ("upload", 14.0)),
        (SENT, ("follow", 18.0)),
        ((*SENT, ("follow", {"outputs": {}})), ("collect", 20.0)),
        ((*SENT, ("follow", {"lost": "gone", "sent": True})), ("lease", 20.0)),
        ((*SENT, ("follow", {"vanished": True})), ("lease", 20.0)),
    ],
)
def test_what_is_under_way(steps: Any, step: tuple[str, float | None]) -> None:
    job = only([body(*steps)])
    assert (job.state, (job.step, job.since)) == ("running", step)
    dead = only([body(*steps)], alive=False)
    assert (dead.state, dead.step, dead.since) == ("left off", None, None)


def test_a_job_that_was_rendered() -> None:
    steps = (*SENT, ("follow", {"outputs": {}}), ("collect", DONE))
    job = only([body(*steps, state="SUCCESS", result=DONE)])
    assert (job.state, job.how, job.worker, job.attempts, job.seconds) == ("done", "rendered", A, 1, 12.0)
    assert job.files == (FileView(artifact="01-film.film", bytes=7, sha256="0", path="ab/x/y/0.mp4"),)
    assert job.steps is not None
    assert [(s.name, s.attempt, s.seconds) for s in job.steps][:3] == [
        ("look-up", None, 2.0),
        ("lease", 1, 2.0),
        ("upload", 1, 2.0),
    ]


def test_a_job_that_was_tried_twice() -> None:
    steps = (*SENT, ("follow", {"lost": "gone", "sent": True}), ("lease", {"worker": B}))
    job = only([body(*steps)])
    assert (job.worker, job.attempts, job.step) == (B, 2, "upload")


def test_a_job_that_was_there_before() -> None:
    reused = events.JobReused(job="01-film", made_by="earlier")
    job = only([body(("look-up", DONE), state="SUCCESS", result=DONE)], reused)
    assert (job.how, job.made_by, job.attempts, job.worker) == ("reused", "earlier", 0, A)


@pytest.mark.parametrize(
    ("status", "result", "state"),
    [
        ("SUCCESS", {"fault": [FAULT]}, "failed"),
        ("SUCCESS", {"stopped": True}, "stopped"),
        ("CANCELLED", None, "stopped"),
        ("ERROR", None, "failed"),
    ],
)
def test_other_ends(status: str, result: Any, state: str) -> None:
    job = only([body(LOOKED, state=status, result=result)])
    assert (job.state, job.how, job.files) == (state, None, ())
    assert job.faults == ((FAULT,) if result and "fault" in result else ())


def test_the_last_generation_counts() -> None:
    first = body(LOOKED, state="SUCCESS", result={"stopped": True})
    job = only([body(*SENT, generation=2), first])
    assert (job.generation, job.state) == (2, "running")


def test_a_job_that_was_not_begun() -> None:
    assert only([]) == JobView(job="01-film", state="waiting", steps=())
    assert only([], alive=False).state == "not begun"


def test_without_the_plan_what_is_known_is_shown() -> None:
    told = [events.JobReused(job="00-first", made_by="r").to_json()]
    assert [j.job for j in jobs_of(None, [body()], told, alive=False)] == ["00-first", "01-film"]


# -- from the log alone: previews --------------------------------------------------------------

SUBMITTED = events.JobSubmitted(job="01-film", worker=A, prompt="p", attempt=1, nodes=1, attached=False)
GOT = events.ArtifactDownloaded(job="01-film", artifact="01-film.film", bytes=7, sha256="0")


def test_the_log_tells_how_a_preview_stands() -> None:
    assert only(None).state == "waiting"
    assert only(None, SUBMITTED).state == "running"
    assert only(None, SUBMITTED, alive=False).state == "left off"
    done = only(None, SUBMITTED, GOT, events.JobDone(job="01-film", worker=A, seconds=3.0))
    assert (done.state, done.how, done.seconds, done.steps, done.attempts) == ("done", "rendered", 3.0, None, 1)
    assert [(f.artifact, f.bytes, f.path) for f in done.files] == [("01-film.film", 7, None)]
    stopped = events.PromptStopped(job="01-film", worker=A, prompt="p", confirmed=True, reason="")
    assert only(None, SUBMITTED, stopped).state == "stopped"
    reused = only(None, events.JobReused(job="01-film", made_by="r"))
    assert (reused.how, reused.made_by) == ("reused", "r")

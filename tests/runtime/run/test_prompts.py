"""Which prompts a run may have left on workers, from what was recorded and what was told."""

from typing import Any

import pytest

from reelc_runtime.run.events import JobDone, JobSubmitted, PromptStopped
from reelc_runtime.run.ids import Attempt
from reelc_runtime.run.prompts import left_prompts, told_prompts

A, B = "http://a:8188", "http://b:8188"
UPLOADED = {"inputs": {}, "artifacts": {}}


def fault(code: str) -> dict[str, Any]:
    return {"fault": [{"code": code, "message": "", "notes": [], "help": []}]}


def body(*steps: tuple[str, dict[str, Any]], generation: int = 1) -> dict[str, Any]:
    """What is recorded of a job's body."""
    rows = [{"name": name, "began": None, "ended": None, "result": result} for name, result in steps]
    return {"job": "01-film", "generation": generation, "state": "PENDING", "result": None, "steps": rows}


def prompt(number: int) -> str:
    return Attempt(install="abc", run="run1", job="01-film", number=number).prompt_id


def stopped(number: int, worker: str, *, confirmed: bool) -> dict[str, Any]:
    event = PromptStopped(job="01-film", worker=worker, prompt=prompt(number), confirmed=confirmed, reason="")
    return {"time": 1.0, **event.to_json()}


LOOKED, LEASED = ("look-up", {"identity": "x"}), ("lease", {"worker": A})
SENT = (LOOKED, LEASED, ("upload", UPLOADED), ("submit", {"attached": False}))


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ((), []),
        ((LOOKED,), []),
        ((LOOKED, ("lease", fault("E0703"))), []),
        # Its process died while it was uploading, submitting or following.
        ((LOOKED, LEASED), [(1, A)]),
        ((LOOKED, LEASED, ("upload", UPLOADED)), [(1, A)]),
        (SENT, [(1, A)]),
        # It ended on the worker, well or not.
        ((*SENT, ("follow", {"outputs": {}})), []),
        ((*SENT, ("follow", {"outputs": {}}), ("collect", {"lost": "gone", "sent": True})), []),
        ((*SENT, ("follow", {"vanished": True})), []),
        ((*SENT, ("follow", fault("E0706"))), []),
        ((*SENT, ("follow", {"stopped": True})), []),
        ((LOOKED, LEASED, ("upload", fault("E0601"))), []),
        ((LOOKED, LEASED, ("upload", UPLOADED), ("submit", fault("E0705"))), []),
        # Nobody knows what a silent or lost worker does.
        ((*SENT, ("follow", fault("E0702"))), [(1, A)]),
        ((LOOKED, LEASED, ("upload", {"lost": "no answer", "sent": False})), []),
        ((*SENT, ("follow", {"lost": "no answer", "sent": True}), ("lease", {"worker": B})), [(1, A), (2, B)]),
        (
            (*SENT, ("follow", {"lost": "no answer", "sent": True}), ("lease", {"worker": B}), *SENT[2:],
             ("follow", {"outputs": {}})),
            [(1, A)],
        ),
    ],
)  # fmt: skip
def test_what_may_be_left(steps: Any, left: list[tuple[int, str]]) -> None:
    found = left_prompts("abc", "run1", [body(*steps)], [])
    assert [(p.prompt, p.worker) for p in found] == [(prompt(number), worker) for number, worker in left]


def test_attempts_of_a_later_generation_are_numbered_on() -> None:
    (left,) = left_prompts("abc", "run1", [body(*SENT, generation=2)], [])
    assert left.prompt == prompt(31)


def test_what_was_stopped_is_not_left() -> None:
    lost = body(*SENT, ("follow", {"lost": "no answer", "sent": True}))
    assert not left_prompts("abc", "run1", [lost], [stopped(1, A, confirmed=True)])


def test_what_was_not_confirmed_is_left() -> None:
    ended = body(*SENT, ("follow", {"stopped": True}))
    told = [stopped(1, A, confirmed=False)]
    assert [p.prompt for p in left_prompts("abc", "run1", [ended], told)] == [prompt(1)]
    assert not left_prompts("abc", "run1", [ended], [*told, stopped(1, A, confirmed=True)])


def test_the_log_alone_knows_what_was_submitted_and_not_done() -> None:
    def sent(job: str, number: int) -> dict[str, Any]:
        return JobSubmitted(job=job, worker=A, prompt=prompt(number), attempt=1, nodes=3, attached=False).to_json()

    told = [sent("01-film", 1), sent("02-film", 2), JobDone(job="01-film", worker=A, seconds=1.0).to_json()]
    assert [p.prompt for p in told_prompts(told)] == [prompt(2)]

"""Ending a run from outside: one that lives, one that died, one that is over."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from runtime.run.test_prompts import SENT, A, body, prompt
from runtime.run.test_record import folder, info

from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import BAD_DATABASE
from reelc_runtime import comfy
from reelc_runtime.run.ending import Canceller, Ended
from reelc_runtime.run.events import JobSubmitted, PromptStopped
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.record import CANCELLED, DIED, DONE, FAILED, RUNNING, Info, RunFolder


@dataclass
class Server:
    """A worker with prompts on it; one that is stubborn goes on whatever is asked."""

    prompts: set[str] = field(default_factory=set[str])
    stubborn: bool = False
    gone: bool = False
    closed: int = 0

    async def delete_pending(self, prompt_id: str) -> None:
        if self.gone:
            raise comfy.Unreachable("it cannot be reached")

    async def interrupt(self, prompt_id: str) -> None:
        if not self.stubborn:
            self.prompts.discard(prompt_id)

    async def find(self, prompt_id: str) -> comfy.Found:
        state: Literal["running", "absent"] = "running" if prompt_id in self.prompts else "absent"
        return comfy.Found(state=state)

    async def __aexit__(self, *exc: object) -> None:
        self.closed += 1


class Clock:
    """Time that passes while somebody waits, and what happens meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.happens: dict[float, Callable[[], None]] = {}

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += seconds
        for at in [at for at in self.happens if at <= self.now]:
            self.happens.pop(at)()


class Case:
    """A run, its worker, and what is recorded of it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.run = folder(state, "run1")
        self.server, self.clock = Server(), Clock()
        self.recorded: list[Any] | RunFault = []
        self.dropped = 0

    def record(self, one: Info) -> None:
        self.run.write(one)

    async def cancel(self, wait: float = 60.0, install: str | None = "abc") -> Ended:
        canceller = Canceller(
            folder=RunFolder(self.run.folder, lambda: 9.0),
            install=install,
            recorded=self._recorded,
            drop=self._drop,
            connect=lambda url: self.server,  # type: ignore[return-value, arg-type]
            clock=self.clock,
            wait=wait,
        )
        return await canceller.cancel()

    def _recorded(self) -> list[Any]:
        if isinstance(self.recorded, RunFault):
            raise self.recorded
        return self.recorded

    def _drop(self) -> None:
        self.dropped += 1

    def now(self) -> str:
        standing = self.run.standing()
        assert standing is not None
        return standing[1]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


# -- one that lives ----------------------------------------------------------------------------


async def test_a_live_run_is_asked_and_ends(case: Case) -> None:
    case.run.lock()
    case.record(info("run1"))
    event = PromptStopped(job="01-film", worker=A, prompt="p", confirmed=True, reason="")

    def ends() -> None:
        assert case.run.cancel_requested
        case.run.forget_cancel()
        case.run.tell(event.to_json())
        case.record(info("run1", CANCELLED))
        case.run.unlock()

    case.clock.happens[3.0] = ends
    ended = await case.cancel()
    assert ended == Ended(before=RUNNING, state=CANCELLED, stopped=(event,))
    assert case.dropped == 0  # the process has done it itself
    assert not case.run.cancel_requested


async def test_a_run_that_does_not_let_go_in_time_is_said_to_go_on(case: Case) -> None:
    case.run.lock()
    case.record(info("run1"))
    assert await case.cancel(wait=5.0) == Ended(before=RUNNING, state=RUNNING)
    assert 5.0 <= case.clock.now < 6.0
    assert case.run.cancel_requested
    case.run.unlock()


async def test_a_wish_that_a_beginning_process_forgot_is_wished_again(case: Case) -> None:
    case.run.lock()
    case.record(info("run1"))
    case.clock.happens[1.0] = case.run.forget_cancel
    await case.cancel(wait=3.0)
    assert case.run.cancel_requested
    case.run.unlock()


async def test_a_run_that_finishes_first_is_left_as_it_is(case: Case) -> None:
    case.run.lock()
    case.record(info("run1"))

    def finishes() -> None:
        case.record(info("run1", DONE))
        case.run.unlock()

    case.clock.happens[1.0] = finishes
    assert await case.cancel() == Ended(before=RUNNING, state=DONE)
    assert case.now() == DONE


async def test_a_run_that_dies_while_it_is_asked(case: Case) -> None:
    case.run.lock()
    case.record(info("run1"))
    case.recorded, case.server.prompts = [body(*SENT)], {prompt(1)}
    case.clock.happens[1.0] = case.run.unlock
    ended = await case.cancel()
    assert (ended.before, ended.state) == (RUNNING, CANCELLED)
    assert [(s.prompt, s.confirmed) for s in ended.stopped] == [(prompt(1), True)]


# -- one that died -----------------------------------------------------------------------------


async def test_the_prompts_of_a_dead_run_are_taken_off(case: Case) -> None:
    case.record(info("run1"))
    case.recorded, case.server.prompts = [body(*SENT)], {prompt(1), "somebody else's"}
    ended = await case.cancel()
    assert (ended.before, ended.state, ended.unconfirmed) == (DIED, CANCELLED, ())
    assert case.server.prompts == {"somebody else's"}
    assert (case.now(), case.dropped, case.server.closed) == (CANCELLED, 1, 1)
    assert [e["event"] for e in case.run.told()] == ["prompt-stopped", "cancelled"]
    assert not case.run.alive()


@pytest.mark.parametrize("why", ["gone", "stubborn"])
async def test_what_a_worker_does_not_confirm_is_said_and_tried_again(
    case: Case, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelc_runtime.run.ending.STOP_DEADLINE", 0.05)
    case.record(info("run1"))
    case.recorded = [body(*SENT)]
    case.server = Server({prompt(1)}, **{why: True})
    ended = await case.cancel(wait=0.0)
    assert ended.state == CANCELLED
    assert [(s.prompt, s.confirmed, bool(s.reason)) for s in ended.unconfirmed] == [(prompt(1), False, True)]
    case.server.gone = case.server.stubborn = False
    again = await case.cancel()
    assert (again.before, again.state) == (CANCELLED, CANCELLED)
    assert [(s.prompt, s.confirmed) for s in again.stopped] == [(prompt(1), True)]
    assert (await case.cancel()).stopped == ()


@pytest.mark.parametrize("install", ["abc", None])
async def test_without_records_the_log_is_asked(case: Case, install: str | None) -> None:
    case.record(info("run1"))
    sent = JobSubmitted(job="01-film", worker=A, prompt="p9", attempt=1, nodes=1, attached=False)
    case.run.tell(sent.to_json())
    trouble = Diagnostic(code=BAD_DATABASE, message="it cannot be read")
    case.recorded = RunFault(trouble) if install else []
    case.server.prompts = {"p9"}
    ended = await case.cancel(install=install)
    assert case.server.prompts == set()
    assert ended.unread == ((trouble,) if install else ())


async def test_a_run_that_is_taken_up_again_meanwhile_is_asked(case: Case) -> None:
    """Somebody resumes it between our look and our taking its place."""
    case.record(info("run1"))
    other = RunFolder(case.run.folder, lambda: 1.0)
    looks = iter([DIED])

    def state(self: Canceller) -> str:
        seen = next(looks, None)
        if seen is None:
            standing = self.folder.standing()
            assert standing is not None
            return standing[1]
        other.lock()
        return seen

    def ends() -> None:
        assert other.cancel_requested
        other.write(info("run1", CANCELLED))
        other.unlock()

    case.clock.happens[2.0] = ends
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Canceller, "_state", state)
        ended = await case.cancel()
    assert (ended.before, ended.state) == (DIED, CANCELLED)


# -- one that is over --------------------------------------------------------------------------


@pytest.mark.parametrize("state", [DONE, FAILED, CANCELLED])
async def test_a_run_that_is_over_is_left_as_it_is(case: Case, state: str) -> None:
    case.record(info("run1", state))
    before = (case.run.folder / "run.json").read_bytes()
    ended = await case.cancel()
    assert ended == Ended(before=state, state=state)
    assert (case.run.folder / "run.json").read_bytes() == before


async def test_what_a_failed_run_left_on_a_silent_worker_is_taken_off(case: Case) -> None:
    case.record(replace(info("run1", FAILED), codes=("E0702",)))
    silent = {"fault": [{"code": "E0702", "message": "", "notes": [], "help": []}]}
    case.recorded, case.server.prompts = [body(*SENT, ("follow", silent))], {prompt(1)}
    ended = await case.cancel()
    assert (ended.state, case.server.prompts) == (FAILED, set())
    assert [(s.prompt, s.confirmed) for s in ended.stopped] == [(prompt(1), True)]

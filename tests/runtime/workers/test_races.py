"""Workers that are given and given back while other things happen: nothing is lost, nobody waits for ever."""

import asyncio
import threading
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from reelc_compiler.plan import Job, Needs
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import WORKER_LACKS_MODEL, WORKER_UNREACHABLE
from reelc_runtime import comfy
from reelc_runtime.engine import EngineFault
from reelc_runtime.run.faults import RunFault
from reelc_runtime.workers.leases import DRAINING, TTL, Registry, Shared
from reelc_runtime.workers.pool import Pool, Worker

A, B = "http://a:8188", "http://b:8188"
GIB = 2**30
TROUBLE = Diagnostic(code=WORKER_UNREACHABLE, message="it cannot be reached")


class HandClock:
    """A clock that goes on when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleeping: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleeping.append((self.now + seconds, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let time pass, a second at a time, and everybody do what there is to do."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + 1.0)
            for due, future in self._sleeping:
                if due <= self.now and not future.done():
                    future.set_result(None)
            self._sleeping = [(due, future) for due, future in self._sleeping if not future.done()]
            await settle()


async def settle() -> None:
    """Until everybody waits for something else."""
    for _ in range(30):
        await asyncio.sleep(0)


class Table:
    """Leases in memory; a gate holds up whoever takes one."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.workers: dict[str, str] = {}

    async def take(self, worker: str, job: str) -> bool:
        await self.gate.wait()
        return self.rows.setdefault(worker, job) == job

    async def free(self, worker: str, job: str) -> None:
        if self.rows.get(worker) == job:
            del self.rows[worker]

    async def drop(self) -> None:
        self.rows.clear()

    async def registered(self) -> dict[str, str]:
        return self.workers


def job(name: str = "01-animate", vram: int | None = None) -> Job:
    return Job(
        id=name,
        graph={},
        uploads=(),
        artifacts_in=(),
        artifacts_out=(),
        needs=Needs(vram=vram),
        estimate=None,
        after=(),
        regions=(),
        media={},
        keys={},
    )


def pool_of(table: Table, clock: HandClock, match: dict[str, Any], *, known: tuple[str, ...] = ()) -> Pool:
    """A pool of as many workers as ``match`` says what they answer: facts, or an exception."""

    async def answer(worker: Worker, job: Job) -> dict[str, Any]:
        said = match[worker.url]
        if isinstance(said, Exception):
            raise said
        return {"comfyui": "0.33.0", "device": "gpu", "vram": said}

    return Pool(
        list(match),
        connect=lambda url: comfy.ComfyClient(url, client_id="test"),
        match=answer,
        leases=table,
        report=lambda event: None,
        clock=clock,
        patience=300.0,
        known=known,
    )


def soon(work: Awaitable[Any]) -> Awaitable[Any]:
    """A result that must come; a hang is a failure, and not a hang."""
    return asyncio.wait_for(work, 5)


LACKS = RunFault(Diagnostic(code=WORKER_LACKS_MODEL, message="it does not have the model"))
GONE = comfy.Unreachable("it cannot be reached")


async def test_a_lease_that_is_given_back_while_it_is_renewed_stays_free() -> None:
    table, clock = Table(), HandClock()
    workers = pool_of(table, clock, {A: 24 * GIB})
    worker = await soon(workers.lease(job()))
    serving = asyncio.ensure_future(workers.serve())
    await settle()
    table.gate.clear()
    await clock.advance(TTL / 3 + 3)  # the renewal has begun
    giving = asyncio.ensure_future(workers.release(worker, job()))
    await settle()
    table.gate.set()
    await soon(giving)
    await settle()
    assert table.rows == {}
    serving.cancel()


async def test_a_lease_is_renewed_while_another_worker_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(self: comfy.ComfyClient) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(comfy.ComfyClient, "system_stats", hang)
    table, clock = Table(), HandClock()
    workers = pool_of(table, clock, {A: 24 * GIB, B: 24 * GIB})
    await soon(workers.lease(job(), avoid=(B,)))
    workers.lost(workers.workers[B], TROUBLE)
    serving = asyncio.ensure_future(workers.serve())
    await settle()
    await clock.advance(10)  # B is being probed now
    table.rows.clear()
    await clock.advance(TTL)
    assert table.rows == {A: "01-animate"}
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    probe = workers.workers[B].probe
    assert probe is not None
    assert probe.cancelled()


async def test_a_worker_is_not_held_by_a_job_that_gave_up_waiting_for_it() -> None:
    table, clock = Table(), HandClock()
    workers = pool_of(table, clock, {A: 24 * GIB})
    table.gate.clear()
    asking = asyncio.ensure_future(workers.lease(job()))
    await settle()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    table.gate.set()
    other = job("02-animate")
    assert (await soon(workers.lease(other))).url == A
    assert table.rows == {A: other.id}


async def test_a_statement_that_was_given_up_does_not_come_after_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'db.sqlite'}", lambda: 1000.0)
    shared, inner = Shared(registry, "run1"), registry.run
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(statement: str, **values: Any) -> int:
        if not statement.startswith("INSERT"):
            return inner(statement, **values)
        begun.set()
        go_on.wait(5)
        try:
            return inner(statement, **values)
        finally:
            ended.set()

    monkeypatch.setattr(registry, "run", slow)
    taking = asyncio.ensure_future(shared.take(A, "01-animate"))
    await asyncio.to_thread(begun.wait, 5)
    taking.cancel()
    asyncio.get_running_loop().call_later(0.05, go_on.set)
    await asyncio.gather(taking, return_exceptions=True)
    await shared.drop()
    await asyncio.to_thread(ended.wait, 5)
    assert registry.leases() == []
    registry.close()


async def test_a_database_that_fails_is_said_to(tmp_path: Path) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'db.sqlite'}", lambda: 1000.0)
    registry.run("DROP TABLE reelc_leases")
    with pytest.raises(EngineFault, match="no such table"):
        await Shared(registry, "run1").take(A, "01-animate")
    with pytest.raises(EngineFault, match="no such table"):
        registry.leases()
    registry.close()


async def test_where_a_job_failed_is_taken_again_when_the_others_cannot_do_it() -> None:
    clock = HandClock()
    workers = pool_of(Table(), clock, {A: 24 * GIB, B: LACKS})
    asking = asyncio.ensure_future(workers.lease(job(), avoid=(A,)))
    await settle()
    await clock.advance(5)
    assert (await soon(asking)).url == A


async def test_where_a_job_failed_is_not_waited_for() -> None:
    """A has the memory and lost the job; B is small, and free."""
    clock = HandClock()
    workers = pool_of(Table(), clock, {A: 24 * GIB, B: 8 * GIB})
    big = job(vram=16 * GIB)
    first = await soon(workers.lease(big))
    assert first.url == A
    await workers.release(first, big)
    second = asyncio.ensure_future(workers.lease(big, avoid=(A,)))
    await settle()
    await clock.advance(5)
    assert (await soon(second)).url == B


async def lost_worker_and_one_that_cannot(clock: HandClock) -> tuple[Pool, "asyncio.Future[Worker]"]:
    workers = pool_of(Table(), clock, {A: 24 * GIB, B: LACKS})
    first = await soon(workers.lease(job("00-first")))
    workers.lost(first, TROUBLE)
    await workers.release(first, job("00-first"))
    asking = asyncio.ensure_future(workers.lease(job()))
    await settle()
    return workers, asking


async def test_a_lost_worker_is_waited_for_while_the_others_cannot_do_the_job() -> None:
    clock = HandClock()
    workers, asking = await lost_worker_and_one_that_cannot(clock)
    await clock.advance(100)
    assert not asking.done()
    workers.workers[A].trouble = None
    await clock.advance(5)
    assert (await soon(asking)).url == A


async def test_a_lost_worker_is_not_waited_for_for_ever() -> None:
    clock = HandClock()
    _, asking = await lost_worker_and_one_that_cannot(clock)
    await clock.advance(310)
    with pytest.raises(RunFault) as caught:
        await soon(asking)
    assert [d.code.code for d in caught.value.diagnostics] == ["E0704", "E0701"]


async def test_jobs_wait_for_themselves() -> None:
    """That one job has hope does not keep another one waiting."""
    clock = HandClock()
    workers, hopeless = await lost_worker_and_one_that_cannot(clock)
    workers.workers[B].matched["02-other"] = {"vram": None}
    workers.workers[B].holders.add("somebody")
    other = asyncio.ensure_future(workers.lease(job("02-other")))
    await clock.advance(310)
    assert isinstance(hopeless.exception(), RunFault)
    assert not other.done()
    other.cancel()


async def test_only_drained_workers_are_left() -> None:
    table, clock = Table(), HandClock()
    workers = pool_of(table, clock, {A: 24 * GIB})
    await workers.release(await soon(workers.lease(job())), job())
    table.workers = {A: DRAINING}
    await workers.start()
    asking = asyncio.ensure_future(workers.lease(job()))
    await settle()
    await clock.advance(310)
    with pytest.raises(RunFault) as caught:
        await soon(asking)
    (found,) = caught.value.diagnostics
    assert found.code.code == "E0709"
    assert "drained" in found.message


async def test_a_worker_of_an_earlier_process_is_waited_for() -> None:
    clock = HandClock()
    match: dict[str, Any] = {A: GONE, B: LACKS}
    workers = pool_of(Table(), clock, match, known=(A,))
    await workers.survey([job()])
    asking = asyncio.ensure_future(workers.lease(job()))
    await settle()
    await clock.advance(100)
    assert not asking.done()
    await clock.advance(210)
    assert isinstance(asking.exception(), RunFault)


async def test_a_worker_that_never_answered_is_not_waited_for() -> None:
    workers = pool_of(Table(), HandClock(), {A: GONE, B: LACKS})
    with pytest.raises(RunFault):
        await soon(workers.survey([job()]))
    with pytest.raises(RunFault):
        await soon(workers.lease(job()))

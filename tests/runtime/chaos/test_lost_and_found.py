"""What a worker, a database or a dead process can leave behind: the film is made all the same, each job once."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from runtime.chaos.film import FILM, make_project, plan_of

from reelc_compiler.plan import Job
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import WORKER_LACKS_MODEL
from reelc_runtime import comfy
from reelc_runtime.engine import EngineFault
from reelc_runtime.preview import PreviewWorker
from reelc_runtime.run import delivery, driver, events, job, match
from reelc_runtime.run.driver import run
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.record import RUNNING, RunFolder
from reelc_runtime.run.request import Address, RunRequest
from reelc_runtime.run.steps import Steps
from reelc_runtime.run.until import goal_of
from reelc_runtime.store import Store


class NoWaiting(comfy.SystemClock):
    """The machine's clock, with no real waiting between tries."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


class Film:
    """The film, its worker and its state."""

    def __init__(self, program: Path, folder: Path, worker: PreviewWorker) -> None:
        self.program = program
        self.folder = folder
        self.worker = worker
        self.state = folder / "out" / ".reelc"
        self.database = f"sqlite:///{self.state / 'engine.sqlite'}"
        self.told: list[events.Event] = []

    async def run(self, **more: Any) -> list[events.Written]:
        plan = plan_of(self.program)
        asked: dict[str, Any] = {
            "plan": plan,
            "workers": (Address(url=self.worker.url),),
            "engine": "preview",
            "input_path": lambda name: self.program.parent / name,
            "out": self.folder / "out",
            "state": self.state,
            "install": "abc",
            "run": "run1",
            "report": self.told.append,
            "warn": lambda diagnostic: None,
            "clock": NoWaiting(),
            "goal": goal_of(plan, None),
            **more,
        }
        return await run(RunRequest(**asked))

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    def submitted(self) -> list[str]:
        """The jobs of all prompts, in order."""
        return [event.job for event in self.of(events.JobSubmitted)]

    def jobs(self) -> list[str]:
        return [job.id for job in plan_of(self.program).jobs]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
async def film(program: Path, tmp_path: Path) -> AsyncIterator[Film]:
    async with PreviewWorker(tmp_path / "worker") as worker:
        yield Film(program, tmp_path, worker)


def first_time(owner: Any, name: str, before: Callable[..., Awaitable[None]], patch: pytest.MonkeyPatch) -> None:
    """Do something before an async method is called for the first time."""
    inner, done = getattr(owner, name), False

    async def wrapped(self: Any, *args: Any, **more: Any) -> Any:
        nonlocal done
        if not done:
            done = True
            await before(self, *args, **more)
        return await inner(self, *args, **more)

    patch.setattr(owner, name, wrapped)


# -- workers -------------------------------------------------------------------------------------


async def test_input_that_vanished_is_sent_again(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    async def wipe(client: comfy.ComfyClient, *args: Any, **more: Any) -> None:
        shutil.rmtree(film.folder / "worker" / "input")
        (film.folder / "worker" / "input").mkdir()

    first_time(comfy.ComfyClient, "submit", wipe, monkeypatch)
    assert await film.run()
    (retried,) = film.of(events.JobRetried)
    assert "no longer has the files" in retried.reason


async def test_graph_that_is_refused_for_itself_is_not_sent_again(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: comfy.ComfyClient, *args: Any, **more: Any) -> comfy.Rejected:
        return comfy.Rejected(status=400, error_type="bad", message="bad", node_errors=(), queued=False)

    monkeypatch.setattr(comfy.ComfyClient, "submit", refuse)
    with pytest.raises(RunFault) as caught:
        await film.run()
    assert {d.code.code for d in caught.value.diagnostics} == {"E0705"}
    assert not film.of(events.JobRetried)


async def test_result_that_vanished_with_the_worker_is_made_again(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    async def restart(steps: Steps, *args: Any) -> None:
        shutil.rmtree(film.folder / "worker" / "output")
        await steps.client._http.post("/history", b'{"clear": true}', limit=1000)

    first_time(Steps, "download", restart, monkeypatch)
    assert await film.run()
    (retried,) = film.of(events.JobRetried)
    assert "started anew" in retried.reason
    assert sorted(film.submitted()) == sorted([*film.jobs(), retried.job])


async def test_result_that_vanished_alone_is_a_fault(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker says that it has made the file, and has not: making it again would end in the same way."""

    async def lose(steps: Steps, *args: Any) -> None:
        shutil.rmtree(film.folder / "worker" / "output")

    first_time(Steps, "download", lose, monkeypatch)
    with pytest.raises(RunFault) as caught:
        await film.run()
    assert [d.code.code for d in caught.value.diagnostics] == ["E0712"]
    assert not film.of(events.JobRetried)


@pytest.mark.parametrize("name", ["submit", "view"])
async def test_worker_is_waited_for_with_what_cost_much(film: Film, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as a worker may be silent: more often than a step is tried that costs nothing."""
    inner, left = getattr(comfy.ComfyClient, name), job.TRIES + 2

    async def unreachable(self: Any, *args: Any, **more: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise comfy.Unreachable("the connection broke")
        return await inner(self, *args, **more)

    monkeypatch.setattr(comfy.ComfyClient, name, unreachable)
    assert await film.run(lost=60.0)
    assert sorted(film.submitted()) == sorted(film.jobs())
    assert not film.of(events.WorkerLost)


async def test_step_beyond_its_deadline_loses_the_attempt(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "DEADLINES", {**job.DEADLINES, "submit": 0.3})
    real = job.DEADLINES

    async def hang(client: comfy.ComfyClient, *args: Any, **more: Any) -> None:
        # The later ones may take their time: this machine may be slow.
        monkeypatch.setattr(job, "DEADLINES", {**real, "submit": 60.0})
        await asyncio.Event().wait()

    first_time(comfy.ComfyClient, "submit", hang, monkeypatch)
    assert await film.run()
    assert [e.reason for e in film.of(events.WorkerLost)] == [
        f"the step `submit` on {film.worker.url} took longer than its deadline"
    ]


async def test_worker_that_dies_while_it_is_asked_for_schemas_is_unreachable(film: Film) -> None:
    async with comfy.ComfyClient("http://127.0.0.1:1", client_id="test") as client:
        with pytest.raises(comfy.Unreachable):
            await match.schemas(client, plan_of(film.program).jobs[0], {})


# -- the database --------------------------------------------------------------------------------


async def test_database_that_breaks_is_one_diagnostic(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(event: events.Event) -> None:
        if isinstance(event, events.RunStarted):
            with closing(sqlite3.connect(film.state / "engine.sqlite")) as connection:
                connection.execute("DROP TABLE reelc_workers")

    async def never(self: comfy.ComfyClient, *args: Any, **more: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(comfy.ComfyClient, "submit", never)
    with pytest.raises(RunFault) as caught:
        await film.run(report=drop, database=film.database)
    (found,) = caught.value.diagnostics
    assert found.code is driver.bad_database(EngineFault("")).code
    assert "no such table" in found.message


# -- what a dead process recorded ----------------------------------------------------------------


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The process ends without a word, as one that is killed; what it gives back brings it to life again."""
    monkeypatch.setattr(driver._Driver, "_record_end", lambda self, error: None)
    return monkeypatch.undo


async def test_killed_while_it_was_stopping(
    film: Film, monkeypatch: pytest.MonkeyPatch, dead: Callable[[], None]
) -> None:
    """Jobs have recorded that they were stopped, and the run still counts as running."""
    running: asyncio.Task[Any]

    async def stop(steps: Steps, *args: Any) -> None:
        running.cancel()
        await asyncio.Event().wait()

    first_time(Steps, "follow", stop, monkeypatch)
    running = asyncio.ensure_future(film.run(database=film.database))
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    info = RunFolder(film.state / "runs" / "run1", lambda: 0.0).read()
    assert info is not None
    assert info.state == RUNNING
    dead()
    assert await film.run(database=film.database)
    assert (film.folder / "out" / FILM).is_file()


class Killed(BaseException):
    """In place of SIGKILL, at a point where nothing is to be cleaned up."""


async def test_result_that_was_damaged_meanwhile_is_made_again(
    film: Film, monkeypatch: pytest.MonkeyPatch, dead: Callable[[], None]
) -> None:
    def killed(*args: Any) -> None:
        raise Killed

    monkeypatch.setattr(delivery, "_assemble", killed)
    with pytest.raises(Killed):
        await film.run(database=film.database)
    dead()
    store = Store(film.state / "store", lambda: 0.0)
    damaged = next(entry for entry in store.entries() if entry.job == "02-film")
    damaged.path(damaged.files[0]).write_bytes(b"something else")
    film.told.clear()
    assert await film.run(database=film.database)
    assert film.submitted() == ["02-film"]


async def test_hand_over_that_is_gone_is_made_again(
    film: Film, monkeypatch: pytest.MonkeyPatch, dead: Callable[[], None]
) -> None:
    def killed(*args: Any) -> None:
        raise Killed

    monkeypatch.setattr(delivery, "_assemble", killed)
    with pytest.raises(Killed):
        await film.run(database=film.database)
    dead()
    store = Store(film.state / "store", lambda: 0.0)
    for entry in [e for e in store.entries() if e.job == "01-animate"]:
        shutil.rmtree(entry.folder)
    film.told.clear()
    assert await film.run(database=film.database)
    # What was made of it counts on: it came out the same.
    assert film.submitted() == ["01-animate"]


async def test_failed_run_tries_again_when_it_is_taken_up(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Steps, "verify", _refuse)
    with pytest.raises(RunFault):
        await film.run(database=film.database)
    monkeypatch.undo()
    assert await film.run(database=film.database)


async def _refuse(self: Steps, args: Any) -> Any:
    raise RunFault(self._no_file(self.job.artifacts_out[0], 0))


async def test_what_was_begun_with_other_files_is_begun_anew(film: Film) -> None:
    """An earlier process looked for another identity: its worker makes something else than is wanted now."""

    async def replayed(name: str, function: Any, args: Any) -> Any:
        assert name == "look-up", "nothing else may be done"
        return {"identity": "of other files"}

    context: Any = SimpleNamespace(engine="preview", clean=False)
    first = plan_of(film.program).jobs[0]
    body = job.JobBody(context, first, 1, {}, replayed, lambda diagnostics: None)
    assert await body.run() == {"stopped": True}


# -- a job that fails ----------------------------------------------------------------------------


async def test_no_job_begins_after_one_has_failed(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Steps, "verify", _refuse)
    with pytest.raises(RunFault) as caught:
        await film.run(database=film.database)
    assert len(caught.value.diagnostics) == 1
    assert len(film.submitted()) == 1


async def test_jobs_on_workers_go_on_when_another_fails(
    film: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is fetched and kept, and nothing is made of it."""
    verify, both, failed = Steps.verify, asyncio.Barrier(2), asyncio.Event()

    async def one_fails(steps: Steps, args: Any) -> Any:
        # Both are on their workers when the first fails.
        await both.wait()
        if steps.job.id == "01-animate":
            failed.set()
            return await _refuse(steps, args)
        await failed.wait()
        return await verify(steps, args)

    monkeypatch.setattr(Steps, "verify", one_fails)
    async with PreviewWorker(tmp_path / "other") as other:
        urls = (film.worker.url, other.url)
        with pytest.raises(RunFault):
            await film.run(workers=tuple(Address(url=url) for url in urls))
    assert sorted(film.submitted()) == ["01-animate", "03-animate"]
    assert [entry.job for entry in Store(film.state / "store", lambda: 0.0).entries()] == ["03-animate"]


async def test_what_workers_lack_is_named_for_all_jobs(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any is sent, and once for jobs that want the same: 03-animate is like 01-animate."""

    async def lacking(plan: Any, wanted: Job, *args: Any) -> Any:
        raise RunFault(Diagnostic(code=WORKER_LACKS_MODEL, message=f"no model for {wanted.id}"))

    monkeypatch.setattr(match, "match", lacking)
    with pytest.raises(RunFault) as caught:
        await film.run()
    assert [d.message for d in caught.value.diagnostics] == [
        f"no model for {job}" for job in ("01-animate", "02-film", "05-film")
    ]

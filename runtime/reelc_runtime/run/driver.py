"""A run: every job of a plan on the workers that there are, then assembly; taken up again where it was left."""

import asyncio
import itertools
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from reelc_compiler.plan import Job, Save
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import (
    INTERNAL,
    NO_WORKER,
)
from reelc_runtime import comfy
from reelc_runtime.digest import is_whole
from reelc_runtime.engine import Direct, Engine, EngineFault, Step
from reelc_runtime.run import events, faults, match
from reelc_runtime.run.context import Context, Result, read_result
from reelc_runtime.run.delivery import Delivery
from reelc_runtime.run.faults import Locator, RunFault, bad_address, bad_database
from reelc_runtime.run.given import unchanged
from reelc_runtime.run.ids import Attempt
from reelc_runtime.run.job import JobBody, retried
from reelc_runtime.run.kept import SOURCES, sources_to_json
from reelc_runtime.run.record import (
    CANCELLED,
    DONE,
    FAILED,
    INTERRUPTED,
    RUNNING,
    Info,
    RunFolder,
    cannot_write,
)
from reelc_runtime.run.request import RunRequest
from reelc_runtime.run.steps import Handed, Steps
from reelc_runtime.run.survey import survey
from reelc_runtime.store import Store
from reelc_runtime.workers.leases import Leases, Registry, Shared, Unshared
from reelc_runtime.workers.pool import Pool, Worker

Json = dict[str, Any]
Warn = Callable[[Diagnostic], None]

# Jobs that are under way at the same time, on workers or on their way to one.
AT_ONCE = 64
# Seconds that jobs get to take their prompts off the workers when the run ends early.
STOP_DEADLINE = 20.0
# How often somebody's wish to end the run is looked for.
CANCEL_TICK = 0.5
# Events that come by the thousand and are worth nothing afterwards.
UNLOGGED = (events.NodeProgress, events.NodeStarted, events.NodeFinished)


async def run(request: RunRequest) -> list[events.Written]:
    """Carry out a plan, or go on with a run of this name.

    Returns:
        The films, in the order of the plan's outputs; none when the run is done and is not wanted again.

    Raises:
        RunFault: E07xx; what was finished stays in the store.
        CancelledError: after the running prompts were stopped on the workers.
    """
    return await _Driver(request).run()


class _Driver:
    def __init__(self, request: RunRequest) -> None:
        self.request = request
        self.locator = Locator(request.plan, request.sources)
        self.folder = RunFolder(request.state / "runs" / request.run, request.now)
        self.store = Store(request.state / "store", request.now)
        self.stopping = asyncio.Event()
        self.failing = asyncio.Event()
        self.cancelled = False
        self.found: dict[str, tuple[Diagnostic, ...]] = {}
        self.warned: set[str] = set()
        self.bodies: set[asyncio.Task[Any]] = set()
        self.results: dict[str, asyncio.Future[Result | None]] = {}
        self.jobs = {job.id: job for job in request.plan.jobs}
        # The job that makes each artifact.
        self.makers = {artifact.id: job.id for job in request.plan.jobs for artifact in job.artifacts_out}
        self.gate = asyncio.Semaphore(AT_ONCE)
        self.registry: Registry | None = None
        self.pool: Pool
        self.context: Context
        self.info: Info
        self.before: Info | None = None

    # -- beginning and ending -----------------------------------------------------------------

    async def run(self) -> list[events.Written]:
        """The whole run; its record says how it ended."""
        self.folder.lock()
        try:
            before = self.folder.read()
            if before is not None and before.state == DONE and not self.request.again:
                return []
            self._begin(before)
            try:
                films = await self._carry_out()
            except BaseException as error:
                self._record_end(error)
                raise
            self.info = self.folder.write(replace(self.info, state=DONE, films=_places(films)))
            return films
        finally:
            self.folder.unlock()

    def _begin(self, before: Info | None) -> None:
        """Write down what was asked for.

        Args:
            before: what is known of the run already.
        """
        request, folder = self.request, self.folder
        self.before = before
        folder.forget_cancel()
        for name, content in request.plan.to_files().items():
            folder.keep(f"plan/{name}", content)
        folder.keep(SOURCES, sources_to_json(request.plan, request.sources))
        for path in (request.out, folder.folder / "files"):
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunFault(cannot_write(path, error)) from None
        # A run whose process died goes on as it is; one that had ended begins anew, with what is in the store.
        generation = 1 if before is None else before.generation + (before.state != RUNNING)
        self.info = folder.write(
            Info(
                run=request.run,
                state=RUNNING,
                engine=request.engine,
                pipeline=request.plan.pipeline,
                source=request.source,
                digest=request.digest,
                out=str(request.out.resolve()),
                inputs=str(request.inputs.resolve()),
                workers=tuple(comfy.address_shown(a.url) for a in request.workers),
                until=request.goal.until,
                alike=request.alike,
                jobs=len(request.goal.jobs),
                generation=generation,
                created=before.created if before is not None else round(request.now(), 3),
                changed=0.0,
                host=platform.node(),
                pid=os.getpid(),
            )
        )

    def _record_end(self, error: BaseException) -> None:
        found: tuple[Diagnostic, ...] = ()
        if isinstance(error, RunFault):
            state, found = FAILED, error.diagnostics
        elif isinstance(error, Exception):
            message = f"reelc itself failed: {type(error).__name__}: {error}"
            state, found = FAILED, (Diagnostic(code=INTERNAL, message=message),)
        else:
            state = CANCELLED if self.cancelled else INTERRUPTED
        self.folder.forget_cancel()
        self.folder.tell({"event": state, "diagnostics": [faults.to_json(d) for d in found]})
        with suppress(RunFault):
            self.info = self.folder.write(replace(self.info, state=state, codes=tuple(d.code.code for d in found)))

    def _tell(self, event: events.Event) -> None:
        if not isinstance(event, UNLOGGED):
            self.folder.tell(event.to_json())
        self.request.report(event)

    def _warn(self, diagnostic: Diagnostic) -> None:
        if diagnostic.message in self.warned:
            return  # it was said of another job on the same worker
        self.warned.add(diagnostic.message)
        self.folder.tell({"event": "warning", "diagnostics": [faults.to_json(diagnostic)]})
        self.request.warn(diagnostic)

    # -- carrying out -------------------------------------------------------------------------

    async def _carry_out(self) -> list[events.Written]:
        request, started = self.request, self.request.clock.monotonic()
        leases = await self._leases()
        self.pool = Pool(
            [address.url for address in request.workers],
            connect=self._connect,
            match=self._match,
            leases=leases,
            report=self._tell,
            clock=request.clock,
            patience=request.patience,
            known=self.before.workers if self.before is not None and self.before.state == RUNNING else (),
        )
        try:
            await self.pool.start()
            self._tell(
                events.RunStarted(
                    run=request.run,
                    engine=request.engine,
                    workers=tuple(self.pool.urls),
                    jobs=request.goal.jobs,
                    state=str(self.folder.folder),
                    resumed=self.before is not None,
                )
            )
            if not self.pool.urls:
                raise RunFault(Diagnostic(code=NO_WORKER, message="there is no worker to render on"))
            films = await self._with_engine()
        except EngineFault as error:
            raise RunFault(bad_database(error)) from None
        finally:
            await self._let_go()
        self._tell(events.RunFinished(run=request.run, seconds=request.clock.monotonic() - started))
        return films

    async def _let_go(self) -> None:
        """Of workers and their leases; when the database fails, they run out by themselves."""
        try:
            with suppress(EngineFault):
                await self.pool.close()
        finally:
            if self.registry is not None:
                await asyncio.to_thread(self.registry.close)

    async def _leases(self) -> Leases:
        request = self.request
        if request.database is None:
            return Unshared()
        from reelc_runtime.engine.durable import prepare, reporting

        try:
            with reporting(request.database):
                await asyncio.to_thread(prepare, request.database)
                self.registry = await asyncio.to_thread(Registry, request.database, request.now)
        except EngineFault as error:
            raise RunFault(bad_database(error)) from None
        return Shared(self.registry, request.run)

    async def _with_engine(self) -> list[events.Written]:
        self.context = self._make_context()
        goal = self.request.goal
        await survey((self.jobs[name] for name in goal.jobs), goal.outputs, self.context, self.request.input_path)
        for job in self.request.goal.jobs:
            self.results[job] = asyncio.get_running_loop().create_future()
        if self.request.database is None:
            return await self._schedule(Direct(self._body))
        from reelc_runtime.engine.durable import Durable

        engine = Durable(self.request.run, self._body, self.request.database, self.info.generation)
        try:
            await engine.launch()
            return await self._schedule(engine)
        finally:
            await engine.close()

    def _make_context(self) -> Context:
        request = self.request
        return Context(
            plan=request.plan,
            engine=request.engine,
            clean=request.clean,
            install=request.install,
            run=request.run,
            alike=request.alike,
            pool=self.pool,
            store=self.store,
            steps=self._steps,
            files=self.folder.folder / "files",
            stopping=self.stopping,
            failing=self.failing,
            report=self._tell,
            clock=request.clock,
        )

    async def _schedule(self, engine: Engine) -> list[events.Written]:
        """Jobs as soon as what they start from is there, then assembly."""
        request = self.request
        serving = asyncio.ensure_future(self.pool.serve())
        watching = asyncio.ensure_future(self._watch_cancel())
        jobs = [asyncio.ensure_future(self._job(engine, job)) for job in request.goal.jobs]
        work = asyncio.ensure_future(self._finish(jobs))
        try:
            await asyncio.wait({work, serving, watching}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await asyncio.gather(*(t for t in (serving, watching) if t.done()))
                raise asyncio.CancelledError
            return work.result()
        finally:
            self.stopping.set()
            await self._let_end()
            own: list[asyncio.Task[Any]] = [*jobs, work, serving, watching]
            for task in own:
                task.cancel()
            await asyncio.gather(*own, return_exceptions=True)

    async def _finish(self, jobs: "Sequence[asyncio.Future[Result | None]]") -> list[events.Written]:
        """Wait for all jobs; the ones that go on are not given up because another one failed."""
        ended = await asyncio.gather(*jobs, return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException) and not isinstance(error, RunFault):
                raise error
        if self.found:
            order = [d for job in self.request.goal.jobs for d in self.found.get(job, ())]
            raise RunFault(*order)
        if self.stopping.is_set():
            raise asyncio.CancelledError
        films = await self.request.goal.deliver(self._delivery())
        for path in (self.folder.folder / "files").iterdir():
            path.unlink(missing_ok=True)
        return films

    async def _let_end(self) -> None:
        """Give the jobs the time to take their prompts off the workers."""
        running = [task for task in self.bodies if not task.done()]
        if running:
            self._tell(events.RunStopping(jobs=len(running)))
            await asyncio.wait(running, timeout=STOP_DEADLINE)

    async def _watch_cancel(self) -> None:
        """Until somebody wants the run to end."""
        while not self.folder.cancel_requested:
            await self.request.clock.sleep(CANCEL_TICK)
        self.cancelled = True

    # -- a job --------------------------------------------------------------------------------

    async def _job(self, engine: Engine, name: str) -> Result | None:
        """A job's result; None when it has none, for a reason that is kept in :attr:`found`."""
        result: Result | None = None
        try:
            for before in self.jobs[name].after:
                if await asyncio.shield(self.results[before]) is None:
                    return None
            async with self.gate:
                if self.stopping.is_set() or self.failing.is_set():
                    return None
                value = await self._value(engine, name)
            if "fault" in value:
                self.found.setdefault(name, tuple(faults.from_json(d) for d in value["fault"]))
                self.failing.set()
            elif "files" in value:
                result = read_result(value, self.store)
            return result
        finally:
            if not self.results[name].done():
                self.results[name].set_result(result)

    async def _value(self, engine: Engine, name: str) -> Json:
        """What the job's body returns.

        What an earlier process recorded may not count any more: then the body is begun anew, as in a run that had
        ended.
        """
        for generation in itertools.count(self.info.generation):
            value = await engine.job(name, generation)
            ending = self.stopping.is_set() or self.failing.is_set()
            if self.before is None or ending or await self._counts(name, value):
                return value
        raise AssertionError("there is always a next generation")

    async def _counts(self, name: str, value: Json) -> bool:
        """Whether a value that may come from an earlier process can be used now."""
        if "files" in value:
            result = read_result(value, self.store)
            return all([await asyncio.to_thread(is_whole, file.path, file.sha256) for file in result.files.values()])
        if "fault" in value:
            # Of this process, or of one that died before the run had failed.
            return name in self.found or (self.before is not None and self.before.state == RUNNING)
        # A process was killed while it was stopping its jobs.
        return False

    async def _body(self, name: str, generation: int, step: Step) -> Json:
        """What the engine runs for a job; also, after a crash, for one that an earlier process began."""
        task = asyncio.current_task()
        assert task is not None
        self.bodies.add(task)
        job = self.jobs[name]
        handed: dict[str, Handed] = {}
        try:
            for before in job.after:
                result = await asyncio.shield(self.results[before])
                if result is None:
                    return {"stopped": True}
                handed.update(result.files)
            own = {artifact.id: handed[artifact.id] for artifact in job.artifacts_in}
            return await JobBody(self.context, job, generation, own, step, self._remember(name)).run()
        finally:
            self.bodies.discard(task)

    def _remember(self, job: str) -> Callable[[tuple[Diagnostic, ...]], None]:
        def remember(diagnostics: tuple[Diagnostic, ...]) -> None:
            self.found[job] = diagnostics
            self.failing.set()

        return remember

    def _steps(self, job: Job, worker: Worker, handed: Mapping[str, Handed]) -> Steps:
        request = self.request
        return Steps(
            plan=request.plan,
            job=job,
            client=worker.client,
            engine=request.engine,
            clean=request.clean,
            input_path=request.input_path,
            handed=handed,
            files=self.folder.folder / "files",
            locator=self.locator,
            report=self._tell,
            stall=request.stall,
            lost=request.lost,
            clock=request.clock,
        )

    # -- workers ------------------------------------------------------------------------------

    def _connect(self, url: str) -> comfy.ComfyClient:
        """A client of a worker.

        Raises:
            RunFault: the URL, the token or a header cannot be used.
        """
        request = self.request
        shown = comfy.address_shown(url)
        known = (a for a in request.workers if comfy.address_shown(a.url) == shown)
        # A worker that joined later never has another one's credentials: they would go to another host.
        address = next(known, None) or request.joined(url)
        try:
            return comfy.ComfyClient(
                address.url,
                # The same for a later process of this run, so that it hears of prompts that this one sent.
                client_id=Attempt(install=request.install, run=request.run, job="client", number=0).prompt_id,
                token=address.token,
                headers=address.headers,
                clock=request.clock,
            )
        except comfy.ComfyError as error:
            raise RunFault(bad_address(error)) from None

    async def _match(self, worker: Worker, job: Job) -> Json:
        request = self.request

        async def ask() -> Json:
            return await match.match(
                request.plan, job, worker.client, request.engine, request.catalog, self.locator, worker.schemas
            )

        try:
            found = await retried("match", ask, job=job.id, report=self._tell, clock=request.clock)
        except TimeoutError:
            raise comfy.TimedOut(f"{worker.url} did not say within a minute what it can do") from None
        for warning in match.low_vram(job, worker.url, found["device"], found["vram"]):
            self._warn(warning)
        self._tell(events.WorkerMatched(job=job.id, worker=worker.url, **found))
        return found

    # -- delivering ---------------------------------------------------------------------------

    def _delivery(self) -> Delivery:
        preview = self.request.engine == "preview"
        return Delivery(
            plan=self.request.plan,
            engine="preview" if preview else "render",
            out=self.request.out,
            preview=preview,
            labelled=preview and not self.request.clean,
            file=self._file,
            given=self._given,
            saved=self._saved,
            report=self._tell,
        )

    def _file(self, artifact: str) -> Path:
        """Where a finished artifact lies."""
        result = self.results[self.makers[artifact]].result()
        assert result is not None, "all jobs are done"
        return result.files[artifact].path

    def _given(self, name: str) -> Path:
        """Where an input lies that is still what the plan was made with."""
        item = next(i for i in self.request.plan.inputs if i.id == name)
        path = self.request.input_path(item.path)
        unchanged(path, item.path, item.sha256)
        return path

    def _saved(self, job: str, save: Save) -> list[Path]:
        """Where the files lie that a node of the user's own saved."""
        result = self.results[job].result()
        assert result is not None, "all jobs are done"
        ids = next(ids for known, ids in self.jobs[job].saved(result.files) if known is save)
        return [result.files[name].path for name in ids]


def _places(films: list[events.Written]) -> tuple[str, ...]:
    """Where films lie, whoever asks from which folder."""
    return tuple(str(Path(film.path).resolve()) for film in films)

"""One job, from looking in the store to its verified files: attempts on workers, each step recorded.

What the body does depends only on results of its steps, so that an engine can carry it on after a crash:
it comes back to the step that had not ended, on the worker that was chosen, with the prompt id that was
going to be sent, and finds out what became of it.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, cast

from reelc_compiler.plan import Job
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import JOB_LOST, WORKER_SILENT
from reelc_runtime import comfy
from reelc_runtime.digest import sha256_of
from reelc_runtime.engine import Step
from reelc_runtime.run import events, faults
from reelc_runtime.run.context import Context
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.ids import MOST_TRIES, Attempt, first_attempt
from reelc_runtime.run.record import cannot_write
from reelc_runtime.run.steps import Handed, Report, Steps
from reelc_runtime.store import Entry, identity, scope
from reelc_runtime.workers.pool import Worker

Json = dict[str, Any]

# A job whose worker vanishes under it, or forgets it, is sent this often in all.
ATTEMPTS = 3
# Seconds that a step may take with all its tries; `follow` ends by itself when the worker falls silent.
DEADLINES: Mapping[str, float | None] = {
    "match": 60.0,
    "upload": 3600.0,
    "submit": 300.0,
    "follow": None,
    "download": 4 * 3600.0,
    "verify": 4 * 3600.0,
}
# Passing faults (a dropped connection, a 502 of a proxy) are tried again this often in one step.
TRIES = 5
# These until a worker counts as lost: it may have the prompt by now, or the result of hours.
PATIENT = ("submit", "download")
# HTTP says so of a file that is not there.
GONE = 404


class Stopped(Exception):
    """The run is ending; the step was given up and has left nothing behind."""


class JobBody:
    """The body of one job.

    Args:
        context: what it shares with the others.
        job: which.
        generation: how often the run was begun; attempts are numbered through.
        handed: the files that it starts from.
        step: carries steps out.
        remember: keeps a fault as it is, with its place, for this process.
    """

    def __init__(
        self,
        context: Context,
        job: Job,
        generation: int,
        handed: Mapping[str, Handed],
        step: Step,
        remember: Callable[[tuple[Diagnostic, ...]], None],
    ) -> None:
        self.context = context
        self.job = job
        self.handed = handed
        self.step = step
        self.remember = remember
        self.first = first_attempt(generation)
        self.reasons: list[str] = []
        self.tried: dict[str, None] = {}
        inputs = {name: file.sha256 for name, file in handed.items()}
        self.identity = identity(job, context.engine, inputs, clean=context.clean)

    async def run(self) -> Json:
        """``{"files", "worker", "outputs"}``, ``{"fault": [...]}`` or ``{"stopped": true}``."""
        found = await self.step("look-up", self.look_up, {"identity": self.identity})
        if "files" in found:
            return found
        if found["identity"] != self.identity:
            # An earlier process began it with files that were made anew since.
            return {"stopped": True}
        sent = 0
        for number in itertools.islice(itertools.count(self.first), MOST_TRIES):
            leased = await self.step("lease", self.lease, {"attempt": number, "avoid": list(self.tried)})
            if "worker" not in leased:
                return leased
            worker = await self.context.pool.hold(leased["worker"], self.job)
            if worker is None:
                reason = f"{leased['worker']} no longer belongs to the run"
                outcome: Json = {"lost": reason, "sent": True}
            else:
                outcome = await self.attempt(worker, number)
            if "lost" not in outcome:
                return outcome
            self.tried[leased["worker"]] = None
            self.reasons.append(f"{leased['worker']}: {outcome['lost']}")
            sent += bool(outcome["sent"])
            if sent >= ATTEMPTS:
                break
            self.context.report(
                events.JobRetried(job=self.job.id, worker=leased["worker"], reason=outcome["lost"], attempt=number + 1)
            )
        return self.fault(
            Diagnostic(
                code=JOB_LOST,
                message=f"the job {self.job.id} was lost {len(self.reasons)} times",
                notes=tuple(self.reasons[-ATTEMPTS:]),
                help=("the workers may be restarting, or out of memory; look at their logs",),
            )
        )

    async def attempt(self, worker: Worker, number: int) -> Json:
        """One try on one worker; the worker is given back whatever happens."""
        started = self.context.clock.monotonic()
        steps = self.context.steps(self.job, worker, self.handed)
        try:
            outcome = await self.carry_out(steps, worker, number)
        finally:
            await self.context.pool.release(worker, self.job)
        if "files" in outcome:
            seconds = self.context.clock.monotonic() - started
            self.context.report(events.JobDone(job=self.job.id, worker=worker.url, seconds=seconds))
        return outcome

    async def carry_out(self, steps: Steps, worker: Worker, number: int) -> Json:
        """Upload, submit, follow, collect."""
        own = Attempt(install=self.context.install, run=self.context.run, job=self.job.id, number=number)
        step = _OnWorker(self, worker, steps, own.prompt_id)
        uploaded = await self.step("upload", step.guarded("upload", steps.upload), {})
        if "inputs" not in uploaded:
            return uploaded
        submitted = await self.step(
            "submit",
            step.guarded("submit", step.with_files(step.submit, uploaded)),
            {"prompt": own.prompt_id, "prefix": own.prefix, "names": uploaded, "attempt": number},
        )
        if "attached" not in submitted:
            return submitted
        step.found_again(number)
        followed = await self.step(
            "follow", step.guarded("follow", step.with_files(steps.follow, uploaded)), {"prompt": own.prompt_id}
        )
        if followed.get("vanished"):
            return {"lost": "the worker no longer knows the job", "sent": True}
        if "outputs" not in followed:
            return followed
        return await self.step("collect", step.collect, {"outputs": followed["outputs"]})

    # -- steps that need no worker yet ---------------------------------------------------------

    async def look_up(self, args: Json) -> Json:
        """The result of an earlier run, or what is to be made."""
        context = self.context
        scopes = None if context.alike else {self.scope(url) for url in context.pool.urls}
        entry = await context.store.take(self.identity, context.engine, scopes)
        if entry is None or not self.complete(entry):
            return {"identity": self.identity}
        context.report(events.JobReused(job=self.job.id, made_by=entry.run))
        return {"files": self.described(entry), "worker": entry.worker, "outputs": {}}

    def complete(self, entry: Entry) -> bool:
        """Whether a result has what the job leaves: a file for each artifact, and some for each save."""
        numbers = Counter(file.number for file in entry.files)
        first = len(self.job.artifacts_out)
        return numbers.keys() == set(range(first + len(self.job.saves))) and all(numbers[n] == 1 for n in range(first))

    def described(self, entry: Entry) -> list[Json]:
        """A result's files as JSON values; their paths are relative to the store."""
        return [
            {
                "artifact": name,
                "path": entry.path(file).relative_to(self.context.store.root).as_posix(),
                "sha256": file.sha256,
                "bytes": file.bytes,
            }
            for name, file in zip(self.names(entry), entry.files, strict=True)
        ]

    def names(self, entry: Entry) -> list[str]:
        """What the files of a result are called inside the run."""
        artifacts, counted = self.job.artifacts_out, Counter[int]()
        names: list[str] = []
        for file in entry.files:
            counted[file.number] += 1
            if file.number < len(artifacts):
                names.append(artifacts[file.number].id)
            else:
                save = self.job.saves[file.number - len(artifacts)]
                names.append(save.file_id(self.job.id, counted[file.number]))
        return names

    def scope(self, url: str) -> str:
        """For whom a result of a worker counts."""
        return scope(self.job, self.context.engine, url, alike=self.context.alike)

    async def lease(self, args: Json) -> Json:
        """A worker for an attempt."""
        prefer = {file.on[0] for file in self.handed.values() if file.on is not None}
        try:
            leased = self.context.pool.lease(self.job, prefer=prefer, avoid=args["avoid"])
            worker = await self.interruptible(leased, self.context.failing)
        except RunFault as found:
            return self.fault(*found.diagnostics)
        except Stopped:
            return {"stopped": True}
        return {"worker": worker.url}

    # -- outcomes -----------------------------------------------------------------------------

    def fault(self, *diagnostics: Diagnostic) -> Json:
        """What cannot be mended by trying again."""
        self.remember(diagnostics)
        return {"fault": [faults.to_json(d) for d in diagnostics]}

    async def interruptible(self, work: Awaitable[Any], *also: asyncio.Event) -> Any:
        """Work that ends when the run is to end.

        Args:
            also: what else ends it.

        Raises:
            Stopped: it did; the work was cancelled and has cleaned up.
        """
        task = asyncio.ensure_future(work)
        stops = [asyncio.ensure_future(event.wait()) for event in (self.context.stopping, *also)]
        try:
            await asyncio.wait({task, *stops}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise Stopped
        finally:
            for stop in stops:
                stop.cancel()
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


class _OnWorker:
    """Steps with their retries and deadlines, and with every end as a JSON value."""

    def __init__(self, body: JobBody, worker: Worker, steps: Steps, prompt: str) -> None:
        self.body = body
        self.worker = worker
        self.steps = steps
        self.prompt = prompt
        self.told = False

    async def submit(self, args: Json) -> Json:
        """Submit; it tells of the prompt itself."""
        self.told = True
        return await self.steps.submit(args)

    def found_again(self, attempt: int) -> None:
        """Tell of a prompt that an earlier process has submitted."""
        if not self.told:
            job = self.body.job
            self.body.context.report(
                events.JobSubmitted(
                    job=job.id,
                    worker=self.worker.url,
                    prompt=self.prompt,
                    attempt=attempt,
                    nodes=len(job.graph),
                    attached=True,
                )
            )

    def guarded(self, name: str, step: Callable[[Json], Awaitable[Json]]) -> Callable[[Json], Awaitable[Json]]:
        """A step whose faults are values."""

        async def run(args: Json) -> Json:
            return await self._ended(name, lambda: step(args))

        return run

    def with_files(self, step: Callable[[Json], Awaitable[Json]], names: Json) -> Callable[[Json], Awaitable[Json]]:
        """A step that fails on a worker which has lost the files that were sent to it: only the attempt is lost."""

        async def run(args: Json) -> Json:
            try:
                return await step(args)
            except RunFault:
                if await self.steps.still_there(names):
                    raise
                return {"lost": "the worker no longer has the files that it was sent", "sent": True}

        return run

    async def collect(self, args: Json) -> Json:
        """Download, verify, put into the store."""
        steps, body = self.steps, self.body

        async def work() -> Json:
            # The process may have died between keeping the files and recording that it did.
            kept = await body.context.store.take(body.identity, body.context.engine, {body.scope(self.worker.url)})
            if kept is not None:
                return self._result(kept, args["outputs"])
            try:
                files = (await self._retried("download", lambda: steps.download(args)))["files"]
            except comfy.ServerError as error:
                if error.status != GONE or (await steps.client.find(self.prompt)).state != "absent":
                    raise
                return {"lost": "the worker has started anew, and the result is gone", "sent": True}
            await self._retried("verify", lambda: steps.verify({"files": files}))
            return await asyncio.to_thread(self._keep, files, args["outputs"])

        return await self._ended("collect", work, retried=False)

    def _keep(self, names: Mapping[str, str], outputs: Json) -> Json:
        body, context = self.body, self.body.context
        job = body.job
        found: list[tuple[Path, str, int]] = []
        numbers: list[int] = []
        for number, ids in enumerate([*([a.id] for a in job.artifacts_out), *(ids for _, ids in job.saved(names))]):
            for name in ids:
                path = self.steps.files / names[name]
                found.append((path, sha256_of(path), path.stat().st_size))
                numbers.append(number)
        entry = context.store.put(
            body.identity,
            body.scope(self.worker.url),
            context.engine,
            found,
            job=job.id,
            pipeline=context.plan.pipeline,
            run=context.run,
            worker=self.worker.url,
            numbers=numbers,
        )
        return self._result(entry, outputs)

    def _result(self, entry: Entry, outputs: Json) -> Json:
        """The job's result, and where its files lie on the worker, unless another run made what is kept."""
        made_here = (entry.run, entry.worker) == (self.body.context.run, self.worker.url)
        files = self.body.described(entry)
        return {"files": files, "worker": self.worker.url, "outputs": outputs if made_here else {}}

    async def _ended(self, name: str, work: Callable[[], Awaitable[Json]], *, retried: bool = True) -> Json:
        body = self.body
        try:
            do = self._retried(name, work) if retried else work()
            return cast(Json, await body.interruptible(do))
        except Stopped:
            if name == "submit":
                # The answer may be on its way back: the prompt could be in the queue already.
                await self.steps.stop(self.prompt)
            return {"stopped": True}
        except RunFault as found:
            return body.fault(*found.diagnostics)
        except comfy.Stalled as error:
            if not body.context.pool.others(self.worker):
                return body.fault(faults.worker_fault(error))
            await self.steps.stop(self.prompt)
            return self._lost(name, faults.worker_fault(error))
        except comfy.ComfyError as error:
            if not comfy.is_transient(error):
                return body.fault(faults.worker_fault(error))
            return self._lost(name, faults.worker_fault(error))
        except TimeoutError:
            return self._lost(
                name,
                Diagnostic(
                    code=WORKER_SILENT,
                    message=f"the step `{name}` on {self.worker.url} took longer than its deadline",
                    help=("is the server busy or hanging? look at its log",),
                ),
            )
        except OSError as error:
            # After TimeoutError, which is one, too.
            return body.fault(cannot_write(self.steps.files, error))

    def _lost(self, name: str, trouble: Diagnostic) -> Json:
        sent = name != "upload"
        stop = (lambda: self.steps.stop(self.prompt)) if sent else None
        self.body.context.pool.lost(self.worker, trouble, stop=stop)
        return {"lost": trouble.message, "sent": sent}

    async def _retried(self, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
        return await retried(
            name,
            work,
            job=self.body.job.id,
            report=self.body.context.report,
            clock=self.steps.clock,
            patience=self.steps.lost if name in PATIENT else 0.0,
        )


async def retried(
    name: str,
    work: Callable[[], Awaitable[Json]],
    *,
    job: str,
    report: Report,
    clock: comfy.Clock,
    patience: float = 0.0,
) -> Json:
    """A step within its deadline, tried again after passing faults.

    Args:
        patience: seconds for which it is tried at least, however often that is.

    Raises:
        ComfyError: after the last try, or when trying again cannot help.
        TimeoutError: it took too long.
    """
    delays, waited = comfy.backoff(), 0.0
    async with asyncio.timeout(DEADLINES[name]):
        for number in itertools.count(1):
            try:
                return await work()
            except comfy.ComfyError as error:
                enough = number >= TRIES and waited >= patience
                if enough or name == "follow" or not comfy.is_transient(error):
                    raise
                seconds = next(delays)
                report(events.StepRetried(job=job, step=name, reason=str(error), seconds=seconds))
                await clock.sleep(seconds)
                waited += seconds
    raise AssertionError("it is tried until it returns or raises")

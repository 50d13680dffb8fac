"""One plan on one worker: jobs in order, their steps with minimal retry, then assembly."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reelc_compiler.catalog import Catalog
from reelc_compiler.plan import Job, Output, Plan
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import (
    BAD_RESULT,
    BAD_WORKER,
    CANNOT_WRITE,
    JOB_LOST,
    NO_SPACE,
    WORKER_FORBIDS,
    WORKER_SILENT,
    WORKER_UNREACHABLE,
)
from reelc_dsl.source import Source
from reelc_runtime import comfy
from reelc_runtime.run import events
from reelc_runtime.run.faults import Locator, RunFault
from reelc_runtime.run.ids import Attempt
from reelc_runtime.run.journal import Journal, Json, cannot_write
from reelc_runtime.run.steps import Report, Steps, Warn

# A prompt that vanished with its worker's memory is sent again this often.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to run, where, and who is told.

    Args:
        plan: what.
        worker: the worker's URL.
        token, headers: its credentials, from the environment; they appear nowhere else.
        engine: ``render`` or ``preview``.
        clean: a preview without its label burnt in.
        catalog: the plan's catalog, to match the worker against; None skips matching.
        input_path: an input's path in the plan to where it lies.
        sources: for places in diagnostics; may be empty.
        out: the folder for films.
        state: the folder for journals and downloads.
        install, run: names that prompt ids and prefixes derive from.
        report, warn: are told what happens.
        stall: seconds without a sign of life.
        clock: monotonic time and sleep, injected.
        now: seconds since the epoch, injected.
    """

    plan: Plan
    worker: str
    engine: str
    input_path: Callable[[str], Path]
    out: Path
    state: Path
    install: str
    run: str
    report: Report
    warn: Warn
    clock: comfy.Clock
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    clean: bool = False
    catalog: Catalog | None = None
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    stall: float = 900.0
    now: Callable[[], float] = time.time


async def run(request: RunRequest) -> list[events.OutputWritten]:
    """Carry out a plan.

    Returns:
        The films, in the order of the plan's outputs.

    Raises:
        RunFault: E07xx; what was finished stays in the state folder, which the journal describes.
        CancelledError: after the running prompt was stopped on the worker.
    """
    return await _Runner(request).run()


class _Runner:
    def __init__(self, request: RunRequest) -> None:
        self.request = request
        self.locator = Locator(request.plan, request.sources)
        self.folder = request.state / "runs" / request.run
        self.journal = Journal(self.folder, request.now)

    async def run(self) -> list[events.OutputWritten]:
        """The whole run; its last entry in the journal says how it ended."""
        try:
            return await self.carry_out()
        except BaseException as error:
            state = "failed" if isinstance(error, Exception) else "interrupted"
            codes = [d.code.code for d in error.diagnostics] if isinstance(error, RunFault) else []
            self.journal.write(run=self.request.run, state=state, codes=codes)
            raise

    async def carry_out(self) -> list[events.OutputWritten]:
        request, started = self.request, self.request.clock.monotonic()
        for name, content in request.plan.to_files().items():
            self.journal.keep(f"plan/{name}", content)
        self.journal.write(run=request.run, state="begun", engine=request.engine)
        self._make(request.out)
        self._make(self.folder / "files")
        files: dict[str, Path] = {}
        async with self.client() as client:
            request.report(
                events.RunStarted(
                    run=request.run,
                    engine=request.engine,
                    worker=client.url,
                    jobs=len(request.plan.jobs),
                    state=str(self.folder),
                )
            )
            for job in request.plan.jobs:
                files.update(await self.job(job, client))
        written = [await self.assemble(output, files) for output in request.plan.outputs]
        for path in files.values():
            path.unlink(missing_ok=True)
        self.journal.write(run=request.run, state="done")
        request.report(events.RunFinished(run=request.run, seconds=request.clock.monotonic() - started))
        return written

    def client(self) -> comfy.ComfyClient:
        """A client of the run's worker.

        Raises:
            RunFault: the URL, the token or a header cannot be used.
        """
        request = self.request
        try:
            return comfy.ComfyClient(
                request.worker,
                client_id=Attempt(install=request.install, run=request.run, job="client", number=0).prompt_id,
                token=request.token,
                headers=request.headers,
                clock=request.clock,
            )
        except comfy.ComfyError as error:
            raise RunFault(
                Diagnostic(
                    code=BAD_WORKER,
                    message=str(error),
                    help=("look at --worker, and at REELC_WORKER_TOKEN and REELC_WORKER_HEADERS in the environment",),
                )
            ) from None

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFault(cannot_write(folder, error)) from None

    # -- a job -------------------------------------------------------------------------------

    async def job(self, job: Job, client: comfy.ComfyClient) -> dict[str, Path]:
        request = self.request
        steps = Steps(
            plan=request.plan,
            job=job,
            client=client,
            engine=request.engine,
            clean=request.clean,
            catalog=request.catalog,
            input_path=request.input_path,
            files=self.folder / "files",
            locator=self.locator,
            report=request.report,
            warn=request.warn,
            stall=request.stall,
            clock=request.clock,
        )
        await self.step(job, steps.client, "match", steps.match, {})
        uploaded = await self.step(job, steps.client, "upload", steps.upload, {})
        outputs = await self.attempts(job, steps, uploaded["inputs"])
        downloaded = await self.step(job, steps.client, "download", steps.download, {"outputs": outputs})
        await self.step(job, steps.client, "verify", steps.verify, {"files": downloaded["files"]})
        return {artifact: steps.files / file["name"] for artifact, file in downloaded["files"].items()}

    async def attempts(self, job: Job, steps: Steps, inputs: Json) -> Json:
        """Submit and follow, once more when the worker has lost the prompt."""
        for number in range(1, ATTEMPTS + 1):
            attempt = Attempt(install=self.request.install, run=self.request.run, job=job.id, number=number)
            args: Json = {
                "prompt": attempt.prompt_id,
                "prefix": attempt.prefix,
                "inputs": inputs,
                "attempt": number,
            }
            try:
                await self.step(job, steps.client, "submit", steps.submit, args)
            except asyncio.CancelledError:
                # The answer may be on its way back: the prompt could be in the queue already.
                await steps.stop(attempt.prompt_id)
                raise
            followed = await self.step(job, steps.client, "follow", steps.follow, {"prompt": attempt.prompt_id})
            if not followed.get("lost"):
                return followed["outputs"]
        raise RunFault(
            Diagnostic(
                code=JOB_LOST,
                message=f"{steps.client.url} lost the job {job.id} {ATTEMPTS} times",
                help=("its server may be restarting; look at its log",),
            )
        )

    async def step(
        self, job: Job, client: comfy.ComfyClient, name: str, step: Callable[[Json], Awaitable[Json]], args: Json
    ) -> Json:
        """A journalled step, tried again after passing faults, with every fault as a diagnostic."""

        async def guarded(value: Json) -> Json:
            delays = comfy.backoff()
            for left in range(TRIES - 1, -1, -1):
                try:
                    return await step(value)
                except comfy.ComfyError as error:
                    if left == 0 or not comfy.is_transient(error):
                        raise RunFault(worker_fault(error)) from error
                    seconds = next(delays)
                    self.request.report(events.StepRetried(job=job.id, step=name, reason=str(error), seconds=seconds))
                    await self.request.clock.sleep(seconds)
                except OSError as error:
                    raise RunFault(cannot_write(self.folder, error)) from None
            raise AssertionError("the last try returns or raises")

        async def bounded(value: Json) -> Json:
            try:
                async with asyncio.timeout(DEADLINES[name]):
                    return await guarded(value)
            except TimeoutError:
                raise RunFault(
                    Diagnostic(
                        code=WORKER_SILENT,
                        message=f"the step `{name}` on {client.url} took longer than {DEADLINES[name]:g} seconds",
                        help=("is the server busy or hanging? look at its log",),
                    )
                ) from None

        return await self.journal.step(f"{job.id}/{name}", bounded, args)

    # -- assembly ----------------------------------------------------------------------------

    async def assemble(self, output: Output, files: Mapping[str, Path]) -> events.OutputWritten:
        """Join artifacts into the film, in its place."""
        preview = self.request.engine == "preview"
        name = output.file
        if preview:
            stem, _, suffix = name.rpartition(".")
            name = f"{stem}.preview.{suffix}"
        to = self.request.out / name

        async def step(args: Json) -> Json:
            await asyncio.to_thread(_assemble, [Path(p) for p in args["files"]], output, to, preview)
            with to.open("rb") as file:
                digest = await asyncio.to_thread(lambda: hashlib.file_digest(file, "sha256").hexdigest())
            return {"path": str(to), "bytes": to.stat().st_size, "sha256": digest}

        done = await self.journal.step(
            f"assemble/{output.name}", step, {"files": [str(files[a]) for a in output.artifacts]}
        )
        facts = output.facts
        event = events.OutputWritten(
            output=output.name,
            path=done["path"],
            bytes=done["bytes"],
            sha256=done["sha256"],
            width=facts.width,
            height=facts.height,
            frames=facts.frames,
            fps=str(facts.fps),
            seconds=float(facts.duration or 0),
        )
        self.request.report(event)
        return event


def _assemble(files: list[Path], output: Output, to: Path, preview: bool) -> None:
    from reelc_runtime.media import errors
    from reelc_runtime.media.assemble import assemble

    metadata = {"comment": "reelc preview: an animatic made of stand-ins, not a render"} if preview else {}
    try:
        assemble(files, output, to, metadata=metadata)
    except errors.DiskFull as error:
        raise RunFault(_kept(NO_SPACE, str(error), files)) from None
    except errors.WriteFailed as error:
        raise RunFault(_kept(CANNOT_WRITE, str(error), files)) from None
    except errors.MediaError as error:
        raise RunFault(_kept(BAD_RESULT, f"{output.file} cannot be assembled: {error}", files)) from None


def _kept(code: Any, message: str, files: list[Path]) -> Diagnostic:
    kept = ", ".join(str(f) for f in files)
    return Diagnostic(code=code, message=message, notes=(f"what was rendered is kept: {kept}",))


def worker_fault(error: comfy.ComfyError) -> Diagnostic:
    """The diagnostic for a worker that cannot be talked to."""
    match error:
        case comfy.AuthRefused():
            return Diagnostic(
                code=WORKER_FORBIDS,
                message=str(error),
                help=("set REELC_WORKER_TOKEN in the environment to the worker's token",),
            )
        case comfy.Unreachable():
            return Diagnostic(
                code=WORKER_UNREACHABLE,
                message=str(error),
                help=("is ComfyUI running there, and is the address right?",),
            )
        case comfy.TimedOut() | comfy.Stalled():
            return Diagnostic(
                code=WORKER_SILENT,
                message=str(error),
                help=("look at the worker's log; if it works on, run again: the job is found and followed",),
            )
        case _:
            return Diagnostic(code=BAD_WORKER, message=str(error), help=("is this the address of a ComfyUI server?",))

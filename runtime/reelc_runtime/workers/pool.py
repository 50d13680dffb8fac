"""The workers of a run: matched, leased to one job at a time, watched, given up when they do not answer."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from reelc_compiler.plan import Job
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import NO_WORKER
from reelc_runtime import comfy
from reelc_runtime.run import events
from reelc_runtime.run.faults import RunFault, worker_fault
from reelc_runtime.workers.leases import ACTIVE, DRAINING, TTL, Leases

Match = Callable[["Worker", Job], Awaitable[dict[str, Any]]]
Connect = Callable[[str], comfy.ComfyClient]
# Seconds between two looks when nothing has happened: at the registry, at leases of other runs.
TICK = 2.0
FIRST_PROBE, LAST_PROBE = 2.0, 30.0


@dataclass(slots=True, eq=False)
class Worker:
    """A worker as this run sees it.

    Args:
        url: its address, without secrets; its identity.
        client: how to talk to it.
        live: whether it has answered in this run.
        trouble: why it counts as lost; None while it does not.
        joined: it belongs to the run only because it was added while the run went on.
        draining: it gets no new jobs.
        holders: the jobs that are on it; more than one only after a resume.
        matched: what matching said, by job: the worker's facts, or what keeps it from the job.
        schemas: its node classes, as far as they were asked for; None for one that it does not have.
        abandoned: prompts that were left on it when it was lost, each with how to stop it.
        turn: who changes its lease waits for who does so before.
        probe: finds out whether it answers again.
    """

    url: str
    client: comfy.ComfyClient
    live: bool = False
    trouble: Diagnostic | None = None
    joined: bool = False
    draining: bool = False
    holders: set[str] = field(default_factory=set[str])
    matched: dict[str, dict[str, Any] | tuple[Diagnostic, ...]] = field(
        default_factory=dict[str, "dict[str, Any] | tuple[Diagnostic, ...]"]
    )
    schemas: dict[str, dict[str, Any] | None] = field(default_factory=dict[str, "dict[str, Any] | None"])
    abandoned: dict[str, Callable[[], Awaitable[None]]] = field(
        default_factory=dict[str, Callable[[], Awaitable[None]]]
    )
    probe_at: float = 0.0
    probe_delay: float = FIRST_PROBE
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    probe: "asyncio.Task[None] | None" = None

    @property
    def usable(self) -> bool:
        """Whether it may get jobs, now or when it is free."""
        return self.trouble is None and not self.draining

    def refuses(self, job: str) -> bool:
        """Whether it has said that it cannot do a job."""
        return isinstance(self.matched.get(job), tuple)

    def fits(self, job: str) -> dict[str, Any] | None:
        """What it said of itself when it was matched with a job that it can do."""
        found = self.matched.get(job)
        return found if isinstance(found, dict) else None


class Pool:
    """Gives workers to jobs.

    Args:
        urls: the run's own workers, as the user named them; they may hold credentials.
        connect: makes a client for an address.
        match: finds out whether a worker can do a job; raises RunFault when it cannot.
        leases: what other runs hold.
        report: is told.
        clock: time, injected.
        patience: seconds to wait for a worker to come back when none is left.
        known: addresses of workers that an earlier process of this run had: they are worth waiting for.
    """

    def __init__(
        self,
        urls: Iterable[str],
        *,
        connect: Connect,
        match: Match,
        leases: Leases,
        report: Callable[[events.Event], None],
        clock: comfy.Clock,
        patience: float,
        known: Collection[str] = (),
    ) -> None:
        self.workers: dict[str, Worker] = {}
        self._connect = connect
        self._match = match
        self._leases = leases
        self._report = report
        self._clock = clock
        self._patience = patience
        self._known = known
        self._changed = asyncio.Event()
        self._alone_since: dict[str, float] = {}
        for url in urls:
            self._add(url)

    def _add(self, url: str) -> Worker:
        client = self._connect(url)
        worker = self.workers.get(client.url)
        if worker is None:
            worker = self.workers[client.url] = Worker(client.url, client, live=client.url in self._known)
        return worker

    @property
    def urls(self) -> list[str]:
        """The addresses of all workers, without secrets."""
        return list(self.workers)

    # -- giving and taking back ---------------------------------------------------------------

    async def lease(self, job: Job, *, prefer: Collection[str] = (), avoid: Collection[str] = ()) -> Worker:
        """A worker that can do a job, as soon as one is free.

        Args:
            prefer: where its files lie already.
            avoid: where it failed before; taken only when there is no other.

        Raises:
            RunFault: no worker can do it (E0703, E0704, E0715), or none answers (E0701, E0702).
        """
        while True:
            changed = self._changed
            for worker in self._ranked(job, prefer, avoid):
                if await self._try(worker, job, avoid):
                    return worker
            self._check_hope(job)
            await self._wait(changed)

    async def _try(self, worker: Worker, job: Job, avoid: Collection[str]) -> bool:
        if job.id not in worker.matched:
            await self._match_with(worker, job)
        if not self._free(worker) or worker.fits(job.id) is None or self._better_elsewhere(worker, job, avoid):
            return False
        worker.holders.add(job.id)
        try:
            taken = await self._leases.take(worker.url, job.id)
        except BaseException:
            # Given up in the middle: the lease may be there already.
            await self.release(worker, job)
            raise
        if not taken:
            worker.holders.discard(job.id)
        return taken

    async def hold(self, url: str, job: Job) -> Worker | None:
        """The worker that a job was given before this process began, or just now; None if it is no longer ours."""
        worker = self.workers.get(url)
        if worker is not None and job.id not in worker.holders:
            worker.holders.add(job.id)
            await self._leases.take(url, job.id)
        return worker

    async def release(self, worker: Worker, job: Job) -> None:
        """Give a worker back."""
        worker.holders.discard(job.id)
        async with worker.turn:
            await self._leases.free(worker.url, job.id)
        self._notify()

    def lost(self, worker: Worker, trouble: Diagnostic, *, stop: Callable[[], Awaitable[None]] | None = None) -> None:
        """A worker does not answer any more; it gets no job until it does.

        Args:
            trouble: what is known.
            stop: takes a prompt off the worker once it answers again.
        """
        if stop is not None:
            worker.abandoned[trouble.message + str(len(worker.abandoned))] = stop
        if worker.trouble is None:
            worker.trouble = trouble
            worker.matched.clear()
            worker.schemas.clear()
            worker.probe_delay = FIRST_PROBE
            worker.probe_at = self._clock.monotonic() + worker.probe_delay
            self._report(events.WorkerLost(worker=worker.url, reason=trouble.message))
        self._notify()

    def others(self, worker: Worker) -> bool:
        """Whether another worker could take over."""
        return any(w is not worker and w.usable for w in self.workers.values())

    # -- choosing -----------------------------------------------------------------------------

    def _free(self, worker: Worker) -> bool:
        return worker.usable and not worker.holders

    def _ranked(self, job: Job, prefer: Collection[str], avoid: Collection[str]) -> list[Worker]:
        """Free workers, the best first; one that is to be avoided only while no other may do the job."""
        free = [w for w in self.workers.values() if self._free(w)]
        if any(w.usable and w.url not in avoid and not w.refuses(job.id) for w in self.workers.values()):
            free = [w for w in free if w.url not in avoid]
        return sorted(free, key=lambda w: (w.url not in prefer, not _roomy(w, job)))

    def _better_elsewhere(self, worker: Worker, job: Job, avoid: Collection[str]) -> bool:
        """Whether there is a worker with enough GPU memory: only busy, which is worth waiting for, or not asked yet."""
        if _roomy(worker, job):
            return False
        return any(
            w.usable
            and w.url not in avoid
            and _roomy(w, job)
            and (w.fits(job.id) is not None or (self._free(w) and job.id not in w.matched))
            for w in self.workers.values()
            if w is not worker
        )

    async def survey(self, jobs: Iterable[Job]) -> None:
        """Find out whether there is a worker for each of some jobs, before any of them is sent.

        Raises:
            RunFault: what is missing for all of them; not when no worker answers, which :meth:`lease` waits for.
        """
        missing: list[Diagnostic] = []
        for job in jobs:
            asked = [w for w in self.workers.values() if w.usable and job.id not in w.matched]
            await asyncio.gather(*(self._match_with(worker, job) for worker in asked))
            usable = [w for w in self.workers.values() if w.usable]
            if usable and all(w.refuses(job.id) for w in usable) and not self._awaited():
                missing.extend(d for w in usable for d in _refusals(w, job.id))
        if missing:
            raise RunFault(*_distinct(missing))

    async def _match_with(self, worker: Worker, job: Job) -> None:
        try:
            worker.matched[job.id] = await self._match(worker, job)
        except RunFault as fault:
            worker.matched[job.id] = fault.diagnostics
            worker.live = True
        except comfy.ComfyError as error:
            if comfy.is_transient(error) or isinstance(error, comfy.Stalled):
                self.lost(worker, worker_fault(error))
            else:
                # Wrong credentials, or no ComfyUI: asking again would say the same for every job.
                worker.matched[job.id] = (worker_fault(error),)
        else:
            worker.live = True

    def _awaited(self) -> bool:
        """Whether there are workers that may be of use later: one that was there, one that is being drained."""
        return any(w.live and not w.usable for w in self.workers.values())

    def _check_hope(self, job: Job) -> None:
        """Whether waiting can help.

        Raises:
            RunFault: it cannot.
        """
        usable = [w for w in self.workers.values() if w.usable]
        unfit = [w for w in usable if w.refuses(job.id)]
        if len(unfit) < len(usable) or any(job.id in w.holders for w in usable):
            self._alone_since.pop(job.id, None)
            return
        since = self._alone_since.setdefault(job.id, self._clock.monotonic())
        patient = self._clock.monotonic() - since < self._patience
        if patient and self._awaited():
            return
        refusals = [d for w in unfit for d in _refusals(w, job.id)]
        troubles = [w.trouble for w in self.workers.values() if w.trouble is not None and (w.live or not refusals)]
        draining = Diagnostic(
            code=NO_WORKER,
            message=f"no worker is left for the job {job.id}: all of them are being drained",
            help=("add one with `reelc workers add URL`, then run again: what is finished is kept",),
        )
        raise RunFault(*_distinct([*refusals, *troubles] or [draining]))

    # -- what happens meanwhile ---------------------------------------------------------------

    async def serve(self) -> None:
        """Look after the workers until cancelled: renew leases, probe lost ones, take in new ones."""
        renewed = self._clock.monotonic()
        try:
            while True:
                await self._clock.sleep(TICK)
                await self._read_registry()
                self._begin_probes()
                now = self._clock.monotonic()
                if now - renewed >= TTL / 3:
                    renewed = now
                    await self._renew()
                self._notify()
        finally:
            probes = [w.probe for w in self.workers.values() if w.probe is not None]
            for probe in probes:
                probe.cancel()
            await asyncio.gather(*probes, return_exceptions=True)

    async def _renew(self) -> None:
        for worker in list(self.workers.values()):
            async with worker.turn:
                for job in list(worker.holders):
                    # It may have been given back while another one was renewed.
                    if job in worker.holders:
                        await self._leases.take(worker.url, job)

    def _begin_probes(self) -> None:
        """Each on its own: one that hangs must not keep leases from being renewed."""
        for worker in self.workers.values():
            if worker.probe is not None and worker.probe.done():
                worker.probe.result()
                worker.probe = None
            if worker.probe is None and worker.trouble is not None and self._clock.monotonic() >= worker.probe_at:
                worker.probe = asyncio.ensure_future(self._probe(worker))

    async def _read_registry(self) -> None:
        table = await self._leases.registered()
        for url, state in table.items():
            if url not in self.workers and state == ACTIVE:
                worker = self._add(url)
                worker.joined = True
                self._report(events.WorkerJoined(worker=worker.url))
        for worker in self.workers.values():
            # One that was added and is taken away again gets no more jobs; the run's own ones stay.
            draining = table.get(worker.url, DRAINING if worker.joined else ACTIVE) == DRAINING
            if worker.draining != draining:
                worker.draining = draining
                if draining:
                    self._report(events.WorkerDraining(worker=worker.url, jobs=len(worker.holders)))

    async def _probe(self, worker: Worker) -> None:
        try:
            await worker.client.system_stats()
        except comfy.ComfyError:
            worker.probe_delay = min(worker.probe_delay * 2, LAST_PROBE)
            worker.probe_at = self._clock.monotonic() + worker.probe_delay
            return
        worker.trouble = None
        self._report(events.WorkerBack(worker=worker.url))
        self._notify()
        abandoned, worker.abandoned = worker.abandoned, {}
        for stop in abandoned.values():
            # What was given to another worker must not go on here.
            await stop()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _wait(self, changed: asyncio.Event) -> None:
        """Until something has changed, or some time has passed."""
        waits: set[asyncio.Future[Any]] = {
            asyncio.ensure_future(changed.wait()),
            asyncio.ensure_future(self._clock.sleep(TICK)),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def start(self) -> None:
        """Begin: leases of a dead process of this run end here."""
        await self._leases.drop()
        await self._read_registry()

    async def close(self) -> None:
        """Let go of all leases and connections."""
        try:
            await self._leases.drop()
        finally:
            for worker in self.workers.values():
                await worker.client.__aexit__(None, None, None)


def _roomy(worker: Worker, job: Job) -> bool:
    """Whether the GPU has the memory that the job is estimated to need; yes while nobody knows."""
    found = worker.fits(job.id)
    vram = found.get("vram") if found is not None else None
    return job.needs.vram is None or vram is None or vram >= job.needs.vram


def _refusals(worker: Worker, job: str) -> tuple[Diagnostic, ...]:
    found = worker.matched.get(job)
    return found if isinstance(found, tuple) else ()


def _distinct(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    found = {(d.code.code, d.message, None if d.span is None else d.span.start): d for d in diagnostics}
    return list(found.values())

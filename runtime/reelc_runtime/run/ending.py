"""Ending a run from outside: asking the process that carries it out, or acting for one that died."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import RUN_BUSY
from reelc_runtime import comfy
from reelc_runtime.run import events
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.prompts import STOP_DEADLINE, Left, left_prompts, take_off, told_prompts
from reelc_runtime.run.record import CANCELLED, RUNNING, Info, RunFolder

Json = dict[str, Any]
# How often it is looked whether the process has let go.
TICK = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What became of a run that was to end.

    Args:
        before: how it stood: its state, or ``died``.
        state: how it stands now; ``running`` when its process has not let go in time.
        stopped: the prompts that were taken off workers, and whether that is confirmed.
        unread: why what the engine recorded could not be read, so that only the log was asked.
    """

    before: str
    state: str
    stopped: tuple[events.PromptStopped, ...] = ()
    unread: tuple[Diagnostic, ...] = ()

    @property
    def unconfirmed(self) -> tuple[events.PromptStopped, ...]:
        """The prompts that may still run."""
        return tuple(s for s in self.stopped if not s.confirmed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """Ends one run.

    Args:
        folder: the run's.
        install: the name of this installation, which prompt ids derive from; None when it is lost.
        recorded: reads what the engine recorded of the run; raises RunFault.
        drop: ends the leases of workers that the run holds; raises RunFault.
        connect: makes a client for a worker's address; raises RunFault.
        clock: time, injected.
        wait: seconds for a process to let go, or for workers to confirm.
    """

    folder: RunFolder
    install: str | None
    recorded: Callable[[], list[Json]]
    drop: Callable[[], None]
    connect: Callable[[str], comfy.ComfyClient]
    clock: comfy.Clock
    wait: float

    async def cancel(self) -> Ended:
        """End it; one that has ended already is only freed of what it may have left on workers.

        Raises:
            RunFault: E0711, E0712, E0718; the run stands as before.
        """
        before, asked = self._state(), False
        seen = sum(1 for _ in self.folder.told())
        deadline = self.clock.monotonic() + self.wait
        while True:
            if self._state() == RUNNING:
                asked = True
                if not await self._ask(deadline):
                    return Ended(before=before, state=RUNNING, stopped=self._stops(seen))
            try:
                self.folder.lock()
            except RunFault as fault:
                if fault.diagnostics[0].code is not RUN_BUSY:
                    raise
                # Somebody takes it up again, or ends it, at the same time.
                if self.clock.monotonic() >= deadline:
                    return Ended(before=before, state=RUNNING, stopped=self._stops(seen))
                await self.clock.sleep(TICK)
                continue
            try:
                state, unread = await self._free(asked)
            finally:
                self.folder.unlock()
            return Ended(before=before, state=state, stopped=self._stops(seen), unread=unread)

    def _state(self) -> str:
        found = self.folder.standing()
        return CANCELLED if found is None else found[1]

    def _stops(self, seen: int) -> tuple[events.PromptStopped, ...]:
        """What the log says of prompts since we began; the last word on each."""
        told = [events.event_from_json(entry) for entry in list(self.folder.told())[seen:]]
        return tuple({e.prompt: e for e in told if isinstance(e, events.PromptStopped)}.values())

    async def _ask(self, deadline: float) -> bool:
        """Ask the process that carries it out; whether it has let go in time."""
        while self._state() == RUNNING:
            # Asked again when the wish is gone: a process that has just begun forgets what was wished before.
            if not self.folder.cancel_requested:
                self.folder.request_cancel()
            if self.clock.monotonic() >= deadline:
                return False
            await self.clock.sleep(TICK)
        return True

    async def _free(self, asked: bool) -> tuple[str, tuple[Diagnostic, ...]]:
        """Take off workers what nobody follows any more. We hold the run's lock.

        Returns:
            The run's state, and why the engine's records could not be read.
        """
        info, unread = self.folder.read(), ()
        if info is None:
            return CANCELLED, unread
        by_itself = asked and info.state != RUNNING
        try:
            left = await asyncio.to_thread(self._left, by_itself)
        except RunFault as fault:
            unread = fault.diagnostics
            left = told_prompts(self.folder.told())
        clients = {worker: self.connect(worker) for worker in {prompt.worker for prompt in left}}
        try:
            for stopped in await asyncio.gather(*(self._stop(clients[p.worker], p) for p in left)):
                self.folder.tell(stopped.to_json())
        finally:
            for client in clients.values():
                await client.__aexit__(None, None, None)
        if not by_itself:
            with suppress(RunFault):  # they run out by themselves
                await asyncio.to_thread(self.drop)
        self.folder.forget_cancel()
        return self._record(info), unread

    def _left(self, by_itself: bool) -> list[Left]:
        """What may be on workers; a process that ended by itself has stopped its prompts, and said which."""
        recorded = [] if by_itself else self.recorded()
        if self.install is None:
            return told_prompts(self.folder.told())
        return left_prompts(self.install, self.folder.name, recorded, self.folder.told())

    def _record(self, info: Info) -> str:
        if info.state != RUNNING:
            return info.state
        self.folder.tell({"event": CANCELLED, "diagnostics": []})
        return self.folder.write(replace(info, state=CANCELLED)).state

    async def _stop(self, client: comfy.ComfyClient, left: Left) -> events.PromptStopped:
        running = await take_off(client, left.prompt, self.clock, max(STOP_DEADLINE, self.wait))
        return events.PromptStopped(
            job=left.job, worker=left.worker, prompt=left.prompt, confirmed=not running, reason=running
        )

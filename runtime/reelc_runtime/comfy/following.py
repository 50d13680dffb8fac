"""Following one prompt: its messages and the answers of polls, merged until it ends."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

from reelc_runtime.comfy.answers import Found
from reelc_runtime.comfy.clock import Clock
from reelc_runtime.comfy.errors import ComfyError, Stalled, backoff, is_transient
from reelc_runtime.comfy.follower import Event, Follower
from reelc_runtime.comfy.settings import Timeouts
from reelc_runtime.comfy.ws import Connected, Disconnected, Gap, Listener, Mailbox


class Following:
    """One prompt being followed.

    Args:
        prompt_id: of a prompt that was accepted.
        url: the worker's, for messages.
        listener: started; its messages are read.
        find: asks over HTTP where the prompt is.
        stall: seconds without a sign of life after which to give up.
        lost: seconds without an answer to any question after which to give up; None for no such limit.
        timeouts, clock: as in the client.
    """

    def __init__(
        self,
        prompt_id: str,
        *,
        url: str,
        listener: Listener,
        find: Callable[[str], Awaitable[Found]],
        stall: float,
        lost: float | None,
        timeouts: Timeouts,
        clock: Clock,
    ) -> None:
        self._url = url
        self._listener = listener
        self._find = find
        self._stall = stall
        self._lost = lost
        self._unanswered_since: float | None = None
        self._timeouts = timeouts
        self._clock = clock
        self._follower = Follower(prompt_id)
        self._poll: asyncio.Task[Found] | None = None
        self._trouble: ComfyError | None = None
        self._delays = backoff()
        now = clock.monotonic()
        self._alive = (0, now)
        self._quiet_since = now
        self._poll_at = now

    async def events(self) -> AsyncGenerator[Event, None]:
        """Events, the terminal one last.

        Raises:
            Stalled: nothing was heard of the prompt for too long.
            ComfyError: the worker answers polls in a way that asking again would not mend.
        """
        prompt_id = self._follower.prompt_id
        try:
            with self._listener.reading(prompt_id) as mailbox:
                while not self._follower.done:
                    for event in self._step(mailbox):
                        yield event
                    if not self._follower.done:
                        self._check_stall()
                        await self._wait(mailbox)
        finally:
            await self._drop_poll()

    def _step(self, mailbox: Mailbox) -> Iterator[Event]:
        """Everything that is there already: messages first, since an answer tells of what came after them."""
        finished = self._poll if self._poll is not None and self._poll.done() else None
        yield from self._read(mailbox)
        if finished is not None and not self._follower.done:
            self._poll = None
            yield from self._polled(finished)
        now = self._clock.monotonic()
        if self._follower.alive != self._alive[0]:
            self._alive = (self._follower.alive, now)
        if not self._follower.done and self._poll is None and (self._wants_poll() or now >= self._next_poll()):
            self._begin_poll(now)

    def _read(self, mailbox: Mailbox) -> Iterator[Event]:
        while not self._follower.done and (item := mailbox.get_nowait()) is not None:
            match item:
                case Connected():
                    self._follower.connected()
                case Gap() | Disconnected():
                    self._follower.gap()
                case _:
                    before = self._follower.alive
                    yield from self._follower.message(item)
                    if self._follower.alive != before:
                        self._quiet_since = self._clock.monotonic()
                        self._unanswered_since = None

    # -- polls -------------------------------------------------------------------------------

    def _wants_poll(self) -> bool:
        return self._follower.wants_poll and self._clock.monotonic() >= self._poll_at

    def _next_poll(self) -> float:
        """When silence has lasted long enough to ask."""
        interval = self._timeouts.silence if self._listener.connected else self._timeouts.poll
        return max(self._poll_at, self._quiet_since + interval)

    def _begin_poll(self, now: float) -> None:
        self._follower.wants_poll = False
        self._quiet_since = now
        self._poll = asyncio.ensure_future(self._find(self._follower.prompt_id))

    def _polled(self, poll: "asyncio.Task[Found]") -> Iterator[Event]:
        now = self._clock.monotonic()
        self._quiet_since = now
        try:
            found = poll.result()
        except ComfyError as error:
            if not is_transient(error):
                raise
            self._trouble = error
            if self._unanswered_since is None:
                self._unanswered_since = now
            if self._lost is not None and now - self._unanswered_since >= self._lost:
                raise
            self._follower.wants_poll = True
            self._poll_at = now + next(self._delays)
            return
        self._trouble = None
        self._unanswered_since = None
        self._delays = backoff()
        self._poll_at = now
        if found.state == "running" and not self._listener.connected:
            # Nothing but this answer can be heard of a running prompt now, so it has to do.
            self._follower.alive += 1
        yield from self._follower.found(found)

    async def _drop_poll(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
            await asyncio.gather(self._poll, return_exceptions=True)

    # -- waiting -----------------------------------------------------------------------------

    def _check_stall(self) -> None:
        if self._clock.monotonic() - self._alive[1] < self._stall:
            return
        why = f" ({self._trouble})" if self._trouble is not None else ""
        raise Stalled(f"{self._url} has shown no sign of life of the job for {self._stall:g} seconds{why}")

    async def _wait(self, mailbox: Mailbox) -> None:
        """Until a message or an answer arrives, or it is time to ask or to give up."""
        until = self._alive[1] + self._stall
        if self._poll is None:
            until = min(until, self._poll_at if self._follower.wants_poll else self._next_poll())
        seconds = max(0.0, until - self._clock.monotonic())
        own = {asyncio.ensure_future(mailbox.wait_filled()), asyncio.ensure_future(self._clock.sleep(seconds))}
        try:
            awaited = own if self._poll is None else {*own, self._poll}
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in own:
                task.cancel()
            await asyncio.gather(*own, return_exceptions=True)

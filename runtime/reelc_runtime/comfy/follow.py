"""Driving a :class:`PromptFollower`: the WebSocket for progress, history and queue for the truth.

One task does everything in turn, so that cancelling it leaves nothing behind: connect, look up, listen
until the next of these is due. While it looks something up, messages wait in the socket.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from reelc_runtime.comfy import events
from reelc_runtime.comfy.answers import Found
from reelc_runtime.comfy.clock import Clock, deadline
from reelc_runtime.comfy.errors import (
    AuthRefused,
    ComfyError,
    ServerError,
    Stalled,
    Unreachable,
    backoff,
    is_transient,
)
from reelc_runtime.comfy.events import Event
from reelc_runtime.comfy.limits import Timeouts
from reelc_runtime.comfy.messages import Message
from reelc_runtime.comfy.protocol import PromptFollower

# A connection that breaks sooner than this counts as one more failed try.
_SETTLED_SECONDS = 5.0


class Stream(Protocol):
    """An open event stream."""

    async def receive(self) -> Message:
        """The next message; Unreachable when the stream has ended."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


class Following:
    """Follows one prompt to its end.

    Args:
        prompt_id: which.
        url: of the server, for messages.
        find: looks the prompt up.
        connect: opens an event stream.
        submitting: whether the prompt is on its way to the server just now, so that its absence there
            means nothing.
        clock, timeouts: the time.
        stall_timeout: seconds without a sign of life.
    """

    def __init__(
        self,
        prompt_id: str,
        *,
        url: str,
        find: Callable[[], Awaitable[Found]],
        connect: Callable[[], Awaitable[Stream]],
        submitting: Callable[[], bool],
        clock: Clock,
        timeouts: Timeouts,
        stall_timeout: float,
    ) -> None:
        self._follower = PromptFollower(prompt_id)
        self._url = url
        self._find = find
        self._connect = connect
        self._submitting = submitting
        self._clock = clock
        self._timeouts = timeouts
        self._stall = stall_timeout
        now = clock.monotonic()
        self._stream: Stream | None = None
        self._connected_at = self._next_connect = now
        self._looked_at = now - timeouts.poll
        self._next_look = now
        self._life = self._answered = now
        self._error: ComfyError | None = None
        self._connect_delays = backoff()
        self._look_delays = backoff()

    async def events(self) -> AsyncIterator[Event]:
        """What happens, until one of the four ends; the connection is closed before that is handed out."""
        try:
            while self._follower.end is None:
                for event in await self._step():
                    if not isinstance(event, events.ENDS):
                        yield event
        finally:
            await self._drop()
        yield self._follower.end

    async def _step(self) -> list[Event]:
        """Do what is due, or listen until something is."""
        now = self._clock.monotonic()
        self._check_patience(now)
        if self._stream is None and now >= self._next_connect:
            await self._reconnect()
            return []
        look_at = self._look_at()
        if now >= look_at:
            return await self._look()
        until = min(look_at, self._life + self._stall)
        if self._stream is None:
            await self._clock.sleep(max(0.0, min(until, self._next_connect) - now))
            return []
        return await self._listen(self._stream, until - now)

    def _look_at(self) -> float:
        """When history and queue are read next."""
        if self._error is not None:
            return self._next_look
        if self._follower.look_now:
            return self._clock.monotonic()
        if self._follower.look_soon:
            return min(self._next_look, self._looked_at + self._timeouts.hint)
        return self._next_look

    def _check_patience(self, now: float) -> None:
        if self._error is not None and now - self._answered >= min(self._timeouts.give_up, self._stall):
            raise self._error
        if now - self._life >= self._stall:
            raise Stalled(f"{self._url} has shown no sign of life of the job for {self._stall:g} s")

    async def _reconnect(self) -> None:
        try:
            self._stream = await self._connect()
        except AuthRefused:
            raise
        except ComfyError:
            # Looking up goes on without it: a proxy that lets no WebSocket through costs progress only.
            self._next_connect = self._clock.monotonic() + next(self._connect_delays)
            return
        self._connected_at = self._clock.monotonic()
        self._follower.connected()

    async def _look(self) -> list[Event]:
        follower, submitting = self._follower, self._submitting()
        try:
            found = await self._find()
        except ComfyError as error:
            self._fail(error)
            return []
        now = self._clock.monotonic()
        self._looked_at = self._answered = now
        self._next_look = now + self._timeouts.poll
        self._error = None
        self._look_delays = backoff()
        if found.state == "absent" and (submitting or self._submitting()):
            follower.look_now = False
            self._next_look = now + self._timeouts.hint
            return []
        told = follower.found(found)
        # Without a stream, an answer that it still runs is all that can be had of it.
        if follower.alive or (found.state == "running" and self._stream is None):
            self._life = now
        return told

    def _fail(self, error: ComfyError) -> None:
        """A look-up that failed: again later, unless that is of no use."""
        if not is_transient(error) and not (isinstance(error, ServerError) and error.status >= 500):
            raise error
        self._error = error
        self._next_look = self._clock.monotonic() + next(self._look_delays)

    async def _listen(self, stream: Stream, seconds: float) -> list[Event]:
        try:
            async with deadline(self._clock, seconds):
                message = await stream.receive()
        except TimeoutError:
            return []
        except Unreachable:
            await self._drop()
            now = self._clock.monotonic()
            if now - self._connected_at >= _SETTLED_SECONDS:
                self._connect_delays = backoff()
            self._next_connect = now + next(self._connect_delays)
            # Nobody knows how long it takes to connect again, or whether it ends meanwhile.
            self._follower.look_now = True
            return []
        told = self._follower.received(message)
        if self._follower.alive:
            now = self._clock.monotonic()
            self._life = now
            self._next_look = max(self._next_look, now + self._timeouts.poll)
        return told

    async def _drop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

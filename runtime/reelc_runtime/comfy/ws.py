"""A worker's events over a WebSocket that is opened again whenever it breaks."""

import asyncio
import logging
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

from reelc_runtime.comfy import protocol
from reelc_runtime.comfy.address import Address
from reelc_runtime.comfy.clock import Clock
from reelc_runtime.comfy.errors import AuthRefused, ComfyError, ProtocolError, ServerError, Unreachable, backoff
from reelc_runtime.comfy.http import connect_reason
from reelc_runtime.comfy.settings import Limits, Timeouts
from reelc_runtime.comfy.tls import context

# A server that computes with the interpreter's lock held answers pings late; it is not gone.
PING_INTERVAL, PING_TIMEOUT, CLOSE_TIMEOUT = 20.0, 60.0, 1.0

# websockets writes request headers to its log, and they hold the token.
_SILENT = logging.getLogger("reelc_runtime.comfy.ws.silent")
_SILENT.disabled = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """From here on events arrive; what happened before is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """Events are missed until the next connection."""

    reason: ComfyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Events were dropped because nobody took them."""


Item = Connected | Disconnected | Gap | protocol.Message


class Mailbox:
    """What one prompt's follower has not read yet, bounded: an overflow becomes a :class:`Gap`."""

    def __init__(self, prompt_id: str, limits: Limits) -> None:
        self.prompt_id = prompt_id
        self._limits = limits
        self._items: deque[Item] = deque()
        self._previews = 0
        self._filled = asyncio.Event()

    def put(self, item: Item) -> None:
        """Add an item unless it is about another prompt."""
        if getattr(item, "prompt_id", None) not in (None, self.prompt_id):
            return
        if isinstance(item, protocol.PreviewFrame):
            if self._previews >= self._limits.previews:
                return
            self._previews += 1
        elif len(self._items) >= self._limits.backlog:
            self._items.clear()
            self._previews = 0
            self._items.append(Gap())
        self._items.append(item)
        self._filled.set()

    def get_nowait(self) -> Item | None:
        """The next item, None if there is none now."""
        if not self._items:
            self._filled.clear()
            return None
        item = self._items.popleft()
        if isinstance(item, protocol.PreviewFrame):
            self._previews -= 1
        return item

    async def wait_filled(self) -> None:
        """Until there is an item."""
        await self._filled.wait()


class Listener:
    """Holds the WebSocket of one client and hands its messages to mailboxes.

    Args:
        address: of the worker.
        client_id: stays the same over reconnections, so that events keep coming.
        timeouts, limits, clock: as in the client.
    """

    def __init__(self, address: Address, client_id: str, timeouts: Timeouts, limits: Limits, clock: Clock) -> None:
        self._address = address
        self._client_id = client_id
        self._timeouts = timeouts
        self._limits = limits
        self._clock = clock
        self._mailboxes: dict[str, Mailbox] = {}
        self._task: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self.connected = False

    async def start(self) -> None:
        """Connect, if that has not begun yet; returns after the first attempt, whether or not it succeeded."""
        if self._task is None:
            # Not in a TaskGroup: that would wrap whatever the client's user raises in an ExceptionGroup.
            self._task = asyncio.create_task(self._run(), name="comfy listener")
        waiter = asyncio.create_task(self._settled.wait())
        try:
            # A listener that died of a fault of ours must not be waited for.
            await asyncio.wait({waiter, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiter.cancel()

    async def stop(self) -> None:
        """Disconnect and stay so."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def expect(self, prompt_id: str) -> None:
        """Keep this prompt's messages from now on, until it has been followed."""
        if prompt_id not in self._mailboxes:
            self._mailboxes[prompt_id] = Mailbox(prompt_id, self._limits)

    def forget(self, prompt_id: str) -> None:
        """Keep no more messages of this prompt."""
        self._mailboxes.pop(prompt_id, None)

    @contextmanager
    def reading(self, prompt_id: str) -> Generator[Mailbox]:
        """The prompt's messages, those kept before included; forgotten afterwards."""
        self.expect(prompt_id)
        mailbox = self._mailboxes[prompt_id]
        try:
            yield mailbox
        finally:
            if self._mailboxes.get(prompt_id) is mailbox:
                self.forget(prompt_id)

    async def _run(self) -> None:
        delays = backoff()
        while True:
            try:
                async with self._connect() as socket:
                    await self._listen(socket)
                    delays = backoff()
                reason: ComfyError = Unreachable(f"the connection to {self._address.base} broke")
            except (OSError, WebSocketException) as error:
                # A timeout is an OSError too.
                reason = self._translated(error)
            self.connected = False
            self._tell(Disconnected(reason=reason))
            self._settled.set()
            await self._clock.sleep(next(delays))

    async def _listen(self, socket: ClientConnection) -> None:
        """Hand on messages until the connection ends."""
        with suppress(ConnectionClosed):
            await socket.send(protocol.HELLO)
            self.connected = True
            self._tell(Connected())
            self._settled.set()
            async for content in socket:
                self._tell(protocol.parse(content))

    def _connect(self) -> connect:
        return _NoRedirects(
            self._address.websocket(self._client_id),
            additional_headers=dict(self._address.headers),
            ssl=context() if self._address.secure else None,
            compression=None,
            proxy=None,
            open_timeout=self._timeouts.connect,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            max_size=self._limits.message,
            logger=_SILENT,
        )

    def _tell(self, item: Item) -> None:
        for mailbox in self._mailboxes.values():
            mailbox.put(item)

    def _translated(self, error: Exception) -> ComfyError:
        base = self._address.base
        if isinstance(error, InvalidStatus):
            status = error.response.status_code
            if status in (401, 403):
                return AuthRefused(f"{base} refuses access (HTTP {status})")
            return ServerError(f"{base}/ws answers with HTTP {status}", status)
        if isinstance(error, InvalidHandshake | InvalidURI):
            return ProtocolError(f"{base}/ws does not speak WebSocket")
        if isinstance(error, OSError):
            return Unreachable(f"{base} cannot be reached: {connect_reason(error)}")
        return Unreachable(f"the connection to {base} broke")


class _NoRedirects(connect):
    """A connection that stays where it was sent: elsewhere the headers' secrets must not go."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Never follow."""
        return exc

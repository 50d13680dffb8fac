"""One connection to ComfyUI's event stream."""

import logging
from typing import cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)

from reelc_runtime.comfy.address import Address
from reelc_runtime.comfy.clock import Clock, deadline
from reelc_runtime.comfy.errors import AuthRefused, ComfyError, ProtocolError, ServerError, TimedOut, Unreachable
from reelc_runtime.comfy.messages import HELLO, Message, parse_binary, parse_text
from reelc_runtime.comfy.tls import context

# websockets logs the headers of its handshake, and with them the token, when this is DEBUG.
_log = logging.getLogger("reelc_runtime.comfy.ws")
_log.setLevel(logging.WARNING)

# Messages that wait to be read; beyond it the server is made to wait.
_BACKLOG = 64
_CLOSE_SECONDS = 1.0


class _Connect(connect):
    """As in websockets, but without redirects: credentials go to the named host and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Socket:
    """An open connection; made by :meth:`open`."""

    def __init__(self, connection: ClientConnection, address: Address) -> None:
        self._connection = connection
        self._address = address

    @classmethod
    async def open(cls, address: Address, client_id: str, *, clock: Clock, timeout: float, max_bytes: int) -> "Socket":
        """Connect and tell the server which features are understood.

        Args:
            address: of the server.
            client_id: whose events; the id under which prompts are submitted.
            clock, timeout: seconds for all of it.
            max_bytes: of one message; the connection ends at a longer one.

        Raises:
            ComfyError: it cannot be had.
        """
        connecting = _Connect(
            address.websocket(client_id),
            additional_headers=address.headers,
            ssl=context() if address.secure else None,
            proxy=None,
            compression=None,
            open_timeout=None,
            close_timeout=_CLOSE_SECONDS,
            # A server that computes may be slow to answer a ping: reelc has its own idea of silence.
            ping_timeout=None,
            max_size=max_bytes,
            max_queue=_BACKLOG,
            logger=_log,
        )
        try:
            async with deadline(clock, timeout):
                connection = await connecting
                await connection.send(HELLO)
        except TimeoutError:
            raise TimedOut(f"{address.shown} did not open its event stream within {timeout:g} s") from None
        except (OSError, EOFError, WebSocketException) as error:
            raise _refusal(error, address) from error
        return cls(connection, address)

    async def receive(self) -> Message:
        """The next message. Can be cancelled without losing one.

        Raises:
            Unreachable: the connection has ended.
        """
        try:
            frame = await self._connection.recv()
        except ConnectionClosed as error:
            raise Unreachable(f"the event stream of {self._address.shown} broke off") from error
        return parse_text(frame) if isinstance(frame, str) else parse_binary(frame)

    async def close(self) -> None:
        """End the connection; waits a moment for the server to agree."""
        await self._connection.close()


def _refusal(error: Exception, address: Address) -> ComfyError:
    """The typed error for a handshake that failed."""
    match error:
        case InvalidStatus():
            status = cast(int, error.response.status_code)
            if status in (401, 403):
                return AuthRefused(f"{address.shown} forbids its event stream (HTTP {status})")
            excerpt = address.scrub((error.response.body or b"").decode("utf-8", "replace"))
            return ServerError(
                f"{address.shown} answered {status} instead of its event stream", status=status, excerpt=excerpt
            )
        case InvalidURI():
            return ProtocolError(f"{address.shown} cannot be the address of an event stream")
        case InvalidHandshake():
            return Unreachable(f"{address.shown} has no event stream that reelc understands")
        case _:
            return Unreachable(f"{address.shown} cannot be reached for its event stream")

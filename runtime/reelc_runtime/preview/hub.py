"""WebSocket clients: who is connected, and what each is sent, in order."""

import asyncio
import json
import struct
import uuid
from contextlib import suppress
from typing import Any, cast

from aiohttp import WSMsgType, web

BACKLOG = 20_000  # messages; a client that is further behind is gone
FEATURES: dict[str, Any] = {
    "supports_preview_metadata": True,
    "max_upload_size": 104857600,
    "extension": {"manager": {"supports_v4": True}},
    "node_replacements": True,
    "assets": False,
}
PREVIEW, PREVIEW_WITH_METADATA, JPEG = 1, 4, 1


class _Client:
    """One connection and what waits to be sent on it."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.flags: dict[str, Any] = {}
        self.waiting: asyncio.Queue[str | bytes | None] = asyncio.Queue(BACKLOG)

    def put(self, message: str | bytes) -> None:
        """Queue a message; a client that does not read is dropped rather than waited for."""
        try:
            self.waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.waiting = asyncio.Queue(1)
            self.waiting.put_nowait(None)

    async def pump(self) -> None:
        """Send what is queued until the connection ends."""
        with suppress(ConnectionError, RuntimeError):
            while (message := await self.waiting.get()) is not None:
                if isinstance(message, str):
                    await self.socket.send_str(message)
                else:
                    await self.socket.send_bytes(message)
        await self.socket.close()


class Hub:
    """All clients by id. A client that connects again replaces its former connection, as on ComfyUI."""

    def __init__(self, features: dict[str, Any] = FEATURES) -> None:
        self._clients: dict[str, _Client] = {}
        self._features = features

    async def serve(self, request: web.Request, hello: list[tuple[str, dict[str, Any]]]) -> web.WebSocketResponse:
        """Hold one connection until it ends.

        Args:
            request: the upgrade request; ``clientId`` names the client.
            hello: messages that every client gets first; ``status`` is completed with the client's id.
        """
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        sid = request.query.get("clientId") or uuid.uuid4().hex
        client = self._clients[sid] = _Client(socket)
        for event, data in hello:
            client.put(_text(event, {**data, "sid": sid} if event == "status" else data))
        pump = asyncio.create_task(client.pump())
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    self._heard(client, message.data)
        finally:
            if self._clients.get(sid) is client:
                del self._clients[sid]
            pump.cancel()
            with suppress(asyncio.CancelledError):
                await pump
        return socket

    def _heard(self, client: _Client, text: str) -> None:
        """Clients say one thing: which features they know."""
        with suppress(ValueError):
            message = json.loads(text)
            if isinstance(message, dict) and cast(Any, message).get("type") == "feature_flags":
                flags = cast(Any, message).get("data")
                client.flags = flags if isinstance(flags, dict) else {}
                client.put(_text("feature_flags", self._features))

    def send(self, event: str, data: dict[str, Any], sid: str | None = None) -> None:
        """Queue an event for one client, or for all."""
        text = _text(event, data)
        for client in self._to(sid):
            client.put(text)

    def send_preview(self, jpeg: bytes, meta: dict[str, Any], sid: str | None) -> None:
        """Queue a picture, with its metadata for clients that know them."""
        for client in self._to(sid):
            if client.flags.get("supports_preview_metadata"):
                head = json.dumps(meta).encode()
                client.put(struct.pack(">II", PREVIEW_WITH_METADATA, len(head)) + head + jpeg)
            else:
                client.put(struct.pack(">II", PREVIEW, JPEG) + jpeg)

    async def close(self) -> None:
        """End all connections."""
        for client in list(self._clients.values()):
            await client.socket.close(code=1001, message=b"the preview worker stops")

    def _to(self, sid: str | None) -> list[_Client]:
        if sid is None:
            return list(self._clients.values())
        client = self._clients.get(sid)
        return [] if client is None else [client]


def _text(event: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": event, "data": data})

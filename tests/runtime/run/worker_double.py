"""A worker with faults, for tests: the preview worker's server behind a proxy that breaks what it is told to.

The server behind it speaks ComfyUI's protocol (its own tests compare it with recorded transcripts), and makes
real files, so a run without faults is a whole run. ``faults`` says what goes wrong and how often.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, WSMsgType, web

from reelc_runtime.preview import PreviewWorker

INFO: dict[str, Any] = json.loads((Path(__file__).parent / "object_info.json").read_text("utf-8"))
MODELS = {
    "checkpoints": ["svd_xt_1_1.safetensors"],
    "upscale_models": ["RealESRGAN_x4plus.pth"],
    "frame_interpolation": ["rife_v4.26.safetensors"],
    "input": ["example.png"],
}

Handler = Callable[[web.Request, "WorkerDouble"], Awaitable[web.StreamResponse | None]]


class WorkerDouble:
    """A proxy in front of a preview worker that looks like a ComfyUI with a GPU.

    Args:
        workdir: for the server's files.

    Attributes:
        faults: path (``/prompt``) to a handler; one that answers None lets the request through.
        drop_events_after: breaks the event stream, once, after so many messages.
        on_message: changes or drops (None) messages of the event stream.
        requests: how often each method and path came.
        prompts: the bodies of ``POST /prompt`` that were let through.
        vram, token, models, lacks: what the worker is and has.
    """

    def __init__(self, workdir: Path) -> None:
        self.workdir = workdir
        self.faults: dict[str, Handler] = {}
        self.on_message: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda message: message
        self.drop_events_after: int | None = None
        self.requests: Counter[str] = Counter()
        self.prompts: list[dict[str, Any]] = []
        self.vram = 24 * 10**9
        self.token: str | None = None
        self.models = {folder: list(files) for folder, files in MODELS.items()}
        self.lacks: set[str] = set()
        self.url = ""
        self._behind = ""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        worker = await self._stack.enter_async_context(PreviewWorker(self.workdir))
        self._behind = worker.url
        self._session = await self._stack.enter_async_context(ClientSession())
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    # -- requests ----------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.requests[f"{request.method} {path}"] += 1
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        fault = next((f for prefix, f in self.faults.items() if path.startswith(prefix)), None)
        if fault is not None:
            answer = await fault(request, self)
            if answer is not None:
                return answer
        if path == "/ws":
            return await self._events(request)
        if path.startswith("/object_info/"):
            return web.json_response(self._object_info(path.removeprefix("/object_info/")))
        return await self._forward(request)

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {"Content-Type": request.headers["Content-Type"]} if "Content-Type" in request.headers else {}
        url = f"{self._behind}{request.path_qs}"
        async with self._session.request(request.method, url, data=body, headers=headers) as answer:
            content = await answer.read()
            if request.path == "/prompt" and answer.status == 200:
                self.prompts.append(json.loads(body))
            if request.path == "/system_stats":
                content = self._stats(json.loads(content))
            return web.Response(
                status=answer.status,
                body=content,
                headers={"Content-Type": answer.headers["Content-Type"]} if "Content-Type" in answer.headers else {},
            )

    def _stats(self, value: dict[str, Any]) -> bytes:
        value["system"].pop("reelc")
        device = {"name": "cuda:0 Test GPU", "type": "cuda", "vram_total": self.vram, "vram_free": self.vram}
        return json.dumps({**value, "devices": [device]}).encode()

    def _object_info(self, name: str) -> dict[str, Any]:
        if name not in INFO or name in self.lacks:
            return {}
        info = json.loads(json.dumps(INFO[name]))
        for inputs in info["input"].values():
            for spec in inputs.values():
                options = spec[1] if isinstance(spec, list) and len(spec) > 1 else None
                if isinstance(options, dict) and "files" in options:
                    files = self.models[options.pop("files")]
                    if isinstance(spec[0], list):
                        spec[0] = files
                    else:
                        options["options"] = files
        return {name: info}

    # -- the event stream --------------------------------------------------------------------

    async def _events(self, request: web.Request) -> web.StreamResponse:
        here = web.WebSocketResponse()
        await here.prepare(request)
        async with self._session.ws_connect(f"{self._behind}{request.path_qs}") as there:

            async def upwards() -> None:
                async for message in here:
                    if message.type is WSMsgType.TEXT:
                        await there.send_str(message.data)

            task = asyncio.create_task(upwards())
            seen = 0
            try:
                async for message in there:
                    if message.type is WSMsgType.TEXT:
                        changed = self.on_message(json.loads(message.data))
                        if changed is not None:
                            await here.send_str(json.dumps(changed))
                    elif message.type is WSMsgType.BINARY:
                        await here.send_bytes(message.data)
                    seen += 1
                    if self.drop_events_after is not None and seen > self.drop_events_after:
                        self.drop_events_after = None
                        assert request.transport is not None
                        request.transport.abort()
                    if here.closed:
                        break
            except ConnectionError:
                pass
            finally:
                task.cancel()
        return here


# -- faults ------------------------------------------------------------------------------------


def times(count: int, handler: Handler) -> Handler:
    """The fault for the first ``count`` requests only."""
    left = count

    async def limited(request: web.Request, double: WorkerDouble) -> web.StreamResponse | None:
        nonlocal left
        if left <= 0:
            return None
        left -= 1
        return await handler(request, double)

    return limited


def status(code: int, body: Any = None) -> Handler:
    """Answers with a status."""

    async def handler(request: web.Request, double: WorkerDouble) -> web.StreamResponse:
        return web.json_response(body, status=code) if body is not None else web.Response(status=code)

    return handler


def answer(body: bytes, content_type: str = "application/json") -> Handler:
    """Answers 200 with a body."""

    async def handler(request: web.Request, double: WorkerDouble) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type)

    return handler


async def hang(request: web.Request, double: WorkerDouble) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError


async def lose_answer(request: web.Request, double: WorkerDouble) -> web.StreamResponse:
    """Does what is asked, and breaks the connection instead of saying so."""
    await double._forward(request)
    assert request.transport is not None
    request.transport.abort()
    raise ConnectionResetError


def history_of(change: Callable[[dict[str, Any]], None]) -> Handler:
    """Changes the entry that ``/history/ID`` answers with."""

    async def handler(request: web.Request, double: WorkerDouble) -> web.StreamResponse:
        async with double._session.get(f"{double._behind}{request.path_qs}") as got:
            value = await got.json()
        for entry in value.values():
            change(entry)
        return web.json_response(value)

    return handler

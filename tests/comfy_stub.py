"""A ComfyUI server for commands that only ask: its answers are values that a test sets.

It runs in a thread of its own, so that a command can be called as usual. What renders is tested with the worker
double of ``runtime/run``.
"""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any, Self

from aiohttp import web

RECORDED = Path(__file__).parent / "runtime" / "run" / "object_info.json"
MODELS = {
    "checkpoints": ["svd_xt_1_1.safetensors", "other.safetensors"],
    "upscale_models": ["RealESRGAN_x4plus.pth"],
    "frame_interpolation": ["rife_v4.26.safetensors"],
    "input": ["example.png"],
}
GPU = {"name": "cuda:0 Test GPU : native", "type": "cuda", "vram_total": 24 * 10**9, "vram_free": 23 * 10**9}


def object_info() -> dict[str, Any]:
    """The classes of the small film as a server describes them, with the names of files in their lists."""
    found: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))
    for info in found.values():
        info |= {"python_module": "nodes", "price_badge": None} if "v3" in info else {"python_module": "nodes"}
        for spec in (s for inputs in info["input"].values() for s in inputs.values()):
            options = spec[1] if len(spec) > 1 else {}
            if isinstance(options, dict) and "files" in options:
                files = MODELS[options.pop("files")]
                if isinstance(spec[0], list):
                    spec[0] = files
                else:
                    options["options"] = files
    return found


def own_class(**more: Any) -> dict[str, Any]:
    """A class of a pack that no bundled catalog has."""
    return {
        "input": {"required": {"frames": ["IMAGE"], "mode": [["fast", "slow"], {"default": "fast"}]}},
        "input_order": {"required": ["frames", "mode"]},
        "is_input_list": False,
        "output": ["IMAGE", "MY_TYPE"],
        "output_is_list": [False, True],
        "output_name": ["frames", "more"],
        "output_node": False,
        "python_module": "custom_nodes.Comfy.My-Pack",
        **more,
    }


class ComfyStub:
    """The server. A context manager.

    Attributes:
        info, stats, queue: its answers.
        token: wanted as a Bearer token when set.
        instead: path to what is answered instead: a status, or bytes with 200.
        slow: paths that are answered never.
        uploads: names to contents.
        asked: the paths that were asked for.
    """

    def __init__(self) -> None:
        self.info = object_info()
        self.stats: dict[str, Any] = {
            "system": {"comfyui_version": "0.33.0", "ram_total": 64 * 10**9, "ram_free": 50 * 10**9},
            "devices": [dict(GPU)],
        }
        self.queue: dict[str, Any] = {"queue_running": [], "queue_pending": []}
        self.token: str | None = None
        self.instead: dict[str, int | bytes] = {}
        self.slow: set[str] = set()
        self.uploads: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked.append(f"{request.method} {path}")
        if path in self.slow:
            await asyncio.sleep(3600)
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        if path in self.instead:
            other = self.instead[path]
            return web.Response(status=other) if isinstance(other, int) else web.Response(body=other)
        if path == "/system_stats":
            return web.json_response(self.stats)
        if path == "/object_info":
            return web.json_response(self.info)
        if path.startswith("/object_info/"):
            name = path.removeprefix("/object_info/")
            return web.json_response({name: self.info[name]} if name in self.info else {})
        if path == "/queue":
            return web.json_response(self.queue)
        if path == "/upload/image":
            return await self._upload(request)
        if path == "/view":
            content = self.uploads.get(request.query["filename"])
            return web.Response(status=404) if content is None else web.Response(body=content)
        return web.Response(status=404)

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        field = form["image"]
        assert isinstance(field, web.FileField)
        self.uploads[field.filename] = field.file.read()
        return web.json_response({"name": field.filename, "subfolder": "", "type": "input"})

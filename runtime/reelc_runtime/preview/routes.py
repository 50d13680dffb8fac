"""ComfyUI's HTTP routes, as far as a client of a worker needs them; each also stands under ``/api``."""

import json
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from yarl import URL

from reelc_runtime.preview.errors import Refusal
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.hub import FEATURES, Hub
from reelc_runtime.preview.intake import read_prompt
from reelc_runtime.preview.prompts import Prompts
from reelc_runtime.preview.runner import Runner
from reelc_runtime.preview.transfers import Transfers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ObjectInfo = Callable[[str], dict[str, Any] | None]

MAX_JSON = 64 << 20
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the routes work on.

    Args:
        folders, prompts, hub, runner: the worker's parts.
        object_info: a node class's schema, None for a class that is not there.
        clean: whether labels are left off.
        comfyui: the version that the worker claims, since clients decide by it.
        max_upload: bytes of one file.
    """

    folders: Folders
    prompts: Prompts
    hub: Hub
    runner: Runner
    object_info: ObjectInfo
    clean: bool
    comfyui: str
    max_upload: int


def application(site: Site) -> web.Application:
    """The web application: all routes behind the loopback guard."""
    # Uploads are read as they come and count for themselves; this bounds everything else.
    app = web.Application(middlewares=[_loopback_only], client_max_size=MAX_JSON)
    transfers = Transfers(site.folders, site.max_upload)
    routes = _Routes(site)
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/system_stats", routes.system_stats),
        ("GET", "/features", routes.features),
        ("GET", "/object_info/{name}", routes.object_info),
        ("GET", "/prompt", routes.prompt_info),
        ("POST", "/prompt", routes.post_prompt),
        ("GET", "/queue", routes.queue),
        ("POST", "/queue", routes.post_queue),
        ("GET", "/history", routes.history),
        ("GET", "/history/{id}", routes.history),
        ("POST", "/history", routes.post_history),
        ("POST", "/interrupt", routes.interrupt),
        ("POST", "/upload/image", transfers.upload),
        ("GET", "/view", transfers.view),
        ("GET", "/ws", routes.websocket),
    ]
    for method, path, handler in table:
        app.router.add_route(method, path, handler)
        app.router.add_route(method, f"/api{path}", handler)
    return app


@web.middleware
async def _loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests that a web page could have sent here.

    The socket listens on loopback only; a page in a browser still reaches it, by a name that resolves
    to 127.0.0.1 (then Host is that name) or from another origin (then Origin is not this server).
    """
    try:
        host = URL(f"http://{request.headers.get('Host', '')}")
        origin = request.headers.get("Origin")
        allowed = host.host in LOOPBACK and (origin is None or URL(origin).authority == host.authority)
    except ValueError:
        allowed = False
    if not allowed:
        return web.Response(status=403, text="only for this machine")
    return await handler(request)


class _Routes:
    """The handlers; each answers as ComfyUI does."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def system_stats(self, request: web.Request) -> web.Response:
        """What the machine is; ``reelc`` tells a preview worker from a real one."""
        total, free = _memory()
        device = {
            "name": "cpu",
            "type": "cpu",
            "index": None,
            "vram_total": total,
            "vram_free": free,
            "torch_vram_total": total,
            "torch_vram_free": free,
        }
        system = {
            "os": sys.platform,
            "ram_total": total,
            "ram_free": free,
            "comfyui_version": self._site.comfyui,
            "python_version": platform.python_version(),
            "pytorch_version": "none",
            "embedded_python": False,
            "argv": ["reelc", "preview"],
            "reelc": {"engine": "preview"},
        }
        return web.json_response({"system": system, "devices": [device]})

    async def features(self, request: web.Request) -> web.Response:
        """As in the ``feature_flags`` message."""
        return web.json_response(FEATURES)

    async def object_info(self, request: web.Request) -> web.Response:
        """One class's schema under its name; an empty object for an unknown class."""
        name = request.match_info["name"]
        schema = self._site.object_info(name)
        return web.json_response({} if schema is None else {name: schema})

    async def prompt_info(self, request: web.Request) -> web.Response:
        """How much is queued."""
        return web.json_response(self._site.prompts.status()["status"])

    async def post_prompt(self, request: web.Request) -> web.Response:
        """Queue a prompt, or refuse it before anything starts."""
        site = self._site
        try:
            prompt = read_prompt(await request.read(), site.prompts, site.folders, clean=site.clean)
        except Refusal as refusal:
            return web.json_response(refusal.body, status=400)
        site.prompts.put(prompt)
        site.runner.tell_status()
        return web.json_response({"prompt_id": prompt.id, "number": prompt.number, "node_errors": {}})

    async def queue(self, request: web.Request) -> web.Response:
        """Running and pending prompts."""
        return web.json_response(self._site.prompts.to_json())

    async def post_queue(self, request: web.Request) -> web.Response:
        """Delete or clear what is pending; unknown and running ids are left alone, silently as on ComfyUI."""
        body = await _body(request)
        changed = bool(body.get("clear"))
        if changed:
            self._site.prompts.clear()
        for prompt_id in _names(body.get("delete")):
            changed = self._site.prompts.delete(prompt_id) or changed
        if changed:
            self._site.runner.tell_status()
        return web.Response()

    async def history(self, request: web.Request) -> web.Response:
        """Past prompts: one, the last few, or all."""
        prompt_id = request.match_info.get("id")
        last = request.query.get("max_items", "")
        return web.json_response(self._site.prompts.history(prompt_id, int(last) if last.isdecimal() else None))

    async def post_history(self, request: web.Request) -> web.Response:
        """Forget past prompts."""
        body = await _body(request)
        if body.get("clear"):
            self._site.prompts.forget(None)
        for prompt_id in _names(body.get("delete")):
            self._site.prompts.forget(prompt_id)
        return web.Response()

    async def interrupt(self, request: web.Request) -> web.Response:
        """Stop the running prompt, if it is the one named or none is named."""
        prompt_id = (await _body(request)).get("prompt_id")
        self._site.runner.interrupt(prompt_id if isinstance(prompt_id, str) else None)
        return web.Response()

    async def websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Events, until the client leaves."""
        site = self._site
        hello = [("status", site.prompts.status()), *site.runner.where_it_stands(request.query.get("clientId"))]
        return await site.hub.serve(request, hello)


async def _body(request: web.Request) -> dict[str, Any]:
    """A JSON object, or an empty one when there is no body; anything else is a bad request."""
    content = await request.read()
    try:
        value: Any = json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="the request is not a JSON object")
    return cast(dict[str, Any], value)


def _names(value: Any) -> list[str]:
    return [name for name in cast(list[Any], value) if isinstance(name, str)] if isinstance(value, list) else []


def _memory() -> tuple[int, int]:
    """The machine's memory and what is free of it, bytes; zeros where the system does not say."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        return os.sysconf("SC_PHYS_PAGES") * page, os.sysconf("SC_AVPHYS_PAGES") * page
    except (AttributeError, ValueError, OSError):
        return 0, 0

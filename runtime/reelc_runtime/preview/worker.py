"""The embedded preview worker: started with ``async with``, spoken to like any ComfyUI."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.hub import Hub
from reelc_runtime.preview.prompts import Prompts
from reelc_runtime.preview.routes import ObjectInfo, Site, application
from reelc_runtime.preview.runner import Runner

MAX_UPLOAD = 2 << 30


def _nothing(name: str) -> dict[str, Any] | None:
    return None


class PreviewWorker:
    """A ComfyUI-protocol server on 127.0.0.1 that executes ``extra_data.reelc`` with stand-ins.

    Args:
        workdir: its folder, with ``input``, ``output`` and ``temp`` below; created if it is not there.
        port: where it listens; 0 for any free one.
        clean: leave the burnt-in label off all films. Their metadata say that they are previews anyway.
        object_info: a node class's schema from the catalog, None for an unknown class.
        comfyui: the ComfyUI version that ``/system_stats`` tells.
        max_upload: the largest file that is taken, bytes.
    """

    def __init__(
        self,
        workdir: Path,
        *,
        port: int = 0,
        clean: bool = False,
        object_info: ObjectInfo = _nothing,
        comfyui: str = "0.33.0",
        max_upload: int = MAX_UPLOAD,
    ) -> None:
        self._workdir = workdir
        self._port = port
        self._clean = clean
        self._object_info = object_info
        self._comfyui = comfyui
        self._max_upload = max_upload
        self._hub = Hub()
        self._server: web.AppRunner | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``, while it runs."""
        assert self._server is not None, "the preview worker is not running"
        host, port = self._server.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        prompts = Prompts()
        runner = Runner(prompts, self._hub)
        site = Site(
            folders=Folders(self._workdir),
            prompts=prompts,
            hub=self._hub,
            runner=runner,
            object_info=self._object_info,
            clean=self._clean,
            comfyui=self._comfyui,
            max_upload=self._max_upload,
        )
        self._server = web.AppRunner(application(site), access_log=None, shutdown_timeout=1)
        await self._server.setup()
        try:
            await web.TCPSite(self._server, "127.0.0.1", self._port).start()
        except BaseException:
            await self._server.cleanup()
            raise
        self._serving = asyncio.create_task(runner.serve(), name="reelc preview worker")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._serving is not None
        assert self._server is not None
        self._serving.cancel()
        try:
            with suppress(asyncio.CancelledError):
                await self._serving
        finally:
            await self._hub.close()
            await self._server.cleanup()
            self._server = None

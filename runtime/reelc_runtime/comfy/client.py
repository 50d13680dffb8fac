"""A ComfyUI server as a run needs it: ask, upload, submit, follow, download."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlencode

from reelc_runtime.comfy import answers
from reelc_runtime.comfy.address import read_address
from reelc_runtime.comfy.answers import Accepted, Found, HistoryEntry, Queue, Rejected, SystemStats
from reelc_runtime.comfy.clock import Clock, SystemClock
from reelc_runtime.comfy.errors import ProtocolError
from reelc_runtime.comfy.follower import Event
from reelc_runtime.comfy.following import Following
from reelc_runtime.comfy.http import Http
from reelc_runtime.comfy.outputs import Downloaded, OutputFile
from reelc_runtime.comfy.settings import Limits, Timeouts
from reelc_runtime.comfy.values import as_object, as_text
from reelc_runtime.comfy.ws import Listener

_TIMEOUTS = Timeouts()
_LIMITS = Limits()


class ComfyClient:
    """A client of one worker. An async context manager; used outside of it, it does not connect.

    Every method raises :class:`ComfyError` and its subclasses; their messages hold no secrets.

    Args:
        url: ``http://`` or ``https://``, with a path if ComfyUI is not at the root; a user and password in
            it are sent as Basic credentials.
        client_id: whose events the worker sends. Give each client its own.
        token: sent as a Bearer token.
        headers: sent with every request.
        timeouts, limits: of everything that is waited for and taken in.
        clock: for delays between requests; requests themselves time out by the machine's clock.

    Raises:
        ProtocolError: the URL, the token or a header cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts = _TIMEOUTS,
        limits: Limits = _LIMITS,
        clock: Clock | None = None,
    ) -> None:
        self._address = read_address(url, token, headers)
        self._client_id = client_id
        self._timeouts = timeouts
        self._limits = limits
        self._clock = clock or SystemClock()
        self._http = Http(self._address, timeouts)
        self._listener = Listener(self._address, client_id, timeouts, limits, self._clock)

    def __repr__(self) -> str:
        return f"ComfyClient({self.url!r})"

    @property
    def url(self) -> str:
        """The worker's address without secrets, for messages."""
        return self._address.base

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        try:
            await self._listener.stop()
        finally:
            await self._http.__aexit__()

    # -- about the worker --------------------------------------------------------------------

    async def system_stats(self) -> SystemStats:
        """Its version, devices and memory."""
        _, value = await self._http.json("GET", "/system_stats", limit=self._limits.json)
        return answers.system_stats(value, self.url)

    async def object_info(self, class_type: str) -> dict[str, Any] | None:
        """A node class's schema; None if the worker does not know the class."""
        path = f"/object_info/{quote(class_type, safe='')}"
        _, value = await self._http.json("GET", path, limit=self._limits.object_info)
        return answers.object_info(value, class_type, self.url)

    async def all_object_info(self) -> dict[str, dict[str, Any]]:
        """The schemas of all node classes; some megabytes."""
        _, value = await self._http.json("GET", "/object_info", limit=self._limits.object_info)
        return answers.all_object_info(value, self.url)

    # -- inputs ------------------------------------------------------------------------------

    async def has_input(self, name: str, size: int) -> bool:
        """Whether a file of this name lies in the worker's input folder and has this size.

        Args:
            name: a file name without folders.
            size: bytes.
        """
        return await self.has_file(OutputFile(filename=name, subfolder="", type="input"), size)

    async def has_file(self, ref: OutputFile, size: int) -> bool:
        """Whether a file lies in one of the worker's folders and has this size, bytes."""
        query = urlencode({"filename": ref.filename, "subfolder": ref.subfolder, "type": ref.type})
        return await self._http.length(f"/view?{query}") == size

    async def upload_image(self, path: Path, name: str) -> None:
        """Put a file into the worker's input folder, over one of the same name.

        Raises:
            ProtocolError: the worker took it under another name.
            OSError: the file cannot be read.
        """
        fields = {"type": "input", "overwrite": "true"}
        value = as_object(await self._http.upload("/upload/image", path, name, fields, limit=self._limits.json))
        if as_text(value.get("name")) != name or as_text(value.get("subfolder")):
            raise ProtocolError(f"{self.url} stored {name} under another name")

    # -- prompts -----------------------------------------------------------------------------

    async def submit(self, graph: Any, *, prompt_id: str, extra_data: dict[str, Any]) -> Accepted | Rejected:
        """Queue a graph. Not safe to repeat without :meth:`find`: the answer can get lost after the deed.

        The WebSocket is opened first, and from here on this prompt's events are kept for :meth:`follow`, so
        that none is missed; when it cannot be opened the prompt is queued all the same.

        Args:
            graph: in API format.
            prompt_id: a canonical UUID, chosen by the caller.
            extra_data: travels with the prompt.
        """
        body = {"prompt": graph, "client_id": self._client_id, "prompt_id": prompt_id, "extra_data": extra_data}
        content = json.dumps(body).encode()
        self._listener.expect(prompt_id)
        await self._listener.start()
        status, value = await self._http.json(
            "POST", "/prompt", limit=self._limits.json, body=content, accept=(200, 400)
        )
        answer = answers.submission(status, value, prompt_id, self.url)
        if isinstance(answer, Rejected):
            self._listener.forget(prompt_id)
        return answer

    async def history(self, prompt_id: str) -> HistoryEntry | None:
        """What the worker remembers of a prompt that has ended; None if it does not."""
        path = f"/history/{quote(prompt_id, safe='')}"
        _, value = await self._http.json("GET", path, limit=self._limits.json)
        return answers.history(value, prompt_id, self.url)

    async def queue(self) -> Queue:
        """What runs and what waits."""
        _, value = await self._http.json("GET", "/queue", limit=self._limits.json)
        return answers.queue(value, self.url)

    async def find(self, prompt_id: str) -> Found:
        """Where a prompt is.

        The history is read again after the queue: a prompt that ends between the two is in neither.
        """
        entry = await self.history(prompt_id)
        if entry is None:
            queue = await self.queue()
            if queue.is_running(prompt_id):
                return Found(state="running")
            position = queue.ahead_of(prompt_id)
            if position is not None:
                return Found(state="pending", position=position)
            entry = await self.history(prompt_id)
        return Found(state="absent") if entry is None else Found(state="done", history=entry)

    async def follow(
        self, prompt_id: str, *, stall_timeout: float, lost_timeout: float | None = None
    ) -> AsyncGenerator[Event, None]:
        """A submitted prompt's events, until it ends.

        Events come over the WebSocket, which is opened again with growing delays when it breaks; where the
        prompt stands is asked over HTTP at the beginning, after each connection, when the worker says that
        it has ended, and whenever there is silence. Without a WebSocket (a proxy may not pass it) the
        asking alone finds the end. A prompt that another client submitted can be followed, but gives few
        events.

        A sign of life is a message about the prompt, a change of its state, or its waiting behind others.
        Being found running is one only while there is no WebSocket: then there is nothing else to hear.

        Args:
            prompt_id: of a prompt that was accepted.
            stall_timeout: seconds.
            lost_timeout: seconds without any answer after which the worker counts as gone; None waits for
                ``stall_timeout``.

        Yields:
            Events; the last one, and only that, is Succeeded, Failed, Interrupted or Lost.

        Raises:
            Stalled: there was no sign of life for ``stall_timeout``.
            Unreachable, TimedOut, ServerError: it has not answered for ``lost_timeout``.
            ComfyError: the worker answers in a way that asking again would not mend. Passing faults are
                waited out.
        """
        self._listener.expect(prompt_id)
        await self._listener.start()
        following = Following(
            prompt_id,
            url=self.url,
            listener=self._listener,
            find=self.find,
            stall=stall_timeout,
            lost=lost_timeout,
            timeouts=self._timeouts,
            clock=self._clock,
        )
        async with aclosing(following.events()) as events:
            async for event in events:
                yield event

    async def interrupt(self, prompt_id: str) -> None:
        """Stop a prompt if it runs now; else nothing happens."""
        await self._http.post("/interrupt", json.dumps({"prompt_id": prompt_id}).encode(), limit=self._limits.json)

    async def delete_pending(self, prompt_id: str) -> None:
        """Take a prompt out of the queue if it waits there; else nothing happens."""
        await self._http.post("/queue", json.dumps({"delete": [prompt_id]}).encode(), limit=self._limits.json)

    # -- outputs -----------------------------------------------------------------------------

    async def view(self, ref: OutputFile, to: Path, *, max_bytes: int) -> Downloaded:
        """Download a file, hashed as it is written; whatever goes wrong, no file is left.

        Args:
            ref: from :func:`outputs_of`.
            to: the file to write; it is overwritten.
            max_bytes: a larger file is an error.

        Raises:
            OSError: it cannot be written.
        """
        query = urlencode({"filename": ref.filename, "subfolder": ref.subfolder, "type": ref.type})
        return await self._http.download(f"/view?{query}", to, max_bytes=max_bytes)

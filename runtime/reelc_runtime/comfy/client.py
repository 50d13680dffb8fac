"""A ComfyUI server as reelc needs it: the only door to :mod:`reelc_runtime.comfy`."""

import contextlib
from collections.abc import AsyncIterator, Generator, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from reelc_runtime.comfy import answers, transfer
from reelc_runtime.comfy.address import Address
from reelc_runtime.comfy.answers import (
    Accepted,
    Found,
    HistoryEntry,
    Queue,
    Rejected,
    SystemStats,
    UploadedFile,
)
from reelc_runtime.comfy.clock import Clock, SystemClock
from reelc_runtime.comfy.errors import ComfyError, ProtocolError
from reelc_runtime.comfy.events import Event
from reelc_runtime.comfy.follow import Following, Stream
from reelc_runtime.comfy.http import Http
from reelc_runtime.comfy.limits import Limits, Timeouts
from reelc_runtime.comfy.outputs import OutputFile
from reelc_runtime.comfy.transfer import Downloaded
from reelc_runtime.comfy.ws import Socket


class ComfyClient:
    """A client of one server; ``async with`` it.

    Args:
        url: its address, with or without a path; ``http`` or ``https``.
        token: sent as ``Authorization: Bearer``.
        headers: sent with every request. Neither appears in any message, log or representation.
        client_id: the server sends the events of prompts that were submitted under it here.
        timeouts, limits: seconds and bytes.
        clock: monotonic time and sleep.

    Attributes:
        url: the address as it may be shown.

    Raises:
        BadAddress: the address is not one of an HTTP server.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._address = Address(url, token=token, headers=headers or {})
        self._client_id = client_id
        self._timeouts = timeouts or Timeouts()
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()
        self._http = Http(self._address, self._clock)
        self._submitting: set[str] = set()
        self.url = self._address.shown

    def __repr__(self) -> str:
        return f"ComfyClient({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    # -- the server ----------------------------------------------------------------------------

    async def system_stats(self) -> SystemStats:
        """Version, devices and memory.

        Raises:
            ComfyError: see :mod:`reelc_runtime.comfy.errors`; as for every method here.
        """
        body = await self._get("/system_stats")
        with self._named():
            return answers.parse_system_stats(body)

    async def object_info(self, class_type: str) -> dict[str, Any] | None:
        """The schema of a node class; None when the server does not have the class."""
        body = await self._get(f"/object_info/{quote(class_type, safe='')}", max_bytes=self._limits.object_info)
        with self._named():
            return answers.parse_object_info(body, class_type)

    # -- files ---------------------------------------------------------------------------------

    async def upload_image(self, path: Path, name: str) -> UploadedFile:
        """Send a file to the input folder, in place of one of that name; it is read while it is sent.

        Args:
            path: of the file here.
            name: on the server, a plain file name.

        Raises:
            ProtocolError: the server stored it under another name.
            OSError: the file cannot be read.
        """
        return await transfer.upload(self._http, self.url, path, name, timeouts=self._timeouts, limits=self._limits)

    async def has_input(self, name: str, size: int | None) -> bool:
        """Whether the input folder has a file of that name and size; only names that tell the content
        make that enough.

        Args:
            name: a plain file name.
            size: bytes; None when any will do.
        """
        return await transfer.has_input(self._http, name, size, timeouts=self._timeouts)

    async def view(self, ref: OutputFile, to: Path, *, max_bytes: int) -> Downloaded:
        """Fetch a file. It is written beside ``to`` with ``.part`` at the end of its name, and takes its
        place when it is whole; if anything goes wrong nothing is left.

        Args:
            ref: which, from :func:`outputs_of`.
            to: where.
            max_bytes: of the file.

        Raises:
            ProtocolError: it is empty, longer than ``max_bytes`` or not as long as declared.
            OSError: it cannot be written.
        """
        return await transfer.view(self._http, self.url, ref, to, max_bytes=max_bytes, timeouts=self._timeouts)

    # -- prompts -------------------------------------------------------------------------------

    async def submit(
        self, graph: Mapping[str, Any], *, prompt_id: str, extra_data: Mapping[str, Any]
    ) -> Accepted | Rejected:
        """Put a graph in the queue.

        Args:
            graph: in API format.
            prompt_id: a canonical UUID of the caller's choice.
            extra_data: travels beside the graph.

        Returns:
            Whether it is queued. A graph of which only some outputs are good is refused here; the server
            queues it all the same, and then ``queued`` says so.
        """
        content = {
            "prompt": graph,
            "prompt_id": prompt_id,
            "client_id": self._client_id,
            "extra_data": extra_data,
        }
        self._submitting.add(prompt_id)
        try:
            status, body = await self._http.post(
                "/prompt",
                content=content,
                timeout=self._timeouts.request,
                max_bytes=self._limits.json,
                accept=(200, 400),
                repeatable=False,
            )
        finally:
            self._submitting.discard(prompt_id)
        parsed = self._http.parse(body, "/prompt")
        with self._named():
            answer = answers.parse_prompt(status, parsed)
        if isinstance(answer, Accepted) and answer.prompt_id != prompt_id:
            await self._refuse_id(answer.prompt_id)
        return answer

    async def find(self, prompt_id: str) -> Found:
        """Where a prompt is. Looks in history, queue, history: it moves from one to the other at once."""
        entry = await self.history(prompt_id)
        if entry is None:
            found = answers.where(prompt_id, await self.queue())
            if found.state != "absent":
                return found
            entry = await self.history(prompt_id)
        return Found(state="absent") if entry is None else Found(state="done", entry=entry)

    async def history(self, prompt_id: str) -> HistoryEntry | None:
        """The history of a prompt that has ended; None when there is none."""
        body = await self._get(f"/history/{quote(prompt_id, safe='')}")
        with self._named():
            return answers.parse_history(body, prompt_id)

    async def queue(self) -> Queue:
        """What runs and what waits."""
        body = await self._get("/queue")
        with self._named():
            return answers.parse_queue(body)

    async def interrupt(self, prompt_id: str) -> None:
        """Stop a prompt if it is the one that runs."""
        await self._tell("/interrupt", {"prompt_id": prompt_id})

    async def delete_pending(self, prompt_id: str) -> None:
        """Take a prompt off the queue if it waits there."""
        await self._tell("/queue", {"delete": [prompt_id]})

    def follow(self, prompt_id: str, *, stall_timeout: float) -> AsyncIterator[Event]:
        """Follow a prompt to its end; it does not matter when following begins.

        Args:
            prompt_id: which.
            stall_timeout: seconds without a sign of life of the prompt. Waiting behind others is none;
                when there is no event stream to hear it by, neither is running.

        Yields:
            Events; the last one is Succeeded, Failed, Interrupted or Lost.

        Raises:
            Stalled: no sign of life, though the server answers.
            Unreachable, TimedOut, ServerError: no answer for :attr:`Timeouts.give_up` seconds.
            AuthRefused, ProtocolError: at once.
        """

        async def connect() -> Stream:
            return await Socket.open(
                self._address,
                self._client_id,
                clock=self._clock,
                timeout=self._timeouts.handshake,
                max_bytes=self._limits.message,
            )

        following = Following(
            prompt_id,
            url=self.url,
            find=lambda: self.find(prompt_id),
            connect=connect,
            submitting=lambda: prompt_id in self._submitting,
            clock=self._clock,
            timeouts=self._timeouts,
            stall_timeout=stall_timeout,
        )
        return following.events()

    # -- help ----------------------------------------------------------------------------------

    async def _get(self, path: str, *, max_bytes: int | None = None) -> Any:
        return await self._http.get(path, timeout=self._timeouts.request, max_bytes=max_bytes or self._limits.json)

    async def _tell(self, path: str, content: Mapping[str, Any]) -> None:
        await self._http.post(path, content=content, timeout=self._timeouts.request, max_bytes=self._limits.json)

    async def _refuse_id(self, taken: str) -> None:
        """The server runs the graph under an id of its own, by which nobody could find it again."""
        with contextlib.suppress(ComfyError):
            await self.delete_pending(taken)
            await self.interrupt(taken)
        raise ProtocolError(f"{self.url} does not take prompt ids; its ComfyUI is too old")

    @contextlib.contextmanager
    def _named(self) -> Generator[None, None, None]:
        """Put the server's address before what a parser says."""
        try:
            yield
        except ProtocolError as error:
            raise ProtocolError(f"{self.url} does not answer as ComfyUI does: {error}") from None

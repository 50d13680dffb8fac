"""One file: transferred, taken up where it broke off, verified, and put into its place."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

import httpx

from reelc_compiler.units import bytes_text
from reelc_dsl.diagnostics.codes import NO_SPACE, NOT_FETCHED, WRONG_MODEL
from reelc_runtime.comfy.clock import Clock
from reelc_runtime.comfy.errors import backoff
from reelc_runtime.fetch import events
from reelc_runtime.fetch.parts import Origin, Part
from reelc_runtime.fetch.source import RANGE, WHOLE, Hosts, Passing, broken
from reelc_runtime.fetch.wants import FetchFault, Limits, Want, plausible

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a file turned out to be."""

    sha256: str
    bytes: int


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Work on the disk; also when it is cancelled, it is over before anything else touches the file."""
    task = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class Download:
    """One file.

    Args:
        want: which; its address is known.
        target: its place.
        hosts, clock, limits: what it is done with.
        report: is told what happens.
    """

    def __init__(
        self,
        want: Want,
        target: Path,
        *,
        hosts: Hosts,
        clock: Clock,
        limits: Limits,
        report: Callable[[events.Event], None],
    ) -> None:
        self.want = want
        self.target = target
        self.hosts = hosts
        self.clock = clock
        self.limits = limits
        self.report = report
        self._told = clock.monotonic() - limits.tell
        self._resumed = False

    async def run(self) -> Fetched:
        """Do it. When it is cancelled or fails, what was transferred stays for the next time.

        Raises:
            FetchFault: E0608 to E0610, E0612, E0711, E0718.
        """
        with Part(self.target, self.want.name) as part:
            if part.size:
                self.report(events.FileRead(file=self.want.name, bytes=part.size))
            await in_thread(part.reread)
            again = True
            while True:
                # An earlier process may have had all of it, and ended before it was put into its place.
                if not (part.size and part.sha256 == self.want.sha256):
                    await self._transfer(part)
                if self._right(part):
                    break
                # What an earlier process left may have been damaged: it is given one whole transfer.
                resumed, sha256 = self._resumed, part.sha256
                part.discard()
                if not (resumed and again):
                    raise FetchFault(
                        WRONG_MODEL,
                        f"`{self.want.name}` arrived with the SHA-256 {sha256}, not {self.want.sha256}",
                        "the host has another file there now, or it was changed on the way: it was thrown away",
                        "when you are sure that it is right, write its `sha256` into reel.lock",
                    )
                again = False
            fetched = Fetched(part.sha256, part.size)
            await in_thread(part.finish)
        return fetched

    def _right(self, part: Part) -> bool:
        try:
            plausible(self.want, part.size, "as it arrived")
        except FetchFault:
            part.discard()
            raise
        return self.want.sha256 in (None, part.sha256)

    async def _transfer(self, part: Part) -> None:
        """All bytes, in as many attempts as it takes while there is progress."""
        failures, waits = 0, backoff()
        self._resumed = False
        while True:
            before = part.size
            try:
                await self._attempt(part)
                return
            except Passing as error:
                if part.size - before >= self.limits.progress:
                    failures, waits = 0, backoff()
                failures += 1
                if failures >= self.limits.attempts:
                    raise FetchFault(
                        NOT_FETCHED,
                        f"`{self.want.name}`: {error}",
                        "what was transferred is kept: the same command goes on from there",
                    ) from None
                wait = max(next(waits), error.wait or 0.0)
                self.report(events.FileRetried(file=self.want.name, reason=str(error), wait=wait))
                await self.clock.sleep(wait)

    async def _attempt(self, part: Part) -> None:
        if not self._useful(part):
            part.discard()
        headers: dict[str, str] = {}
        origin = part.origin
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
            if origin is not None and origin.etag is not None and origin.url == self.want.url:
                headers["If-Range"] = origin.etag
        async with self.hosts.open(self.want, headers) as response:
            if response.status_code == 416:
                self._past_the_end(part, response)
                return
            total = await self._begin(part, response)
            await self._receive(part, response, total)

    def _useful(self, part: Part) -> bool:
        """Whether what is there can be gone on with: the host tells versions apart, or a hash will tell."""
        if self.want.sha256 is not None:
            return True
        origin = part.origin
        return origin is not None and origin.url == self.want.url and origin.etag is not None

    def _past_the_end(self, part: Part, response: httpx.Response) -> None:
        """Nothing is left to send: it is all here, or the part is of something else."""
        found = WHOLE.fullmatch(response.headers.get("Content-Range", ""))
        if part.size and found is not None and int(found[1]) == part.size:
            self._resumed = True
            return
        part.discard()
        raise Passing("the host has less than what was transferred before")

    async def _begin(self, part: Part, response: httpx.Response) -> int | None:
        """Make the part ready for what comes; the size of the whole file, where the host says it."""
        etag = response.headers.get("ETag")
        etag = None if etag is None or etag.startswith("W/") else etag
        length = _length(response)
        if response.status_code == 206:
            found = RANGE.fullmatch(response.headers.get("Content-Range", ""))
            at, total = (int(found[1]), int(found[3])) if found is not None else (-1, 0)
            before = part.origin or Origin(url="", etag=None, total=None)
            another = before.total not in (None, total) or (before.etag and etag and before.etag != etag)
            if at != part.size or another:
                part.discard()
                raise Passing("the host goes on at another place, or has another file now")
            self._resumed = True
        else:
            total = length
            await in_thread(part.begin, Origin(url=self.want.url or "", etag=etag, total=total))
        if total is not None:
            plausible(self.want, total, "at the host")
        if (total or 0) > self.limits.largest:
            raise FetchFault(WRONG_MODEL, f"`{self.want.name}` would have {bytes_text(total or 0)}: no model file has")
        if total is not None:
            self._room(total - part.size)
        self.report(events.FileStarted(file=self.want.name, at=part.size, bytes=total))
        return total

    def _room(self, wanted: int) -> None:
        free = shutil.disk_usage(self.target.parent).free
        if wanted > free:
            raise FetchFault(
                NO_SPACE,
                f"`{self.want.name}` needs {bytes_text(wanted)} more, and {bytes_text(free)} are free",
                "free some space and go on",
            )

    async def _receive(self, part: Part, response: httpx.Response, total: int | None) -> None:
        most = total if total is not None else self.limits.largest
        since, had, got = self.clock.monotonic(), 0, 0
        host = response.url.host
        begun = part.size
        buffer = bytearray()
        try:
            async for piece in response.aiter_raw():
                got += len(piece)
                if begun + got > most:
                    buffer.clear()
                    part.discard()
                    raise Passing(f"{host} sends more than it says")
                buffer += piece
                if len(buffer) >= self.limits.chunk:
                    whole = bytes(buffer)
                    buffer.clear()
                    await in_thread(part.append, whole)
                now = self.clock.monotonic()
                if now - since >= self.limits.window:
                    if got - had < self.limits.least:
                        raise Passing(f"{host} sends next to nothing")
                    since, had = now, got
                if now - self._told >= self.limits.tell:
                    self._told = now
                    self.report(events.FileProgress(file=self.want.name, done=begun + got, bytes=total))
        except httpx.TransportError as error:
            raise broken(host, error) from None
        finally:
            # Also of a transfer that breaks off or is cancelled, what has come is kept.
            if buffer:
                part.append(bytes(buffer))
        if total is not None and part.size < total:
            raise Passing(f"the connection to {host} breaks")


def _length(response: httpx.Response) -> int | None:
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() else None

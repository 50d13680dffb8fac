"""ComfyUI's HTTP side: requests with deadlines and limits, failures as typed errors."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import IO, Any, cast

import httpx

from reelc_runtime.comfy.address import Address
from reelc_runtime.comfy.clock import Clock, Deadline, deadline
from reelc_runtime.comfy.errors import AuthRefused, ComfyError, ProtocolError, ServerError, TimedOut, Unreachable
from reelc_runtime.comfy.tls import context

Query = Mapping[str, str]

_EXCERPT_BYTES = 2000
_MAX_CONNECTIONS = 16


class Http:
    """Requests to one server. No proxies, no redirects, no compression: credentials go to the named host
    and nowhere else, and a length that the server declares is the length of the file.

    Args:
        address: of the server.
        clock: whose seconds are meant.
    """

    def __init__(self, address: Address, clock: Clock) -> None:
        self._address = address
        self._clock = clock
        self._client = httpx.AsyncClient(
            headers={**address.headers, "Accept-Encoding": "identity"},
            # Deadlines are ours, on the injected clock.
            timeout=None,  # noqa: S113
            trust_env=False,
            follow_redirects=False,
            # Without https there is nothing to verify, and making a context takes 20 ms.
            verify=context() if address.secure else False,
            limits=httpx.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=4, keepalive_expiry=4.0),
        )

    async def close(self) -> None:
        """Close idle connections."""
        await self._client.aclose()

    async def get(self, path: str, *, query: Query | None = None, timeout: float, max_bytes: int) -> Any:
        """The JSON answer to GET.

        Args:
            path, query: what.
            timeout: seconds for the whole answer.
            max_bytes: of the body.

        Raises:
            ComfyError: anything but a JSON answer with status 200.
        """
        async with self.open("GET", path, query=query, idle=timeout) as (answer, _):
            await self.check(answer, path)
            return self._json(await self._body(answer, path, max_bytes), path)

    async def post(
        self,
        path: str,
        *,
        content: Any = None,
        files: Mapping[str, tuple[str, IO[bytes]]] | None = None,
        fields: Mapping[str, str] | None = None,
        timeout: float,
        total: float | None = None,
        max_bytes: int,
        accept: tuple[int, ...] = (200,),
        repeatable: bool = True,
    ) -> tuple[int, bytes]:
        """POST a JSON value, or a form with files that are read while they are sent.

        Args:
            path: what.
            content: a JSON value.
            files, fields: parts of a form, instead of ``content``.
            timeout: seconds for the whole answer, or between two chunks of a form.
            total: seconds for all of a form.
            max_bytes: of the answer's body.
            accept: statuses that are an answer.
            repeatable: whether the request may be sent twice.

        Returns:
            The status and the body.

        Raises:
            ComfyError: any other status, or no answer.
        """
        kwargs: dict[str, Any] = {"files": files, "data": fields} if files is not None else {"json": content}
        async with self.open("POST", path, idle=timeout, total=total, repeatable=repeatable, **kwargs) as (answer, _):
            if answer.status_code not in accept:
                await self.check(answer, path, repeatable)
            return answer.status_code, await self._body(answer, path, max_bytes)

    def parse(self, body: bytes, path: str) -> Any:
        """A body as JSON.

        Raises:
            ProtocolError: it is not.
        """
        return self._json(body, path)

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        idle: float,
        total: float | None = None,
        repeatable: bool = True,
        **kwargs: Any,
    ) -> AsyncGenerator[tuple[httpx.Response, Deadline], None]:
        """Send a request and hold its answer open, with the deadline that the reader renews.

        Args:
            method, path, query: what.
            idle, total: see :func:`reelc_runtime.comfy.clock.deadline`.
            repeatable: whether the request may be sent twice.
            kwargs: for httpx.

        Raises:
            Unreachable: no connection, or it broke.
            TimedOut: it took too long.
            ProtocolError: what answers does not speak HTTP.
        """
        shown = f"{method} {path}"
        try:
            async with deadline(self._clock, idle, total) as limit:
                for part in cast(Mapping[str, Any], kwargs.get("files") or {}).values():
                    part[1].limit = limit
                async with self._client.stream(method, self._address.http(path, query), **kwargs) as answer:
                    yield answer, limit
        except TimeoutError:
            seconds = idle if total is None else min(idle, total)
            raise TimedOut(f"{self._address.shown} did not answer {shown} within {seconds:g} s") from None
        except httpx.HTTPError as error:
            raise self._failure(error, shown) from error

    async def check(self, answer: httpx.Response, path: str, repeatable: bool = True) -> None:
        """Raise the typed error for any status but 200."""
        status = answer.status_code
        if status == 200:
            return
        where = f"{self._address.shown}{path}"
        if status in (401, 403):
            raise AuthRefused(f"{where} is forbidden (HTTP {status})")
        if 300 <= status < 400:
            raise ProtocolError(f"{where} redirects to another address; reelc sends credentials nowhere else")
        excerpt = self._address.scrub((await self._start(answer)).decode("utf-8", "replace"))
        said = f": {excerpt}" if excerpt else ""
        raise ServerError(
            f"{where} answered HTTP {status}{said}", status=status, excerpt=excerpt, repeatable=repeatable
        )

    async def _start(self, answer: httpx.Response) -> bytes:
        """The beginning of a body, for a message."""
        start = b""
        async for chunk in answer.aiter_bytes():
            start += chunk
            if len(start) >= _EXCERPT_BYTES:
                break
        return start[:_EXCERPT_BYTES]

    async def _body(self, answer: httpx.Response, path: str, max_bytes: int) -> bytes:
        """A whole body within a limit."""
        too_long = ProtocolError(f"{self._address.shown}{path} answered with more than {max_bytes} bytes")
        if (declared_length(answer) or 0) > max_bytes:
            raise too_long
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise too_long
        return bytes(body)

    def _json(self, body: bytes, path: str) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise ProtocolError(f"{self._address.shown}{path} did not answer with JSON") from None

    def _failure(self, error: httpx.HTTPError, shown: str) -> ComfyError:
        """The typed error for a transport that failed."""
        address = self._address.shown
        match error:
            case httpx.ConnectError():
                return Unreachable(f"{address} cannot be reached")
            case httpx.NetworkError():
                return Unreachable(f"{address} broke the connection during {shown}")
            case httpx.RemoteProtocolError():
                # h11 says so when the connection ends before the answer does.
                if "disconnected" in str(error) or "closed connection" in str(error):
                    return Unreachable(f"{address} broke the connection during {shown}")
                return ProtocolError(f"{address} does not answer {shown} in HTTP")
            case _:
                return ProtocolError(f"{address} cannot be asked {shown}")


def declared_length(answer: httpx.Response) -> int | None:
    """The body's length in bytes as the server declares it; None when it does not."""
    value = answer.headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdecimal() else None

"""HTTP to a worker: bounded answers, streamed files, and every failure as a typed error."""

import asyncio
import hashlib
import secrets
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from reelc_runtime.comfy.address import Address
from reelc_runtime.comfy.errors import AuthRefused, ComfyError, ProtocolError, ServerError, TimedOut, Unreachable
from reelc_runtime.comfy.outputs import Downloaded, is_plain_name
from reelc_runtime.comfy.settings import Timeouts
from reelc_runtime.comfy.tls import context
from reelc_runtime.comfy.values import decode

CHUNK = 1 << 18


class Http:
    """A connection pool to one worker. An async context manager.

    Args:
        address: of the worker, with the headers that hold its secrets.
        timeouts: how long to wait.
    """

    def __init__(self, address: Address, timeouts: Timeouts) -> None:
        self._address = address
        self._timeouts = timeouts
        self._client = httpx.AsyncClient(
            # Compressed answers could be far larger than what arrives; lengths must mean what they say.
            headers={**address.headers, "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),
            follow_redirects=False,
            trust_env=False,
            # Without https there is nothing to verify, and making a context takes a while.
            verify=context() if address.secure else False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.aclose()

    async def json(
        self, method: str, path: str, *, limit: int, body: bytes | None = None, accept: tuple[int, ...] = (200,)
    ) -> tuple[int, Any]:
        """A JSON answer.

        Args:
            method, path: the request; the path may have a query.
            limit: bytes of the answer.
            body: JSON to send.
            accept: statuses whose answers are wanted; others raise.

        Returns:
            The status and the value.

        Raises:
            ComfyError: no such answer.
        """
        status, content = await self._answer(method, path, limit=limit, body=body, accept=accept)
        try:
            return status, decode(content)
        except ValueError:
            if status != 200:
                raise self._status_error(path, status) from None
            raise ProtocolError(f"{self._shown(path)} answers with something that is not JSON") from None

    async def post(self, path: str, body: bytes, *, limit: int) -> None:
        """Send JSON to a route that answers with nothing of interest. Raises ComfyError."""
        await self._answer("POST", path, limit=limit, body=body, accept=(200,))

    async def _answer(
        self, method: str, path: str, *, limit: int, body: bytes | None, accept: tuple[int, ...]
    ) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            async with (
                asyncio.timeout(self._timeouts.answer),
                self._stream(method, path, accept, content=body, headers=headers) as response,
            ):
                return response.status_code, await self._read(response, path, limit)
        except TimeoutError:
            raise self._timed_out(path) from None

    async def upload(self, path: str, file: Path, name: str, fields: Mapping[str, str], *, limit: int) -> Any:
        """Send a file as multipart/form-data, read from disk as it goes out.

        Args:
            path: the route.
            file: what to send.
            name: its name on the worker.
            fields: further fields.
            limit: bytes of the answer.

        Returns:
            The answer's JSON value.

        Raises:
            ComfyError: it was not taken.
            OSError: the file cannot be read, or changes its length while it is sent.
        """
        boundary = secrets.token_hex(16)
        head, tail = _multipart(boundary, name, fields)
        size = await asyncio.to_thread(lambda: file.stat().st_size)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
        }
        body = _file_body(file, size, head, tail)
        try:
            async with self._stream("POST", path, (200,), content=body, headers=headers) as response:
                content = await self._read(response, path, limit)
        finally:
            await body.aclose()
        try:
            return decode(content)
        except ValueError:
            raise ProtocolError(f"{self._shown(path)} answers with something that is not JSON") from None

    async def length(self, path: str) -> int | None:
        """How long the answer to a GET is by its own account, bytes; None if it is not there or does not say.

        The answer's body is not read. Raises ComfyError.
        """
        async with self._stream("GET", path, (200, 404)) as response:
            return _length(response) if response.status_code == 200 else None

    async def download(self, path: str, to: Path, *, max_bytes: int) -> Downloaded:
        """Write an answer to a file; whatever goes wrong, no file is left.

        Args:
            path: the route, with its query.
            to: the file; it is overwritten.
            max_bytes: more than this is an error.

        Raises:
            ComfyError: it did not arrive whole, or is too large.
            OSError: it cannot be written.
        """
        part = _Part(to)
        try:
            async with self._stream("GET", path, (200,)) as response:
                expected = _length(response)
                if expected is not None and expected > max_bytes:
                    raise self._too_large(path, max_bytes)
                async for chunk in response.aiter_raw(CHUNK):
                    # Written here and not in a thread: a cancelled thread would write on into a removed file.
                    if part.write(chunk) > max_bytes:
                        raise self._too_large(path, max_bytes)
            if expected is not None and expected != part.size:
                raise Unreachable(f"{self._shown(path)} sent {part.size} of {expected} bytes")
            return part.keep()
        finally:
            part.close()

    @asynccontextmanager
    async def _stream(self, method: str, path: str, accept: tuple[int, ...], **request: Any) -> AsyncGenerator[Any]:
        """A response whose status is wanted, its body not read yet; httpx's errors become ours."""
        try:
            async with self._client.stream(method, self._address.http(path), **request) as response:
                if response.status_code not in accept:
                    raise self._status_error(path, response.status_code)
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    raise ProtocolError(f"{self._shown(path)} compresses its answer, which was not asked for")
                yield response
        except httpx.HTTPError as error:
            raise self._translated(error, path) from error
        except httpx.StreamError as error:
            raise Unreachable(f"the connection to {self._address.base} broke") from error

    async def _read(self, response: httpx.Response, path: str, limit: int) -> bytes:
        """A whole body that may not exceed a limit."""
        expected = _length(response)
        if expected is not None and expected > limit:
            raise self._too_large(path, limit)
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > limit:
                raise self._too_large(path, limit)
        return bytes(content)

    # -- errors ------------------------------------------------------------------------------

    def _shown(self, path: str) -> str:
        """A route's URL without its query, which may name files."""
        return self._address.base + path.partition("?")[0]

    def _status_error(self, path: str, status: int) -> ComfyError:
        if status in (401, 403):
            return AuthRefused(f"{self._address.base} refuses access (HTTP {status})")
        if 300 <= status < 400:
            return ProtocolError(f"{self._shown(path)} redirects elsewhere (HTTP {status}); give the final address")
        return ServerError(f"{self._shown(path)} answers with HTTP {status}", status)

    def _too_large(self, path: str, limit: int) -> ProtocolError:
        return ProtocolError(f"{self._shown(path)} sends more than {limit} bytes")

    def _timed_out(self, path: str) -> TimedOut:
        return TimedOut(f"{self._shown(path)} does not answer in time")

    def _translated(self, error: httpx.HTTPError, path: str) -> ComfyError:
        base = self._address.base
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return Unreachable(f"{base} cannot be reached: {connect_reason(error)}")
        if isinstance(error, httpx.TimeoutException):
            return self._timed_out(path)
        if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
            return Unreachable(f"the connection to {base} broke")
        return ProtocolError(f"{self._shown(path)} cannot be asked: {type(error).__name__}")


def connect_reason(error: BaseException) -> str:
    """Why there is no connection, in a few words without addresses or secrets."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "its certificate is not trusted"
        if isinstance(seen, ssl.SSLError):
            return "it does not speak TLS as expected"
        if isinstance(seen, TimeoutError | httpx.ConnectTimeout):
            return "no answer in time"
        if isinstance(seen, ConnectionRefusedError):
            return "nothing listens there"
        seen = seen.__cause__ or seen.__context__
    text = str(error)
    if "Name or service" in text or "getaddrinfo" in text or "nodename" in text or "resolution" in text:
        return "the name is not known"
    return "nothing listens there" if "connection attempts failed" in text else "no connection"


def _length(response: httpx.Response) -> int | None:
    value = response.headers.get("Content-Length", "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None


def _multipart(boundary: str, name: str, fields: Mapping[str, str]) -> tuple[bytes, bytes]:
    """What comes before and after the file in a form."""
    if not is_plain_name(name):
        raise ProtocolError(f"a file cannot be uploaded under the name {name[:80]!r}")
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    quoted = name.replace('"', "%22")
    lines.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{quoted}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return "".join(lines).encode(), f"\r\n--{boundary}--\r\n".encode()


async def _file_body(file: Path, size: int, head: bytes, tail: bytes) -> AsyncGenerator[bytes, None]:
    """A form's bytes; the file is read in a thread, piece by piece."""
    yield head
    handle = await asyncio.to_thread(file.open, "rb")
    try:
        left = size
        while left:
            chunk = await asyncio.to_thread(handle.read, min(CHUNK, left))
            if not chunk:
                raise OSError(f"{file.name} became shorter while it was sent")
            left -= len(chunk)
            yield chunk
    finally:
        handle.close()
    yield tail


class _Part:
    """A file being written and hashed, which is removed unless it is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._hash = hashlib.sha256()
        self._kept = False
        self.size = 0

    def write(self, chunk: bytes) -> int:
        """Append; the size so far."""
        self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)
        return self.size

    def keep(self) -> Downloaded:
        """The file is whole."""
        self._file.close()
        self._kept = True
        return Downloaded(sha256=self._hash.hexdigest(), bytes=self.size)

    def close(self) -> None:
        """Close, and remove what was not kept."""
        try:
            self._file.close()
        finally:
            if not self._kept:
                self._path.unlink(missing_ok=True)

"""A host of model files on loopback, over real sockets, that can be made to fail in all the ways hosts do."""

import asyncio
import hashlib
import re
import ssl
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

RANGE = re.compile(r"bytes=(\d+)-")


@dataclass(frozen=True)
class Asked:
    """A request that arrived; names of headers are in lower case."""

    path: str
    headers: Mapping[str, str]

    @property
    def start(self) -> int | None:
        """Where its range begins."""
        found = RANGE.fullmatch(self.headers.get("range", ""))
        return None if found is None else int(found[1])


Answer = Callable[["Host", "File", Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class File:
    """A file of the host: its content, and how the next requests for it are answered."""

    content: bytes
    etag: str | None = '"v1"'
    answers: list[Answer] = field(default_factory=list)
    always: Answer | None = None

    @property
    def sha256(self) -> str:
        """Of the content."""
        return hashlib.sha256(self.content).hexdigest()


class Host:
    """The host, in a thread of its own."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.files: dict[str, File] = {}
        self.asked: list[Asked] = []
        self.port = 0
        self.together = self.most = 0
        self.loop = asyncio.new_event_loop()
        self.stop = asyncio.Event()

    def url(self, path: str, name: str = "127.0.0.1") -> str:
        """The address of a path, under one of the machine's names for itself."""
        return f"{'http' if self.tls is None else 'https'}://{name}:{self.port}{path}"

    def put(self, path: str, content: bytes, *answers: Answer, etag: str | None = '"v1"') -> File:
        """Have a file; the answers are for its first requests."""
        self.files[path] = File(content, etag, list(answers))
        return self.files[path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        self.together += 1
        self.most = max(self.most, self.together)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
            asked = Asked(head[0].split(" ")[1], headers)
            self.asked.append(asked)
            file = self.files.get(asked.path)
            if file is None:
                await send(writer, 404, {}, b"no")
                return
            answer = file.answers.pop(0) if file.answers else file.always or whole
            await answer(self, file, asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.together -= 1
            writer.close()


async def send(writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """An answer with its length, unless the headers say another."""
    lines = {"Content-Length": str(len(body)), "Connection": "close"} | dict(headers)
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    writer.write(f"HTTP/1.1 {status} X\r\n{text}\r\n".encode() + body)
    await writer.drain()


def _tag(file: File) -> dict[str, str]:
    return {"ETag": file.etag} if file.etag else {}


async def whole(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """As a host should: with ranges, and with the mark that tells versions apart."""
    start = asked.start
    if start is None or asked.headers.get("if-range", file.etag) != file.etag:
        await send(writer, 200, _tag(file), file.content)
    elif start >= len(file.content):
        await send(writer, 416, {"Content-Range": f"bytes */{len(file.content)}"}, b"")
    else:
        where = f"bytes {start}-{len(file.content) - 1}/{len(file.content)}"
        await send(writer, 206, _tag(file) | {"Content-Range": where}, file.content[start:])


async def without_ranges(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Always everything."""
    await send(writer, 200, _tag(file), file.content)


async def without_length(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Nobody knows how long it is until it ends."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (file.content[:1000], file.content[1000:]) if p)
    await send(writer, 200, {"Content-Length": "", "Transfer-Encoding": "chunked"}, body + b"0\r\n\r\n")


def dropped(after: int) -> Answer:
    """The connection breaks after so many bytes of the body."""

    async def answer(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
        rest = file.content[asked.start or 0 :]
        size = len(file.content)
        headers = _tag(file) | {"Content-Length": str(len(rest))}
        if asked.start is not None:
            headers["Content-Range"] = f"bytes {asked.start}-{size - 1}/{size}"
        await send(writer, 200 if asked.start is None else 206, headers, rest[:after])

    return answer


def silent(after: int, then: float = 30.0) -> Answer:
    """Nothing more comes after so many bytes, and the connection stays."""

    async def answer(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
        await send(writer, 200, _tag(file) | {"Content-Length": str(len(file.content))}, file.content[:after])
        await asyncio.sleep(then)

    return answer


async def dripping(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
    """A byte now and then."""
    await send(writer, 200, _tag(file) | {"Content-Length": str(len(file.content))}, b"")
    for i in range(len(file.content)):
        writer.write(file.content[i : i + 1])
        await writer.drain()
        await asyncio.sleep(0.02)


def slow(pause: float) -> Answer:
    """In two halves."""

    async def answer(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
        half = len(file.content) // 2
        headers = _tag(file) | {"Content-Length": str(len(file.content))}
        await send(writer, 200, headers, file.content[:half])
        await asyncio.sleep(pause)
        writer.write(file.content[half:])
        await writer.drain()

    return answer


def status(code: int, **headers: str) -> Answer:
    """Only a status; underscores in names of headers are hyphens."""

    async def answer(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
        await send(writer, code, {name.replace("_", "-"): value for name, value in headers.items()}, b"sorry")

    return answer


def answering(content: bytes, code: int = 200, **headers: str) -> Answer:
    """Something else."""

    async def answer(host: Host, file: File, asked: Asked, writer: asyncio.StreamWriter) -> None:
        await send(writer, code, {name.replace("_", "-"): value for name, value in headers.items()}, content)

    return answer


@contextmanager
def running(tls: ssl.SSLContext | None = None) -> Generator[Host]:
    """A host while it is needed."""
    host = Host(tls)
    loop = host.loop
    ready = threading.Event()

    async def main() -> None:
        server = await asyncio.start_server(host.serve, "127.0.0.1", 0, ssl=tls)
        host.port = server.sockets[0].getsockname()[1]
        ready.set()
        await host.stop.wait()
        server.close()
        mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield host
    finally:
        loop.call_soon_threadsafe(lambda: host.stop.set())
        thread.join(10)
        loop.close()

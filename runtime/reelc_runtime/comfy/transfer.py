"""Files up and down, in chunks, within limits; a file is in its place only when it is whole."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from reelc_runtime.comfy.answers import UploadedFile, parse_upload
from reelc_runtime.comfy.clock import Deadline
from reelc_runtime.comfy.errors import ProtocolError, ServerError
from reelc_runtime.comfy.http import Http, declared_length
from reelc_runtime.comfy.limits import Limits, Timeouts
from reelc_runtime.comfy.outputs import OutputFile, check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file that has arrived whole: its SHA-256 in hexadecimal and its length."""

    sha256: str
    bytes: int


class _Watched(io.FileIO):
    """A file whose every read shows that the upload goes on."""

    limit: Deadline | None = None

    def read(self, size: int | None = -1, /) -> bytes | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self.limit is not None:
            self.limit.renew()
        return super().read(-1 if size is None else size)


async def upload(http: Http, url: str, path: Path, name: str, *, timeouts: Timeouts, limits: Limits) -> UploadedFile:
    """See :meth:`ComfyClient.upload_image`."""
    check_name(name)
    with _Watched(path, "rb") as file:
        size = path.stat().st_size
        _, body = await http.post(
            "/upload/image",
            files={"image": (name, file)},
            fields={"overwrite": "true", "type": "input"},
            timeout=timeouts.idle,
            total=timeouts.transfer,
            max_bytes=limits.json,
        )
    stored = parse_upload(http.parse(body, "/upload/image"), size)
    if (stored.name, stored.subfolder, stored.type) != (name, "", "input"):
        raise ProtocolError(f"{url} stored the upload {name} under another name")
    return stored


async def has_input(http: Http, name: str, size: int | None, *, timeouts: Timeouts) -> bool:
    """See :meth:`ComfyClient.has_input`."""
    check_name(name)
    query = {"filename": name, "subfolder": "", "type": "input"}
    async with http.open("GET", "/view", query=query, idle=timeouts.request, total=timeouts.transfer) as (
        answer,
        limit,
    ):
        if answer.status_code == 404:
            return False
        await http.check(answer, "/view")
        if size is None:
            return True
        declared = declared_length(answer)
        if declared is not None:
            return declared == size
        count = 0
        async for chunk in answer.aiter_bytes():
            limit.renew()
            count += len(chunk)
            if count > size:
                return False
        return count == size


async def view(http: Http, url: str, ref: OutputFile, to: Path, *, max_bytes: int, timeouts: Timeouts) -> Downloaded:
    """See :meth:`ComfyClient.view`."""
    part = to.with_name(f"{to.name}.part")
    query = {"filename": ref.filename, "subfolder": ref.subfolder, "type": ref.type}
    try:
        async with http.open("GET", "/view", query=query, idle=timeouts.idle, total=timeouts.transfer) as (
            answer,
            limit,
        ):
            if answer.status_code == 404:
                raise ServerError(f"{url} no longer has the file {ref.filename}", status=404)
            await http.check(answer, "/view")
            declared = declared_length(answer)
            too_long = ProtocolError(f"{url} sends {ref.filename} with more than {max_bytes} bytes")
            if declared is not None and declared > max_bytes:
                raise too_long
            digest, count = hashlib.sha256(), 0
            # Written between two chunks and not in a thread: a cancelled thread would go on writing to a
            # file that is being removed, and a chunk of 64 KiB takes a fraction of a millisecond.
            with part.open("wb") as file:
                async for chunk in answer.aiter_bytes():
                    limit.renew()
                    count += len(chunk)
                    if count > max_bytes:
                        raise too_long
                    digest.update(chunk)
                    file.write(chunk)
        if declared is not None and count != declared:
            raise ProtocolError(f"{url} sent {count} bytes of {ref.filename} instead of {declared}")
        if count == 0:
            raise ProtocolError(f"{url} sent {ref.filename} without content")
        part.replace(to)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Downloaded(sha256=digest.hexdigest(), bytes=count)

"""``/upload/image`` and ``/view``: files in and out, by name, below the worker's folders."""

import secrets
from contextlib import suppress
from pathlib import Path

from aiohttp import BodyPartReader, web

from reelc_runtime.preview.folders import BadName, Folders

CHUNK = 1 << 18
MAX_FIELD = 4096


class Transfers:
    """Both directions.

    Args:
        folders: where files lie.
        max_upload: bytes of one uploaded file.
    """

    def __init__(self, folders: Folders, max_upload: int) -> None:
        self._folders = folders
        self._max_upload = max_upload

    async def upload(self, request: web.Request) -> web.Response:
        """Take a file; it is written as it arrives and named when it is whole."""
        if not request.content_type.startswith("multipart/"):
            return _bad("an upload is multipart/form-data")
        part = self._folders.root / "temp" / f"{secrets.token_hex(8)}.part"
        fields: dict[str, str] = {}
        try:
            name = await self._receive(request, part, fields)
            if name is None:
                return _bad("the upload has no file in its field 'image'")
            return self._place(part, name, fields)
        except BadName as error:
            return _bad(str(error))
        except web.HTTPRequestEntityTooLarge:
            raise
        except (ValueError, AssertionError) as error:  # aiohttp's multipart reader asserts on malformed bodies
            return _bad(f"the upload cannot be read: {error}")
        finally:
            with suppress(FileNotFoundError):
                part.unlink()

    async def _receive(self, request: web.Request, part: Path, fields: dict[str, str]) -> str | None:
        """Read all fields; the file goes to ``part``. Returns the file's name."""
        name: str | None = None
        async for field in await request.multipart():
            if not isinstance(field, BodyPartReader):
                raise ValueError("nested multipart")
            if field.name == "image" and name is None:
                name = field.filename or ""
                await self._write(field, part)
            else:
                value = await field.read_chunk(MAX_FIELD)
                fields[field.name or ""] = value.decode("utf-8", "strict")
                await field.release()
        return name

    async def _write(self, field: BodyPartReader, part: Path) -> None:
        size = 0
        with part.open("wb") as file:
            while chunk := await field.read_chunk(CHUNK):
                size += len(chunk)
                if size > self._max_upload:
                    raise web.HTTPRequestEntityTooLarge(max_size=self._max_upload, actual_size=size)
                file.write(chunk)

    def _place(self, part: Path, name: str, fields: dict[str, str]) -> web.Response:
        """Name the file: over an old one if asked, else beside it unless the contents are equal."""
        kind, subfolder = fields.get("type") or "input", fields.get("subfolder", "")
        if kind == "output":
            raise BadName("outputs are not uploaded")
        path = self._folders.place(kind, subfolder, name)
        if path.is_dir():
            raise BadName(f"{name} is a folder")
        if fields.get("overwrite") not in ("true", "1"):
            stem, suffix, number = path.stem, path.suffix, 0
            while path.exists() and path.read_bytes() != part.read_bytes():
                number += 1
                name = f"{stem} ({number}){suffix}"
                path = self._folders.place(kind, subfolder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part.replace(path)
        return web.json_response({"name": name, "subfolder": subfolder, "type": kind})

    async def view(self, request: web.Request) -> web.StreamResponse:
        """Give a file; ranges are honoured."""
        query = request.query
        try:
            path = self._folders.place(
                query.get("type", "output"), query.get("subfolder", ""), query.get("filename", "")
            )
        except BadName as error:
            return _bad(str(error))
        if not path.is_file():
            return web.Response(status=404)
        return web.FileResponse(path)


def _bad(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)

"""How large a picture is, from the header of a file that the loader opened.

Of our own, since the package that knows all formats imports an HTTP client, TLS and XML, which took as long as Python
itself takes to start.
"""

import os
from typing import BinaryIO

# Orientations of EXIF that turn a picture by a quarter.
_TURNED = frozenset({5, 6, 7, 8})
_ORIENTATION = 0x0112
_SHORT = 3
# Markers of a JPEG file: frames have numbers from C0 to CF, but for these, which are tables.
_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1


def picture_size(kind: str, head: bytes, file: BinaryIO) -> tuple[int, int] | None:
    """Width and height in pixels, a JPEG turned as its EXIF tag says; None when the header is damaged.

    Args:
        kind: ``PNG``, ``JPEG``, ``WebP`` or ``BMP``.
        head: the first 64 bytes.
        file: the file, which is read on where the head does not tell.
    """
    match kind:
        case "PNG":
            size = (_big(head[16:20]), _big(head[20:24])) if head[12:16] == b"IHDR" and len(head) >= 24 else None
        case "JPEG":
            size = _jpeg(file)
        case "WebP":
            size = _webp(head) if len(head) >= 30 else None
        case _:
            size = _bmp(head) if len(head) >= 26 else None
    return size if size is not None and min(size) > 0 else None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _webp(head: bytes) -> tuple[int, int] | None:
    match head[12:16]:
        case b"VP8 " if head[23:26] == b"\x9d\x01\x2a":
            # 14 bits each; the other two say how a player may enlarge it.
            return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
        case b"VP8L" if head[20] == 0x2F:
            bits = _little(head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return _little(head[24:27]) + 1, _little(head[27:30]) + 1
        case _:
            return None


def _bmp(head: bytes) -> tuple[int, int]:
    if _little(head[14:18]) == 12:
        return _little(head[18:20]), _little(head[20:22])
    # A negative height only says that the rows begin at the top.
    width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
    return width, abs(height)


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    """The size in the frame's segment, behind which the EXIF data may still come."""
    size: tuple[int, int] | None = None
    orientation: int | None = None
    file.seek(2)
    while (marker := _marker(file)) not in (None, _SCAN, _END):
        if marker in _BARE:
            continue
        length = _big(file.read(2)) - 2
        if length < 0:
            return None
        if marker == _APP1 and orientation is None:
            orientation = _orientation(file.read(length))
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            frame = file.read(length)
            if len(frame) < 6:
                return None
            size = _big(frame[3:5]), _big(frame[1:3])
        else:
            file.seek(length, os.SEEK_CUR)
    return (size[1], size[0]) if size is not None and orientation in _TURNED else size


def _marker(file: BinaryIO) -> int | None:
    """The next marker: what stands behind one or more bytes FF; None at the end of the file."""
    before = byte = file.read(1)
    while byte and not (before == b"\xff" and byte != b"\xff"):
        before, byte = byte, file.read(1)
    return byte[0] if byte else None


def _orientation(segment: bytes) -> int | None:
    """The orientation, from 1 to 8, that an APP1 segment gives in the first directory of its EXIF data."""
    if not segment.startswith(b"Exif\0\0"):
        return None
    tiff = segment[6:]
    order = {b"II": _little, b"MM": _big}.get(tiff[:2])
    if order is None:
        return None
    start = order(tiff[4:8])
    for at in range(start + 2, start + 2 + 12 * order(tiff[start : start + 2]), 12):
        if order(tiff[at : at + 2]) == _ORIENTATION and order(tiff[at + 2 : at + 4]) == _SHORT:
            return order(tiff[at + 8 : at + 10])
    return None

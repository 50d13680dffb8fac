"""A drawn landscape as a PNG: a picture to begin with that belongs to nobody and is in no package."""

import math
import struct
import zlib
from dataclasses import dataclass

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """The light of an hour: colours, and where the sun stands (shares of width and height)."""

    zenith: Color
    horizon: Color
    sun: Color
    far: Color
    near: Color
    sun_at: tuple[float, float]


HOURS = {
    "dawn": Hour(
        zenith=(70, 92, 150),
        horizon=(250, 190, 150),
        sun=(255, 236, 190),
        far=(120, 100, 130),
        near=(50, 48, 72),
        sun_at=(0.28, 0.52),
    ),
    "noon": Hour(
        zenith=(60, 130, 210),
        horizon=(205, 230, 245),
        sun=(255, 252, 235),
        far=(110, 150, 150),
        near=(60, 105, 70),
        sun_at=(0.55, 0.16),
    ),
    "dusk": Hour(
        zenith=(40, 34, 80),
        horizon=(240, 120, 80),
        sun=(255, 200, 130),
        far=(84, 52, 88),
        near=(26, 20, 40),
        sun_at=(0.74, 0.50),
    ),
}


def landscape(hour: Hour, width: int = 1280, height: int = 720) -> bytes:
    """Sky, sun and two rows of hills.

    Args:
        hour: the light.
        width, height: pixels.

    Returns:
        A PNG file's bytes, 8 bits RGB; the same for the same arguments.
    """
    far = [_ridge(x / width, 0.62, ((3, 0.035), (7, 0.018), (17, 0.006)), 0.4) * height for x in range(width)]
    near = [_ridge(x / width, 0.78, ((2, 0.05), (5, 0.02), (13, 0.008)), 1.9) * height for x in range(width)]
    sun_x, sun_y, glow = hour.sun_at[0] * width, hour.sun_at[1] * height, 0.22 * height
    rows = bytearray()
    for y in range(height):
        sky = _mix(hour.zenith, hour.horizon, min(1.0, y / (0.66 * height)))
        # Each row is stored as its difference from the one above it: a gradient then packs well.
        row = bytearray(bytes(sky) * width)
        reach = glow * glow - (y - sun_y) ** 2
        if reach > 0:
            half = math.sqrt(reach)
            for x in range(max(0, int(sun_x - half)), min(width, int(sun_x + half) + 1)):
                away = math.hypot(x - sun_x, y - sun_y) / glow
                share = 1.0 if away < 0.2 else (1 - (away - 0.2) / 0.8) ** 2
                row[3 * x : 3 * x + 3] = bytes(_mix(sky, hour.sun, share))
        haze = bytes(_mix(hour.far, hour.horizon, min(1.0, max(0.0, 1 - (y / height - 0.55) * 5)) * 0.4))
        ground = bytes(_mix(hour.near, (0, 0, 0), max(0.0, y / height - 0.75)))
        for x in range(width):
            if y > near[x]:
                row[3 * x : 3 * x + 3] = ground
            elif y > far[x]:
                row[3 * x : 3 * x + 3] = haze
        rows += row
    return _png(width, height, bytes(rows))


def _ridge(at: float, base: float, waves: tuple[tuple[int, float], ...], phase: float) -> float:
    """The height of a row of hills as a share of the picture's, from its top."""
    return base + sum(size * math.sin(2 * math.pi * count * at + phase * count) for count, size in waves)


def _mix(a: Color, b: Color, share: float) -> Color:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def _png(width: int, height: int, rgb: bytes) -> bytes:
    """The bytes of a PNG file, its rows filtered with "up" (ISO/IEC 15948, 9.2)."""
    stride = 3 * width
    data = bytearray()
    above = bytes(stride)
    for start in range(0, len(rgb), stride):
        row = rgb[start : start + stride]
        data.append(2)
        data += bytes((x - y) & 255 for x, y in zip(row, above, strict=True))
        above = row
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(data), 9)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)

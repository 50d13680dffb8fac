"""Pictures' headers: as Pillow, with which ComfyUI loads pictures, reads them; whatever is cut off or damaged."""

import io
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from reelc_compiler.pictures import picture_size

KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "png": ("PNG", "RGB", {}),
    "grey png": ("PNG", "L", {}),
    "jpeg": ("JPEG", "RGB", {}),
    "progressive jpeg": ("JPEG", "RGB", {"progressive": True}),
    "lossy webp": ("WebP", "RGB", {}),
    "lossless webp": ("WebP", "RGB", {"lossless": True}),
    "webp with alpha": ("WebP", "RGBA", {}),
    "bmp": ("BMP", "RGB", {}),
}


def picture(kind: str, size: tuple[int, int] = (37, 21), **more: Any) -> bytes:
    form, mode, options = KINDS[kind]
    out = io.BytesIO()
    Image.new(mode, size, 90).save(out, form, **options, **more)
    return out.getvalue()


def measure(kind: str, data: bytes) -> tuple[int, int] | None:
    return picture_size(KINDS[kind][0], data[:64], io.BytesIO(data))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (37, 21), (300, 4097)])
def test_sizes(kind: str, size: tuple[int, int]) -> None:
    assert measure(kind, picture(kind, size)) == size


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("endian", ["<", ">"])
def test_a_jpeg_is_turned_as_its_exif_tag_says(orientation: int, endian: str) -> None:
    tags = Image.Exif()
    tags.endian = endian
    tags[0x010F], tags[0x0112] = "a camera", orientation
    data = picture("jpeg", exif=tags)
    with Image.open(io.BytesIO(data)) as opened:
        expected = ImageOps.exif_transpose(opened).size
    assert measure("jpeg", data) == expected
    assert expected == ((21, 37) if orientation > 4 else (37, 21))


def test_other_segments_of_a_jpeg_are_passed_over() -> None:
    data = picture("jpeg", comment=b"\xff\xc0 is no frame here" * 3000)
    padded = data[:2] + b"\xff" * 5 + data[2:]
    assert measure("jpeg", data) == measure("jpeg", padded) == (37, 21)


def test_a_bmp_of_the_first_windows_and_one_from_top_to_bottom() -> None:
    old = b"BM" + bytes(12) + (12).to_bytes(4, "little") + bytes([37, 0, 21, 0, 1, 0, 24, 0])
    data = picture("bmp")
    down = data[:22] + (-21).to_bytes(4, "little", signed=True) + data[26:]
    assert measure("bmp", old) == measure("bmp", down) == (37, 21)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_off_or_damaged_never_fails(kind: str) -> None:
    data = picture(kind)
    for length in range(min(len(data), 700)):
        assert measure(kind, data[:length]) in (None, (37, 21))
    chance = random.Random(1)
    for _ in range(500):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[chance.randrange(12, min(len(data), 700))] = chance.choice((0, 1, 255, chance.randrange(256)))
        size = measure(kind, bytes(damaged))
        assert size is None or min(size) > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "jpeg" not in kind])
def test_no_size_is_damage(kind: str) -> None:
    data = picture(kind)
    assert measure(kind, data[:12] + bytes(len(data) - 12)) is None


def test_the_example_s_picture() -> None:
    path = Path(__file__).resolve().parent.parent.parent / "examples" / "dandelion.jpg"
    with Image.open(path) as opened:
        assert measure("jpeg", path.read_bytes()) == opened.size

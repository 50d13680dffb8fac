"""Input files as ComfyUI will load them: what is measured of a picture here, and of a film or a sound elsewhere.

Part of the edge, with ``loader``: it reads files.
"""

import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from reelc_compiler.facts import Facts
from reelc_compiler.inputs import InputFault, InputInfo, Measure, Unmeasured
from reelc_compiler.pictures import picture_size
from reelc_compiler.units import rate_text
from reelc_dsl.diagnostics import Code
from reelc_dsl.diagnostics.codes import (
    INPUT_TOO_LARGE,
    LARGE_INPUT,
    MISSING_INPUT_FILE,
    NO_MEDIA_LIBRARY,
    NOT_A_PICTURE,
    NOT_A_RECORDING,
    UNEVEN_RATE,
)

# What ComfyUI takes in one upload unless it is started with another --max-upload-size (0.33.0, /features).
MAX_UPLOAD = 100 * 2**20
# Nobody means to load more floats than this makes; the worker's memory ends far below.
MAX_RECORDING = 8 * 2**30
# Pillow, with which ComfyUI loads pictures, refuses more than twice its MAX_IMAGE_PIXELS.
MAX_PIXELS = 2 * (1024 * 1024 * 1024 // 4 // 3)
CONVERT = "convert it to PNG or JPEG"


def reason(error: OSError | ValueError) -> str:
    """Why a file cannot be read, in the system's words."""
    return ((error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__).lower()


@contextmanager
def there(path: Path, shown: str, base: str) -> Generator[None]:
    """Failures to read an input file, as faults.

    Raises:
        InputFault: E0601.
    """
    try:
        if path.is_dir():
            raise InputFault(MISSING_INPUT_FILE, f"`{shown}` is a folder, not a file")
        if path.exists() and not path.is_file():
            # A pipe would be waited for without end.
            raise InputFault(MISSING_INPUT_FILE, f"`{shown}` is a device or a pipe, not a file")
        yield
    except FileNotFoundError:
        raise missing(path, shown, base) from None
    except OSError as error:
        raise InputFault(MISSING_INPUT_FILE, f"`{shown}` cannot be read: {reason(error)}") from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def picture(path: Path, shown: str, relative: str, base: str) -> InputInfo:
    """A picture, as its header says.

    Args:
        shown: the path as it is written.
        relative: as it stands in a plan.
        base: what it is relative to, for people.

    Raises:
        InputFault: E0601 to E0603.
    """
    with there(path, shown, base):
        size = path.stat().st_size
        if size > MAX_UPLOAD:
            raise InputFault(
                INPUT_TOO_LARGE,
                f"`{shown}` has {size / 2**20:.0f} MiB, and ComfyUI takes {MAX_UPLOAD // 2**20} MiB in one upload",
                "make it smaller: no model takes that many pixels",
            )
        width, height = _measure(path, shown)
        digest = _digest(path)
    if width * height > MAX_PIXELS:
        raise InputFault(
            INPUT_TOO_LARGE,
            f"`{shown}` has {width}x{height} pixels, more than ComfyUI's picture library opens ({MAX_PIXELS:,})",
            "make it smaller: no model takes that many pixels",
        )
    facts = Facts(kind="image", width=width, height=height, frames=1)
    return InputInfo(path=relative, sha256=digest, bytes=size, facts=facts)


def recording(path: Path, shown: str, relative: str, base: str, measure: Measure | None) -> InputInfo:
    """A film or a sound.

    Args:
        shown, relative, base: as for :func:`picture`.
        measure: finds its facts; None where nothing is at hand that can.

    Raises:
        InputFault: E0601, E0603, E0613, E0614.
    """
    with there(path, shown, base):
        size = path.stat().st_size
        if measure is None:
            raise InputFault(
                NO_MEDIA_LIBRARY,
                f"what is in `{shown}` can only be measured with the media library, which is not installed",
                "install it with `pip install 'reelc[run]'`, or use a `reel.lock` that has the file",
            )
        if size > MAX_RECORDING:
            raise InputFault(
                INPUT_TOO_LARGE,
                f"`{shown}` has {size / 2**30:.1f} GiB, and a film that is loaded has {MAX_RECORDING // 2**30} at most",
                "cut out what is needed",
            )
        try:
            measured = measure(path)
        except Unmeasured as error:
            raise InputFault(NOT_A_RECORDING, f"`{shown}` {error}", *error.help) from None
        digest = _digest(path)
    advice: list[tuple[Code, str, str]] = []
    if measured.facts.kind == "clip" and size > MAX_UPLOAD:
        advice.append(
            (
                LARGE_INPUT,
                f"`{shown}` has {size / 2**20:.0f} MiB, and ComfyUI takes {MAX_UPLOAD // 2**20} MiB in one upload",
                "start the workers' ComfyUI with a larger `--max-upload-size` (in MB), or cut out what is needed",
            )
        )
    if not measured.even:
        advice.append(
            (
                UNEVEN_RATE,
                f"the frames of `{shown}` do not follow each other evenly: ComfyUI plays each as long as the others, "
                f"{rate_text(measured.facts.fps or Fraction(0))}",
                "write it at a constant rate first: ffmpeg -i IN -vf fps=30 OUT",
            )
        )
    return InputInfo(path=relative, sha256=digest, bytes=size, facts=measured.facts, advice=tuple(advice))


def missing(path: Path, shown: str, base: str) -> InputFault:
    """That a file is not there, and which one was probably meant."""
    near = nearest_file(path)
    help_ = f"did you mean `{near}`?" if near else f"the path is relative to {base}"
    if not shown.isprintable():
        help_ = "a backslash begins an escape, so a path has `/` on all systems"
    return InputFault(MISSING_INPUT_FILE, f"there is no file `{shown}`", help_)


def nearest_file(path: Path, suffix: str = "") -> str | None:
    """The name of a file in the same folder that was probably meant."""
    from reelc_dsl.diagnostics.suggest import nearest

    try:
        found = [entry.name for entry in os.scandir(path.parent) if entry.name.endswith(suffix) and entry.is_file()]
    except OSError:
        return None
    return next(iter(nearest(path.name, found[:1000])), None)


def _measure(path: Path, shown: str) -> tuple[int, int]:
    """Width and height as ComfyUI loads the picture: turned as its EXIF tag says."""
    with path.open("rb") as file:
        head = file.read(64)
        kind = _kind(head)
        if kind is None:
            raise InputFault(NOT_A_PICTURE, f"`{shown}` is not a PNG, JPEG, WebP or BMP picture", CONVERT)
        complete = _COMPLETE.get(kind)
        if complete is not None and not complete(file):
            raise InputFault(NOT_A_PICTURE, f"`{shown}` is cut off: the end of the picture is missing")
        if _animated(kind, head, file):
            raise InputFault(NOT_A_PICTURE, f"`{shown}` is animated, and an image has one frame", CONVERT)
        size = picture_size(kind, head, file)
    if size is None:
        raise InputFault(NOT_A_PICTURE, f"`{shown}` has a damaged {kind} header", CONVERT)
    return size


def _kind(head: bytes) -> str | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head.startswith(b"BM"):
        return "BMP"
    return None


def _tail(file: BinaryIO, count: int) -> bytes:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - count))
    return file.read(count)


def _webp_complete(file: BinaryIO) -> bool:
    file.seek(4)
    declared = int.from_bytes(file.read(4), "little")
    file.seek(0, os.SEEK_END)
    return file.tell() >= declared + 8


# A picture that was not written to its end is found here, not on a paid machine.
_COMPLETE: dict[str, Callable[[BinaryIO], bool]] = {
    "PNG": lambda file: b"IEND" in _tail(file, 4096),
    "JPEG": lambda file: b"\xff\xd9" in _tail(file, 65536),
    "WebP": _webp_complete,
}


def _animated(kind: str, head: bytes, file: BinaryIO) -> bool:
    if kind == "WebP":
        return head[12:16] == b"VP8X" and bool(head[20] & 2)
    if kind == "PNG":
        file.seek(0)
        start = file.read(65536)
        return b"acTL" in start.split(b"IDAT", 1)[0]
    return False

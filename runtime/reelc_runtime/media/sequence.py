"""A film as a sequence of pictures: a folder with a PNG file for each frame."""

import re
import secrets
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.error import FFmpegError

from reelc_compiler.plan import Output
from reelc_runtime.media.errors import Truncated, WriteFailed, writing
from reelc_runtime.media.files import sweep
from reelc_runtime.media.lossless import Frame, read_frames

# Digits of a frame's number, as compositors expect them.
DIGITS = 5
_PICTURE = re.compile(r".+\.\d{5,}\.png")
# What file managers put into a folder that somebody looks at.
LEFT_BY_VIEWERS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".directory"})
# zlib's level for files that are kept: a third smaller than the fastest, at half its speed.
COMPRESSION = "6"


def split(artifacts: Sequence[Path], output: Output, to: Path) -> None:
    """Write each frame of lossless files as ``NAME.00001.png``, counted from 1, in a folder that appears when whole.

    Args:
        artifacts: animated PNGs in the order of time.
        output: what is made of them.
        to: the folder. One that is there is replaced if it holds nothing but pictures of a sequence.

    Raises:
        NotAVideo, Truncated: an artifact cannot be read, or has not the planned number of frames.
        DiskFull, WriteFailed: the pictures cannot be written.
    """
    if to.exists() and not _replaceable(to):
        raise WriteFailed(f"{to} is there, and is no sequence of pictures: it is left alone")
    part = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            part.mkdir(parents=True)
        except OSError as error:
            raise writing(error, to) from error
        count = 0
        for artifact in artifacts:
            for frame, _ in read_frames(artifact):
                count += 1
                _write(frame, part / f"{to.name}.{count:0{DIGITS}}.png")
        if count != output.facts.frames:
            raise Truncated(f"{output.file} would have {count} frames instead of {output.facts.frames}")
        try:
            sweep(to, part)
            _put(part, to)
        except OSError as error:
            raise writing(error, to) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put(part: Path, to: Path) -> None:
    """Let a folder take its name; what had it before goes only then, and comes back when that fails."""
    if not to.exists():
        part.replace(to)
        return
    before = to.with_name(f".{to.name}.{secrets.token_hex(4)}.part")
    to.replace(before)
    try:
        part.replace(to)
    except OSError:
        before.replace(to)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _replaceable(folder: Path) -> bool:
    """Whether nothing but an earlier sequence would be lost with a folder."""
    return (
        folder.is_dir()
        and not folder.is_symlink()
        and all(
            (_PICTURE.fullmatch(entry.name) or entry.name in LEFT_BY_VIEWERS) and entry.is_file()
            for entry in folder.iterdir()
        )
    )


def _write(frame: Frame, to: Path) -> None:
    height, width = frame.shape[:2]
    context: Any = av.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt = width, height, "rgb24"
    context.time_base = Fraction(1)
    context.options = {"compression_level": COMPRESSION, "pred": "mixed"}
    try:
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
        picture.pts = 0
        data = [bytes(packet) for packet in cast(Any, [*context.encode(picture), *context.encode(None)])]
        to.write_bytes(b"".join(data))
    except (FFmpegError, OSError) as error:
        raise writing(error, to) from error

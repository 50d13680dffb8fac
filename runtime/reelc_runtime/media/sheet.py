"""Contact sheets: some frames of several films on one picture, to choose from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.error import FFmpegError

from reelc_runtime.media.encode import Frame
from reelc_runtime.media.errors import NotAVideo, WriteFailed, reading, writing
from reelc_runtime.media.files import whole_file
from reelc_runtime.preview import pictures
from reelc_runtime.preview.label import letters

# Between pictures and around them, and how high a film's name is, in pixels.
GAP, NAME = 8, 24
PAPER = 24
# Pixels a side that a JPEG can have.
MOST_JPEG = 65_500


def contact_sheet(films: Sequence[Path], to: Path, *, frames: int = 6, width: int = 320) -> tuple[int, int]:
    """A picture with a row for each film: its name, and frames from its first to its last, evenly apart.

    Args:
        films: files that libav decodes; pictures count as films of one frame.
        to: the picture, a PNG if it is called so, otherwise a JPEG; replaced if it exists.
        frames: how many of each film, at most.
        width: of each, pixels; the height follows the film's shape.

    Returns:
        The width and the height of the sheet.

    Raises:
        NotAVideo, Truncated: a film cannot be decoded.
        DiskFull, WriteFailed: the sheet cannot be written.
    """
    rows = [_row(film, frames, width) for film in films]
    wide = max(row.shape[1] for row in rows) + 2 * GAP
    tall = sum(row.shape[0] + GAP for row in rows) + GAP
    if to.suffix.lower() != ".png" and max(wide, tall) > MOST_JPEG:
        raise WriteFailed(
            f"{to.name} would have {wide}x{tall} pixels, and a JPEG has at most {MOST_JPEG:,} a side: "
            "name fewer films, choose a smaller width, or write a .png"
        )
    sheet = np.full((tall, wide, 3), PAPER, np.uint8)
    top = GAP
    for row in rows:
        sheet[top : top + row.shape[0], GAP : GAP + row.shape[1]] = row
        top += row.shape[0] + GAP
    with whole_file(to) as part:
        try:
            part.write_bytes(pictures.encoded(sheet, ".png" if to.suffix.lower() == ".png" else ".jpg", 90))
        except OSError as error:
            raise writing(error, to) from error
    return wide, tall


def _row(film: Path, frames: int, width: int) -> Frame:
    taken = [_small(frame, width) for frame in _some(film, frames)]
    height = max(frame.shape[0] for frame in taken)
    row = np.full((NAME + height, len(taken) * (width + GAP) - GAP, 3), PAPER, np.uint8)
    words = letters(film.name.encode("ascii", "replace").decode())
    named = pictures.resized(words, min(row.shape[1], words.shape[1] * NAME // words.shape[0]), NAME)
    row[: named.shape[0], : named.shape[1]] = np.maximum(row[: named.shape[0], : named.shape[1]], named[:, :, None])
    for number, frame in enumerate(taken):
        left = number * (width + GAP)
        row[NAME : NAME + frame.shape[0], left : left + width] = frame
    return row


def _small(frame: Frame, width: int) -> Frame:
    return pictures.resized(frame, width, max(1, round(frame.shape[0] * width / frame.shape[1])))


def _some(film: Path, count: int) -> list[Frame]:
    """Frames of a film, evenly apart; the first and the last among them."""
    total = sum(1 for _ in _decoded(film))
    if total == 0:
        raise NotAVideo(f"{film.name} holds no picture that can be decoded")
    count = min(count, total)
    wanted = {round(i * (total - 1) / max(1, count - 1)) for i in range(count)}
    return [
        cast(Frame, frame.to_ndarray(format="rgb24")) for number, frame in enumerate(_decoded(film)) if number in wanted
    ]


def _decoded(film: Path) -> Any:
    try:
        with av.open(film.as_posix()) as source:
            if not source.streams.video:
                raise NotAVideo(f"{film.name} holds no pictures")
            source.streams.video[0].thread_type = "AUTO"
            yield from source.decode(video=0)
    except (FFmpegError, OSError, ValueError) as error:
        raise reading(error, film) from error

"""Hand-overs between jobs: animated PNGs, exact to the last bit of an 8-bit picture.

Written by ComfyUI's SaveAnimatedPNG, or by :func:`encode_apng`, and read back by LoadImage. Pillow, which
SaveAnimatedPNG writes with, merges equal frames that follow each other and adds their times up; LoadImage
takes no notice of times, so such a file would come back with too few frames. :func:`settle` finds them by
their times and writes the file anew with every frame in it.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from reelc_compiler.plan import Facts
from reelc_runtime.media.errors import NotAVideo, TooLarge, Truncated, WriteFailed, reading, writing
from reelc_runtime.media.files import whole_file
from reelc_runtime.media.opening import opened

Frame = NDArray[np.uint8]
# zlib's fastest level: noisy film frames gain little from a higher one.
COMPRESSION = "1"
STILL_RATE = Fraction(1)
# Seconds: the key frame before a time may be found too late by as many frames as a codec decodes out of order.
EARLIER = 5


def encode_apng(frames: Iterable[Frame], to: Path, *, width: int, height: int, fps: Fraction) -> int:
    """Write pictures as an animated PNG that appears when it is whole; equal frames stay frames.

    Args:
        frames: uint8 RGB ``[height, width, 3]``, taken one at a time.
        to: the file; replaced if it exists.
        width, height: pixels.
        fps: frames per second, for people who open the file.

    Returns:
        The number of pictures written.

    Raises:
        WriteFailed, DiskFull: the file cannot be made.
        Exception: whatever ``frames`` raises; no file is left then.
    """
    count = 0
    with whole_file(to) as part:
        try:
            output = av.open(part.as_posix(), "w", format="apng", options={"plays": "0", "fflags": "+bitexact"})
        except (FFmpegError, OSError) as error:
            raise writing(error, to) from error
        with closing(output):
            stream = cast(Any, output.add_stream("apng", rate=fps))
            stream.width, stream.height, stream.pix_fmt = width, height, "rgb24"
            stream.codec_context.options = {"compression_level": COMPRESSION, "pred": "up"}
            for picture in frames:
                if picture.shape != (height, width, 3):
                    raise WriteFailed(f"frame {count} has the shape {picture.shape} in a clip of {width}x{height}")
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = count, 1 / fps
                _mux(output, stream, frame, to)
                count += 1
            _mux(output, stream, None, to)
            _finish(output, to)
    return count


def _mux(output: Any, stream: Any, frame: Any, to: Path) -> None:
    try:
        output.mux(stream.encode(frame))
    except (FFmpegError, OSError) as error:
        raise writing(error, to) from error


def _finish(output: Any, to: Path) -> None:
    try:
        output.close()
    except (FFmpegError, OSError) as error:
        raise writing(error, to) from error


def read_frames(
    path: Path, *, since: Fraction | None = None, limit: int = 1_000_000
) -> Iterator[tuple[Frame, Fraction]]:
    """The pictures of an animated PNG or a film with the seconds that each is shown; 0 where the file does not say.

    Those of a film are turned as its display matrix says, by whole quarters as ComfyUI does.

    Args:
        since: the first second that is wanted, of a film in which frames are found by their time.
        limit: how many pictures a file may have.

    Raises:
        NotAVideo, Truncated: it cannot be decoded.
        TooLarge: it has more than ``limit`` pictures.
    """
    count = 0
    try:
        with opened(path) as container:
            if not container.streams.video:
                raise NotAVideo(f"{path.name} holds no pictures")
            stream = container.streams.video[0]
            base = stream.time_base or STILL_RATE
            if since is not None:
                container.seek(int(max(since - EARLIER, 0) / base), stream=stream)
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    raise Truncated(f"{path.name} is damaged: frame {count} cannot be decoded cleanly")
                count += 1
                if count > limit:
                    raise TooLarge(f"{path.name} has more than {limit} frames")
                base = frame.time_base or STILL_RATE
                if since is not None and (frame.pts or 0) * base < since:
                    continue
                picture = cast(Frame, frame.to_ndarray(format="rgb24"))
                if quarters(frame):
                    picture = np.ascontiguousarray(np.rot90(picture, quarters(frame)))
                yield picture, Fraction(frame.duration or 0) * base
    except (FFmpegError, OSError, ValueError) as error:
        raise reading(error, path) from error
    if count == 0:
        raise NotAVideo(f"{path.name} holds no picture that can be decoded")


def quarters(frame: VideoFrame) -> int:
    """By how many quarters ComfyUI turns a picture, against the clock; what is over a whole one is dropped."""
    return int(frame.rotation // 90)


def settle(path: Path, facts: Facts, *, counted: bool = False) -> list[str]:
    """Check a downloaded hand-over against its facts, and bring merged frames back.

    Args:
        path: the file; written anew when frames were merged in it.
        facts: what it must hold.
        counted: whether the frames were counted out on the worker: then a file of one picture is a clip that stands
            still, as a title card does.

    Returns:
        What is not as planned, a sentence each; empty when all is well.

    Raises:
        MediaError: it cannot be decoded, or not be written.
    """
    times: list[Fraction] = []
    for frame, seconds in read_frames(path):
        height, width = frame.shape[:2]
        if (width, height) != (facts.width, facts.height):
            return [f"the size is {width}x{height} instead of {facts.width}x{facts.height}"]
        times.append(seconds)
        if len(times) > facts.frames:
            return [f"frames is more than {facts.frames}"]
    if len(times) == facts.frames:
        return []
    counts = [facts.frames] if counted and len(times) == 1 else _repeats(times, facts)
    if counts is None:
        also = ", and all of it may be one picture" if len(times) == 1 else ""
        return [f"frames is {len(times)} instead of {facts.frames}{also}"]
    assert facts.fps is not None
    repeated = (frame for (frame, _), count in zip(read_frames(path), counts, strict=True) for _ in range(count))
    encode_apng(repeated, path, width=facts.width, height=facts.height, fps=facts.fps)
    return []


def _repeats(times: list[Fraction], facts: Facts) -> list[int] | None:
    """How often each picture stands for a frame, by its time; None when that does not give the planned number."""
    if facts.fps is None:
        return None
    # ComfyUI's node gives every frame the whole milliseconds of its time.
    unit = Fraction(int(1000 / facts.fps), 1000)
    counts = [round(seconds / unit) for seconds in times]
    return counts if min(counts) >= 1 and sum(counts) == facts.frames else None

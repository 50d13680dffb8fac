"""What a film or a sound that the user gives holds, measured as ComfyUI loads it.

Read in ComfyUI 0.33.0: LoadVideo and GetVideoComponents decode the first picture stream from its beginning, turn each
frame as its display matrix says by whole quarters, and play all at the stream's average rate. LoadAudio takes the first
sound stream whole.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from reelc_compiler.facts import AUDIO, Facts
from reelc_compiler.inputs import Measured, Unmeasured

MAX_FRAMES = 1_000_000
# Hours of sound that are decoded before a file is refused.
MAX_HOURS = 12
# The share of a frame's time by which a clock of thousandths of a second is off, for up to 120 frames a second.
JITTER = Fraction(1, 4)
# Pictures that stand still: what a picture file is to libav.
STILLS = frozenset({"image2", "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe"})


def measure(path: Path) -> Measured:
    """The facts of a film or a sound.

    The frames are counted by the packets that are shown, without decoding all of them: preview and run decode what is
    sent, and compare.

    Raises:
        Unmeasured: it is neither, or damaged.
        OSError: it cannot be read.
    """
    with path.open("rb"):
        pass
    try:
        with av.open(path.as_posix()) as container:
            if container.streams.video and container.format.name.split(",")[0] not in STILLS:
                facts, even = _film(container)
            elif container.streams.audio:
                facts, even = Facts(kind=AUDIO), True
            else:
                raise Unmeasured("is no film and no sound", "a clip or a sound is wanted here")
        with av.open(path.as_posix()) as container:
            seconds = _sound(container)
    except (FFmpegError, OSError, ValueError) as error:
        words = str(getattr(error, "strerror", None) or error).splitlines()[0][:200].lower()
        raise Unmeasured(f"cannot be read as a film or a sound: {words}") from None
    if facts.kind == AUDIO and seconds is None:
        raise Unmeasured("has no sound that can be decoded")
    return Measured(facts=replace(facts, seconds=seconds), even=even)


def _film(container: InputContainer) -> tuple[Facts, bool]:
    """The facts of the first picture stream, and whether its frames follow each other evenly."""
    stream = container.streams.video[0]
    rate = stream.average_rate
    if not rate:
        raise Unmeasured("does not say how many frames it shows in a second", "write it anew, with `ffmpeg -i IN OUT`")
    width, height = _size(container, stream)
    times = _times(container, stream)
    if not times:
        raise Unmeasured("holds no pictures")
    if stream.frames > len(times):
        raise Unmeasured(
            f"announces {stream.frames} frames, and has {len(times)}: it is cut off", "copy or download it again"
        )
    fps = Fraction(rate)
    base = Fraction(stream.time_base or 1)
    even = all(abs((time - times[0]) * base - number / fps) * fps <= JITTER for number, time in enumerate(times))
    return Facts(kind="clip", width=width, height=height, frames=len(times), fps=fps), even


def _size(container: InputContainer, stream: VideoStream) -> tuple[int, int]:
    """Width and height of the first picture, turned as ComfyUI turns it."""
    stream.thread_type = "AUTO"
    for frame in container.decode(stream):
        turned = round(frame.rotation / 90) % 2
        container.seek(0)
        return (frame.height, frame.width) if turned else (frame.width, frame.height)
    raise Unmeasured("holds no picture that can be decoded")


def _times(container: InputContainer, stream: VideoStream) -> list[int]:
    """When each frame is shown, in ticks, in order."""
    times: list[int] = []
    for packet in container.demux(stream):
        # A container may hold frames that it says are not shown: before the cut of an edit list.
        if not packet.size or packet.is_discard:
            continue
        if packet.is_corrupt:
            raise Unmeasured(f"is damaged at frame {len(times)}", "copy or download it again")
        if packet.pts is None:
            raise Unmeasured("has frames without a time of their own", "write it anew, with `ffmpeg -i IN OUT`")
        times.append(packet.pts)
        if len(times) > MAX_FRAMES:
            raise Unmeasured(f"has more than {MAX_FRAMES} frames")
    return sorted(times)


def _sound(container: InputContainer) -> Fraction | None:
    """How long the first sound stream is when it is decoded; None without one."""
    if not container.streams.audio:
        return None
    stream: Any = container.streams.audio[0]
    if stream.codec_context is None:
        return None
    samples, rate = 0, int(stream.codec_context.sample_rate or 0)
    for frame in cast(Iterator[Any], container.decode(stream)):
        samples += int(frame.samples)
        rate = int(frame.sample_rate)
        if samples > MAX_HOURS * 3600 * rate:
            raise Unmeasured(f"has more than {MAX_HOURS} hours of sound")
    return Fraction(samples, rate) if samples and rate else None

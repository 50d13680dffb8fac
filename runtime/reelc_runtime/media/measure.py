"""What a film or a sound that the user gives holds, measured as ComfyUI loads it.

Read in ComfyUI 0.33.0: LoadVideo and GetVideoComponents decode the first picture stream from its beginning, turn each
frame as its display matrix says by whole quarters, and play all at the stream's average rate. LoadAudio takes the first
sound stream whole. A frame with a time before 0 is left out, which older versions do not do: such films are refused.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from reelc_compiler.facts import AUDIO, Facts
from reelc_compiler.inputs import REORDERED, Measured, Unmeasured
from reelc_runtime.media.errors import NotAVideo
from reelc_runtime.media.lossless import quarters
from reelc_runtime.media.opening import decodable, opened, pictures
from reelc_runtime.media.sound import lead

# Pixels a side: what ComfyUI's own nodes make at most.
MAX_SIDE = 16384
MAX_FRAMES = 1_000_000
# Hours of sound that are decoded before a file is refused, and samples a second.
MAX_HOURS = 12
MAX_RATE = 768_000
# The share of a frame's time by which a clock of thousandths of a second is off, for up to 120 frames a second.
JITTER = Fraction(1, 4)
# Containers in which frames are found by an index; in others, such as MPEG-TS, a search ends somewhere near.
INDEXED = frozenset({"mov", "mp4", "matroska", "webm"})
# Where in a film that is tried out.
PLACES = 16
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
        with opened(path) as container:
            stream = pictures(container)
            still = container.format.name.split(",")[0] in STILLS
            size = None if stream is None or still else _size(container, stream)
            if size is None and not container.streams.audio:
                raise Unmeasured("is no film and no sound", "a clip or a sound is wanted here")
        facts, even = (Facts(kind=AUDIO), True) if size is None else _film(path, size)
        if even and facts.kind != AUDIO:
            facts = replace(facts, seekable=_seekable(path, facts))
        with opened(path) as container:
            seconds = _sound(container, path)
    except UnicodeDecodeError:
        raise Unmeasured(
            "has tags that are not UTF-8, and ComfyUI cannot open it",
            "leave them out, with `ffmpeg -i IN -map_metadata -1 -c copy OUT`",
        ) from None
    except NotAVideo:
        raise Unmeasured("is a list of other files", "name the film or the sound itself") from None
    except (FFmpegError, OSError, ValueError) as error:
        words = str(getattr(error, "strerror", None) or error).splitlines()[0][:200].lower()
        raise Unmeasured(f"cannot be read as a film or a sound: {words}") from None
    if facts.kind == AUDIO and seconds is None:
        raise Unmeasured("has no sound that can be decoded")
    return Measured(facts=replace(facts, seconds=seconds), even=even)


def _size(container: InputContainer, stream: VideoStream) -> tuple[int, int]:
    """Width and height of the first picture, turned as ComfyUI turns it."""
    if not decodable(stream):
        raise Unmeasured("holds pictures in a codec that is not known here", "write it anew, with `ffmpeg -i IN OUT`")
    if max(stream.width, stream.height) > MAX_SIDE:
        raise Unmeasured(f"is {stream.width}x{stream.height}, and a film has {MAX_SIDE} pixels a side at most")
    for frame in container.decode(stream):
        return (frame.height, frame.width) if quarters(frame) % 2 else (frame.width, frame.height)
    raise Unmeasured("holds no picture that can be decoded")


def _film(path: Path, size: tuple[int, int]) -> tuple[Facts, bool]:
    """The facts of the first picture stream, and whether its frames follow each other evenly."""
    with opened(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        if not rate:
            raise Unmeasured(
                "does not say how many frames it shows in a second", "write it anew, with `ffmpeg -i IN OUT`"
            )
        times, hidden = _times(container, stream)
        if not times:
            raise Unmeasured("holds no pictures")
        if stream.frames > len(times) + hidden:
            raise Unmeasured(
                f"announces {stream.frames} frames, and has {len(times) + hidden}: it is cut off",
                "copy or download it again",
            )
        fps = Fraction(rate)
        base = Fraction(stream.time_base or 1)
    even = all(abs((time - times[0]) * base - number / fps) * fps <= JITTER for number, time in enumerate(times))
    width, height = size
    return Facts(kind="clip", width=width, height=height, frames=len(times), fps=fps), even


def _seekable(path: Path, facts: Facts) -> bool:
    """Whether any frame can be found by its time.

    ComfyUI's Video Slice seeks to a time and goes on from the key frame that it finds, which must not lie behind what
    is looked for by more than frames are decoded out of order.
    """
    with opened(path) as container:
        stream = container.streams.video[0]
        if not INDEXED.intersection(container.format.name.split(",")) or stream.time_base is None:
            return False
        assert facts.fps is not None, "a film has a rate"
        each = 1 / (facts.fps * stream.time_base)
        for number in range(0, facts.frames, max(facts.frames // PLACES, 1)):
            container.seek(int(number * each), stream=stream)
            found = next((p.pts for p in container.demux(stream) if p.pts is not None and not p.is_discard), None)
            if found is None or found > (number + REORDERED) * each or (number == 0 and found > each / 4):
                return False
    return True


def _times(container: InputContainer, stream: VideoStream) -> tuple[list[int], int]:
    """When each frame is shown, in ticks, in order; and how many are hidden, before the cut of an edit list."""
    times: list[int] = []
    hidden = 0
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if packet.is_discard:
            hidden += 1
            continue
        if packet.is_corrupt:
            raise Unmeasured(f"is damaged at frame {len(times)}", "copy or download it again")
        if packet.pts is None:
            raise Unmeasured("has frames without a time of their own", "write it anew, with `ffmpeg -i IN OUT`")
        if packet.pts < 0:
            raise Unmeasured("has frames before its beginning", "write it anew, with `ffmpeg -i IN OUT`")
        times.append(packet.pts)
        if len(times) > MAX_FRAMES:
            raise Unmeasured(f"has more than {MAX_FRAMES} frames")
    return sorted(times), hidden


def _sound(container: InputContainer, path: Path) -> Fraction | None:
    """How long the first sound stream is when it is decoded; None without one.

    That of a film counts from the first picture.
    """
    if not container.streams.audio:
        return None
    stream: Any = container.streams.audio[0]
    if not decodable(stream):
        return None
    samples, rate = 0, int(stream.codec_context.sample_rate or 0)
    if rate > MAX_RATE:
        raise Unmeasured(f"has {rate} samples a second, and sound has {MAX_RATE} at most")
    for frame in cast(Iterator[Any], container.decode(audio=0)):
        samples += int(frame.samples)
        rate = int(frame.sample_rate)
        if samples > MAX_HOURS * 3600 * rate:
            raise Unmeasured(f"has more than {MAX_HOURS} hours of sound")
    if not samples or not rate:
        return None
    seconds = Fraction(samples, rate) + lead(path)
    return seconds if seconds > 0 else None

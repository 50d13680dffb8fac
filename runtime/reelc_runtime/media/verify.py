"""What a video file really holds: every picture is decoded and counted, no header is believed."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av.container
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from reelc_compiler.codecs import SEQUENCE_STREAM
from reelc_compiler.facts import AUDIO
from reelc_compiler.plan import Artifact, Facts
from reelc_runtime.media import color
from reelc_runtime.media.errors import MediaError, NotAVideo, TooLarge, Truncated, reading
from reelc_runtime.media.formats import FAMILIES
from reelc_runtime.media.lossless import settle
from reelc_runtime.media.opening import decodable, opened
from reelc_runtime.media.sound import check_given, check_sound

# Endings of files whose pictures can be decoded here; of others (sound, models, 3D) only the size is looked at.
DECODABLE = frozenset({".png", ".jpg", ".jpeg", ".gif", ".mp4", ".mov", ".mkv", ".webm", ".avi"})
RATE_TOLERANCE = Fraction(1, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is read before a file is refused.

    Args:
        pixels: of one picture.
        frames: of the whole file.
        bytes: of the whole file.
    """

    pixels: int = 16384 * 16384
    frames: int = 1_000_000
    bytes: int = 1 << 40


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What decoding a file has shown.

    Args:
        frames: pictures that came out of the decoder.
        width, height: pixels.
        fps: the stream's exact average rate, frames per second.
        codec, pix_fmt: libav's names, ``h264`` and ``yuv420p``.
        container: ``mp4`` for all of libav's MP4 family, QuickTime among it, else libav's first name.
        color: the tags on the decoded pictures.
        duration: seconds, ``frames / fps``.
        has_audio: whether there is any sound.
        bytes: of the file.
    """

    frames: int
    width: int
    height: int
    fps: Fraction
    codec: str
    container: str
    pix_fmt: str
    color: color.Color
    duration: Fraction
    has_audio: bool
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One thing that is not as planned.

    Args:
        what: ``frames``, ``width``, ``height``, ``fps``, ``container``, ``codec``, ``sound``.
        expected, found: as text.
    """

    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.what} is {self.found} instead of {self.expected}"


def probe_video(path: Path, limits: Limits = DEFAULT_LIMITS) -> VideoFacts:
    """Decode a whole file and say what it holds.

    Args:
        path: the file.
        limits: what is refused for its size.

    Raises:
        NotAVideo: nothing in it can be opened as video.
        Truncated: it ends early or a picture is damaged.
        TooLarge: it exceeds ``limits``.
    """
    try:
        size = path.stat().st_size
        if size > limits.bytes:
            raise TooLarge(f"{path.name} has {size} bytes, more than the {limits.bytes} allowed")
        with opened(path) as container:
            return _probe(container, path, size, limits)
    except MediaError:
        raise
    except (OSError, ValueError, RuntimeError, FFmpegError) as error:
        raise reading(error, path) from error


def _probe(container: av.container.InputContainer, path: Path, size: int, limits: Limits) -> VideoFacts:
    """Decode the first video stream of an open file."""
    if not container.streams.video:
        raise NotAVideo(f"{path.name} holds no video")
    stream = container.streams.video[0]
    if not decodable(stream):
        raise NotAVideo(f"{path.name} holds pictures in a codec that is not known here")
    if stream.width * stream.height > limits.pixels:
        raise TooLarge(f"{path.name} is {stream.width}x{stream.height}, more than {limits.pixels} pixels")
    stream.thread_type = "AUTO"
    frames, hidden, tags = _count(container, stream, path, limits)
    if frames == 0:
        raise NotAVideo(f"{path.name} holds no picture that can be decoded")
    if stream.frames > frames + hidden:
        raise Truncated(f"{path.name} announces {stream.frames} frames, but only {frames + hidden} can be decoded")
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        raise NotAVideo(f"{path.name} has no frame rate")
    fps = Fraction(rate)
    names = container.format.name.split(",")
    return VideoFacts(
        frames=frames,
        width=stream.width,
        height=stream.height,
        fps=fps,
        codec=stream.codec_context.codec.canonical_name,
        container="mp4" if "mp4" in names else names[0],
        pix_fmt=stream.pix_fmt or "",
        color=tags,
        duration=frames / fps,
        has_audio=bool(container.streams.audio),
        bytes=size,
    )


def _count(
    container: av.container.InputContainer, stream: VideoStream, path: Path, limits: Limits
) -> tuple[int, int, color.Color]:
    """Decode to the end; the number of pictures, of those that an edit list hides, and the tags after decoding."""
    frames = hidden = 0

    def decoded() -> Iterator[VideoFrame]:
        nonlocal hidden
        for packet in container.demux(stream):
            hidden += bool(packet.size and packet.is_discard)
            yield from packet.decode()

    try:
        for frame in decoded():
            if frame.is_corrupt:
                raise Truncated(f"{path.name} is damaged: frame {frames} cannot be decoded cleanly")
            if (frame.width, frame.height) != (stream.width, stream.height):
                raise Truncated(f"{path.name} changes its size at frame {frames}")
            frames += 1
            if frames > limits.frames:
                raise TooLarge(f"{path.name} has more than {limits.frames} frames")
    except (FFmpegError, OSError) as error:
        raise Truncated(f"{path.name} cannot be decoded after frame {frames}") from error
    return frames, hidden, color.Color.of(stream.codec_context)


def same_rate(exact: Fraction, found: Fraction) -> bool:
    """Whether a file's rate is the planned one.

    ComfyUI's SaveVideo rounds rates to thousandths (24000/1001 arrives as 23.976), so that much is allowed.
    """
    return abs(exact - found) <= RATE_TOLERANCE


def check(facts: Facts, found: VideoFacts, *, container: str | None = None, codec: str | None = None) -> list[Mismatch]:
    """What in a probed file is not as planned; empty when all is.

    Args:
        facts: the plan's.
        found: from :func:`probe_video`.
        container, codec: what the file must be; None leaves it open.
    """
    pairs: list[tuple[str, object, object]] = [
        ("frames", facts.frames, found.frames),
        ("width", facts.width, found.width),
        ("height", facts.height, found.height),
    ]
    if facts.fps is not None and not same_rate(facts.fps, found.fps):
        pairs.append(("fps", facts.fps, found.fps))
    if container is not None:
        pairs.append(("container", container, found.container))
    if codec is not None:
        pairs.append(("codec", codec, found.codec))
    return [Mismatch(what=what, expected=str(wanted), found=str(got)) for what, wanted, got in pairs if wanted != got]


def check_saved(path: Path, limits: Limits = DEFAULT_LIMITS) -> None:
    """See that a file of which nothing was planned is not empty, and decodes when it is a medium that can be.

    Raises:
        MediaError: it is empty, damaged, or not what its ending says.
    """
    if path.stat().st_size == 0:
        raise Truncated(f"{path.name} is empty")
    if path.suffix in DECODABLE:
        probe_video(path, limits)


def check_artifact(artifact: Artifact, path: Path, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """Decode a downloaded artifact and compare it with the plan.

    A hand-over in which equal frames were merged is written anew with all of them.

    Returns:
        What is not as planned, a sentence each; empty when all is well.

    Raises:
        MediaError: as :func:`probe_video`, or it cannot be written.
    """
    if artifact.codec == SEQUENCE_STREAM:
        return settle(path, artifact.facts, counted=artifact.counted)
    if artifact.facts.kind == AUDIO:
        return check_sound(path, artifact.facts)
    found = probe_video(path, limits)
    container = FAMILIES.get(artifact.container, artifact.container)
    return [str(m) for m in check(artifact.facts, found, container=container, codec=artifact.codec)]


def check_input(path: Path, facts: Facts, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """Decode a film or a sound that the user gives, and compare it with what was measured when compiling.

    A film is decoded as a worker will, a sound as it goes under a film.

    Returns:
        What is not as measured, a sentence each; empty when all is well.

    Raises:
        MediaError: it is damaged.
    """
    if facts.kind == AUDIO:
        return check_given(path, facts)
    found = probe_video(path, limits)
    # A film that is turned has the other side's length in its stream.
    sides = {found.width, found.height} == {facts.width, facts.height}
    wrong = [m for m in check(facts, found) if m.what not in ("width", "height") or not sides]
    return [str(m) for m in wrong]

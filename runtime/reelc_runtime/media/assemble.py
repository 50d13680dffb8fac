"""Artifacts to the finished film: packets are copied, only times and tags are written anew."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Any

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from reelc_compiler.plan import Output
from reelc_runtime.media import color
from reelc_runtime.media.errors import CannotJoin, MediaError, NotAVideo, Truncated, reading, writing
from reelc_runtime.media.files import whole_file
from reelc_runtime.media.formats import FORMATS, RGB, Format, stream_of
from reelc_runtime.media.opening import opened
from reelc_runtime.media.sound import SoundTrack

# What MP4 has room for.
MOST_TICKS = 2**31
Progress = Callable[[int, int], None]
VideoPacket = Any  # av.Packet, which is generic for the type checker only


def assemble(
    artifacts: Sequence[Path],
    output: Output,
    to: Path,
    *,
    metadata: Mapping[str, str],
    sound: Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Join verified artifacts into one film without encoding again.

    Frame i is shown at exactly ``i / output.facts.fps`` seconds, whatever rounding the worker's files carry; in
    Matroska, whose clock counts thousandths of a second, at the nearest of them.
    Nothing of the workers' metadata is kept: prompts and graphs stay at home. The film appears when whole.

    Args:
        artifacts: files in the order of time; the same codec parameters in all of them.
        output: what is made of them; ``join`` must be ``copy``.
        to: the film; replaced if it exists.
        metadata: the only tags of the film.
        sound: a file whose first sound stream is encoded beside the pictures, as long as they are.
        progress: called with (frames done, frames in all); what it raises stops the work and leaves no file.

    Raises:
        NotAVideo, Truncated: an artifact or the sound cannot be read, or has not the planned number of frames.
        CannotJoin: the artifacts would have to be encoded again.
        DiskFull, WriteFailed: the film cannot be written.
    """
    fps = output.facts.fps
    how = FORMATS.get(output.encode.codec)
    if output.join != "copy" or how is None or fps is None:
        raise CannotJoin(f"{output.file}: parts in {output.encode.codec} cannot be joined by copying")
    if not artifacts:
        raise CannotJoin(f"{output.file} has no parts")
    orders = [_order(path, output.encode.codec) for path in artifacts]
    # One for all parts: a part of which no picture waits for another begins no earlier than one before it ends.
    delay = max(delay for _, delay in orders)
    with whole_file(to) as part:
        film = _Film(to, output, fps, how, delay, progress)
        with (
            SoundTrack.of(sound, to, output) as track,
            _write(part, to, _mux_options(how, fps, track), how) as container,
        ):
            container.metadata.update(metadata)
            for path, (ranks, _) in zip(artifacts, orders, strict=True):
                film.append(container, path, ranks, track)
            if track is not None:
                track.finish()
        if film.frames != output.facts.frames:
            raise Truncated(f"{output.file} would have {film.frames} frames instead of {output.facts.frames}")
        if progress is not None:
            progress(film.frames, film.frames)


class _Film:
    """The film while it is written: where the next part starts, and the parameters that all parts share."""

    def __init__(
        self, to: Path, output: Output, fps: Fraction, how: Format, delay: int, progress: Progress | None
    ) -> None:
        self.frames = 0
        self._to = to
        self._output = output
        self._fps = fps
        self._how = how
        self._delay = delay
        self._total = output.facts.frames
        self._progress = progress
        self._stream: VideoStream | None = None
        self._extradata: bytes | None = None

    def append(self, container: OutputContainer, path: Path, ranks: list[int], track: SoundTrack | None) -> None:
        """Copy one artifact behind what is already there, with the sound that is heard meanwhile."""
        encode = self._output.encode
        with _read(path) as source:
            stream = _video(source, path, encode.codec, encode.pix_fmt)
            tags = color.delivered(_tags(path, encode.codec), rgb=encode.pix_fmt in RGB)
            if tags is None:
                raise CannotJoin(f"{path.name} holds colours that are not BT.709, and copying cannot change them")
            filtered = self._open(container, stream, path, tags, track)
            for number, packet in enumerate(_filter(source, stream, filtered)):
                if track is not None:
                    track.until((self.frames + number) / self._fps)
                self._mux(container, packet, ranks[number], number - self._delay)
        self.frames += len(ranks)

    def _open(
        self,
        container: OutputContainer,
        stream: VideoStream,
        path: Path,
        tags: color.Color,
        track: SoundTrack | None,
    ) -> BitStreamFilterContext:
        """The filter that rewrites a part's tags; the first part also opens the film's streams."""
        options = self._how.retag(self._fps, tags)
        extradata = stream.codec_context.extradata
        if self._stream is not None:
            if extradata != self._extradata:
                raise CannotJoin(f"{path.name} was encoded with other parameters than the parts before it")
            return BitStreamFilterContext(options, stream)
        self._extradata = extradata
        # Opaque: what decodes a codec (AV1's libdav1d) need not have an encoder of its name.
        self._stream = container.add_stream_from_template(stream, opaque=True)
        filtered = BitStreamFilterContext(options, stream, self._stream)
        if self._how.tag is not None:
            self._stream.codec_context.codec_tag = self._how.tag
        # After the filter, which copies its own (untagged) parameters: the MP4 "colr" box is made of these.
        tags.put(self._stream.codec_context)
        self._stream.time_base = 1 / self._fps
        if self._how.timecode:
            # libav makes a track of it for streams whose rate it knows, which a copied one has from nowhere else.
            self._stream.codec_context.framerate = self._fps
            container.metadata["timecode"] = "00:00:00:00"
        if track is not None:
            track.begin(container)
        return filtered

    def _mux(self, container: OutputContainer, packet: VideoPacket, pts: int, dts: int) -> None:
        assert self._stream is not None
        packet.stream = self._stream
        packet.time_base = 1 / self._fps
        packet.pts, packet.dts, packet.duration = self.frames + pts, self.frames + dts, 1
        try:
            container.mux_one(packet)
        except (FFmpegError, OSError) as error:
            raise writing(error, self._to) from error
        if self._progress is not None:
            self._progress(min(self.frames + max(dts + 1, 0), self._total), self._total)


def _order(path: Path, codec: str) -> tuple[list[int], int]:
    """When each packet's picture is shown, and by how much decoding runs ahead.

    Returns:
        For each packet in the order of the file the index of its picture in time, and the smallest delay
        (in frames) with which no packet is decoded after it is shown.
    """
    with _read(path) as source:
        stream = _video(source, path, codec)
        times = [packet.pts for packet in source.demux(stream) if packet.size]
    if not times:
        raise NotAVideo(f"{path.name} holds no pictures")
    known = [time for time in times if time is not None]
    if len(set(known)) != len(times):
        raise CannotJoin(f"{path.name} has pictures without a time of their own")
    place = {time: index for index, time in enumerate(sorted(known))}
    ranks = [place[time] for time in known]
    return ranks, max(number - rank for number, rank in enumerate(ranks))


def _tags(path: Path, codec: str) -> color.Color:
    """The colour tags on the first decoded picture, which is what the stream itself says."""
    with _read(path) as source:
        for frame in source.decode(_video(source, path, codec)):
            return color.Color.of(frame)
    raise NotAVideo(f"{path.name} holds no picture that can be decoded")


def _filter(source: InputContainer, stream: VideoStream, by: BitStreamFilterContext) -> Iterator[VideoPacket]:
    """A part's packets with rewritten tags, in the order of the file."""
    for packet in source.demux(stream):
        if packet.size:
            yield from by.filter(packet)
    yield from by.filter(None)


def _video(source: InputContainer, path: Path, codec: str, pix_fmt: str | None = None) -> VideoStream:
    """The one video stream of a part, if it can be copied."""
    if not source.streams.video:
        raise NotAVideo(f"{path.name} holds no video")
    if source.streams.audio:
        raise CannotJoin(f"{path.name} carries sound, which would be lost")
    stream = source.streams.video[0]
    found = stream.codec_context.codec.canonical_name
    if found != stream_of(codec):
        raise CannotJoin(f"{path.name} is {found}, not {stream_of(codec)}")
    # To how many bits ProRes is decoded depends on the version of libav.
    if pix_fmt is not None and stream.pix_fmt != pix_fmt and codec != "prores":
        raise CannotJoin(f"{path.name} has pixels in {stream.pix_fmt}, not {pix_fmt}")
    return stream


@contextmanager
def _read(path: Path) -> Generator[InputContainer]:
    """An artifact, open; failures to read it are typed."""
    try:
        with opened(path) as source:
            yield source
    except MediaError:
        raise
    except FFmpegError as error:
        raise reading(error, path) from error


def _mux_options(how: Format, fps: Fraction, track: SoundTrack | None) -> dict[str, str]:
    """The container's options; the clock of MP4's edit lists ticks for frames, and for samples, exactly."""
    options = dict(how.mux)
    if how.muxer in ("mp4", "mov"):
        # Thousandths of a second are what they tick without being asked.
        ticks = 1000 if track is None else track.rate
        exact = lcm(ticks, fps.numerator)
        options["movie_timescale"] = str(exact if exact < MOST_TICKS else ticks)
    return options


@contextmanager
def _write(part: Path, to: Path, options: dict[str, str], how: Format) -> Generator[OutputContainer]:
    """The film, open; failures to open and to finish it are typed, those inside the block pass."""
    try:
        container = av.open(part.as_posix(), "w", format=how.muxer, options=options)
    except (FFmpegError, OSError) as error:
        raise writing(error, to) from error
    try:
        yield container
    except BaseException:
        _abandon(container)
        raise
    try:
        container.close()
    except (FFmpegError, OSError) as error:
        raise writing(error, to) from error


def _abandon(container: OutputContainer) -> None:
    """Close a film that failed; whatever closing says is less than what happened before."""
    try:
        container.close()
    except (FFmpegError, OSError, ValueError):
        return

"""Artifacts to the finished film: packets are copied, only times and tags are written anew."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from reelc_compiler.plan import Output
from reelc_runtime.media import color
from reelc_runtime.media.encode import MP4_OPTIONS
from reelc_runtime.media.errors import CannotJoin, MediaError, NotAVideo, Truncated, reading, writing
from reelc_runtime.media.files import whole_file

Progress = Callable[[int, int], None]
VideoPacket = Any  # av.Packet, which is generic for the type checker only


def assemble(
    artifacts: Sequence[Path],
    output: Output,
    to: Path,
    *,
    metadata: Mapping[str, str],
    progress: Progress | None = None,
) -> None:
    """Join verified artifacts into one film without encoding again.

    Frame i is shown at exactly ``i / output.facts.fps`` seconds, whatever rounding the worker's files carry.
    Nothing of the workers' metadata is kept: prompts and graphs stay at home. The film appears when whole.

    Args:
        artifacts: files in the order of time; the same codec parameters in all of them.
        output: what is made of them; ``join`` must be ``copy``.
        to: the film; replaced if it exists.
        metadata: the only tags of the film.
        progress: called with (frames done, frames in all); what it raises stops the work and leaves no file.

    Raises:
        NotAVideo, Truncated: an artifact cannot be read, or has not the planned number of frames.
        CannotJoin: the artifacts would have to be encoded again.
        DiskFull, WriteFailed: the film cannot be written.
    """
    fps = output.facts.fps
    if output.join != "copy" or output.encode.container != "mp4" or output.encode.codec != "h264" or fps is None:
        raise CannotJoin(f"{output.file}: only H.264 in MP4 can be joined by copying")
    if not artifacts:
        raise CannotJoin(f"{output.file} has no parts")
    with whole_file(to) as part:
        film = _Film(to, output.facts.frames, progress)
        with _write(part, to) as container:
            container.metadata.update(metadata)
            for path in artifacts:
                film.append(container, path, fps, output.encode.pix_fmt)
        if film.frames != output.facts.frames:
            raise Truncated(f"{output.file} would have {film.frames} frames instead of {output.facts.frames}")
        if progress is not None:
            progress(film.frames, film.frames)


class _Film:
    """The film while it is written: where the next part starts, and the parameters that all parts share."""

    def __init__(self, to: Path, total: int, progress: Progress | None) -> None:
        self.frames = 0
        self._to = to
        self._total = total
        self._progress = progress
        self._stream: VideoStream | None = None
        self._extradata: bytes | None = None

    def append(self, container: OutputContainer, path: Path, fps: Fraction, pix_fmt: str) -> None:
        """Copy one artifact behind what is already there."""
        ranks, delay = _order(path)
        with _read(path) as source:
            stream = _video(source, path, pix_fmt)
            tags = color.delivered(_tags(path))
            if tags is None:
                raise CannotJoin(f"{path.name} holds colours that are not BT.709, and copying cannot change them")
            filtered = self._open(container, stream, path, fps, tags)
            for number, packet in enumerate(_filter(source, stream, filtered)):
                self._mux(container, packet, ranks[number], number - delay, fps)
        self.frames += len(ranks)

    def _open(
        self, container: OutputContainer, stream: VideoStream, path: Path, fps: Fraction, tags: color.Color
    ) -> BitStreamFilterContext:
        """The filter that rewrites a part's tags; the first part also opens the film's stream."""
        options = _h264_metadata(fps, tags)
        extradata = stream.codec_context.extradata
        if self._stream is not None:
            if extradata != self._extradata:
                raise CannotJoin(f"{path.name} was encoded with other parameters than the parts before it")
            return BitStreamFilterContext(options, stream)
        self._extradata = extradata
        self._stream = container.add_stream_from_template(stream)
        filtered = BitStreamFilterContext(options, stream, self._stream)
        # After the filter, which copies its own (untagged) parameters: the MP4 "colr" box is made of these.
        tags.put(self._stream.codec_context)
        self._stream.time_base = 1 / fps
        return filtered

    def _mux(self, container: OutputContainer, packet: VideoPacket, pts: int, dts: int, fps: Fraction) -> None:
        assert self._stream is not None
        packet.stream = self._stream
        packet.time_base = 1 / fps
        packet.pts, packet.dts, packet.duration = self.frames + pts, self.frames + dts, 1
        try:
            container.mux_one(packet)
        except (FFmpegError, OSError) as error:
            raise writing(error, self._to) from error
        if self._progress is not None:
            self._progress(min(self.frames + max(dts + 1, 0), self._total), self._total)


def _h264_metadata(fps: Fraction, tags: color.Color) -> str:
    """The bitstream filter's settings; the tick rate is that of fields, twice the frame rate."""
    return (
        f"h264_metadata=colour_primaries={tags.primaries}:transfer_characteristics={tags.transfer}"
        f":matrix_coefficients={tags.matrix}:video_full_range_flag=0"
        f":tick_rate={2 * fps.numerator}/{fps.denominator}"
    )


def _order(path: Path) -> tuple[list[int], int]:
    """When each packet's picture is shown, and by how much decoding runs ahead.

    Returns:
        For each packet in the order of the file the index of its picture in time, and the smallest delay
        (in frames) with which no packet is decoded after it is shown.
    """
    with _read(path) as source:
        stream = _video(source, path)
        times = [packet.pts for packet in source.demux(stream) if packet.size]
    if not times:
        raise NotAVideo(f"{path.name} holds no pictures")
    known = [time for time in times if time is not None]
    if len(set(known)) != len(times):
        raise CannotJoin(f"{path.name} has pictures without a time of their own")
    place = {time: index for index, time in enumerate(sorted(known))}
    ranks = [place[time] for time in known]
    return ranks, max(number - rank for number, rank in enumerate(ranks))


def _tags(path: Path) -> color.Color:
    """The colour tags on the first decoded picture, which is what the stream itself says."""
    with _read(path) as source:
        for frame in source.decode(_video(source, path)):
            return color.Color.of(frame)
    raise NotAVideo(f"{path.name} holds no picture that can be decoded")


def _filter(source: InputContainer, stream: VideoStream, by: BitStreamFilterContext) -> Iterator[VideoPacket]:
    """A part's packets with rewritten tags, in the order of the file."""
    for packet in source.demux(stream):
        if packet.size:
            yield from by.filter(packet)
    yield from by.filter(None)


def _video(source: InputContainer, path: Path, pix_fmt: str | None = None) -> VideoStream:
    """The one video stream of a part, if it can be copied."""
    if not source.streams.video:
        raise NotAVideo(f"{path.name} holds no video")
    if source.streams.audio:
        raise CannotJoin(f"{path.name} carries sound, which would be lost")
    stream = source.streams.video[0]
    codec = stream.codec_context.codec.canonical_name
    if codec != "h264":
        raise CannotJoin(f"{path.name} is {codec}, not h264")
    if pix_fmt is not None and stream.pix_fmt != pix_fmt:
        raise CannotJoin(f"{path.name} has pixels in {stream.pix_fmt}, not {pix_fmt}")
    return stream


@contextmanager
def _read(path: Path) -> Generator[InputContainer]:
    """An artifact, open; failures to read it are typed."""
    try:
        with av.open(path.as_posix()) as source:
            yield source
    except MediaError:
        raise
    except FFmpegError as error:
        raise reading(error, path) from error


@contextmanager
def _write(part: Path, to: Path) -> Generator[OutputContainer]:
    """The film, open; failures to open and to finish it are typed, those inside the block pass."""
    try:
        container = av.open(part.as_posix(), "w", format="mp4", options=MP4_OPTIONS)
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

"""The sound of a film: decoded from a file, brought to the film's exact length, and encoded beside the pictures."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.container import OutputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from reelc_compiler.codecs import CODECS
from reelc_compiler.facts import Laid
from reelc_compiler.plan import Facts, Output
from reelc_runtime.media.errors import CannotJoin, MediaError, NotAVideo, TooLarge, Truncated, reading, writing
from reelc_runtime.media.files import whole_file
from reelc_runtime.media.opening import decodable, opened, pictures

Samples = NDArray[np.float32]

# Rates that every player knows; sound of another is brought to the last.
RATES = (32000, 44100, 48000)
AAC_RATE = 256_000
# Samples that are encoded at once where an encoder takes any number.
CHUNK = 1024
# Seconds by which sound that a node made may be longer or shorter than its stage says: models make it in pieces.
TOLERANCE = Fraction(1, 2)
# Seconds by which versions of libav differ in what they leave out at the ends of compressed sound.
ROUNDING = Fraction(1, 10)
SILENCE_RATE = 48000
MOST_SECONDS = 12 * 3600


class SoundTrack:
    """The sound stream of a film that is being written; its packets go between those of the pictures.

    Args:
        to: the film, for errors.
        codec: libav's name of the encoder.
        samples: the sound, float32 ``[channels, samples]`` in pieces.
        rate: samples a second.
        channels: 1 or 2.
        total: how many samples the film lasts.
    """

    def __init__(self, to: Path, codec: str, samples: Iterator[Samples], rate: int, channels: int, total: int) -> None:
        self.rate = rate
        self._to = to
        self._codec = codec
        self._layout = "mono" if channels == 1 else "stereo"
        self._left = total
        self._samples = _exactly(samples, channels, total)
        self._done = 0
        self._waiting: Samples = np.zeros((channels, 0), np.float32)
        self._container: OutputContainer | None = None

    @staticmethod
    @contextmanager
    def of(path: Path | None, to: Path, output: Output) -> Generator["SoundTrack | None"]:
        """The sound of a file, as long as the pictures of a film; None without a file.

        Raises:
            NotAVideo: the file has no sound that can be decoded.
            CannotJoin: the film has no place for sound.
        """
        if path is None:
            yield None
            return
        codec = CODECS[output.encode.codec].sound
        length = output.facts.duration
        if codec is None or length is None:
            raise CannotJoin(f"{output.file} has no place for sound")
        with _opened(path) as (source, found, channels):
            rate = found if found in RATES else RATES[-1]
            # round() would go to the even one of two as near; a film ends with its last frame's time.
            total = int(length * rate + Fraction(1, 2))
            how = output.sound.how if output.sound is not None else Laid()
            samples = _laid(source, path, rate, channels, how, total)
            yield SoundTrack(to, codec, samples, rate, channels, total)

    def begin(self, container: OutputContainer) -> None:
        """Open the stream in the film, behind that of the pictures."""
        self._stream: Any = container.add_stream(self._codec, rate=self.rate, layout=self._layout)
        if self._codec == "aac":
            self._stream.bit_rate = AAC_RATE
        self._container = container

    def until(self, seconds: Fraction) -> None:
        """Write the sound that is heard until then."""
        while self._left and Fraction(self._done, self.rate) <= seconds:
            self._some()

    def finish(self) -> None:
        """Write the rest."""
        while self._left:
            self._some()
        self._mux(None)

    def _some(self) -> None:
        count = min(CHUNK, self._left)
        while self._waiting.shape[1] < count:
            self._waiting = np.concatenate([self._waiting, next(self._samples)], axis=1)
        piece, self._waiting = self._waiting[:, :count], self._waiting[:, count:]
        frame = _frame(piece, self._stream.codec_context.format.name, self._layout)
        frame.sample_rate = self.rate
        frame.pts, frame.time_base = self._done, Fraction(1, self.rate)
        self._mux(frame)
        self._done += count
        self._left -= count

    def _mux(self, frame: Any) -> None:
        assert self._container is not None, "the track has begun"
        try:
            self._container.mux(self._stream.encode(frame))
        except (FFmpegError, OSError) as error:
            raise writing(error, self._to) from error


def _frame(piece: Samples, wanted: str, layout: str) -> Any:
    """Samples as the encoder takes them."""
    if wanted == "fltp":
        return av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout=layout)
    whole = np.clip(np.rint(piece * 32768), -32768, 32767).astype(np.int16)
    return av.AudioFrame.from_ndarray(whole.T.reshape(1, -1).copy(), format="s16", layout=layout)


def _exactly(samples: Iterator[Samples], channels: int, total: int) -> Iterator[Samples]:
    """A sound cut off after so many samples, or filled up with silence."""
    for piece in samples:
        if piece.shape[1] >= total:
            yield piece[:, :total]
            return
        total -= piece.shape[1]
        yield piece
    while total:
        count = min(total, CHUNK)
        total -= count
        yield np.zeros((channels, count), np.float32)


def _laid(source: Any, path: Path, rate: int, channels: int, how: Laid, total: int) -> Iterator[Samples]:
    """A sound as it is laid over a film of so many samples: from where it starts, again if it loops, with its fades."""
    rise, fall = (int(seconds * rate) for seconds in (how.fade_in, how.fade_out))
    done = 0
    for piece in _from(source, path, rate, channels, int(how.start * rate), loop=how.loop):
        if done >= total:
            return
        count = piece.shape[1]
        at = np.arange(done, done + count, dtype=np.float64)
        level = np.ones(count)
        if rise:
            level = np.minimum(level, at / rise)
        if fall:
            level = np.minimum(level, np.clip((total - at) / fall, 0, 1))
        done += count
        yield (piece * level).astype(np.float32) if rise or fall else piece


def _from(source: Any, path: Path, rate: int, channels: int, start: int, *, loop: bool) -> Iterator[Samples]:
    """A sound without its first samples, and from there again for ever where it loops."""
    late = round(lead(path) * rate)
    stated = _stated(source) if loop else None
    while True:
        skip, made = start, 0
        samples = _shifted(_decoded(source, path, rate, channels), channels, late)
        if stated is not None:
            samples = _first(samples, int(stated * rate + Fraction(1, 2)) + late)
        for piece in samples:
            kept = piece[:, min(skip, piece.shape[1]) :]
            skip -= piece.shape[1] - kept.shape[1]
            made += kept.shape[1]
            if kept.shape[1]:
                yield kept
        if not loop or not made:
            return
        source.seek(0)


def _stated(source: Any) -> Fraction | None:
    """How long a sound is that fills its last block with silence, as AAC does; None where only decoding tells.

    Of an MP4 this is exact: its edit list says what is to be played. A decoder gives the filling, too, which would be
    heard as a gap between two rounds of a loop.
    """
    stream = source.streams.audio[0]
    if "mp4" not in source.format.name.split(",") or not stream.duration or stream.time_base is None:
        return None
    return Fraction(stream.duration * stream.time_base)


def _first(samples: Iterator[Samples], count: int) -> Iterator[Samples]:
    """A sound up to so many samples."""
    for piece in samples:
        yield piece[:, :count]
        count -= piece.shape[1]
        if count <= 0:
            return


def _shifted(samples: Iterator[Samples], channels: int, by: int) -> Iterator[Samples]:
    """A sound that begins so many samples later, after silence; earlier where the number is negative."""
    while by > 0:
        count = min(by, CHUNK)
        by -= count
        yield np.zeros((channels, count), np.float32)
    for piece in samples:
        skipped = min(-by, piece.shape[1])
        by += skipped
        yield piece[:, skipped:]


def lead(path: Path) -> Fraction:
    """Seconds by which the sound of a film begins after its first picture, negative where it begins before; 0 for what
    has no pictures.

    Raises:
        FFmpegError, OSError, ValueError: it cannot be decoded.
    """
    with opened(path) as container:
        stream = pictures(container)
        if stream is None or not decodable(stream):
            return Fraction(0)
        shown = _begins(container.decode(stream))
    with opened(path) as container:
        heard = _begins(container.decode(audio=0))
    return Fraction(0) if shown is None or heard is None else heard - shown


def _begins(frames: Iterator[Any]) -> Fraction | None:
    """When the first of some frames is due."""
    first: Any = next(frames, None)
    return None if first is None or first.pts is None else first.pts * Fraction(first.time_base)


@contextmanager
def _opened(path: Path) -> Generator[tuple[Any, int, int]]:
    """A file with sound, its samples a second, and how many channels of it are kept: more than two are mixed down."""
    try:
        with opened(path) as source:
            stream: Any = source.streams.audio[0] if source.streams.audio else None
            if stream is None or not decodable(stream):
                raise NotAVideo(f"{path.name} has no sound that can be decoded")
            context = stream.codec_context
            yield source, int(context.sample_rate or RATES[-1]), 1 if context.layout.nb_channels == 1 else 2
    except MediaError:
        raise
    except (FFmpegError, OSError, ValueError) as error:
        raise reading(error, path) from error


def _decoded(source: Any, path: Path, rate: int, channels: int) -> Iterator[Samples]:
    """The first sound stream from its beginning, in pieces."""
    known: tuple[str, str, int] | None = None
    resampler: AudioResampler | None = None
    try:
        for frame in source.decode(audio=0):
            frame.pts = None
            # What is broadcast changes between stereo and surround.
            form = (frame.format.name, frame.layout.name, frame.sample_rate)
            if form != known:
                yield from _rest(resampler)
                known = form
                resampler = AudioResampler(format="fltp", layout="mono" if channels == 1 else "stereo", rate=rate)
            assert resampler is not None
            for piece in resampler.resample(frame):
                yield cast(Samples, piece.to_ndarray())
        yield from _rest(resampler)
    except (FFmpegError, OSError, ValueError) as error:
        raise Truncated(f"{path.name} cannot be decoded to its end") from error


def _rest(resampler: AudioResampler | None) -> Iterator[Samples]:
    """What a resampler has not given yet."""
    if resampler is not None:
        for piece in resampler.resample(None):
            yield cast(Samples, piece.to_ndarray())


def check_sound(path: Path, facts: Facts) -> list[str]:
    """Decode a sound that a worker made, and compare its length with the plan.

    Returns:
        What is not as planned, a sentence each.

    Raises:
        MediaError: it cannot be decoded.
    """
    return _compared(_length(path), facts, TOLERANCE)


def check_given(path: Path, facts: Facts) -> list[str]:
    """Decode a sound that the user gives, and compare its length with what was measured.

    Returns:
        What is not as measured, a sentence each.

    Raises:
        MediaError: it cannot be decoded.
    """
    length = _length(path)
    try:
        return _compared(length + lead(path), facts, ROUNDING)
    except (FFmpegError, OSError, ValueError) as error:
        raise reading(error, path) from error


def _length(path: Path) -> Fraction:
    """How many seconds of sound come out of the decoder."""
    with _opened(path) as (source, rate, channels):
        count = 0
        for piece in _decoded(source, path, rate, channels):
            count += piece.shape[1]
            if count > MOST_SECONDS * rate:
                raise TooLarge(f"{path.name} has more than {MOST_SECONDS // 3600} hours of sound")
    if count == 0:
        raise NotAVideo(f"{path.name} has no sound that can be decoded")
    return Fraction(count, rate)


def _compared(found: Fraction, facts: Facts, tolerance: Fraction) -> list[str]:
    wanted = facts.seconds or Fraction(0)
    if abs(found - wanted) > tolerance:
        return [f"the sound lasts {float(found):.3f} s instead of {float(wanted):.3f} s"]
    return []


def write_silence(to: Path, seconds: Fraction) -> None:
    """A FLAC file of silence, as long as that.

    Raises:
        WriteFailed, DiskFull: it cannot be written.
    """
    left = int(seconds * SILENCE_RATE + Fraction(1, 2))
    with whole_file(to) as part:
        try:
            with av.open(part.as_posix(), "w", format="flac", options={"fflags": "+bitexact"}) as output:
                stream: Any = output.add_stream("flac", rate=SILENCE_RATE, layout="stereo")
                done = 0
                while left:
                    count = min(left, SILENCE_RATE)
                    frame = _frame(np.zeros((2, count), np.float32), "s16", "stereo")
                    frame.sample_rate, frame.pts, frame.time_base = SILENCE_RATE, done, Fraction(1, SILENCE_RATE)
                    output.mux(stream.encode(frame))
                    done, left = done + count, left - count
                output.mux(stream.encode(None))
        except (FFmpegError, OSError) as error:
            raise writing(error, to) from error

"""Small films and sounds as people have them, for tests that load some."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

SOUND_RATE = 48000


def write_film(
    path: Path,
    frames: int = 12,
    *,
    size: tuple[int, int] = (64, 48),
    fps: Fraction = Fraction(24),
    sound: bool = True,
    times: list[int] | None = None,
    codec: str = "libx264",
) -> None:
    """A film whose frame i is grey of brightness ``16 * i``, with a sound of its own that lasts as long.

    Args:
        times: when each frame is shown, in thousandths of a second, instead of evenly.
    """
    width, height = size
    with av.open(path.as_posix(), "w") as output:
        stream: Any = output.add_stream(codec, rate=fps, options={"crf": "10"} if codec == "libx264" else {})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if times is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        track: Any = output.add_stream("aac", rate=SOUND_RATE, layout="stereo") if sound else None
        for number in range(frames):
            picture = np.full((height, width, 3), number * 16 % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if track is not None:
            _encode(output, track, tone(Fraction(frames) / fps))


def write_long(path: Path, frames: int, size: tuple[int, int]) -> None:
    """A film of one picture, encoded once, that is all of its frames."""
    width, height = size
    with av.open(path.as_posix(), "w") as output:
        stream: Any = output.add_stream("libx264", rate=24, options={"crf": "40", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24")
        (packet,) = [*stream.encode(frame), *stream.encode(None)]
        data, ticks = bytes(packet), int(1 / (24 * packet.time_base))
        for number in range(frames):
            copy = av.Packet(data)
            copy.stream, copy.time_base, copy.is_keyframe = stream, packet.time_base, True
            copy.pts = copy.dts = number * ticks
            output.mux(copy)


def write_sound(path: Path, seconds: Fraction, *, rate: int = SOUND_RATE, channels: int = 2, at: float = 0.0) -> None:
    """A tone of 440 Hz in WAV or FLAC, by the ending, that begins after ``at`` seconds of silence."""
    codec = {".wav": "pcm_s16le", ".flac": "flac"}[path.suffix]
    with av.open(path.as_posix(), "w") as output:
        stream: Any = output.add_stream(codec, rate=rate, layout="mono" if channels == 1 else "stereo")
        samples = tone(seconds, rate=rate, channels=channels)
        samples[:, : round(at * rate)] = 0
        _encode(output, stream, samples)


def write_samples(path: Path, samples: Any, rate: int, *, layout: str | None = None, codec: str = "pcm_s16le") -> None:
    """A sound of float32 samples ``[channels, samples]``."""
    with av.open(path.as_posix(), "w") as output:
        layout = layout or ("mono" if samples.shape[0] == 1 else "stereo")
        stream: Any = output.add_stream(codec, rate=rate, layout=layout)
        _encode(output, stream, samples, layout)


def write_record(path: Path, seconds: Fraction = Fraction(1)) -> None:
    """A song with its cover, as MP3 or FLAC, by the ending."""
    sound, cover, pixels = {
        ".mp3": ("libmp3lame", "mjpeg", "yuvj420p"),
        ".flac": ("flac", "png", "rgb24"),
    }[path.suffix]
    with av.open(path.as_posix(), "w") as output:
        track: Any = output.add_stream(sound, rate=SOUND_RATE, layout="stereo")
        stream: Any = output.add_stream(cover)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        stream.disposition = Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24").reformat(format=pixels)
        picture.pts = 0
        for packet in [*stream.encode(picture), *stream.encode(None)]:
            output.mux(packet)
        _encode(output, track, tone(seconds))


def write_shifted(path: Path, of: Path, **by: Fraction) -> None:
    """A film whose packets are copied with other times.

    Args:
        by: seconds by which the streams of a type begin later: ``video``, ``audio``. In an MP4 what would begin
            before 0 is hidden by an edit list, as by `ffmpeg -ss ... -c copy`.
    """
    with av.open(of.as_posix()) as source, av.open(path.as_posix(), "w") as output:
        streams = {stream.index: output.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.size:
                ticks = int(by.get(packet.stream.type, Fraction(0)) / packet.time_base)
                assert packet.pts is not None
                assert packet.dts is not None
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = streams[packet.stream.index]
                output.mux(packet)


def turn(path: Path, quarters: int) -> None:
    """Say in an MP4 film that it is to be shown turned so many quarters against the clock."""
    matrices = {1: (0, -1, 1, 0), 2: (-1, 0, 0, -1), 3: (0, 1, -1, 0)}
    a, b, c, d = (value * 65536 for value in matrices[quarters])
    content = bytearray(path.read_bytes())
    # The matrix of the first track's header, behind its times, its number and its layer.
    at = content.index(b"tkhd") + 44
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


def tone(seconds: Fraction, *, rate: int = SOUND_RATE, channels: int = 2) -> Any:
    """A tone as float32 ``[channels, samples]``."""
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[None].astype(np.float32), channels, axis=0)


def _encode(output: Any, stream: Any, samples: Any, layout: str | None = None) -> None:
    layout = layout or ("mono" if samples.shape[0] == 1 else "stereo")
    planar = stream.codec_context.format.name == "fltp"
    for start in range(0, samples.shape[1], 1024):
        piece = np.ascontiguousarray(samples[:, start : start + 1024])
        if planar:
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        else:
            whole = np.rint(piece * 32767).astype(np.int16).T.reshape(1, -1).copy()
            frame = av.AudioFrame.from_ndarray(whole, format="s16", layout=layout)
        frame.sample_rate, frame.pts = stream.codec_context.sample_rate, start
        frame.time_base = Fraction(1, stream.codec_context.sample_rate)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def write_recordings(folder: Path) -> None:
    """The films and sounds of the corpus."""
    folder.mkdir(parents=True, exist_ok=True)
    write_film(folder / "walk.mp4", 30)
    write_film(folder / "silent.mp4", 25, sound=False)
    write_sound(folder / "song.wav", Fraction(1))
    write_sound(folder / "song.flac", Fraction(10))
    write_film(folder / "uneven.mp4", 4, times=[0, 20, 150, 170], sound=False)
    write_long(folder / "endless.mp4", 250, (4096, 4096))
    whole = (folder / "silent.mp4").read_bytes()
    (folder / "torn.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.mp4").write_bytes(b"not a film at all\n" * 20)
    # A film with so much behind it that no player looks at; the file takes no room.
    size = 101 * 2**20
    with (folder / "heavy.mp4").open("wb") as file:
        file.write(whole + (size - len(whole)).to_bytes(4, "big") + b"free")
        file.truncate(size)

"""The sound of films: where it begins, how long it lasts, what becomes of it."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from films import exact_times, film, planned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from recordings import tone, write_film, write_record, write_samples, write_shifted, write_sound

from reelc_compiler.codecs import CODECS
from reelc_compiler.facts import AUDIO, Facts, Laid
from reelc_compiler.plan import Sound
from reelc_runtime.media import sound as module
from reelc_runtime.media.assemble import assemble
from reelc_runtime.media.encode import encode
from reelc_runtime.media.errors import CannotJoin, MediaError, NotAVideo, TooLarge, Truncated
from reelc_runtime.media.sound import check_given, check_sound, write_silence
from reelc_runtime.media.verify import probe_video

Samples = NDArray[np.float32]
LOUD = ("h264", "h265", "av1", "prores", "ffv1")
LOSSLESS = ("prores", "ffv1")
RATES = [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(2997, 125)]


def heard(path: Path) -> tuple[Samples, int]:
    """All samples of a file as float32 ``[channels, samples]``, and how many a second has."""
    pieces: list[Samples] = []
    with av.open(str(path)) as source:
        rate = source.streams.audio[0].sample_rate
        for frame in source.decode(audio=0):
            piece = frame.to_ndarray()
            if not frame.format.is_planar:
                piece = piece.reshape(-1, frame.layout.nb_channels).T
            scale = {"float32": 1.0, "int16": 2.0**15, "int32": 2.0**31}[piece.dtype.name]
            pieces.append((piece / scale).astype(np.float32))
    return np.concatenate(pieces, axis=1), rate


def declared(path: Path) -> Fraction:
    """How long the file says its sound is: what players play."""
    with av.open(str(path)) as source:
        stream = source.streams.audio[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return stream.duration * stream.time_base


def part(folder: Path, codec: str, frames: int, fps: Fraction) -> Path:
    path = folder / f"part.{CODECS[codec].container}"
    pictures = (np.full((48, 64, 3), number % 256, np.uint8) for number in range(frames))
    encode(pictures, path, width=64, height=48, fps=fps, metadata={}, codec=codec)
    return path


def with_sound(folder: Path, sound: Path, codec: str = "prores", frames: int = 24, fps: Fraction = RATES[0]) -> Path:
    """A film of one part with a sound."""
    output = planned(frames, fps, codec=codec)
    to = folder / output.file
    assemble([part(folder, codec, frames, fps)], output, to, metadata={}, sound=sound)
    return to


def impulse(seconds: Fraction, at: Fraction, rate: int, channels: int = 2) -> Samples:
    samples = np.zeros((channels, round(seconds * rate)), np.float32)
    samples[:, round(at * rate)] = 0.9
    return samples


def loudest(samples: Samples) -> int:
    return int(np.abs(samples[0]).argmax())


# -- where it begins ----------------------------------------------------------------------------


@pytest.mark.parametrize("codec", LOUD)
def test_an_impulse_stays_where_it_is(tmp_path: Path, codec: str):
    write_samples(tmp_path / "s.wav", impulse(Fraction(1), Fraction(1, 2), 48000), 48000)
    samples, rate = heard(with_sound(tmp_path, tmp_path / "s.wav", codec))
    assert rate == 48000
    assert abs(loudest(samples) - 24000) <= (0 if codec in LOSSLESS else 1)


@pytest.mark.parametrize(
    ("by", "at"),
    [
        ({"audio": Fraction(1, 4)}, Fraction(3, 4)),
        ({"video": Fraction(1, 4)}, Fraction(1, 4)),
        ({"video": Fraction(5), "audio": Fraction(5)}, Fraction(1, 2)),
    ],
)
def test_a_films_own_sound_fits_its_pictures_wherever_its_streams_begin(
    tmp_path: Path, by: dict[str, Fraction], at: Fraction
):
    # Matroska counts thousandths of a second, so the whole is moved by less than two of them.
    write_samples(tmp_path / "s.wav", impulse(Fraction(1), Fraction(1, 2), 48000), 48000)
    whole = with_sound(tmp_path, tmp_path / "s.wav", "ffv1")
    write_shifted(tmp_path / "shifted.mkv", whole, **by)
    samples, _ = heard(with_sound(tmp_path, tmp_path / "shifted.mkv", "prores"))
    assert samples.shape[1] == 48000
    assert abs(loudest(samples) - round(at * 48000)) <= 96


@pytest.mark.parametrize("start", [Fraction(0), Fraction(1)])
@pytest.mark.parametrize(("name", "codec"), [("s.wav", "pcm_s16le"), ("s.flac", "flac"), ("s.m4a", "aac")])
def test_a_loop_has_no_gap(tmp_path: Path, name: str, codec: str, start: Fraction):
    """A click in each second of three, for ten seconds: also where the codec fills its last block with silence."""
    rate = 44100
    samples = np.zeros((2, 3 * rate), np.float32)
    for second in range(3):
        samples[:, second * rate + rate // 2] = 0.9
    write_samples(tmp_path / name, samples, rate, codec=codec)
    facts = Facts(kind=AUDIO, seconds=Fraction(3))
    laid = Sound(input="in1", artifact=None, facts=facts, how=Laid(start=start, loop=True))
    output = replace(planned(240, Fraction(24), codec="prores"), sound=laid)
    assemble(
        [part(tmp_path, "prores", 240, Fraction(24))], output, tmp_path / "f.mov", metadata={}, sound=tmp_path / name
    )
    found, rate = heard(tmp_path / "f.mov")
    assert found.shape[1] == 10 * rate
    loud = np.flatnonzero(np.abs(found[0]) > 0.4)
    clicks = [int(loud[0]), *(int(b) for a, b in pairwise(loud) if b - a > rate // 2)]
    assert [round(at / rate, 3) for at in clicks] == [0.5 + n for n in range(10)]


def test_the_first_samples_of_a_film_that_was_cut_are_those_of_its_first_picture(tmp_path: Path):
    write_samples(tmp_path / "s.wav", impulse(Fraction(1), Fraction(1, 2), 48000), 48000)
    whole = with_sound(tmp_path, tmp_path / "s.wav", "h264")
    write_shifted(tmp_path / "cut.mp4", whole, video=-Fraction(6, 24), audio=-Fraction(6, 24))
    samples, _ = heard(with_sound(tmp_path, tmp_path / "cut.mp4", "prores", frames=18))
    assert abs(loudest(samples) - 12000) <= 2


# -- how long it lasts --------------------------------------------------------------------------


@given(
    codec=st.sampled_from(LOUD),
    fps=st.sampled_from(RATES),
    frames=st.integers(1, 50),
    rate=st.sampled_from([8000, 22050, 32000, 44100, 48000, 96000]),
    length=st.fractions(Fraction(1, 100), 3, max_denominator=1000),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_lasts_as_long_as_the_pictures(
    tmp_path: Path, codec: str, fps: Fraction, frames: int, rate: int, length: Fraction
):
    write_samples(tmp_path / "s.wav", tone(length, rate=rate), rate)
    path = with_sound(tmp_path, tmp_path / "s.wav", codec, frames, fps)
    samples, found = heard(path)
    assert found == (rate if rate in module.RATES else 48000)
    total = int(frames / fps * found + Fraction(1, 2))
    if codec in LOSSLESS:
        assert samples.shape[1] == total
    else:
        assert declared(path) == Fraction(total, found)
        assert total <= samples.shape[1] < total + 1024
    ends = min(total, round(length * found))
    assert np.abs(samples[:, ends + 2048 : total]).max(initial=0) < 1e-3
    margin = slice(max(0, ends // 2 - 200), ends // 2 + 200)
    assert np.abs(samples[:, margin]).max() > 0.3
    times = exact_times(path)
    tick = Fraction(1, 1000) if codec == "ffv1" else Fraction(0)
    assert all(abs(time - number / fps) <= tick / 2 for number, time in enumerate(times))
    assert len(times) == frames


@pytest.mark.parametrize("codec", LOSSLESS)
def test_samples_are_kept_exactly(tmp_path: Path, codec: str):
    noise = np.random.default_rng(1).integers(-32768, 32767, (2, 48000)).astype(np.float32) / 32768
    write_samples(tmp_path / "s.flac", noise, 48000, codec="flac")
    source, _ = heard(tmp_path / "s.flac")
    samples, _ = heard(with_sound(tmp_path, tmp_path / "s.flac", codec))
    assert np.array_equal(samples, source)


def test_sound_lies_between_the_pictures_of_its_time(tmp_path: Path):
    """A player that reads a film from a disk or a network gets both together."""
    write_sound(tmp_path / "s.wav", Fraction(4))
    path = with_sound(tmp_path, tmp_path / "s.wav", "h264", frames=96)
    latest = {"video": Fraction(0), "audio": Fraction(0)}
    with av.open(str(path)) as source:
        for packet in source.demux():
            if packet.size and packet.dts is not None:
                latest[packet.stream.type] = packet.dts * Fraction(packet.time_base)
                assert abs(latest["video"] - latest["audio"]) < 1


# -- channels -----------------------------------------------------------------------------------


def test_mono_stays_mono(tmp_path: Path):
    write_samples(tmp_path / "s.wav", tone(Fraction(1), channels=1), 48000)
    for codec in LOUD:
        samples, _ = heard(with_sound(tmp_path, tmp_path / "s.wav", codec))
        assert samples.shape[0] == 1


def test_surround_is_mixed_to_two_channels(tmp_path: Path):
    samples = np.zeros((6, 48000), np.float32)
    # The second channel is front right, and nothing of it is on the left.
    samples[1] = tone(Fraction(1), channels=1)[0]
    write_samples(tmp_path / "s.wav", samples, 48000, layout="5.1")
    mixed, _ = heard(with_sound(tmp_path, tmp_path / "s.wav"))
    assert mixed.shape == (2, 48000)
    assert np.abs(mixed[0]).max() < 1e-3
    assert np.abs(mixed[1]).max() > 0.1


def test_what_changes_its_channels_is_heard_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As television does; made here by a decoder that is asked for two files one after the other."""
    write_samples(tmp_path / "a.wav", tone(Fraction(1, 2), channels=1), 48000)
    write_samples(tmp_path / "b.wav", tone(Fraction(1, 2), rate=44100), 44100)

    class Both:
        def decode(self, audio: int) -> Iterator[av.AudioFrame]:
            for name in ("a.wav", "b.wav"):
                with av.open(str(tmp_path / name)) as source:
                    yield from source.decode(audio=audio)

    pieces = list(module._decoded(Both(), tmp_path / "both", 48000, 2))  # pyright: ignore[reportPrivateUsage]
    samples = np.concatenate(pieces, axis=1)
    assert abs(samples.shape[1] - 48000) <= 32
    assert np.abs(samples[:, 40000:40200]).max() > 0.3


# -- what else is in a file ---------------------------------------------------------------------


def test_a_song_with_a_cover_goes_under_a_film(tmp_path: Path):
    write_record(tmp_path / "s.mp3")
    path = with_sound(tmp_path, tmp_path / "s.mp3", "h264")
    assert probe_video(path).frames == 24
    assert declared(path) == 1


def test_nothing_but_the_sound_is_taken(tmp_path: Path):
    write_film(tmp_path / "walk.mp4", 24, size=(32, 32))
    path = with_sound(tmp_path, tmp_path / "walk.mp4", "h264")
    with av.open(str(path)) as source:
        assert [stream.type for stream in source.streams] == ["video", "audio"]
        assert (source.streams.video[0].width, source.streams.video[0].height) == (64, 48)


def test_the_same_sound_gives_the_same_bytes(tmp_path: Path):
    write_sound(tmp_path / "s.wav", Fraction(1))
    for codec in LOUD:
        first = with_sound(tmp_path, tmp_path / "s.wav", codec).read_bytes()
        assert with_sound(tmp_path, tmp_path / "s.wav", codec).read_bytes() == first, codec


# -- what cannot be heard -----------------------------------------------------------------------


def failing(folder: Path, sound: Path, codec: str = "h264") -> MediaError:
    """What is said of a sound; no film is left."""
    output = planned(24, Fraction(24), codec=codec)
    to = folder / "out" / output.file
    with pytest.raises(MediaError) as caught:
        assemble([part(folder, codec, 24, Fraction(24))], output, to, metadata={}, sound=sound)
    assert list(to.parent.iterdir()) == []
    return caught.value


def test_no_sound(tmp_path: Path):
    film(tmp_path / "silent.mp4")
    assert isinstance(failing(tmp_path, tmp_path / "silent.mp4"), NotAVideo)
    assert isinstance(failing(tmp_path, tmp_path / "nowhere.wav"), NotAVideo)
    (tmp_path / "text.wav").write_bytes(b"la la la" * 100)
    assert isinstance(failing(tmp_path, tmp_path / "text.wav"), NotAVideo)


def test_a_damaged_sound_leaves_no_film(tmp_path: Path):
    write_samples(tmp_path / "s.flac", tone(Fraction(1)), 48000, codec="flac")
    content = bytearray((tmp_path / "s.flac").read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    (tmp_path / "s.flac").write_bytes(content)
    assert isinstance(failing(tmp_path, tmp_path / "s.flac"), Truncated)


def test_a_sequence_of_pictures_has_no_place_for_sound(tmp_path: Path):
    write_sound(tmp_path / "s.wav", Fraction(1))
    output = planned(24, Fraction(24))
    silent = dict(module.CODECS) | {"h264": module.CODECS["png"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CODECS", silent)
        with pytest.raises(CannotJoin, match="no place for sound"):
            assemble([film(tmp_path / "a.mp4", 24)], output, tmp_path / "b.mp4", metadata={}, sound=tmp_path / "s.wav")
    assert not (tmp_path / "b.mp4").exists()


# -- sounds of workers, and silence -------------------------------------------------------------


def test_the_length_of_what_a_worker_made(tmp_path: Path):
    write_sound(tmp_path / "s.flac", Fraction(1))
    assert check_sound(tmp_path / "s.flac", Facts(kind=AUDIO, seconds=Fraction(3, 2))) == []
    assert check_sound(tmp_path / "s.flac", Facts(kind=AUDIO, seconds=Fraction(8, 5))) == [
        "the sound lasts 1.000 s instead of 1.600 s"
    ]
    (tmp_path / "s.flac").write_bytes(b"")
    with pytest.raises(NotAVideo):
        check_sound(tmp_path / "s.flac", Facts(kind=AUDIO, seconds=Fraction(1)))


def test_the_length_of_what_is_given(tmp_path: Path):
    write_sound(tmp_path / "s.flac", Fraction(1))
    assert check_given(tmp_path / "s.flac", Facts(kind=AUDIO, seconds=Fraction(1))) == []
    assert check_given(tmp_path / "s.flac", Facts(kind=AUDIO, seconds=Fraction(6, 5))) == [
        "the sound lasts 1.000 s instead of 1.200 s"
    ]


def test_sound_without_end_is_not_listened_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_sound(tmp_path / "s.flac", Fraction(1))
    monkeypatch.setattr(module, "MOST_SECONDS", 0.5)
    with pytest.raises(TooLarge):
        check_sound(tmp_path / "s.flac", Facts(kind=AUDIO, seconds=Fraction(1)))


@given(seconds=st.fractions(Fraction(1, 1000), 3, max_denominator=10_000))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_silence_is_silent_and_as_long_as_asked(tmp_path: Path, seconds: Fraction):
    write_silence(tmp_path / "s.flac", seconds)
    samples, rate = heard(tmp_path / "s.flac")
    assert samples.shape == (2, int(seconds * rate + Fraction(1, 2)))
    assert not samples.any()
    assert check_sound(tmp_path / "s.flac", Facts(kind=AUDIO, seconds=seconds)) == []

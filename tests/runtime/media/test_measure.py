"""Films and sounds that are given: what is measured is what comes out of them."""

import os
import socket
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordings import turn, write_film, write_record, write_samples, write_shifted, write_sound

from reelc_compiler.facts import AUDIO, Facts
from reelc_compiler.inputs import InputFault, Unmeasured
from reelc_compiler.loader import Project
from reelc_runtime.media import measure as module
from reelc_runtime.media.errors import MediaError, NotAVideo, Truncated
from reelc_runtime.media.lossless import read_frames
from reelc_runtime.media.measure import measure
from reelc_runtime.media.verify import check_input, probe_video

RATES = [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(60), Fraction(12, 5)]
# What libav decodes of AAC is whole blocks.
BLOCK = Fraction(1024, 48000)


def shown(path: Path) -> list[tuple[int, int]]:
    """The sizes of the frames, decoded and turned."""
    return [(frame.shape[1], frame.shape[0]) for frame, _ in read_frames(path)]


def refused(path: Path) -> str:
    with pytest.raises(Unmeasured) as caught:
        measure(path)
    return str(caught.value)


@given(
    frames=st.integers(1, 40),
    fps=st.sampled_from(RATES),
    ending=st.sampled_from(["mp4", "mov", "mkv"]),
    sound=st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_frames_and_rate_are_those_of_the_film(tmp_path: Path, frames: int, fps: Fraction, ending: str, sound: bool):
    path = tmp_path / f"a.{ending}"
    write_film(path, frames, fps=fps, sound=sound)
    found = measure(path)
    facts = found.facts
    assert (facts.kind, facts.width, facts.height, facts.frames) == ("clip", 64, 48, frames)
    assert len(shown(path)) == frames
    assert (facts.seconds is not None) == sound
    if facts.seconds is not None:
        assert abs(facts.seconds - frames / fps) <= 2 * BLOCK
    assert check_input(path, facts) == []
    if ending != "mkv":
        assert (facts.fps, found.even) == (fps, True)


def test_a_film_as_it_is_broadcast(tmp_path: Path):
    write_film(tmp_path / "a.ts", 24)
    found = measure(tmp_path / "a.ts")
    assert (found.facts.frames, found.facts.fps, found.even) == (24, Fraction(24), True)
    # Its clock begins somewhere, and its sound a little before its pictures.
    assert found.facts.seconds is not None
    assert abs(found.facts.seconds - 1) <= 2 * BLOCK
    assert check_input(tmp_path / "a.ts", found.facts) == []


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_film_is_as_it_is_shown(tmp_path: Path, quarters: int):
    path = tmp_path / "a.mp4"
    write_film(path, 4, size=(64, 32))
    turn(path, quarters)
    facts = measure(path).facts
    assert (facts.width, facts.height) == ((64, 32) if quarters == 2 else (32, 64))
    assert shown(path) == [(facts.width, facts.height)] * 4
    assert check_input(path, facts) == []


def test_a_film_that_was_cut_without_encoding_hides_its_first_frames(tmp_path: Path):
    write_film(tmp_path / "whole.mp4", 24, sound=False)
    path = tmp_path / "cut.mp4"
    write_shifted(path, tmp_path / "whole.mp4", video=-Fraction(5, 24))
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 24
    found = measure(path)
    assert (found.facts.frames, found.facts.fps, found.even) == (19, Fraction(24), True)
    assert probe_video(path).frames == 19
    assert check_input(path, found.facts) == []
    first, _ = next(iter(read_frames(path)))
    assert abs(int(first[0, 0, 0]) - 5 * 16) <= 2


def test_the_sound_of_a_film_counts_from_its_first_picture(tmp_path: Path):
    write_film(tmp_path / "a.mp4", 24)
    whole = measure(tmp_path / "a.mp4").facts.seconds
    assert whole is not None
    for name, by, lead in (
        ("late.mp4", {"audio": Fraction(1, 2)}, Fraction(1, 2)),
        ("early.mp4", {"video": Fraction(1, 2)}, -Fraction(1, 2)),
        ("late.mkv", {"audio": Fraction(1, 2)}, Fraction(1, 2)),
        ("both.mp4", {"video": Fraction(5), "audio": Fraction(5)}, Fraction(0)),
    ):
        write_shifted(tmp_path / name, tmp_path / "a.mp4", **by)
        facts = measure(tmp_path / name).facts
        assert facts.seconds is not None
        assert abs(facts.seconds - (whole + lead)) <= Fraction(2, 1000), name
        assert check_input(tmp_path / name, Facts(kind=AUDIO, seconds=facts.seconds)) == []


def test_sound_that_ends_before_the_pictures_begin_is_none(tmp_path: Path):
    write_film(tmp_path / "a.mp4", 6)
    write_shifted(tmp_path / "b.mkv", tmp_path / "a.mp4", video=Fraction(2))
    assert measure(tmp_path / "b.mkv").facts.seconds is None


def test_uneven_frames_are_said(tmp_path: Path):
    write_film(tmp_path / "a.mp4", 4, times=[0, 20, 150, 170], sound=False)
    found = measure(tmp_path / "a.mp4")
    assert (found.facts.frames, found.even) == (4, False)


@pytest.mark.parametrize(
    ("ending", "codec", "seekable"),
    [("mp4", "libx264", True), ("mov", "libx265", True), ("mkv", "mpeg4", True), ("webm", "libvpx-vp9", True),
     ("avi", "mpeg4", False), ("ts", "libx264", False)],
)  # fmt: skip
def test_where_frames_are_found_by_their_time(tmp_path: Path, ending: str, codec: str, seekable: bool):
    path = tmp_path / f"a.{ending}"
    write_film(path, 60, sound=False, codec=codec)
    try:
        found = measure(path)
    except Unmeasured:
        # Frames of an AVI may have no times of their own.
        assert ending == "avi"
        return
    assert found.facts.seekable == seekable


def test_a_film_that_begins_later_is_not_searched(tmp_path: Path):
    write_film(tmp_path / "a.mkv", 8, times=[1000 + round(n * 1000 / 24) for n in range(8)], sound=False)
    found = measure(tmp_path / "a.mkv")
    assert (found.even, found.facts.seekable) == (True, False)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac"])
def test_a_song_with_a_cover_is_a_sound(tmp_path: Path, name: str):
    write_record(tmp_path / name)
    assert measure(tmp_path / name).facts == Facts(kind=AUDIO, seconds=Fraction(1))
    project = Project(tmp_path / "x.reel")
    assert project.probe(name, "x.reel", "audio", measure).facts.seconds == 1
    with pytest.raises(InputFault, match="is a sound without pictures"):
        project.probe(name, "x.reel", "clip", measure)


@given(rate=st.sampled_from([8000, 11025, 22050, 32000, 44100, 48000, 96000]), count=st.integers(1, 5000))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_sound_lasts_as_many_samples_as_it_has(tmp_path: Path, rate: int, count: int):
    write_samples(tmp_path / "a.wav", np.zeros((1, count), np.float32), rate)
    assert measure(tmp_path / "a.wav").facts == Facts(kind=AUDIO, seconds=Fraction(count, rate))


def test_what_is_none(tmp_path: Path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_bytes(b"not a film\n" * 50)
    write_samples(tmp_path / "silent.wav", np.zeros((1, 1), np.float32), 48000)
    silent = (tmp_path / "silent.wav").read_bytes()
    at = silent.index(b"data") + 4
    (tmp_path / "silent.wav").write_bytes(silent[:at] + bytes(4))
    picture = av.VideoFrame.from_ndarray(np.zeros((8, 8, 3), np.uint8), format="rgb24")
    picture.save(tmp_path / "photo.png")
    assert "cannot be read" in refused(tmp_path / "empty.mp4")
    assert "cannot be read" in refused(tmp_path / "text.mp4")
    assert "no film and no sound" in refused(tmp_path / "photo.png")
    assert refused(tmp_path / "silent.wav") == "has no sound that can be decoded"
    with pytest.raises(FileNotFoundError):
        measure(tmp_path / "nowhere.mp4")


def test_a_codec_that_nobody_knows(tmp_path: Path):
    write_film(tmp_path / "a.mp4", 4)
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content.replace(b"avc1", b"zzzz"))
    assert "a codec that is not known" in refused(tmp_path / "a.mp4")
    with pytest.raises(NotAVideo, match="a codec that is not known"):
        probe_video(tmp_path / "a.mp4")


def test_a_film_whose_end_is_missing(tmp_path: Path):
    write_film(tmp_path / "a.mp4", 12, sound=False)
    content = (tmp_path / "a.mp4").read_bytes()
    # The index lies behind the pictures.
    (tmp_path / "a.mp4").write_bytes(content[:-200])
    assert refused(tmp_path / "a.mp4") == "holds no picture that can be decoded"
    # AVI can be read without its index.
    write_film(tmp_path / "a.avi", 12, sound=False, codec="mpeg4")
    content = (tmp_path / "a.avi").read_bytes()
    (tmp_path / "a.avi").write_bytes(content[: content.index(b"idx1") - 800])
    assert refused(tmp_path / "a.avi").startswith("is damaged at frame")


def test_tags_in_another_encoding(tmp_path: Path):
    write_sound(tmp_path / "a.wav", Fraction(1, 10))
    plain = (tmp_path / "a.wav").read_bytes()
    at = plain.index(b"data")
    info = b"INFOINAM" + struct.pack("<I", 4) + b"caf\xe9"
    tagged = plain[:36] + b"LIST" + struct.pack("<I", len(info)) + info + plain[at:]
    (tmp_path / "a.wav").write_bytes(tagged[:4] + struct.pack("<I", len(tagged) - 8) + tagged[8:])
    assert "tags that are not UTF-8" in refused(tmp_path / "a.wav")


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_film(tmp_path / "a.mp4", 12)
    write_sound(tmp_path / "a.wav", Fraction(1, 10))
    monkeypatch.setattr(module, "MAX_FRAMES", 11)
    assert refused(tmp_path / "a.mp4") == "has more than 11 frames"
    monkeypatch.setattr(module, "MAX_SIDE", 48)
    assert "is 64x48" in refused(tmp_path / "a.mp4")
    monkeypatch.setattr(module, "MAX_RATE", 44100)
    assert "48000 samples a second" in refused(tmp_path / "a.wav")
    monkeypatch.undo()
    monkeypatch.setattr(module, "MAX_HOURS", Fraction(1, 3600 * 20))
    assert "hours of sound" in refused(tmp_path / "a.wav")


def test_a_list_of_other_files_is_refused_everywhere(tmp_path: Path):
    write_film(tmp_path / "a.ts", 12)
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile a.ts\n", "utf-8")
    assert refused(tmp_path / "list.mp4") == "is a list of other files"
    (tmp_path / "near.mp4").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path}/a.ts\n#EXT-X-ENDLIST\n", "utf-8"
    )
    for name in ("list.mp4", "near.mp4"):
        refused(tmp_path / name)
        with pytest.raises(NotAVideo):
            probe_video(tmp_path / name)
        with pytest.raises(MediaError):
            next(iter(read_frames(tmp_path / name)))


def test_nobody_is_called_for_what_a_playlist_names(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n"
        (tmp_path / "web.m3u8").write_text(text, "utf-8")
        refused(tmp_path / "web.m3u8")
        with pytest.raises(NotAVideo):
            probe_video(tmp_path / "web.m3u8")
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("kind", ["image", "clip", "audio"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, kind: str):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InputFault, match="is a device or a pipe"):
        Project(tmp_path / "x.reel").probe("pipe.mp4", "x.reel", kind, measure)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_a_refusal_and_never_a_crash(tmp_path: Path, data: st.DataObject):
    ending = data.draw(st.sampled_from(["mp4", "mkv", "ts", "wav", "flac", "mp3"]))
    path = tmp_path / f"a.{ending}"
    if ending in ("mp4", "mkv", "ts"):
        write_film(path, 6)
    elif ending == "mp3":
        write_record(path, Fraction(1, 10))
    else:
        write_sound(path, Fraction(1, 10))
    content = bytearray(path.read_bytes())
    # Headers are at the beginning, or, in MP4, at the end.
    places = st.one_of(
        st.integers(0, min(len(content), 800) - 1), st.integers(max(0, len(content) - 3000), len(content) - 1)
    )
    for at, value in data.draw(st.lists(st.tuples(places, st.binary(min_size=1, max_size=4)), min_size=1, max_size=8)):
        content[at : at + len(value)] = value
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        facts = measure(path).facts
    except Unmeasured:
        return
    try:
        check_input(path, facts)
    except (NotAVideo, Truncated):
        return

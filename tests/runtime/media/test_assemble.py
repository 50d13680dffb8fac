"""Assembly: packets copied, times and tags rewritten, nothing left behind when it fails."""

import errno
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from films import exact_times, film, foreign_film, planned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelc_runtime.media import assemble as module
from reelc_runtime.media import color
from reelc_runtime.media.assemble import assemble
from reelc_runtime.media.errors import CannotJoin, DiskFull, NotAVideo, Truncated, WriteFailed, writing
from reelc_runtime.media.verify import probe_video


def luma(path: Path) -> np.ndarray:
    with av.open(str(path)) as source:
        return np.stack([frame.to_ndarray(format="gray") for frame in source.decode(video=0)])


@given(
    count=st.integers(1, 40),
    fps=st.sampled_from([Fraction(24000, 1001), Fraction(24), Fraction(6), Fraction(30000, 1001), Fraction(60)]),
    frames=st.sampled_from([{}, {"bf": "0"}, {"x264-params": "bframes=4:b-pyramid=normal:keyint=9"}]),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_times_are_exact_and_pictures_unchanged(tmp_path: Path, count: int, fps: Fraction, frames: dict[str, str]):
    source = foreign_film(tmp_path / "a.mp4", count, fps=fps, options=frames)
    assemble([source], planned(count, fps), tmp_path / "film.mp4", metadata={})
    assert exact_times(tmp_path / "film.mp4") == [number / fps for number in range(count)]
    assert np.array_equal(luma(source), luma(tmp_path / "film.mp4"))
    assert probe_video(tmp_path / "film.mp4").fps == fps or count == 1


def test_nothing_of_the_workers_metadata_is_kept(tmp_path: Path):
    source = foreign_film(tmp_path / "a.mp4")
    assert b"secret" in source.read_bytes()
    assemble([source], planned(25, Fraction(24)), tmp_path / "film.mp4", metadata={"title": "mine", "comment": "c"})
    content = (tmp_path / "film.mp4").read_bytes()
    assert b"secret" not in content
    assert 0 < content.find(b"moov") < content.find(b"mdat")
    with av.open(str(tmp_path / "film.mp4")) as film_:
        assert {k: v for k, v in film_.metadata.items() if k in ("title", "comment", "prompt")} == {
            "title": "mine",
            "comment": "c",
        }


def test_bt709_stands_in_the_container_and_in_the_stream(tmp_path: Path):
    source = foreign_film(tmp_path / "a.mp4", matrix=color.BT709)
    assemble([source], planned(25, Fraction(24)), tmp_path / "film.mp4", metadata={})
    content = (tmp_path / "film.mp4").read_bytes()
    at = content.find(b"colr")
    assert content[at : at + 11] == b"colrnclx" + bytes([0, 1, 0])
    assert content[at + 8 : at + 15] == bytes([0, 1, 0, 1, 0, 1, 0])
    # Without the container: what the H.264 stream itself says.
    with av.open(str(tmp_path / "film.mp4")) as film_, av.open(str(tmp_path / "raw.h264"), "w") as raw:
        stream = film_.streams.video[0]
        out = raw.add_stream_from_template(stream)
        annexb = BitStreamFilterContext("h264_mp4toannexb", stream, out)
        for packet in film_.demux(stream):
            if packet.size:
                for converted in annexb.filter(packet):
                    converted.stream = out
                    raw.mux(converted)
    with av.open(str(tmp_path / "raw.h264")) as raw:
        assert color.Color.of(next(raw.decode(video=0))) == color.HD


def test_untagged_pixels_are_not_called_bt709(tmp_path: Path):
    assemble([foreign_film(tmp_path / "a.mp4")], planned(25, Fraction(24)), tmp_path / "film.mp4", metadata={})
    assert probe_video(tmp_path / "film.mp4").color.matrix == color.SMPTE170M


def test_parts_with_equal_parameters_follow_each_other(tmp_path: Path):
    parts = [film(tmp_path / "a.mp4", 10), film(tmp_path / "b.mp4", 15)]
    assemble(parts, planned(25, Fraction(24)), tmp_path / "film.mp4", metadata={})
    assert exact_times(tmp_path / "film.mp4") == [Fraction(number, 24) for number in range(25)]


def test_what_cannot_be_copied_is_refused(tmp_path: Path):
    to, plan = tmp_path / "film.mp4", planned(50, Fraction(24))
    other = foreign_film(tmp_path / "b.mp4", options={"profile": "baseline"})
    for parts in (
        [film(tmp_path / "a.mp4"), other],
        [foreign_film(tmp_path / "c.mp4", codec="mpeg4")],
        [foreign_film(tmp_path / "d.mp4", pix_fmt="yuv444p")],
        [],
    ):
        with pytest.raises(CannotJoin):
            assemble(parts, plan, to, metadata={})
    with pytest.raises(Truncated, match="25 frames instead of 50"):
        assemble([tmp_path / "a.mp4"], plan, to, metadata={})
    (tmp_path / "garbage.mp4").write_bytes(b"x" * 5000)
    with pytest.raises(NotAVideo):
        assemble([tmp_path / "garbage.mp4"], plan, to, metadata={})
    assert not to.exists()
    assert not list(tmp_path.glob(".*"))


def test_stopping_leaves_no_file_and_keeps_the_old_one(tmp_path: Path):
    source, to = film(tmp_path / "a.mp4"), tmp_path / "out" / "film.mp4"
    to.parent.mkdir()
    to.write_bytes(b"the film before")

    def stop(done: int, total: int) -> None:
        if done > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assemble([source], planned(25, Fraction(24)), to, metadata={}, progress=stop)
    assert [p.name for p in to.parent.iterdir()] == ["film.mp4"]
    assert to.read_bytes() == b"the film before"


def test_progress_ends_complete(tmp_path: Path):
    seen: list[tuple[int, int]] = []
    source = film(tmp_path / "a.mp4")
    assemble([source], planned(25, Fraction(24)), tmp_path / "f.mp4", metadata={}, progress=lambda *a: seen.append(a))
    assert seen == sorted(seen)
    assert seen[-1] == (25, 25)


def test_a_full_disk_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = film(tmp_path / "a.mp4")
    real: Any = av.open
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")

    def to_full(path: str, mode: str = "r", **options: object):
        return real(str(full) if mode == "w" else path, mode, **({"format": "mp4"} if mode == "w" else {}))

    monkeypatch.setattr(module.av, "open", to_full)
    with pytest.raises(DiskFull, match="no room left on the disk for film"):
        assemble([source], planned(25, Fraction(24)), tmp_path / "film.mp4", metadata={})
    assert not (tmp_path / "film.mp4").exists()
    assert isinstance(writing(OSError(errno.EACCES, "x"), source), WriteFailed)


@pytest.mark.parametrize("counts", [(1, 10), (10, 1, 10), (1, 1, 10), (10, 2, 1)])
def test_parts_in_which_more_and_fewer_pictures_wait_for_others(tmp_path: Path, counts: tuple[int, ...]):
    """One frame waits for none, and is decoded at once; ten are reordered by the same encoder."""
    options = {"x264-params": "bframes=3:b-adapt=0:scenecut=0"}
    parts = [foreign_film(tmp_path / f"{i}.mp4", count, options=options) for i, count in enumerate(counts)]
    total = sum(counts)
    assemble(parts, planned(total, Fraction(24)), tmp_path / "film.mp4", metadata={})
    assert exact_times(tmp_path / "film.mp4") == [number / Fraction(24) for number in range(total)]
    assert probe_video(tmp_path / "film.mp4").fps == 24
    assert np.array_equal(np.concatenate([luma(part) for part in parts]), luma(tmp_path / "film.mp4"))


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(24000, 1001), Fraction(30), Fraction(25)])
def test_a_silent_film_says_exactly_how_long_it_is(tmp_path: Path, fps: Fraction):
    """The clock of its edit list has a tick for each frame."""
    parts = [film(tmp_path / "a.mp4", 20, fps=fps)]
    assemble(parts, planned(20, fps), tmp_path / "film.mp4", metadata={})
    with av.open(str(tmp_path / "film.mp4")) as found:
        stream = found.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base == 20 / fps

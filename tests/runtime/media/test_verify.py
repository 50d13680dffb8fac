"""Verification believes no header."""

from fractions import Fraction
from pathlib import Path

import pytest
from films import film, foreign_film

from reelc_compiler.plan import Artifact, Facts
from reelc_runtime.media.errors import NotAVideo, TooLarge, Truncated
from reelc_runtime.media.verify import Limits, Mismatch, check, check_artifact, probe_video, same_rate


def facts(**changes: object) -> Facts:
    values = {"kind": "clip", "width": 64, "height": 48, "frames": 25, "fps": Fraction(24)} | changes
    return Facts(**values)  # type: ignore[arg-type]


def test_as_planned(tmp_path: Path):
    artifact = Artifact(id="a1", node="5", field="filename_prefix", container="mp4", codec="h264", facts=facts())
    assert check_artifact(artifact, film(tmp_path / "a.mp4")) == []


def test_every_difference_is_named(tmp_path: Path):
    found = probe_video(film(tmp_path / "a.mp4"))
    wrong = check(facts(frames=26, width=128, fps=Fraction(30)), found, container="mkv", codec="hevc")
    assert [m.what for m in wrong] == ["frames", "width", "fps", "container", "codec"]
    assert str(wrong[0]) == "frames is 25 instead of 26"
    assert wrong[0] == Mismatch(what="frames", expected="26", found="25")


def test_savevideo_rounds_its_rate(tmp_path: Path):
    exact = Fraction(24000, 1001)
    found = probe_video(foreign_film(tmp_path / "a.mp4", fps=exact))
    assert found.fps == Fraction(23976, 1000)
    assert check(facts(fps=exact), found) == []
    assert [m.what for m in check(facts(fps=Fraction(24)), found)] == ["fps"]
    assert same_rate(Fraction(30000, 1001), Fraction(29970, 1000))


def test_other_codecs_are_read_as_what_they_are(tmp_path: Path):
    found = probe_video(foreign_film(tmp_path / "a.mkv", codec="ffv1"))
    assert (found.codec, found.container, found.frames) == ("ffv1", "matroska", 25)


@pytest.mark.parametrize("keep", [0.5, 0.7, 0.95])
def test_truncated_files_are_never_a_success(tmp_path: Path, keep: float):
    content = film(tmp_path / "a.mp4", count=60, width=320, height=240).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(Truncated):
        probe_video(cut)


def test_damage_inside_is_found(tmp_path: Path):
    content = bytearray(film(tmp_path / "a.mp4", count=60, width=320, height=240).read_bytes())
    middle = len(content) * 2 // 3
    content[middle : middle + 64] = bytes(64)
    (tmp_path / "bad.mp4").write_bytes(content)
    with pytest.raises(Truncated):
        probe_video(tmp_path / "bad.mp4")


@pytest.mark.parametrize("content", [b"", b"not a video" * 100, b"\x00\x00\x00\x20ftypisom" + bytes(50)])
def test_garbage(tmp_path: Path, content: bytes):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(NotAVideo):
        probe_video(tmp_path / "a.mp4")
    with pytest.raises(NotAVideo, match="does not exist"):
        probe_video(tmp_path / "none.mp4")


@pytest.mark.parametrize("limits", [Limits(frames=10), Limits(pixels=100), Limits(bytes=100)])
def test_limits(tmp_path: Path, limits: Limits):
    with pytest.raises(TooLarge):
        probe_video(film(tmp_path / "a.mp4"), limits)

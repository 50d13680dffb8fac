"""Pictures in a folder: named, whole, and nothing lost of what was there."""

import os
import shutil
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from films import film, planned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelc_compiler.plan import Output
from reelc_runtime.media import sequence as module
from reelc_runtime.media.errors import DiskFull, NotAVideo, Truncated, WriteFailed
from reelc_runtime.media.files import ABANDONED
from reelc_runtime.media.lossless import Frame, encode_apng
from reelc_runtime.media.sequence import split

FPS = Fraction(24)


def noise(count: int, seed: int = 0, width: int = 17, height: int = 9) -> list[Frame]:
    made = np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    return list(made)


def kept(path: Path, frames: list[Frame]) -> Path:
    height, width = frames[0].shape[:2]
    encode_apng(frames, path, width=width, height=height, fps=FPS)
    return path


def pictures(count: int) -> Output:
    return planned(count, FPS, 17, 9)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@given(first=st.integers(1, 5), second=st.integers(0, 4))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_frame_is_a_file_and_exact(tmp_path: Path, first: int, second: int):
    frames = noise(first) + noise(second, 1)
    parts = [kept(tmp_path / "a.png", frames[:first])]
    parts += [kept(tmp_path / "b.png", frames[first:])] if second else []
    split(parts, pictures(first + second), tmp_path / "out" / "film")
    folder = tmp_path / "out" / "film"
    assert names(folder) == [f"film.{number:05}.png" for number in range(1, first + second + 1)]
    for name, frame in zip(names(folder), frames, strict=True):
        read = cv2.imread(str(folder / name), cv2.IMREAD_UNCHANGED)
        assert read is not None
        assert np.array_equal(read, frame[..., ::-1])
    assert names(folder.parent) == ["film"]


def test_the_same_frames_give_the_same_bytes(tmp_path: Path):
    part = kept(tmp_path / "a.png", noise(1))
    split([part], pictures(1), tmp_path / "x")
    split([part], pictures(1), tmp_path / "y")
    assert (tmp_path / "x/x.00001.png").read_bytes() == (tmp_path / "y/y.00001.png").read_bytes()


def test_an_earlier_sequence_is_replaced_whole(tmp_path: Path):
    to = tmp_path / "film"
    split([kept(tmp_path / "a.png", noise(5))], pictures(5), to)
    # What somebody's file manager left there does not keep it.
    (to / ".DS_Store").write_bytes(b"x")
    split([kept(tmp_path / "a.png", noise(2, 1))], pictures(2), to)
    assert names(to) == ["film.00001.png", "film.00002.png"]
    assert names(tmp_path) == ["a.png", "film"]


def test_what_is_no_sequence_is_left_alone(tmp_path: Path):
    part = kept(tmp_path / "a.png", noise(1))
    to = tmp_path / "film"
    to.mkdir()
    (to / "film.00001.png").write_bytes(b"a picture")
    (to / "thesis.txt").write_bytes(b"years of work")
    with pytest.raises(WriteFailed, match="left alone"):
        split([part], pictures(1), to)
    assert names(to) == ["film.00001.png", "thesis.txt"]
    (to / "thesis.txt").rename(tmp_path / "thesis.txt")
    (to / "film.00002.png").mkdir()
    with pytest.raises(WriteFailed, match="left alone"):
        split([part], pictures(1), to)
    shutil.rmtree(to)
    to.write_bytes(b"a file")
    with pytest.raises(WriteFailed, match="left alone"):
        split([part], pictures(1), to)
    assert to.read_bytes() == b"a file"
    assert names(tmp_path) == ["a.png", "film", "thesis.txt"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_to_a_folder_is_left_alone(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "film").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WriteFailed, match="left alone"):
        split([kept(tmp_path / "a.png", noise(1))], pictures(1), tmp_path / "film")
    assert (tmp_path / "film").is_symlink()


@pytest.mark.parametrize("wanted", [2, 4])
def test_a_wrong_number_of_frames_leaves_what_was_there(tmp_path: Path, wanted: int):
    to = tmp_path / "film"
    split([kept(tmp_path / "a.png", noise(1))], pictures(1), to)
    with pytest.raises(Truncated, match=f"would have 3 frames instead of {wanted}"):
        split([kept(tmp_path / "a.png", noise(3))], pictures(wanted), to)
    assert names(to) == ["film.00001.png"]
    assert names(tmp_path) == ["a.png", "film"]


def test_a_damaged_part_leaves_nothing(tmp_path: Path):
    part = kept(tmp_path / "a.png", noise(3, width=64, height=64))
    part.write_bytes(part.read_bytes()[:-6000])
    with pytest.raises((NotAVideo, Truncated)):
        split([part], pictures(3), tmp_path / "film")
    with pytest.raises(NotAVideo):
        split([tmp_path / "nowhere.png"], pictures(3), tmp_path / "film")
    assert names(tmp_path) == ["a.png"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    to = tmp_path / "film"
    split([kept(tmp_path / "a.png", noise(2))], pictures(2), to)
    written = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name.endswith(".00002.png"):
            raise OSError(28, "No space left on device")
        return written(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFull):
        split([tmp_path / "a.png"], pictures(2), to)
    assert names(to) == ["film.00001.png", "film.00002.png"]
    assert names(tmp_path) == ["a.png", "film"]


def test_an_earlier_sequence_comes_back_when_its_name_cannot_be_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    to = tmp_path / "film"
    split([kept(tmp_path / "a.png", noise(2))], pictures(2), to)
    before = {name: (to / name).read_bytes() for name in names(to)}
    replace, tries = Path.replace, 0

    def refuses(self: Path, target: Path) -> Path:
        nonlocal tries
        tries += 1
        if tries == 2:
            raise PermissionError(13, "Permission denied")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuses)
    with pytest.raises(WriteFailed):
        split([kept(tmp_path / "a.png", noise(2, 1))], pictures(2), to)
    assert {name: (to / name).read_bytes() for name in names(to)} == before
    assert names(tmp_path) == ["a.png", "film"]


def test_what_a_killed_process_left_is_cleared(tmp_path: Path):
    part = kept(tmp_path / "a.png", noise(1))
    old, new, other = (tmp_path / f".{name}.part" for name in ("film.0a1b2c3d", "film.ffffffff", "other.0a1b2c3d"))
    for folder in (old, new, other):
        folder.mkdir()
        (folder / "film.00001.png").write_bytes(b"x")
    for folder in (old, other):
        then = folder.stat().st_mtime - 2 * ABANDONED
        os.utime(folder, (then, then))
    split([part], pictures(1), tmp_path / "film")
    assert names(tmp_path) == sorted([".film.ffffffff.part", ".other.0a1b2c3d.part", "a.png", "film"])


def test_a_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(WriteFailed):
        split([kept(tmp_path / "a.png", noise(1))], pictures(1), tmp_path / "file" / "film")


def test_numbers_grow_beyond_five_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Such a sequence is replaced as well."""
    monkeypatch.setattr(module, "DIGITS", 6)
    split([kept(tmp_path / "a.png", noise(1))], pictures(1), tmp_path / "film")
    assert names(tmp_path / "film") == ["film.000001.png"]
    monkeypatch.undo()
    split([tmp_path / "a.png"], pictures(1), tmp_path / "film")
    assert names(tmp_path / "film") == ["film.00001.png"]


def test_a_film_can_be_split_as_well(tmp_path: Path):
    split([film(tmp_path / "a.mp4", 3)], planned(3, FPS), tmp_path / "film")
    assert names(tmp_path / "film") == ["film.00001.png", "film.00002.png", "film.00003.png"]

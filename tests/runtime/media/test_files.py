"""Files that appear whole: what a killed process left of them goes with the next one."""

import os
from pathlib import Path

import pytest

from reelc_runtime.media.files import ABANDONED, whole_file


def left_over(folder: Path, name: str, age: float) -> Path:
    """A part file that was last written to so many seconds ago."""
    path = folder / name
    path.write_bytes(b"part")
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))
    return path


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    with whole_file(film) as part:
        part.write_bytes(b"film")
        assert not film.exists()
    assert film.read_bytes() == b"film"

    def fail() -> None:
        with whole_file(film) as part:
            part.write_bytes(b"other")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]
    assert film.read_bytes() == b"film"


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    dead = left_over(tmp_path, ".film.mp4.0123abcd.part", ABANDONED + 60)
    alive = left_over(tmp_path, ".film.mp4.4567abcd.part", 5)
    others = [
        left_over(tmp_path, ".other.mp4.0123abcd.part", 2 * ABANDONED),
        left_over(tmp_path, "film.mp4.part", 2 * ABANDONED),
    ]
    with whole_file(tmp_path / "film.mp4") as part:
        part.write_bytes(b"film")
    assert not dead.exists()
    assert alive.exists()
    assert all(path.exists() for path in others)

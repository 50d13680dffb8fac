"""The encoder: colours, tags, counts, and memory that does not grow."""

import resource
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from films import film, pictures

from reelc_runtime.media import color
from reelc_runtime.media.encode import encode
from reelc_runtime.media.errors import WriteFailed
from reelc_runtime.media.verify import probe_video

# Y, Cb, Cr of BT.709 in limited range, from the definition (Kr 0.2126, Kb 0.0722).
PURE = {
    (255, 0, 0): (63, 102, 240),
    (0, 255, 0): (173, 42, 26),
    (0, 0, 255): (32, 240, 118),
    (255, 255, 255): (235, 128, 128),
    (0, 0, 0): (16, 128, 128),
}


@pytest.mark.parametrize("rgb", PURE)
def test_pure_colours_become_bt709_limited(tmp_path: Path, rgb: tuple[int, int, int]):
    picture = np.full((64, 64, 3), rgb, np.uint8)
    path = tmp_path / "pure.mp4"
    encode([picture] * 3, path, width=64, height=64, fps=Fraction(24), crf=1, metadata={})
    with av.open(str(path)) as source:
        frame = next(source.decode(video=0))
        planes = frame.to_ndarray()
        assert color.Color.of(frame) == color.HD
    found = (planes[32, 32], planes[64 + 8, 16], planes[64 + 16 + 8, 16])
    assert all(abs(int(got) - want) <= 1 for got, want in zip(found, PURE[rgb], strict=True)), found


@pytest.mark.parametrize(
    "fps", [Fraction(24), Fraction(24000, 1001), Fraction(6), Fraction(30000, 1001), Fraction(25, 2)]
)
def test_rate_and_count_are_exact(tmp_path: Path, fps: Fraction):
    found = probe_video(film(tmp_path / "a.mp4", count=31, fps=fps))
    assert (found.frames, found.fps, found.width, found.height) == (31, fps, 64, 48)
    assert (found.codec, found.container, found.pix_fmt, found.has_audio) == ("h264", "mp4", "yuv420p", False)


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path):
    assert film(tmp_path / "a.mp4").read_bytes() == film(tmp_path / "b.mp4").read_bytes()


def test_index_stands_before_the_pictures(tmp_path: Path):
    content = film(tmp_path / "a.mp4").read_bytes()
    assert 0 < content.find(b"moov") < content.find(b"mdat")


def test_a_failing_source_leaves_no_file_and_keeps_its_error(tmp_path: Path):
    def failing():
        yield from pictures(5, 64, 48)
        raise FileNotFoundError("the source's own")

    with pytest.raises(FileNotFoundError, match="own"):
        encode(failing(), tmp_path / "a.mp4", width=64, height=48, fps=Fraction(24), crf=20, metadata={})
    assert list(tmp_path.iterdir()) == []


def test_odd_sizes_and_wrong_shapes_are_refused(tmp_path: Path):
    with pytest.raises(WriteFailed, match="even"):
        encode([], tmp_path / "a.mp4", width=63, height=48, fps=Fraction(24), crf=20, metadata={})
    with pytest.raises(WriteFailed, match="shape"):
        encode(pictures(2, 32, 48), tmp_path / "a.mp4", width=64, height=48, fps=Fraction(24), crf=20, metadata={})
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_film(tmp_path: Path):
    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def run(count: int) -> None:
        # 600 pictures of this size are 265 MB.
        encode(
            pictures(count, 480, 306), tmp_path / "a.mp4", width=480, height=306, fps=Fraction(24), crf=40,
            metadata={},
        )  # fmt: skip

    run(120)
    before = peak()
    run(600)
    assert peak() - before < 40_000  # KiB

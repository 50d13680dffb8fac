"""Hand-overs: exact, with every frame, also when the writer merged equal ones."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelc_compiler.plan import Facts
from reelc_runtime.media.errors import MediaError
from reelc_runtime.media.lossless import Frame, encode_apng, read_frames, settle

FPS = Fraction(6)


def clip(order: list[int], width: int = 48, height: int = 32) -> list[Frame]:
    """Frames of noise, one for each number; equal numbers are equal frames."""
    made = {n: np.random.default_rng(n).integers(0, 256, (height, width, 3), dtype=np.uint8) for n in set(order)}
    return [made[n] for n in order]


def facts(frames: int, fps: Fraction | None = FPS, width: int = 48, height: int = 32) -> Facts:
    return Facts(kind="clip" if fps else "image", width=width, height=height, frames=frames, fps=fps)


def as_comfyui_saves(frames: list[Frame], to: Path, fps: float = 6.0) -> None:
    """Pillow's animated PNG, as SaveAnimatedPNG writes it."""
    first, *rest = [Image.fromarray(frame) for frame in frames]
    first.save(to, compress_level=1, save_all=True, duration=int(1000.0 / fps), append_images=rest)


def content(path: Path) -> list[Frame]:
    return [frame for frame, _ in read_frames(path)]


def same(one: list[Frame], other: list[Frame]) -> bool:
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("order", [[0], [0, 1, 2], [0, 0, 1, 1, 1, 2, 2], [3, 3, 3]])
def test_what_is_written_comes_back_exactly(tmp_path: Path, order: list[int]) -> None:
    frames = clip(order)
    count = encode_apng(frames, tmp_path / "a.png", width=48, height=32, fps=FPS)
    assert count == len(order)
    assert same(content(tmp_path / "a.png"), frames)
    assert settle(tmp_path / "a.png", facts(len(order))) == []


def test_pillow_reads_it_as_loadimage_does(tmp_path: Path) -> None:
    frames = clip([0, 0, 1, 2, 2])
    encode_apng(frames, tmp_path / "a.png", width=48, height=32, fps=FPS)
    found: list[Frame] = []
    with Image.open(tmp_path / "a.png") as picture:
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            found.append(np.array(picture.convert("RGB")))
    assert same(found, frames)


@pytest.mark.parametrize("fps", [6.0, 8.0, 23.976, 24.0, 30.0])
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [0, 0, 1, 2], [0, 1, 2, 2, 2], [0, 0, 0, 1, 1, 2, 2, 2, 2]])
def test_frames_that_comfyui_merged_come_back(tmp_path: Path, order: list[int], fps: float) -> None:
    frames = clip(order)
    as_comfyui_saves(frames, tmp_path / "a.png", fps)
    rate = Fraction(24000, 1001) if fps == 23.976 else Fraction(fps)
    assert settle(tmp_path / "a.png", facts(len(order), rate)) == []
    assert same(content(tmp_path / "a.png"), frames)


def test_a_still_is_a_plain_png(tmp_path: Path) -> None:
    """Of one frame Pillow makes no animation: that is how a picture made out of words comes back."""
    path = tmp_path / "still.png"
    as_comfyui_saves(clip([7]), path, fps=1.0)
    assert b"acTL" not in path.read_bytes()
    assert settle(path, facts(1, fps=None)) == []
    assert same(content(path), clip([7]))


def test_a_clip_that_is_one_picture_is_refused(tmp_path: Path) -> None:
    as_comfyui_saves(clip([0, 0, 0]), tmp_path / "a.png")
    assert settle(tmp_path / "a.png", facts(3)) == ["frames is 1 instead of 3, and all of it may be one picture"]


def test_a_card_whose_frames_were_counted_out_is_one_picture(tmp_path: Path) -> None:
    as_comfyui_saves(clip([0, 0, 0]), tmp_path / "a.png")
    assert settle(tmp_path / "a.png", facts(3), counted=True) == []
    frames = [frame for frame, _ in read_frames(tmp_path / "a.png")]
    assert len(frames) == 3
    assert all(np.array_equal(frame, frames[0]) for frame in frames)
    as_comfyui_saves(clip([0, 1, 2]), tmp_path / "b.png")
    assert settle(tmp_path / "b.png", facts(4), counted=True) == ["frames is 3 instead of 4"]


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (facts(2), "frames is more than 2"),
        (facts(3, width=50), "the size is 48x32 instead of 50x32"),
    ],
)
def test_what_is_not_as_planned_is_said(tmp_path: Path, wanted: Facts, says: str) -> None:
    as_comfyui_saves(clip([0, 1, 2]), tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    assert settle(tmp_path / "a.png", wanted) == [says]
    assert (tmp_path / "a.png").read_bytes() == before


def test_a_clip_that_ends_early_is_not_filled_up(tmp_path: Path) -> None:
    for order in ([0, 1, 2], [0, 1, 1]):
        as_comfyui_saves(clip(order), tmp_path / "a.png")
        (said,) = settle(tmp_path / "a.png", facts(4))
        assert said == f"frames is {len(set(order))} instead of 4"


@pytest.mark.parametrize("cut", [0, 10, 100, 2000])
def test_files_that_are_cut_off_are_errors(tmp_path: Path, cut: int) -> None:
    as_comfyui_saves(clip([0, 1, 2]), tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[:cut])
    try:
        said = settle(tmp_path / "a.png", facts(3))
    except MediaError as error:
        said = [str(error)]
    assert said


def test_a_source_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def frames() -> "object":
        yield from clip([0, 1])
        raise RuntimeError("stop")

    make: Callable[[], object] = frames
    with pytest.raises(RuntimeError, match="stop"):
        encode_apng(make(), tmp_path / "a.png", width=48, height=32, fps=FPS)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())

"""Each codec: written, joined, and what a player gets of it."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from films import exact_times, foreign_film, pictures, planned
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelc_compiler.codecs import CODECS, SEQUENCE
from reelc_compiler.plan import Artifact, Facts
from reelc_runtime.media import color
from reelc_runtime.media.assemble import assemble
from reelc_runtime.media.encode import encode
from reelc_runtime.media.errors import CannotJoin, NotAVideo, Truncated, WriteFailed
from reelc_runtime.media.formats import FORMATS
from reelc_runtime.media.lossless import Frame, read_frames
from reelc_runtime.media.verify import check_artifact, probe_video

FILMS = tuple(FORMATS)
RATES = [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25), Fraction(6), Fraction(60)]
# What a decoded channel may be off, of 255, on average: compression, and the rounding of 8 bits to Y'CbCr.
NEAR = {"h264": 3.0, "h265": 4.0, "av1": 4.0, "prores": 1.0, "ffv1": 0.0}


def smooth(count: int, width: int = 64, height: int = 48, first: int = 0) -> list[Frame]:
    """Frames without edges, whose colours all codecs keep: brightness tells the number."""
    across = np.linspace(0, 60, width)[None, :, None]
    down = np.linspace(0, 40, height)[:, None, None]
    tint = np.array([40, 20, 0])[None, None, :]
    return [(across + down + tint + 4 * (number % 25)).astype(np.uint8) for number in range(first, first + count)]


def written(path: Path, codec: str, frames: list[Frame], fps: Fraction) -> Path:
    height, width = frames[0].shape[:2]
    encode(frames, path, width=width, height=height, fps=fps, metadata={"title": "a part"}, codec=codec)
    return path


def film_of(folder: Path, codec: str, parts: list[list[Frame]], fps: Fraction) -> Path:
    ending = CODECS[codec].container
    paths = [written(folder / f"{i}.{ending}", codec, frames, fps) for i, frames in enumerate(parts)]
    output = planned(sum(len(frames) for frames in parts), fps, codec=codec)
    assemble(paths, output, folder / output.file, metadata={"title": "mine"})
    return folder / output.file


def artifact(codec: str, frames: int, fps: Fraction, size: tuple[int, int] = (64, 48)) -> Artifact:
    known = CODECS[codec]
    return Artifact(
        id="a1",
        node="1",
        field="filename_prefix",
        container=known.container,
        codec=known.stream,
        facts=Facts(kind="clip", width=size[0], height=size[1], frames=frames, fps=fps),
    )


def test_every_codec_of_the_language_can_be_written():
    assert {*FILMS, SEQUENCE} == set(CODECS)


@pytest.mark.parametrize("codec", FILMS)
@given(
    first=st.integers(1, 30),
    second=st.integers(0, 12),
    fps=st.sampled_from(RATES),
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_frames_times_and_pixels(tmp_path: Path, codec: str, first: int, second: int, fps: Fraction):
    parts = [smooth(first)] + ([smooth(second, first=first)] if second else [])
    path = film_of(tmp_path, codec, parts, fps)
    found = probe_video(path)
    count = first + second
    assert (found.frames, found.width, found.height, found.codec) == (count, 64, 48, CODECS[codec].stream)
    tick = Fraction(1, 2000) if codec == "ffv1" else Fraction(0)
    times = exact_times(path)
    assert all(abs(time - number / fps) <= tick for number, time in enumerate(times))
    assert len(times) == count
    if codec != "ffv1":
        assert found.fps == fps or count == 1
    for number, ((frame, _), wanted) in enumerate(zip(read_frames(path), smooth(count), strict=True)):
        off = np.abs(frame.astype(int) - wanted.astype(int)).mean()
        assert off <= NEAR[codec], f"frame {number}"


@pytest.mark.parametrize("codec", FILMS)
def test_the_colours_are_told_truly(tmp_path: Path, codec: str):
    path = film_of(tmp_path, codec, [smooth(3), smooth(3)], Fraction(24))
    tags = probe_video(path).color
    if codec == "ffv1":
        assert (tags.primaries, tags.transfer, tags.matrix) == (color.BT709, color.IEC61966, color.IDENTITY)
    else:
        assert tags == color.HD
    with av.open(str(path)) as film:
        assert {name: value for name, value in film.metadata.items() if name == "title"} == {"title": "mine"}
        stream = film.streams.video[0]
        if codec == "h265":
            # The other sample entry, hev1, is one that Apple's players do not play.
            assert stream.codec_context.codec_tag == "hvc1"
        if codec == "prores":
            assert stream.codec_context.codec_tag == "ap4h"


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001)])
def test_a_film_for_editing_has_timecode(tmp_path: Path, fps: Fraction):
    path = film_of(tmp_path, "prores", [smooth(3), smooth(3)], fps)
    with av.open(str(path)) as film:
        assert film.streams.video[0].metadata["timecode"] == "00:00:00:00"
        assert [stream.type for stream in film.streams] == ["video", "data"]
    assert probe_video(path).frames == 6


def test_a_film_for_looking_has_none(tmp_path: Path):
    with av.open(str(film_of(tmp_path, "h264", [smooth(3)], Fraction(24)))) as film:
        assert [stream.type for stream in film.streams] == ["video"]


@pytest.mark.parametrize("codec", ["h265", "av1", "prores"])
def test_pixels_of_an_untagged_film_are_called_what_they_are(tmp_path: Path, codec: str):
    """ComfyUI's SaveVideo without a colour space converts by BT.601 and tags nothing."""
    how = FORMATS[codec]
    part = tmp_path / f"a.{CODECS[codec].container}"
    foreign_film(part, 8, codec=how.encoder, pix_fmt=how.pix_fmt)
    output = planned(8, Fraction(24), codec=codec)
    assemble([part], output, tmp_path / output.file, metadata={})
    assert probe_video(tmp_path / output.file).color.matrix == color.SMPTE170M
    assert b"secret" not in (tmp_path / output.file).read_bytes()


@given(
    count=st.integers(3, 40),
    fps=st.sampled_from(RATES),
    how=st.sampled_from(["bframes=4:b-pyramid=1", "bframes=3:open-gop=1:keyint=8", "bframes=0", "bframes=8:keyint=5"]),
)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hevc_frames_that_wait_for_others_come_in_order(tmp_path: Path, count: int, fps: Fraction, how: str):
    part = tmp_path / "a.mp4"
    # x265 orders no frames before it has seen more than it reorders.
    count += 10
    options = {"x265-params": f"log-level=none:{how}"}
    foreign_film(part, count, fps=fps, codec="libx265", options=options)
    other = foreign_film(tmp_path / "b.mp4", count, fps=fps, codec="libx265", options=options)
    output = planned(2 * count, fps, codec="h265")
    assemble([part, other], output, tmp_path / "film.mp4", metadata={})
    assert exact_times(tmp_path / "film.mp4") == [number / fps for number in range(2 * count)]
    source = [frame for frame, _ in read_frames(part)]
    joined = [frame for frame, _ in read_frames(tmp_path / "film.mp4")]
    brightness = [frame.mean() for frame in source] * 2
    assert np.abs(np.array(brightness) - [frame.mean() for frame in joined]).max() < 3
    assert check_artifact(artifact("h265", 2 * count, fps), tmp_path / "film.mp4") == []


@pytest.mark.parametrize("codec", FILMS)
def test_what_is_downloaded_must_be_what_was_asked_for(tmp_path: Path, codec: str):
    ending = CODECS[codec].container
    path = written(tmp_path / f"a.{ending}", codec, smooth(4), Fraction(24))
    assert check_artifact(artifact(codec, 4, Fraction(24)), path) == []
    assert check_artifact(artifact(codec, 5, Fraction(24)), path) == ["frames is 4 instead of 5"]
    assert check_artifact(artifact(codec, 4, Fraction(24), (64, 64)), path) == ["height is 48 instead of 64"]
    for other in FILMS:
        if other != codec:
            wrong = check_artifact(artifact(other, 4, Fraction(24)), path)
            assert any(sentence.startswith("codec is ") for sentence in wrong)


@pytest.mark.parametrize("codec", FILMS)
def test_parts_of_another_codec_are_not_joined(tmp_path: Path, codec: str):
    other = "h265" if codec == "h264" else "h264"
    part = written(tmp_path / f"a.{CODECS[other].container}", other, smooth(3), Fraction(24))
    output = planned(3, Fraction(24), codec=codec)
    with pytest.raises(CannotJoin, match=f"is {CODECS[other].stream}, not {CODECS[codec].stream}"):
        assemble([part], output, tmp_path / "out" / output.file, metadata={})
    assert list(tmp_path.rglob("*film*")) == []


@pytest.mark.parametrize(("codec", "pixels"), [("h265", "yuv444p"), ("h265", "yuv420p10le"), ("ffv1", "yuv420p")])
def test_parts_with_other_pixels_are_not_joined(tmp_path: Path, codec: str, pixels: str):
    how = FORMATS[codec]
    part = tmp_path / f"a.{CODECS[codec].container}"
    foreign_film(
        part, 8, codec=how.encoder, pix_fmt=pixels, options={"x265-params": "log-level=none"} if codec == "h265" else {}
    )
    output = planned(8, Fraction(24), codec=codec)
    with pytest.raises(CannotJoin, match=f"has pixels in {pixels}, not {how.pix_fmt}"):
        assemble([part], output, tmp_path / "out" / output.file, metadata={})


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "ffv1"])
def test_parts_with_other_parameters_are_not_joined(tmp_path: Path, codec: str):
    """A decoder is told the parameters once, at the beginning."""
    ending = CODECS[codec].container
    first = written(tmp_path / f"a.{ending}", codec, smooth(3), Fraction(24))
    second = written(tmp_path / f"b.{ending}", codec, smooth(3, 128, 96), Fraction(24))
    output = planned(6, Fraction(24), codec=codec)
    # FFV1's parameters do not have the size in them; the container has it.
    if codec == "ffv1":
        assert check_artifact(artifact(codec, 3, Fraction(24)), second) == [
            "width is 128 instead of 64",
            "height is 96 instead of 48",
        ]
        return
    with pytest.raises(CannotJoin, match="was encoded with other parameters"):
        assemble([first, second], output, tmp_path / "out" / output.file, metadata={})
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("codec", FILMS)
def test_a_part_that_is_cut_off_is_seen(tmp_path: Path, codec: str):
    path = written(tmp_path / f"a.{CODECS[codec].container}", codec, list(pictures(12, 64, 48)), Fraction(24))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    try:
        wrong = check_artifact(artifact(codec, 12, Fraction(24)), path)
    except (NotAVideo, Truncated):
        return
    assert wrong != []


@pytest.mark.parametrize("codec", FILMS)
def test_the_same_pictures_give_the_same_bytes(tmp_path: Path, codec: str):
    first = written(tmp_path / f"a.{CODECS[codec].container}", codec, smooth(9), Fraction(24)).read_bytes()
    assert written(tmp_path / f"b.{CODECS[codec].container}", codec, smooth(9), Fraction(24)).read_bytes() == first


@pytest.mark.parametrize("codec", [c.name for c in CODECS.values() if c.name != SEQUENCE])
def test_the_smallest_size_of_each_codec(tmp_path: Path, codec: str):
    least = CODECS[codec].least
    path = tmp_path / f"a.{CODECS[codec].container}"
    encode(smooth(3, least, least), path, width=least, height=least, fps=Fraction(24), metadata={}, codec=codec)
    assert (probe_video(path).width, probe_video(path).height) == (least, least)
    with pytest.raises(WriteFailed):
        encode(smooth(1, 15, 16), path, width=15, height=16, fps=Fraction(24), metadata={}, codec=codec)


@pytest.mark.parametrize("codec", [c.name for c in CODECS.values() if c.crf is not None])
def test_the_rate_factor_is_heeded_to_its_end(tmp_path: Path, codec: str):
    known = CODECS[codec]
    sizes: list[int] = []
    rng = np.random.default_rng(3)
    noise = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(6)]
    for crf in (1, known.crf, known.most):
        path = tmp_path / f"a.{known.container}"
        encode(noise, path, width=64, height=48, fps=Fraction(24), metadata={}, codec=codec, crf=crf)
        sizes.append(path.stat().st_size)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[1] > sizes[2]

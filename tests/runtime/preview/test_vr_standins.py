"""What stands in for depth, two eyes and a sphere: sizes, frames, which eye sees what, and where the window is."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs import Client, Job, clip, image

from reelc_compiler.plan import Facts, Medium, Region, StandIn
from reelc_runtime.media.verify import check, probe_video
from reelc_runtime.preview.errors import Refusal
from reelc_runtime.preview.eyes import eye_size, joined, parted
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.intake import read_prompt
from reelc_runtime.preview.prompts import Prompts
from reelc_runtime.preview.standins import depth, equirect, stereo
from reelc_runtime.preview.task import Stream, Task

Frame = np.ndarray


def task(folder: Path, takes: tuple[Facts, ...], makes: Facts, **settings: Any) -> Task:
    names = "abc"[: len(takes)]
    media = {n: Medium(node="1", slot=0, facts=f) for n, f in zip(names, takes, strict=True)}
    region = Region(
        id="r1", stage="std.x", nodes=("1",), media_in=tuple(names), media_out=("z",),
        stand_in=StandIn(kind="x", settings=settings),
    )  # fmt: skip
    media["z"] = Medium(node="1", slot=0, facts=makes)
    return Task(region=region, graph={"1": {}}, media=media, folders=Folders(folder), clean=False)


def repeated(frame: Frame, facts: Facts) -> Stream:
    def frames() -> Iterator[Frame]:
        for _ in range(facts.frames):
            yield frame

    return Stream(facts, frames)


def bar(width: int, height: int) -> Frame:
    """White columns in the middle of black."""
    frame = np.zeros((height, width, 3), np.uint8)
    frame[:, width // 2 - 2 : width // 2 + 2] = 255
    return frame


def middle(row: Frame) -> float:
    """Where the light of a row lies."""
    light = row[:, 0].astype(float)
    return float((light * np.arange(len(light))).sum() / light.sum())


@given(
    width=st.integers(1, 40).map(lambda n: 2 * n), height=st.integers(1, 40).map(lambda n: 2 * n),
    layout=st.sampled_from(["mono", "sbs", "tb"]),
)  # fmt: skip
def test_what_is_parted_is_joined_again(width: int, height: int, layout: str):
    frame = np.arange(width * height * 3, dtype=np.uint32).astype(np.uint8).reshape(height, width, 3)
    views = parted(frame, layout)
    assert {(v.shape[1], v.shape[0]) for v in views} == {eye_size(width, height, layout)}
    assert np.array_equal(joined(views, layout), frame)


def test_depth_is_a_ramp_and_the_same_in_every_frame(tmp_path: Path):
    facts = clip(64, 48, 5)
    wanted = task(tmp_path, (facts,), facts)
    assert depth.check(wanted) is None
    found = list(depth.frames(wanted, (repeated(bar(64, 48), facts),)))
    assert len(found) == 5
    assert found[0].shape == (48, 64, 3)
    assert found[0][0].max() == 0
    assert found[0][-1].min() == 255
    assert all(np.array_equal(f, found[0]) for f in found)
    assert "7 go out" in (depth.check(task(tmp_path, (facts,), clip(64, 48, 7))) or "")


@pytest.mark.parametrize(("layout", "size"), [("sbs", (400, 60)), ("tb", (200, 120))])
def test_near_things_lie_to_the_right_for_the_left_eye(tmp_path: Path, layout: str, size: tuple[int, int]):
    facts = clip(200, 60, 3)
    wanted = task(tmp_path, (facts, facts), replace(clip(*size, 3), eyes=layout), parallax=0.04)
    assert stereo.check(wanted) is None
    near = np.zeros((60, 200, 3), np.uint8)
    near[30:] = 255
    found = list(stereo.frames(wanted, (repeated(bar(200, 60), facts), repeated(near, facts))))
    assert len(found) == 3
    assert (found[0].shape[1], found[0].shape[0]) == size
    left, right = parted(found[0], layout)
    assert middle(left[10]) == middle(right[10]) == 99.5  # black is at the depth of the screen
    assert middle(left[50]) == pytest.approx(99.5 + 4, abs=0.1)
    assert middle(right[50]) == pytest.approx(99.5 - 4, abs=0.1)


def test_depth_may_have_another_size(tmp_path: Path):
    facts, small = clip(64, 48, 2), clip(10, 6, 2)
    wanted = task(tmp_path, (facts, small), replace(clip(128, 48, 2), eyes="sbs"), parallax=0.01)
    assert stereo.check(wanted) is None
    found = list(stereo.frames(wanted, (repeated(bar(64, 48), facts), repeated(bar(10, 6), small))))
    assert [f.shape for f in found] == [(48, 128, 3)] * 2


PLAIN, PAIR = clip(64, 48, 3), replace(clip(128, 48, 3), eyes="sbs")


@pytest.mark.parametrize(
    ("takes", "makes", "parallax", "words"),
    [
        ((PLAIN, PLAIN), PAIR, "1.2%", "parallax is a share"),
        ((PLAIN, PLAIN), PAIR, 0.3, "parallax is a share"),
        ((PLAIN, PLAIN), PLAIN, 0.01, "from mono to mono"),
        ((PAIR, PLAIN), PAIR, 0.01, "from sbs to sbs"),
        ((PLAIN, PLAIN), replace(clip(126, 48, 3), eyes="sbs"), 0.01, "each eye sees a picture of 64x48"),
        ((PLAIN, clip(64, 48, 2)), PAIR, 0.01, "2 depths"),
    ],
)
def test_what_cannot_be_two_eyes(tmp_path: Path, takes: tuple[Facts, ...], makes: Facts, parallax: Any, words: str):
    assert words in (stereo.check(task(tmp_path, takes, makes, parallax=parallax)) or "")


def on_sphere(width: int, height: int, projection: str, eyes: str = "mono") -> Facts:
    return replace(clip(width, height, 2), projection=projection, eyes=eyes)


@pytest.mark.parametrize(
    ("eyes", "flat", "sphere", "projection"),
    [
        ("mono", (160, 90), (128, 128), "equirect180"),
        ("sbs", (320, 90), (256, 128), "equirect180"),
        ("tb", (160, 180), (256, 256), "equirect360"),
    ],
)
def test_the_window_covers_ninety_degrees_in_front(
    tmp_path: Path, eyes: str, flat: tuple[int, int], sphere: tuple[int, int], projection: str
):
    takes = replace(clip(*flat, 2), eyes=eyes)
    wanted = task(tmp_path, (takes,), on_sphere(*sphere, projection, eyes), across=90)
    assert equirect.check(wanted) is None
    white = np.full((flat[1], flat[0], 3), 255, np.uint8)
    found = list(equirect.frames(wanted, (repeated(white, takes),)))
    assert len(found) == 2
    for view in parted(found[0], eyes):
        high, wide = view.shape[:2]
        turn = 180 if projection == "equirect180" else 360
        seen = np.argwhere(view[:, :, 0] > 0)
        columns, rows = seen[:, 1], seen[:, 0]
        # 45 degrees to the left and right; above and below the angle of 9/16 of a face.
        assert columns.min() == round(wide / 2 - wide * 45 / turn)
        assert columns.max() == round(wide / 2 + wide * 45 / turn) - 1
        up = math.degrees(math.atan(9 / 16))
        assert rows.min() == pytest.approx(high / 2 - high * up / 180, abs=1)
        assert rows.max() == pytest.approx(high / 2 + high * up / 180 - 1, abs=1)


def test_the_window_is_upright_and_not_mirrored(tmp_path: Path):
    facts = clip(90, 90, 2)
    quarters = np.zeros((90, 90, 3), np.uint8)
    quarters[:45, :, 0] = quarters[:, :45, 1] = 255
    wanted = task(tmp_path, (facts,), on_sphere(180, 180, "equirect180"), across=90)
    found = next(iter(equirect.frames(wanted, (repeated(quarters, facts),))))
    assert found[80, 80].tolist() == [255, 255, 0]
    assert found[80, 100].tolist() == [255, 0, 0]
    assert found[100, 80].tolist() == [0, 255, 0]
    assert found[100, 100].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("takes", "makes", "across", "words"),
    [
        (PLAIN, on_sphere(64, 64, "equirect180"), 90, "3 of mono come in, 2 of mono go out"),
        (clip(64, 48, 2), on_sphere(64, 64, "equirect180", "sbs"), 90, "2 of mono come in, 2 of sbs go out"),
        (clip(64, 48, 2), clip(64, 64, 2), 90, "from flat to flat"),
        (on_sphere(64, 64, "equirect180"), on_sphere(64, 64, "equirect360"), 90, "from equirect180 to equirect360"),
        (clip(64, 48, 2), on_sphere(64, 64, "equirect180"), 180, "across is the angle"),
        (clip(64, 48, 2), on_sphere(64, 64, "equirect180"), "90", "across is the angle"),
    ],
)
def test_what_cannot_be_put_on_a_sphere(tmp_path: Path, takes: Facts, makes: Facts, across: Any, words: str):
    assert words in (equirect.check(task(tmp_path, (takes,), makes, across=across)) or "")


def pair(job: Job | None = None, **changes: Any) -> Job:
    """A still, a clip, its depth, two eyes."""
    job = job or Job().load(image(160, 120)).stage("a", "move", clip(64, 48, 3))
    source = job.last
    job.stage("std.vda.depth", "depth", clip(64, 48, 3))
    facts = replace(clip(128, 48, 3), **{"eyes": "sbs", **changes})
    job.stage("std.vr.eyes", "stereo", facts, {"parallax": 0.02})
    job.regions[-1] = replace(job.regions[-1], media_in=(source, *job.regions[-1].media_in))
    return job


async def test_a_film_for_a_headset_is_as_planned(tmp_path: Path, client: Client):
    job = pair().stage(
        "std.vr.equirect", "equirect", replace(on_sphere(256, 128, "equirect180", "sbs"), frames=3), {"across": 90}
    )
    await client.run(job.encode())
    (path,) = (tmp_path / "worker" / "output").rglob("*.mp4")
    assert check(clip(256, 128, 3), probe_video(path)) == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"eyes": "three"}, "the eyes of m4 are not one of mono, sbs, tb"),
        ({"eyes": None}, "the eyes of m4 are not one of"),
        ({"projection": "fisheye"}, "the projections of m4 are not one of flat"),
        ({"width": 127}, "do not share 127x48 evenly"),
    ],
)
def test_a_view_with_other_eyes_is_refused(tmp_path: Path, facts: dict[str, Any], words: str):
    body = pair().encode().body()
    body["extra_data"]["reelc"]["media"]["m4"]["facts"] |= facts
    with pytest.raises(Refusal) as caught:
        read_prompt(json.dumps(body).encode(), Prompts(), Folders(tmp_path), clean=False)
    assert words in str(caught.value.body)

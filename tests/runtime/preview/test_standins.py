"""Each stand-in keeps its word: the size and the number of frames that the facts say, decoded and counted."""

import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs import Client, Job, clip, film, image, png, still

from reelc_compiler.plan import Facts, Medium, Region, StandIn
from reelc_compiler.sema.check import STAND_INS
from reelc_runtime.media.verify import check, probe_video
from reelc_runtime.preview import PreviewWorker, pictures
from reelc_runtime.preview.errors import StandInError
from reelc_runtime.preview.eyes import parted
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.label import Label
from reelc_runtime.preview.standins import flow, load, move, registry, resize, upscale
from reelc_runtime.preview.task import Stream, Task


def task(folder: Path, takes: Facts, makes: Facts, graph: dict[str, Any] | None = None, **settings_: Any) -> Task:
    media = {"a": Medium(node="1", slot=0, facts=takes), "b": Medium(node="1", slot=0, facts=makes)}
    region = Region(
        id="r1", stage="std.x", nodes=("1",), media_in=("a",), media_out=("b",),
        stand_in=StandIn(kind="x", settings=settings_),
    )  # fmt: skip
    return Task(region=region, graph=graph or {"1": {}}, media=media, folders=Folders(folder), clean=False)


def stream(facts: Facts) -> Stream:
    """A still, or a clip in which a picture slides two pixels a frame."""
    base = still(facts.width + 2 * facts.frames, facts.height)

    def frames() -> Iterator[np.ndarray]:
        for number in range(facts.frames):
            yield np.ascontiguousarray(base[:, 2 * number : 2 * number + facts.width])

    return Stream(facts, frames)


def made(kind: Any, task_: Task) -> list[np.ndarray]:
    return list(kind.frames(task_, (stream(task_.takes),)))


def test_there_is_a_module_for_each_kind_that_a_stage_may_name():
    assert set(registry()) == {*STAND_INS, "load", "keep", "encode"} - {"none"}


async def test_a_whole_film_is_exactly_as_planned(tmp_path: Path, client: Client):
    _, history = await client.run(film(width=160, height=96, frames=5, factor=2, steps=3))
    (output,) = history["outputs"].values()
    (file,) = output["images"]
    assert file == {"filename": "01-film-a1_00001_.mp4", "subfolder": "reelc/test/run", "type": "output"}
    found = probe_video(tmp_path / "worker" / "output" / file["subfolder"] / file["filename"])
    assert check(clip(320, 192, 13, Fraction(24)), found, container="mp4", codec="h264") == []
    answer = await client.http.get("/view", params=file)
    assert answer.content == (tmp_path / "worker/output" / file["subfolder"] / file["filename"]).read_bytes()


@pytest.mark.parametrize("fps", ["24000/1001", "24", "25/2"])
async def test_rates_are_exact(tmp_path: Path, client: Client, fps: str):
    facts = clip(64, 48, 7, Fraction(fps))
    job = Job().load(image(160, 120)).stage("std.svd.animate", "move", facts).encode()
    await client.run(job)
    (path,) = (tmp_path / "worker" / "output").rglob("*.mp4")
    assert check(facts, probe_video(path)) == []
    assert probe_video(path).fps == Fraction(fps)


@given(
    width=st.integers(2, 90), height=st.integers(2, 90), before=st.integers(1, 7), steps=st.integers(1, 6),
    up=st.integers(1, 3),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_any_count_and_size(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, before: int, steps: int, up: int
):
    folder = tmp_path_factory.mktemp("any")
    moved = made(move, task(folder, image(70, 50), clip(width, height, before)))
    raised = made(upscale, task(folder, clip(width, height, before), clip(width * up, height * up, before)))
    after = (before - 1) * steps + 1
    between = made(flow, task(folder, clip(width, height, before), clip(width, height, after)))
    assert (len(moved), len(raised), len(between)) == (before, before, after)
    assert {f.shape for f in moved} == {f.shape for f in between} == {(height, width, 3)}
    assert {f.shape for f in raised} == {(height * up, width * up, 3)}
    assert {f.dtype for f in (*moved, *raised, *between)} == {np.dtype(np.uint8)}


@pytest.mark.parametrize(
    ("before", "after", "steps"),
    [(25, 97, 4), (25, 96, None), (1, 1, 1), (1, 2, None), (3, 2, None), (2, 5, 4)],
)
def test_multiplier(before: int, after: int, steps: int | None):
    assert flow.multiplier(before, after) == steps


@pytest.mark.parametrize(("width", "height"), [(90, 25), (2, 2), (300, 16), (16, 300), (64, 2), (1000, 20)])
def test_flow_survives_sizes_that_crash_opencv(tmp_path: Path, width: int, height: int):
    """Searched as they are, these segfault in OpenCV 5.0.0 (the whole process, in native code)."""
    found = made(flow, task(tmp_path, clip(width, height, 4), clip(width, height, 10)))
    assert [frame.shape for frame in found] == [(height, width, 3)] * 10


def test_flow_lands_between(tmp_path: Path):
    """The picture slides 2 pixels a frame, so half-way it has slid 1: better than a mere blend."""
    takes, makes = clip(128, 96, 3), clip(128, 96, 5)
    base = still(128 + 6, 96)
    found = made(flow, task(tmp_path, takes, makes))
    truth = base[:, 1:129].astype(float)
    blend = (base[:, 0:128].astype(float) + base[:, 2:130]) / 2
    inner = (slice(12, -12), slice(12, -12))
    assert np.abs(found[1][inner] - truth[inner]).mean() < 1.5
    assert np.abs(found[1][inner] - truth[inner]).mean() <= np.abs(blend[inner] - truth[inner]).mean() + 0.5
    assert np.array_equal(found[2], base[:, 2:130])
    assert all(np.array_equal(a, b) for a, b in zip(found, made(flow, task(tmp_path, takes, makes)), strict=True))


def test_a_move_that_arrives_ends_with_the_other_still(tmp_path: Path):
    task_ = task(tmp_path, image(64, 48), clip(64, 48, 9), arrives=True)
    dark, light = (
        Stream(image(64, 48), lambda v=value: iter([np.full((48, 64, 3), v, np.uint8)])) for value in (20, 220)
    )
    assert move.check(task_) is None
    levels = [int(frame[24, 32, 0]) for frame in move.frames(task_, (dark, light))]
    assert (levels[0], levels[-1], len(levels)) == (20, 220, 9)
    assert levels == sorted(levels)
    assert "arrives is true or false" in str(move.check(task(tmp_path, image(64, 48), clip(64, 48, 9), arrives="yes")))


def test_the_move_is_slow_smooth_and_never_shows_an_edge(tmp_path: Path):
    picture = still(192, 108)
    facts = clip(192, 108, 25)
    frames = list(
        move.frames(task(tmp_path, image(192, 108), facts), (Stream(image(192, 108), lambda: iter([picture])),))
    )
    assert np.array_equal(frames[0], picture)
    steps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]
    assert max(steps) < 6
    assert np.abs(np.diff(steps)).max() < 1.0  # no jerk
    assert steps[0] < max(steps) / 2 > steps[-1]  # soft start, soft stop
    assert [move.eased(x) for x in (0, 0.5, 1)] == [0, 0.5, 1]
    bright = np.full((108, 192, 3), 200, np.uint8)
    still_bright = move.frames(
        task(tmp_path, image(192, 108), facts), (Stream(image(192, 108), lambda: iter([bright])),)
    )
    assert all(frame.min() == 200 for frame in still_bright)


def test_resize_rules():
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[:, 50:150] = 255
    assert resize.fitted(picture, 64, 64, "crop").min() == 255  # exactly the middle square is left
    stretched = resize.fitted(picture, 50, 100, "stretch")
    assert stretched.shape == (100, 50, 3)
    assert stretched[:, :12].max() < 10
    padded = resize.fitted(np.full((100, 201, 3), 255, np.uint8), 64, 64, "pad")
    tall = int(100 * (64 / 201))
    top = (64 - tall) // 2
    assert padded[top : top + tall].min() > 250
    assert padded[:top].max() == padded[top + tall :].max() == 0


@given(w=st.integers(1, 300), h=st.integers(1, 300), width=st.integers(1, 200), height=st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_resize_never_misses_its_size(w: int, h: int, width: int, height: int):
    picture = np.zeros((h, w, 3), np.uint8)
    for rule in resize.RULES:
        least, most = (min(w, width), min(h, height)), (max(w, width), max(h, height))
        wanted = {"cut": least, "place": most}.get(rule, (width, height))
        assert resize.fitted(picture, *wanted, rule).shape == (wanted[1], wanted[0], 3)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (57, 48), (64, 33), (33, 7), (1, 1)])
def test_a_cut_is_the_middle_of_every_frame_untouched(tmp_path: Path, width: int, height: int):
    takes = clip(64, 48, 5)
    wanted = task(tmp_path, takes, clip(width, height, 5), rule="cut")
    assert resize.check(wanted) is None
    left, top = (64 - width) // 2, (48 - height) // 2  # as std.finish.crop places ImageCrop
    whole = list(stream(takes).open())
    found = made(resize, wanted)
    assert len(found) == 5
    for before, after in zip(whole, found, strict=True):
        assert np.array_equal(after, before[top : top + height, left : left + width])
        assert after.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize(("width", "height", "frames"), [(65, 48, 5), (64, 49, 5), (64, 48, 4), (64, 48, 6)])
def test_what_cannot_be_cut(tmp_path: Path, width: int, height: int, frames: int):
    words = resize.check(task(tmp_path, clip(64, 48, 5), clip(width, height, frames), rule="cut"))
    assert words is not None
    assert ("cannot be cut out of 64x48" if frames == 5 else "keeps the number of frames") in words


async def test_a_clip_is_resized_by_every_rule(tmp_path: Path, client: Client):
    """Also a clip of an odd height, which only the film at the end may not have."""
    job = Job().load(image(160, 120)).stage("a.b", "move", clip(72, 48, 3))
    job.stage("std.finish.crop", "resize", clip(72, 41, 3), {"rule": "cut"})
    for rule in ("pad", "stretch", "crop"):
        job.stage(f"a.{rule}", "resize", clip(80, 60, 3), {"rule": rule})
    await client.run(job.encode())
    (path,) = (tmp_path / "worker" / "output").rglob("*.mp4")
    assert check(clip(80, 60, 3), probe_video(path)) == []


def exif(orientation: int) -> bytes:
    """A minimal EXIF block that says how the picture is turned."""
    tiff = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + bytes([orientation, 0, 0, 0]) + bytes(4)
    return b"Exif\x00\x00" + tiff


@pytest.mark.parametrize("orientation", range(1, 9))
def test_load_turns_pictures_as_their_exif_says(tmp_path: Path, orientation: int):
    picture = still(96, 64)
    jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    block = exif(orientation)
    jpeg = jpeg[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + jpeg[2:]
    turn = {
        1: lambda p: p, 2: lambda p: p[:, ::-1], 3: lambda p: p[::-1, ::-1], 4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2), 6: lambda p: np.rot90(p, -1), 7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: np.rot90(p, 1),
    }[orientation]  # fmt: skip
    expected = turn(picture)
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "in.jpg").write_bytes(jpeg)
    facts = image(expected.shape[1], expected.shape[0])
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": "in.jpg"}}}
    (frame,) = load.frames(task(tmp_path, facts, facts, graph, node="1", field="image"), ())
    assert frame.shape == expected.shape
    assert np.abs(frame.astype(int) - expected).mean() < 6


def test_load_drops_alpha_and_reads_grey(tmp_path: Path):
    bgra = np.dstack([cv2.cvtColor(still(40, 30), cv2.COLOR_RGB2BGR), np.zeros((30, 40), np.uint8)])
    found = pictures.decode(cv2.imencode(".png", bgra)[1].tobytes())
    assert found is not None
    assert np.array_equal(found, still(40, 30))
    grey = pictures.decode(cv2.imencode(".png", bgra[..., 0])[1].tobytes())
    assert grey is not None
    assert grey.shape == (30, 40, 3)
    assert pictures.decode(b"nonsense") is None
    assert pictures.decode(b"") is None


async def test_load_reads_clips(tmp_path: Path, client: Client):
    await client.run(film(frames=3, steps=2))
    (path,) = (tmp_path / "worker" / "output").rglob("*.mp4")
    await client.upload(path.read_bytes(), "clip.mp4")
    job = Job(file="clip.mp4", prefix="again").load(clip(320, 240, 5)).encode()
    await client.run(job)
    assert probe_video(tmp_path / "worker" / "output" / "again_00001_.mp4").frames == 5


async def test_facts_that_do_not_hold_stop_the_prompt(client: Client):
    _, history = await client.run(Job().load(image(161, 120)).stage("a.b", "move", clip(64, 48, 3)).encode())
    assert history["status"]["status_str"] == "error"
    name, data = history["status"]["messages"][-1]
    assert name == "execution_error"
    assert data["node_id"] == "1"
    assert data["exception_message"] == "load made a frame of 160x120 instead of 161x120\n"
    assert history["outputs"] == {}


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (64, 48), (48, 200), (16, 16)])
def test_the_label_is_there_and_leaves_the_rest_alone(width: int, height: int):
    frame = np.full((height, width, 3), 128, np.uint8)
    out = Label(width, height).on(frame)
    changed = np.argwhere((out != frame).any(axis=2))
    assert frame.min() == frame.max() == 128
    assert changed[:, 0].min() > height / 2
    assert changed.size > 0
    if width >= 640:
        assert out.max() > 240  # white letters
        assert out[changed[0][0], changed[0][1]].max() < 60  # on a dark box


@pytest.mark.parametrize("layout", ["sbs", "tb"])
def test_each_eye_sees_the_label(layout: str):
    frame = np.full((180, 320, 3), 128, np.uint8)
    one = Label(160, 180).on(frame[:, :160]) if layout == "sbs" else Label(320, 90).on(frame[:90])
    left, right = parted(Label(320, 180, layout).on(frame), layout)
    assert np.array_equal(left, one)
    assert np.array_equal(right, one)


@pytest.mark.parametrize("how", ["label", "prompt", "worker"])
async def test_clean_only_where_it_was_asked_for(tmp_path: Path, how: str):
    async with PreviewWorker(tmp_path, clean=how == "worker") as worker, Client(worker.url) as client:
        await client.upload(png(np.full((120, 160, 3), 128, np.uint8)))
        job = Job(prefix="x").load(image(160, 120)).stage("a.b", "move", clip(320, 240, 2)).encode(crf=1)
        await client.run(job, **({"preview": {"clean": True}} if how == "prompt" else {}))
    with av.open(str(tmp_path / "output" / "x_00001_.mp4")) as film_:
        picture = next(film_.decode(video=0)).to_ndarray(format="rgb24")
        assert "not a render" in film_.metadata["title"]
        assert "stand-ins" in film_.metadata["comment"]
    assert (picture.std() > 5) == (how == "label")


async def test_outputs_are_numbered_like_comfyuis(tmp_path: Path, client: Client):
    job = Job(prefix="video/film").load(image(160, 120)).stage("a.b", "move", clip(64, 48, 2)).encode()
    for _ in range(3):
        await client.run(job)
    names = sorted(p.name for p in (tmp_path / "worker" / "output" / "video").iterdir())
    assert names == ["film_00001_.mp4", "film_00002_.mp4", "film_00003_.mp4"]
    contents = {p.read_bytes() for p in (tmp_path / "worker" / "output" / "video").iterdir()}
    assert len(contents) == 1, "the same preview, the same bytes"


async def test_a_medium_may_be_used_twice(tmp_path: Path, client: Client):
    job = Job(prefix="one").load(image(160, 120)).stage("a.b", "move", clip(64, 48, 5)).encode()
    moved, job.prefix = job.last, "two"
    job.stage("c.d", "flow", clip(64, 48, 9)).encode()
    job.prefix, job.last = "three", moved
    job.stage("e.f", "upscale", clip(128, 96, 5)).encode()
    _, history = await client.run(job)
    names = [output["images"][0]["filename"] for output in history["outputs"].values()]
    assert names == ["one_00001_.mp4", "two_00001_.mp4", "three_00001_.mp4"]
    found = [probe_video(tmp_path / "worker" / "output" / name) for name in names]
    assert [(f.width, f.frames) for f in found] == [(64, 5), (64, 9), (128, 5)]
    executing = [data["node"] for kind, data in client.events() if kind == "executing"]
    assert len(executing) == len(set(executing)) == len(job.graph) + 1


def test_frames_are_never_gathered(tmp_path: Path):
    """3000 frames through move, upscale and flow: all at once they would be 138 MB."""
    small, big, long = clip(64, 48, 1000), clip(160, 96, 1000), clip(160, 96, 2998)
    moved = Stream(small, lambda: move.frames(task(tmp_path, image(64, 48), small), (stream(image(64, 48)),)))
    raised = Stream(big, lambda: upscale.frames(task(tmp_path, small, big), (moved,)))
    tracemalloc.start()
    count = sum(1 for _ in flow.frames(task(tmp_path, big, long), (raised,)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 2998
    assert peak < 8_000_000


def test_an_image_is_one_frame():
    with pytest.raises(StandInError, match="has 2"):
        Stream(clip(8, 8, 2), lambda: iter([still(8, 8)] * 2)).only()

"""The stand-ins for what finishes a clip: which frames, how fast, faded, matched in colour; counted and compared."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs import clip, image, still
from test_standins import made, stream, task

from reelc_compiler.plan import Medium, Region, StandIn
from reelc_runtime.preview import pictures
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.standins import color, dissolve, fade, flow, pick, resize
from reelc_runtime.preview.task import Stream, Task


def numbered(frames: int, width: int = 8, height: int = 6) -> Stream:
    """A clip in which each frame is as bright as its number."""

    def shown() -> Iterator[np.ndarray]:
        for number in range(frames):
            yield np.full((height, width, 3), number, np.uint8)

    return Stream(clip(width, height, frames), shown)


def numbers(kind: Any, folder: Path, before: int, after: int, **settings_: Any) -> list[int]:
    task_ = task(folder, clip(8, 6, before), clip(8, 6, after), **settings_)
    assert kind.check(task_) is None
    return [int(frame[0, 0, 0]) for frame in kind.frames(task_, (numbered(before),))]


# -- exact rates ---------------------------------------------------------------------------------


@given(before=st.integers(2, 9), times=st.integers(1, 16), every=st.integers(1, 16))
@settings(max_examples=40, deadline=None)
def test_flow_multiplies_and_then_keeps_every_nth(
    tmp_path_factory: pytest.TempPathFactory, before: int, times: int, every: int
):
    folder = tmp_path_factory.mktemp("rate")
    after = ((before - 1) * times) // every + 1
    frames = made(flow, task(folder, clip(16, 12, before), clip(16, 12, after), times=times, every=every))
    assert len(frames) == after
    whole = made(flow, task(folder, clip(16, 12, before), clip(16, 12, (before - 1) * times + 1)))
    assert all(np.array_equal(one, other) for one, other in zip(frames, whole[::every], strict=True))


@pytest.mark.parametrize(
    ("settings_", "before", "after", "found"),
    [
        ({"times": 3, "every": 2}, 81, 121, (3, 2)),  # 16 to 24 frames a second
        ({"times": 3, "every": 2}, 81, 120, None),
        ({"times": 5, "every": 2}, 25, 61, (5, 2)),
        ({"times": 4}, 25, 97, (4, 1)),
        ({}, 25, 97, (4, 1)),
        ({"every": 2}, 25, 49, None),
        ({"times": 0, "every": 1}, 25, 1, None),
        ({"times": 2.5, "every": 1}, 25, 61, None),
        ({"times": True, "every": True}, 25, 25, None),
    ],
)
def test_rhythm(settings_: dict[str, Any], before: int, after: int, found: tuple[int, int] | None):
    assert flow.rhythm(settings_, before, after) == found


def test_flow_says_what_does_not_fit(tmp_path: Path):
    said = flow.check(task(tmp_path, clip(8, 6, 81), clip(8, 6, 120), times=3, every=2))
    assert said == "120 frames do not come out of 81 frames by times 3, every 2"


# -- picking -------------------------------------------------------------------------------------


def test_pick(tmp_path: Path):
    assert numbers(pick, tmp_path, 5, 5) == [0, 1, 2, 3, 4]
    assert numbers(pick, tmp_path, 9, 3, first=4) == [4, 5, 6]
    assert numbers(pick, tmp_path, 9, 5, step=2) == [0, 2, 4, 6, 8]
    assert numbers(pick, tmp_path, 9, 9, first=8, step=-1) == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert numbers(pick, tmp_path, 9, 3, first=7, step=-3) == [7, 4, 1]
    assert numbers(pick, tmp_path, 9, 4, numbers=[0, 1, 3, 8]) == [0, 1, 3, 8]


def test_a_still_is_picked_from_a_clip(tmp_path: Path):
    task_ = task(tmp_path, clip(8, 6, 9), image(8, 6), first=8)
    assert pick.check(task_) is None
    (frame,) = pick.frames(task_, (numbered(9),))
    assert frame[0, 0, 0] == 8


def test_backwards_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Only a block is held, and what lies before it is made again."""
    opened = []
    source = numbered(7)

    def counted() -> Iterator[np.ndarray]:
        opened.append(1)
        yield from source.open()

    monkeypatch.setattr(pick, "HELD", 3 * 8 * 6 * 3)
    task_ = task(tmp_path, clip(8, 6, 7), clip(8, 6, 7), first=6, step=-1)
    found = [int(f[0, 0, 0]) for f in pick.frames(task_, (Stream(source.facts, counted),))]
    assert found == [6, 5, 4, 3, 2, 1, 0]
    assert len(opened) == 3


@pytest.mark.parametrize(
    ("settings_", "after", "said"),
    [
        ({"first": 5}, 5, "5 frames from number 5 by 1 do not lie in a clip of 9"),
        ({"first": 9}, 1, "1 frames from number 9 by 1 do not lie in a clip of 9"),
        ({"first": 3, "step": -1}, 5, "5 frames from number 3 by -1 do not lie in a clip of 9"),
        ({"step": 0}, 3, "whole numbers, not {'step': 0}"),
        ({"first": "2"}, 3, "whole numbers, not {'first': '2'}"),
        ({"first": -1}, 1, "1 frames from number -1 by 1 do not lie in a clip of 9"),
        ({"numbers": [0, 1]}, 3, "2 numbers are no 3 frames"),
        ({"numbers": [0, 9]}, 2, "the numbers of a pick rise, from 0 to at most 8"),
        ({"numbers": [1, 1]}, 2, "the numbers of a pick rise, from 0 to at most 8"),
        ({"numbers": [-1, 1]}, 2, "the numbers of a pick rise, from 0 to at most 8"),
        ({"numbers": [True]}, 1, "a list of whole numbers"),
        ({"numbers": 3}, 1, "a list of whole numbers"),
    ],
)
def test_pick_refuses(tmp_path: Path, settings_: dict[str, Any], after: int, said: str):
    assert said in (pick.check(task(tmp_path, clip(8, 6, 9), clip(8, 6, after), **settings_)) or "")


def test_pick_does_not_resize(tmp_path: Path):
    assert pick.check(task(tmp_path, clip(8, 6, 9), clip(8, 8, 9))) == "picking keeps the size of the frames"


# -- fades ---------------------------------------------------------------------------------------


def test_a_fade_is_a_straight_line(tmp_path: Path):
    task_ = task(tmp_path, clip(8, 6, 9), clip(8, 6, 9), opening=3, closing=4, color="black")
    plain = np.full((6, 8, 3), 120, np.uint8)
    source = Stream(clip(8, 6, 9), lambda: iter([plain] * 9))
    assert fade.check(task_) is None
    # As KJNodes' CrossFadeImages: the first of an opening and the last of a closing are the colour.
    assert [int(f[0, 0, 0]) for f in fade.frames(task_, (source,))] == [0, 60, 120, 120, 120, 120, 80, 40, 0]


def test_a_fade_to_white_keeps_the_rest(tmp_path: Path):
    task_ = task(tmp_path, clip(8, 6, 6), clip(8, 6, 6), closing=2, color="white")
    assert [int(f[0, 0, 0]) for f in fade.frames(task_, (numbered(6),))] == [0, 1, 2, 3, 4, 255]


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"color": "red"}, "a fade is to one of black, white, not 'red'"),
        ({"opening": 5, "closing": 5}, "fades of 5 and 5 frames do not fit into a clip of 9"),
        ({"opening": 2.5}, "a fade takes a number of frames, not 2.5 and 0"),
        ({"closing": -1}, "a fade takes a number of frames, not 0 and -1"),
    ],
)
def test_fade_refuses(tmp_path: Path, settings_: dict[str, Any], said: str):
    assert fade.check(task(tmp_path, clip(8, 6, 9), clip(8, 6, 9), **settings_)) == said


# -- colours -------------------------------------------------------------------------------------


def spread(frames: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    values = np.concatenate([pictures.lab(f).reshape(-1, 3) for f in frames])
    return values.mean(axis=0), values.std(axis=0)


def test_colours_become_those_of_the_other(tmp_path: Path):
    gray = [(still(64, 48) // 3 + 40 + n).astype(np.uint8) for n in range(4)]
    warm = (still(48, 40) // 2 + np.array([90, 60, 20])).astype(np.uint8)
    task_ = task(tmp_path, clip(64, 48, 4), clip(64, 48, 4))
    inputs = (Stream(clip(64, 48, 4), lambda: iter(gray)), Stream(clip(48, 40, 1), lambda: iter([warm])))
    assert color.check(task_) is None
    found = list(color.frames(task_, inputs))
    mean, wide = spread(found)
    wanted, range_ = spread([warm])
    assert np.abs(mean - wanted).max() < 2.5
    assert np.abs(wide - range_).max() < 4
    # One change for all: what grew brighter from frame to frame still does.
    bright = [float(f.mean()) for f in found]
    assert bright == sorted(bright)


def test_colours_of_one_frame_and_a_share_of_the_way(tmp_path: Path):
    source = stream(clip(32, 24, 4))
    frames = list(source.open())
    same = task(tmp_path, clip(32, 24, 4), clip(32, 24, 4), strength=0)
    assert all(
        np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(color.frames(same, (source, source)), frames, strict=True)
    )
    third = task(tmp_path, clip(32, 24, 4), clip(32, 24, 4), frame=2)
    like = Stream(clip(32, 24, 1), lambda: iter([frames[2]]))
    # The frame that stands for the clip comes back as it was.
    assert np.abs(list(color.frames(third, (source, like)))[2].astype(int) - frames[2]).max() <= 2


@pytest.mark.parametrize(
    ("settings_", "said"),
    [
        ({"strength": 1.5}, "strength is a number from 0 to 1, not 1.5"),
        ({"frame": 9}, "there is no frame 9 in a clip of 9"),
        ({"frame": "first"}, "there is no frame 'first' in a clip of 9"),
    ],
)
def test_color_refuses(tmp_path: Path, settings_: dict[str, Any], said: str):
    assert color.check(task(tmp_path, clip(8, 6, 9), clip(8, 6, 9), **settings_)) == said


# -- bars ----------------------------------------------------------------------------------------


def test_bars_are_placed_pixel_for_pixel(tmp_path: Path):
    task_ = task(tmp_path, clip(8, 6, 2), clip(13, 10, 2), rule="place", color="white")
    assert resize.check(task_) is None
    frames = list(resize.frames(task_, (numbered(2),)))
    assert frames[1].shape == (10, 13, 3)
    assert (frames[1][2:8, 2:10] == 1).all()
    rest = frames[1].copy()
    rest[2:8, 2:10] = 255
    assert (rest == 255).all()


def test_bars_refuse(tmp_path: Path):
    smaller = task(tmp_path, clip(8, 6, 2), clip(8, 4, 2), rule="place")
    assert resize.check(smaller) == "8x6 cannot be placed in 8x4"
    red = task(tmp_path, clip(8, 6, 2), clip(8, 8, 2), rule="pad", color="red")
    assert resize.check(red) == "bars are in one of black, white, not 'red'"


# -- one clip that goes over into another ----------------------------------------------------------


def dissolving(one: int, other: int, makes: int, **settings_: Any) -> tuple[str | None, Task]:
    media = {
        f"m{n}": Medium(node="1", slot=n, facts=clip(8, 6, frames)) for n, frames in enumerate((one, other, makes))
    }
    *inputs, out = media
    region = Region(
        id="r1", stage="blend", nodes=("1",), media_in=tuple(inputs), media_out=(out,),
        stand_in=StandIn(kind="dissolve", settings=settings_),
    )  # fmt: skip
    task_ = Task(region=region, graph={"1": {}}, media=media, folders=Folders(Path()), clean=False)
    return dissolve.check(task_), task_


def bright(frames: int, value: int) -> Stream:
    return Stream(clip(8, 6, frames), lambda: (np.full((6, 8, 3), value, np.uint8) for _ in range(frames)))


@pytest.mark.parametrize(
    ("one", "other", "settings_", "shown"),
    [
        (4, 4, {}, [40, 80, 120, 160]),
        (5, 6, {"start": 1, "first": 1, "last": 4, "of": 5}, [0, 40, 80, 120, 160, 200, 200]),
        # What is left of a transition when a stretch begins or ends in it.
        (2, 6, {"start": 0, "first": 3, "last": 4, "of": 5}, [120, 160, 200, 200, 200, 200]),
        (3, 1, {"start": 2, "first": 1, "last": 1, "of": 5}, [0, 0, 40]),
    ],
)
def test_a_dissolve(one: int, other: int, settings_: dict[str, int], shown: list[int]) -> None:
    fault, task_ = dissolving(one, other, len(shown), **settings_)
    assert fault is None
    frames = list(dissolve.frames(task_, (bright(one, 0), bright(other, 200))))
    assert [int(frame[0, 0, 0]) for frame in frames] == shown


@pytest.mark.parametrize(
    ("one", "other", "makes", "settings_", "says"),
    [
        (4, 4, 5, {}, "a dissolve of 4 frames from number 0 on does not make 5 frames of 4 and 4"),
        (4, 5, 5, {"start": 1}, "does not make 5 frames of 4 and 5"),
        (4, 2, 2, {"last": 4, "of": 9}, "does not make 2 frames of 4 and 2"),
        (4, 4, 4, {"start": -1}, "start is 0 or more, and first, last and of rise from 1"),
        (4, 4, 4, {"first": 0}, "rise from 1"),
        (4, 4, 4, {"first": 3, "last": 2}, "rise from 1"),
        (4, 4, 4, {"of": 4}, "rise from 1"),
        (4, 4, 4, {"of": "five"}, "rise from 1"),
    ],
)
def test_a_dissolve_that_does_not_add_up(
    one: int, other: int, makes: int, settings_: dict[str, Any], says: str
) -> None:
    fault, _ = dissolving(one, other, makes, **settings_)
    assert fault is not None
    assert says in fault


@pytest.mark.parametrize("length", [2, 5, 9])
def test_parts_of_a_fade_are_what_the_whole_is(tmp_path: Path, length: int) -> None:
    for name in ("opening", "closing"):
        whole = [fade.shown(n, length, **{"opening": 0, "closing": 0, name: length}) for n in range(length)]
        for cut in range(1, length):
            parts = [
                fade.shown(n, frames, **{"opening": 0, "closing": 0, name: frames}, first=first, of=length)
                for first, frames in ((0, cut), (cut, length - cut))
                for n in range(frames)
            ]
            assert parts == whole


@pytest.mark.parametrize("more", [{"first": -1}, {"first": 3, "of": 5}, {"of": 2}, {"first": "one"}, {"of": 2.5}])
def test_a_part_of_a_fade_that_is_none(tmp_path: Path, more: dict[str, Any]) -> None:
    task_ = task(tmp_path, clip(8, 6, 9), clip(8, 6, 9), opening=3, **more)
    assert "what is seen of a fade is a part of it" in str(fade.check(task_))

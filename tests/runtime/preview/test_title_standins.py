"""The stand-ins for titles and pictures over a clip: in place and time to the pixel and the frame."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jobs import clip, image

from reelc_compiler.plan import Facts, Medium, Region, StandIn
from reelc_runtime.preview import laid
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.standins import overlay, title
from reelc_runtime.preview.task import Stream, Task

WHEN = {"first": 0, "frames": None, "opening": 0, "closing": 0, "opacity": 1}
GREY = 100


def task(kind: str, takes: list[Facts], makes: Facts, **settings: Any) -> Task:
    media = {f"m{n}": Medium(node="1", slot=n, facts=facts) for n, facts in enumerate((*takes, makes))}
    *inputs, out = media
    region = Region(
        id="r1", stage="std.x", nodes=("1",), media_in=tuple(inputs), media_out=(out,),
        stand_in=StandIn(kind=kind, settings={**WHEN, "color": None, **settings}),
    )  # fmt: skip
    return Task(region=region, graph={"1": {}}, media=media, folders=Folders(Path()), clean=False)


def grey(frames: int, width: int = 40, height: int = 30) -> Stream:
    def shown() -> Iterator[np.ndarray]:
        for _ in range(frames):
            yield np.full((height, width, 3), GREY, np.uint8)

    return Stream(clip(width, height, frames), shown)


def picture(value: np.ndarray) -> Stream:
    return Stream(image(value.shape[1], value.shape[0]), lambda: iter([value]))


def laid_over(inputs: list[Stream], **settings: Any) -> list[np.ndarray]:
    count = max(s.facts.frames for s in inputs)
    task_ = task("overlay", [s.facts for s in inputs], clip(40, 30, count), **settings)
    assert overlay.check(task_) is None
    return list(overlay.frames(task_, tuple(inputs)))


# -- pictures ------------------------------------------------------------------------------------


RED = np.full((6, 8, 3), (200, 0, 50), np.uint8)


def test_a_picture_lies_where_it_is_said():
    frames = laid_over([grey(4), picture(RED)], matte=False, left=5, top=7)
    for frame in frames:
        assert (frame[7:13, 5:13] == RED).all()
        rest = frame.copy()
        rest[7:13, 5:13] = GREY
        assert (rest == GREY).all()


def test_it_comes_and_goes():
    frames = laid_over([grey(8), picture(RED)], matte=False, left=0, top=0, first=1, frames=6, opening=3, closing=1)
    shares = [0, 0.25, 0.5, 0.75, 1, 1, 0.5, 0]
    assert [int(f[0, 0, 0]) for f in frames] == [round(GREY + share * 100) for share in shares]
    # What shows nothing is what comes in, and is not touched.
    assert (frames[0] == GREY).all()


def test_a_matte_is_read_in_red():
    matte = np.zeros((6, 8, 3), np.uint8)
    matte[:, :4, 0], matte[:, 4:, 1] = 255, 255
    frame = laid_over([grey(4), picture(matte), picture(RED)], matte=True, left=10, top=10)[0]
    assert (frame[10:16, 10:14] == RED[:, :4]).all()
    assert (frame[10:16, 14:18] == GREY).all()
    # The order in which the media come is the plan's; a clip is no picture.
    other = laid_over([picture(matte), grey(4), picture(RED)], matte=True, left=10, top=10)[0]
    assert np.array_equal(frame, other)


def test_a_colour_through_a_matte():
    matte = np.full((6, 8, 3), 51, np.uint8)
    frame = laid_over([picture(matte), grey(4)], matte=True, color=0x00FF00, left=0, top=0, opacity=0.5)[0]
    assert tuple(frame[0, 0]) == (90, 116, 90)  # a tenth of the colour


def test_a_picture_may_be_its_own_matte():
    frame = laid_over([picture(RED), grey(4)], matte=True, left=0, top=0)[0]
    assert frame[0, 0, 0] == round(GREY * 55 / 255 + 200 * 200 / 255)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"left": 33}, "8x6 at 33, 0 does not lie in 40x30"),
        ({"top": -1}, "8x6 at 0, -1 does not lie in 40x30"),
        ({"first": 4}, "None frames from 4 do not lie in a clip of 4"),
        ({"frames": 5}, "5 frames from 0 do not lie in a clip of 4"),
        ({"first": 2, "frames": True}, "True frames from 2 do not lie in a clip of 4"),
        ({"opening": 2, "closing": 2}, "fades of 2 and 2 frames do not fit into 4"),
        ({"opacity": 1.5}, "opacity is a number from 0 to 1, not 1.5"),
        ({"color": 1 << 24, "matte": True}, "a colour is a number from 0 to 16777215, not 16777216"),
        ({"color": 1}, "a colour needs a matte"),
        ({"matte": None}, "a clip and a picture come in, and `matte` is true or false"),
    ],
)
def test_overlay_refuses(settings: dict[str, Any], says: str):
    given_ = {"matte": False, "left": 0, "top": 0, **settings}
    assert overlay.check(task("overlay", [clip(40, 30, 4), image(8, 6)], clip(40, 30, 4), **given_)) == says


def test_overlay_refuses_media():
    place = {"matte": True, "left": 0, "top": 0}
    two = task("overlay", [clip(40, 30, 4), image(8, 6), image(8, 7)], clip(40, 30, 4), **place)
    assert overlay.check(two) == "a matte has the size of its picture"
    none = task("overlay", [clip(40, 30, 4)], clip(40, 30, 4), **place)
    assert overlay.check(none) == "a clip and a picture come in, and `matte` is true or false"
    longer = task("overlay", [clip(40, 30, 4), image(8, 6)], clip(40, 30, 5), **place)
    assert overlay.check(longer) == "what lies over a clip keeps its size and the number of its frames"


# -- titles --------------------------------------------------------------------------------------


def titled(text: str = "Harbor", **settings: Any) -> list[np.ndarray]:
    made = clip(200, 100, 3)
    place = {"text": text, "color": 0xFFFFFF, "left": 40, "top": 50, "width": 120, "size": 40}
    task_ = task("title", [made], made, **{**place, **settings})
    assert title.check(task_) is None
    return list(title.frames(task_, (grey(3, 200, 100),)))


def ink(frame: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is not the clip."""
    rows, columns = np.nonzero((frame != GREY).any(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def test_capitals_are_as_high_and_the_line_as_wide_as_said():
    left, top, right, bottom = ink(titled("HHHHH")[0])
    assert 40 <= left <= 46
    assert 154 <= right <= 160
    assert abs((top + bottom) / 2 - 50) <= 1
    assert abs(bottom - top - 24) <= 2


def test_a_title_has_its_colour_and_time():
    frames = titled(color=0xFFCC00, first=1, frames=1)
    assert (frames[0] == GREY).all()
    assert (frames[2] == GREY).all()
    colors = {tuple(int(v) for v in pixel) for pixel in frames[1].reshape(-1, 3)}
    assert (255, 204, 0) in colors


@given(
    text=st.text(min_size=1, max_size=40).filter(str.strip), size=st.integers(1, 120), top=st.integers(0, 99),
    width=st.integers(1, 160),
)  # fmt: skip
@example(text="\x00", size=1, top=0, width=1)
def test_any_text_at_any_size(text: str, size: int, top: int, width: int):
    for frame in titled(text, size=size, top=top, width=width):
        assert (frame.shape, frame.dtype) == ((100, 200, 3), np.dtype(np.uint8))
        assert (frame[:, :40] == GREY).all()
        assert (frame[:, 40 + width :] == GREY).all()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"text": " "}, "a title has a text, not ' '"),
        ({"text": 3}, "a title has a text, not 3"),
        ({"size": 0}, "a title has a width and a size in pixels, not 120 and 0"),
        ({"width": None}, "a title has a width and a size in pixels, not None and 40"),
        ({"color": None}, "a title has a colour"),
        ({"left": 100}, "120x1 at 100, 50 does not lie in 200x100"),
        ({"first": 3}, "None frames from 3 do not lie in a clip of 3"),
    ],
)
def test_title_refuses(settings: dict[str, Any], says: str):
    place = {"text": "Fog", "color": 1, "left": 40, "top": 50, "width": 120, "size": 40, **settings}
    assert title.check(task("title", [clip(200, 100, 3)], clip(200, 100, 3), **place)) == says


def test_what_is_seen_is_a_share_of_the_opacity():
    made = clip(40, 30, 4)
    task_ = task("title", [made], made, opening=1, opacity=0.5)
    assert laid.seen(task_) == [0.25, 0.5, 0.5, 0.5]

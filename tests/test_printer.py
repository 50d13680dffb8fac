"""The layout of programs: it changes no meaning, loses no comment, and is its own layout."""

import random
import re
import runpy
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from programs import Programs

import reelc
from reelc_dsl import ast, printer
from reelc_dsl.diagnostics import ReelError, Sink
from reelc_dsl.parser import parse
from reelc_dsl.printer import print_module
from reelc_dsl.source import Source

ROOT = Path(__file__).resolve().parent.parent
format_docs = SimpleNamespace(**runpy.run_path(str(ROOT / "tools" / "format_docs.py")))
FILES = [path for folder in ("dsl", "examples", "reelc") for path in sorted((ROOT / folder).rglob("*.reel"))]
FENCE = re.compile(r"^```reel\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def tree(text: str) -> ast.Module | None:
    """The tree of a program; None when it has syntax errors."""
    sink = Sink()
    module = parse(Source("x.reel", text), sink)
    return None if sink.has_errors else module


def taken_apart(text: str) -> tuple[list[str], str]:
    """The comments of a program without syntax errors, and the rest of it, both without blank space.

    A comment keeps the blank space inside it. The commas of the rest are left out.
    """
    found: list[str] = []
    rest: list[str] = []
    at, quote = 0, ""
    while at < len(text):
        start = at
        if quote and text.startswith(quote, at):
            at, quote = at + len(quote), ""
        elif quote:
            at += 2 if text[at] == "\\" else 1
        elif text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
            found.append(text[start:at].rstrip())
            continue
        else:
            quote = next((q for q in ('"""', '"') if text.startswith(q, at)), "")
            at += len(quote) or 1
        rest.append(text[start:at])
    return found, re.sub(r"[\s,]+", "", "".join(rest))


def obey_the_laws(text: str) -> str:
    """Print a program and check what must hold for every program."""
    module = tree(text)
    assert module is not None
    printed = print_module(module)
    again = tree(printed)
    assert again is not None, f"the result has syntax errors:\n{printed}"
    assert ast.dump(again) == ast.dump(module), f"the result means something else:\n{printed}"
    (comments, words), (kept, printed_words) = taken_apart(text), taken_apart(printed)
    assert kept == comments, f"comments were lost or moved:\n{printed}"
    assert printed_words == words, f"words were lost or moved:\n{printed}"
    assert print_module(again) == printed, f"the result is not its own layout:\n{printed}"
    assert not printed or (printed.endswith("\n") and not printed.endswith("\n\n") and printed[0] != "\n")
    return printed


def chunks() -> list[tuple[str, str]]:
    """Every program of the repository that has no syntax errors."""
    found = [(path.name, path.read_text("utf-8")) for path in FILES]
    for path in sorted((ROOT / "tests" / "corpus").glob("*.reel")):
        found += [(path.name, chunk) for chunk in re.split(r"^---\n", path.read_text("utf-8"), flags=re.MULTILINE)]
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        found += [(page.name, example) for example in FENCE.findall(page.read_text("utf-8"))]
    numbered = [(f"{name}-{index}", text) for index, (name, text) in enumerate(found)]
    return [(name, text) for name, text in numbered if tree(text) is not None]


CHUNKS = chunks()


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in CHUNKS])
def test_programs_of_the_repository(text: str) -> None:
    obey_the_laws(text)


def test_there_are_programs() -> None:
    assert len(CHUNKS) > 200


# Without shrinking, which takes minutes for programs: what fails is printed whole.
@pytest.mark.parametrize("part", range(5))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.reuse, Phase.generate],
)
@given(choice=st.randoms(use_true_random=False))
def test_any_program(part: int, choice: random.Random) -> None:
    programs = Programs(choice)
    text = programs.laid_out(programs.words())
    # Where a keyword cannot be a name, or `%` is no percentage, there is no program to print.
    assume(tree(text) is not None)
    obey_the_laws(text)


def test_nothing_is_nothing() -> None:
    assert [obey_the_laws(text) for text in ("", "\n\n", "  \f\t", "# c", "\n\n#c\n\n\n# d  \n\n")] == [
        *("", "", ""),
        *("# c\n", "#c\n\n# d\n"),
    ]


# -- the repository is laid out --------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_files_are_laid_out(path: Path) -> None:
    text = path.read_text("utf-8")
    assert reelc.format(text) == text, "run `reelc fmt`"


@pytest.mark.parametrize("page", format_docs.PAGES, ids=lambda p: p.name)
def test_examples_in_the_documentation_are_laid_out(page: Path) -> None:
    text = page.read_text("utf-8")
    assert format_docs.formatted(text) == text, "run `python tools/format_docs.py`"


# -- a film stays the same film --------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.reel")), ids=lambda p: p.name)
@pytest.mark.parametrize("number", range(3))
def test_the_plan_is_the_same_before_and_after(path: Path, number: int, tmp_path: Path) -> None:
    for file in path.parent.iterdir():
        if file.is_file() and file.suffix != ".reel":
            shutil.copy(file, tmp_path)
    words = re.findall(r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*\n|[^\s"#]+', path.read_text("utf-8"))
    before = Programs(random.Random(number)).laid_out(words)
    plans: list[dict[str, bytes]] = []
    for text in (before, reelc.format(before)):
        (tmp_path / path.name).write_text(text, "utf-8")
        files = reelc.compile(tmp_path / path.name).plan.to_files()
        del files["spans.json"]
        plans.append(files)
    assert before != reelc.format(before)
    assert plans[0] == plans[1]


# -- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [("let a =", "E0104"), ("reel 2", "E0108"), (r'let a = "\d"', "E0110"), ("let a = " + "(" * 200, "E0111")],
)
def test_a_text_with_errors_is_refused(text: str, code: str) -> None:
    with pytest.raises(ReelError) as error:
        reelc.format(text, name="a.reel")
    (found,) = error.value.diagnostics
    assert found.code.code == code
    assert found.span is not None
    assert found.span.source.name == "a.reel"


def test_a_row_that_never_ends_is_refused() -> None:
    with pytest.raises(ReelError) as error:
        reelc.format("let a = " + "-" * 50_000 + "1")
    assert [d.code.code for d in error.value.diagnostics] == ["E0111"]


@pytest.mark.parametrize("wrong", ["let a = 2\n# c\n", "let a = 1\n", "let a = 1\n# d\n", "let a =\n# c\n"])
def test_a_fault_of_the_printer_harms_no_file(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printer, "print_module", lambda module: wrong)
    with pytest.raises(ReelError) as error:
        reelc.format("let a = 1  # c\n")
    assert [d.code.code for d in error.value.diagnostics] == ["E0999"]


def test_a_tree_that_leaves_words_out_is_noticed() -> None:
    module = tree("let a = 1 let b = 2")
    assert module is not None
    with pytest.raises(ValueError, match="left at 10"):
        print_module(replace(module, items=module.items[:1]))

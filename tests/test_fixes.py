"""Fixes: what they change, what they leave, and that they never make a text worse.

``fixes/*.fixes`` holds chunks between lines ``---``: a program, a line ``=>``, and the program after all fixes. What
still must be found then is a comment ``# left: CODE`` on its line.
"""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_corpus import CHUNKS, Chunk, write_pictures

from reelc.fixing import Change, Fixed, Fixer
from reelc_compiler.loader import Project
from reelc_dsl.diagnostics import Diagnostic, Edit, Fix, Sink
from reelc_dsl.diagnostics.codes import UNKNOWN_NAME
from reelc_dsl.diagnostics.fixes import apply, edits_of, quote, respell, select
from reelc_dsl.diagnostics.render.text import render
from reelc_dsl.diagnostics.suggest import slip
from reelc_dsl.parser import parse
from reelc_dsl.source import Source, Span

HERE = Path(__file__).parent
HARBOR = (HERE.parent / "examples" / "harbor.reel").read_text("utf-8").replace("dandelion.jpg", "photo.png")
LEFT = re.compile(r"# left: ([EW]\d{4})")


def cases() -> list[tuple[str, str, str]]:
    """Name, before and after of every chunk."""
    found: list[tuple[str, str, str]] = []
    for path in sorted((HERE / "fixes").glob("*.fixes")):
        for number, chunk in enumerate(path.read_text("utf-8").split("\n---\n"), 1):
            before, after = chunk.rstrip("\n").split("\n=>\n")
            found.append((f"{path.stem}-{number}", before, after))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder with pictures."""
    path = tmp_path_factory.mktemp("fixes") / "project"
    write_pictures(path)
    return path


def fixed(folder: Path, text: str) -> Fixed:
    """What fixing comes to for a program that lies in the folder."""
    (folder / "case.reel").write_text(text, "utf-8")
    return Fixer(folder / "case.reel", overrides={}).fix()


def result(done: Fixed, before: str) -> str:
    return done.changes[0].after if done.changes else before


def parses(text: str) -> bool:
    sink = Sink()
    parse(Source("x", text), sink)
    return not sink.has_errors


@pytest.mark.parametrize(("name", "before", "after"), cases(), ids=lambda x: x if len(x) < 20 else "")
def test_case(name: str, before: str, after: str, folder: Path) -> None:
    done = fixed(folder, before)
    assert result(done, before) == after
    wanted = [(n, code) for n, line in enumerate(after.split("\n"), 1) for code in LEFT.findall(line)]
    found = [(d.span.source.position(d.span.start)[0], d.code.code) for d in done.left if d.span is not None]
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("chunk", CHUNKS, ids=lambda c: c.id)
def test_a_fix_makes_nothing_worse(chunk: Chunk, folder: Path) -> None:
    """Every fix of every program of the corpus: what parses goes on to, and each fix takes an error away."""
    done = fixed(folder, chunk.text)
    after = result(done, chunk.text)
    assert parses(after) or not parses(chunk.text)
    if not done.applied:
        assert done.left == done.before
        return
    again = fixed(folder, after)
    assert not again.applied, "fixing twice does more than fixing once"
    messages = {(d.code, d.message) for d in done.left}
    for item in done.applied:
        assert item.diagnostic.is_error
        assert (item.diagnostic.code, item.diagnostic.message) not in messages or item.fix.title.startswith("add")


WORDS = ("fit", "animate", "upscale", "interpolate", "frames", "fps", "motion", "using", "video", "codec", "svd", "std")


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_slip_is_undone_or_left_alone(data: st.DataObject, folder: Path) -> None:
    """Two neighbours swapped, a character lost or doubled: the fixed text is the old one, or nothing was done."""
    places = [m for m in re.finditer(r"\w+", HARBOR) if m.group() in WORDS]
    match = data.draw(st.sampled_from(places))
    word = match.group()
    at = data.draw(st.integers(0, len(word) - 2))
    slipped = data.draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at + 1 :],
                word[: at + 1] + word[at:],
            ]
        )
    )
    text = HARBOR[: match.start()] + slipped + HARBOR[match.end() :]
    assert result(fixed(folder, text), text) in (HARBOR, text)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_programs_are_never_made_worse(data: st.DataObject, folder: Path) -> None:
    """Any characters anywhere: what parsed before parses after, and a second call changes nothing."""
    text = HARBOR
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 3))
        text = text[:at] + data.draw(st.text("：;=“”×、abtf(){}:\"'|> 1x", max_size=3)) + text[at + cut :]
    done = fixed(folder, text)
    after = result(done, text)
    assert parses(after) or not parses(text)
    assert after.count("\n") == text.count("\n")
    assert not fixed(folder, after).applied


# -- single rules ----------------------------------------------------------------------------

SOURCE = Source("a.reel", "one two three")
LIBRARY = Source("std/a.reel", "one two three", library=True)
ONE, TWO = Span(SOURCE, 0, 3), Span(SOURCE, 4, 7)


def finding(*edits: Edit, safe: bool = True) -> Diagnostic:
    return Diagnostic(code=UNKNOWN_NAME, message="x", span=ONE, fix=Fix("change it", edits, safe))


def test_fixes_that_touch_are_not_applied_together() -> None:
    first, same, other = finding(Edit(ONE, "1")), finding(Edit(TWO, "x"), Edit(ONE, "3")), finding(Edit(TWO, "2"))
    assert [a.diagnostic for a in select([first, same, other])] == [first, other]
    meeting = finding(Edit(Span(SOURCE, 3, 3), "s"))
    assert [a.diagnostic for a in select([first, meeting])] == [first]


def test_only_safe_fixes_of_own_files_are_applied() -> None:
    setting = Source("--set seed", "one")
    assert select([finding(Edit(ONE, "1"), safe=False)]) == ()
    assert select([finding(Edit(Span(LIBRARY, 0, 3), "1"))]) == ()
    assert select([finding(Edit(Span(setting, 0, 3), "1"))]) == ()
    assert select([finding(Edit(ONE, "1"), Edit(Span(LIBRARY, 0, 3), "1"))]) == ()
    assert select([Diagnostic(code=UNKNOWN_NAME, message="x")]) == ()


def test_the_library_is_never_respelt() -> None:
    assert respell(Span(LIBRARY, 4, 7), "two", ["tow"]) is None
    assert respell(TWO, "two", ["tow"]) is not None


def test_a_name_that_would_be_read_otherwise_is_quoted_or_left() -> None:
    source = Source("a", "noed")
    span = Span(source, 0, 4)
    assert respell(span, "noed", ["node"]) is None
    quoted = respell(span, "noed", ["node"], quoted=True)
    assert quoted is not None
    assert quoted.edits == (Edit(span, '"node"'),)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_a_quoted_text_reads_back(text: str) -> None:
    sink = Sink()
    tree = parse(Source("x", f"let a = {quote(text)}"), sink)
    assert not len(sink)
    assert tree.items[0].value.value == text  # type: ignore[union-attr]


@given(st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13), st.text(max_size=2)), max_size=5))
def test_edits_that_were_selected_can_be_applied_in_any_order(raw: list[tuple[int, int, str]]) -> None:
    items = [finding(Edit(Span(SOURCE, min(a, b), max(a, b)), text)) for a, b, text in raw]
    edits = edits_of(select(items)).get(SOURCE, [])
    after = apply(SOURCE.text, edits)
    assert after == apply(SOURCE.text, edits[::-1])
    assert len(after) == len(SOURCE.text) + sum(len(e.text) - len(e.span.text) for e in edits)


def test_a_fix_that_would_spoil_a_file_is_not_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate behind all checks: no check of today makes such a fix."""

    def bad(project: Project, **_: object) -> tuple[Diagnostic, ...]:
        source = project.source()
        span = Span(source, 0, 3)
        return (Diagnostic(code=UNKNOWN_NAME, message="x", span=span, fix=Fix("x", (Edit(span, "}"),))),)

    monkeypatch.setattr("reelc.fixing.check_project", bad)
    (tmp_path / "a.reel").write_text("let a = 1\n", "utf-8")
    done = Fixer(tmp_path / "a.reel", overrides={}).fix()
    assert (done.applied, done.changes) == ((), ())


def test_fixes_that_go_round_in_circles_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def swap(project: Project, **_: object) -> tuple[Diagnostic, ...]:
        source = project.source()
        span = Span(source, 4, 5)
        other = "b" if span.text == "a" else "a"
        return (Diagnostic(code=UNKNOWN_NAME, message="x", span=span, fix=Fix("x", (Edit(span, other),))),)

    monkeypatch.setattr("reelc.fixing.check_project", swap)
    (tmp_path / "a.reel").write_text("let a = 1\n", "utf-8")
    done = Fixer(tmp_path / "a.reel", overrides={}).fix()
    assert len(done.applied) <= 3


@pytest.mark.parametrize(
    ("word", "candidates", "meant"),
    [
        ("fit", ["fit"], "fit"),
        ("fti", ["fit"], "fit"),
        ("fot", ["fit"], None),
        ("Fit", ["fit", "fix"], "fit"),
        ("fram", ["frame"], "frame"),
        ("frams", ["frame", "frames"], None),
        ("width2", ["width1"], None),
        ("width2", ["width"], None),
        ("interpolashun", ["interpolation"], None),
        ("interpolatoin", ["interpolation"], "interpolation"),
        ("x", ["y"], None),
        ("", ["a"], None),
    ],
)
def test_what_is_a_slip(word: str, candidates: list[str], meant: str | None) -> None:
    assert slip(word, candidates) == meant


def test_people_are_told_that_it_can_be_fixed() -> None:
    shown = render(finding(Edit(ONE, "1")))
    assert "  = help: `reelc check --fix` will change it" in shown
    assert "--fix" not in render(finding(Edit(ONE, "1"), safe=False))


def test_a_diff_knows_files_without_a_last_newline() -> None:
    mark = "\\ No newline at end of file\n"
    assert Change("a", "a.reel", "x\ny", "x\nz").diff() == (
        f"--- a.reel\n+++ a.reel\n@@ -1,2 +1,2 @@\n x\n-y\n{mark}+z\n{mark}"
    )


# -- files -----------------------------------------------------------------------------------


def test_files_keep_their_line_ends_mark_and_rights(tmp_path: Path) -> None:
    file = tmp_path / "main.reel"
    file.write_bytes(b'\xef\xbb\xbfuse "lib.reel" as lib\r\nlet a = nubmer\rlet number = 1\n# end\r\n')
    file.chmod(0o640)
    (tmp_path / "lib.reel").write_bytes(b"let x = 24fsp\r\n")
    fixer = Fixer(file, overrides={})
    done = fixer.fix()
    fixer.write(done)
    assert file.read_bytes() == b'\xef\xbb\xbfuse "lib.reel" as lib\r\nlet a = number\rlet number = 1\n# end\r\n'
    assert (tmp_path / "lib.reel").read_bytes() == b"let x = 24fps\r\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lib.reel", "main.reel"]
    assert done.left == ()


def test_a_link_is_followed_and_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.reel").write_text("let a = 24fsp\n", "utf-8")
    (tmp_path / "main.reel").symlink_to("real.reel")
    fixer = Fixer(tmp_path / "main.reel", overrides={})
    fixer.write(fixer.fix())
    assert (tmp_path / "main.reel").is_symlink()
    assert (tmp_path / "real.reel").read_text("utf-8") == "let a = 24fps\n"

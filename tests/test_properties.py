"""Properties: no text makes the compiler fail, and the same input gives the same bytes."""

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reelc
from reelc_compiler.catalog import load_catalog
from reelc_compiler.driver import Request, check_all
from reelc_compiler.facts import Facts
from reelc_compiler.inputs import InputInfo
from reelc_compiler.loader import std_names, std_source
from reelc_compiler.sema.resolve import SourceProvider
from reelc_dsl import ast
from reelc_dsl.diagnostics import ReelError, Sink
from reelc_dsl.diagnostics.render import json as render_json
from reelc_dsl.diagnostics.render import text as render_text
from reelc_dsl.parser import parse
from reelc_dsl.source import Source

EXAMPLES = Path(__file__).parent.parent / "examples"
HARBOR = (EXAMPLES / "harbor.reel").read_text("utf-8")
STD = [std_source(name) for name in ["prelude", *std_names()]]
TEXTS = [HARBOR, *(s.text for s in STD if s is not None)]
TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*|\w+(?:\.\d\w*)?%?|\|>|->|\.\.\.?|[<>=!]=|\S', re.S
)
WORDS = sorted({t for text in TEXTS for t in TOKEN.findall(text) if not t.startswith("#")})
NASTY = [
    "{{",
    "}}",
    "{%",
    '"',
    '"""',
    "\\",
    "\0",
    "\ud7ff",
    "１２",
    "𝕏",
    "9" * 400,
    "1e9999",
    "0x0",
    "-",
    "none",
    "chain",
    "...",
    "[",
    "{",
    "(",
    "|>",
    "..",
    "node",
    "if",
    "then",
]


def probe(path: str, module: str, kind: str) -> InputInfo:
    """Every picture is there."""
    return InputInfo(
        path=path or "x", sha256="0" * 64, bytes=1, facts=Facts(kind="image", width=1600, height=900, frames=1)
    )


def findings(text: str, overrides: dict[str, str] | None = None) -> Sink:
    """Check a text as the command line would, and render all that is found."""
    sink = Sink()
    source = Source("x.reel", text)
    request = Request(
        source=source,
        key="x.reel",
        catalog=load_catalog(),
        provider=SourceProvider(lambda key: None, std_source, std_names),
        probe=probe,
        overrides=overrides or {},
    )
    check_all(request, sink)
    for diagnostic in sink:
        assert render_text.render(diagnostic)
        assert render_json.one(diagnostic)
        assert "\n" not in diagnostic.message
    return sink


def mutated(draw: st.DrawFn) -> str:
    """A real program with some of its tokens dropped, doubled, swapped or replaced."""
    tokens = TOKEN.findall(draw(st.sampled_from(TEXTS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(tokens) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                del tokens[at]
            case 1:
                tokens.insert(at, draw(st.sampled_from(WORDS)))
            case 2:
                tokens[at] = draw(st.sampled_from(WORDS + NASTY))
            case _:
                other = draw(st.integers(0, len(tokens) - 1))
                tokens[at], tokens[other] = tokens[other], tokens[at]
        if not tokens:
            break
    return " ".join(tokens)


@given(st.text(max_size=300))
def test_any_text_gives_diagnostics(text: str) -> None:
    findings(text)


@given(st.lists(st.sampled_from(WORDS + NASTY), max_size=60).map(" ".join))
def test_any_tokens_give_diagnostics(text: str) -> None:
    findings(text)


@settings(max_examples=300)
@given(st.composite(mutated)())
def test_damaged_programs_give_diagnostics(text: str) -> None:
    findings(text)


@given(st.dictionaries(st.sampled_from(["photo", "seed", "x"]), st.text(max_size=30), max_size=2))
def test_any_override_gives_diagnostics(overrides: dict[str, str]) -> None:
    findings(HARBOR, overrides)


def respaced(text: str, pick: Callable[[list[str]], str]) -> str:
    """The same tokens with other spaces, lines and comments between them."""
    gaps = [" ", "\n", "\n\n  ", " # a comment\n", "\t", "  "]
    return pick(gaps) + "".join(token + pick(gaps) for token in TOKEN.findall(text) if not token.startswith("#"))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_layout_means_nothing(seed: int) -> None:
    # A choice for every gap of every text is more than Hypothesis draws; a seed stands for them.
    choose = random.Random(seed).choice
    for text in TEXTS:
        other = respaced(text, choose)
        sinks = Sink(), Sink()
        trees = [parse(Source("x", t), s) for t, s in zip((text, other), sinks, strict=True)]
        assert [len(s) for s in sinks] == [0, 0]
        assert _undocumented(trees[0]) == _undocumented(trees[1])


def _undocumented(tree: ast.Module) -> object:
    return ast.dump(tree.items)


def test_reformatting_changes_no_plan_byte(tmp_path: Path) -> None:
    plans: list[dict[str, bytes]] = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "dandelion.jpg").write_bytes((EXAMPLES / "dandelion.jpg").read_bytes())
        text = HARBOR if number == 0 else respaced(HARBOR, random.Random(number).choice)
        (folder / "harbor.reel").write_text(text, "utf-8")
        files = reelc.compile(folder / "harbor.reel").plan.to_files()
        del files["spans.json"]
        plans.append(files)
    assert plans[0] == plans[1] == plans[2]


def test_windows_line_ends_and_byte_order_mark_mean_nothing(tmp_path: Path) -> None:
    (tmp_path / "dandelion.jpg").write_bytes((EXAMPLES / "dandelion.jpg").read_bytes())
    (tmp_path / "harbor.reel").write_bytes(b"\xef\xbb\xbf" + HARBOR.replace("\n", "\r\n").encode())
    assert reelc.compile(tmp_path / "harbor.reel").plan.to_files() == (
        reelc.compile(EXAMPLES / "harbor.reel").plan.to_files()
    )


def test_same_bytes_whatever_the_hash_seed_and_folder(tmp_path: Path) -> None:
    code = "import reelc, sys; print(sorted(reelc.compile(sys.argv[1]).plan.to_files().items()))"
    outputs = set[str]()
    for seed, cwd in (("0", EXAMPLES), ("1", tmp_path), ("4711", EXAMPLES.parent)):
        done = subprocess.run(
            [sys.executable, "-c", code, os.path.relpath(EXAMPLES / "harbor.reel", cwd)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=cwd,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_library_is_free_of_findings() -> None:
    """The standard library's own templates are checked here, once, instead of in every run."""
    from reelc_compiler.sema.check import check
    from reelc_compiler.sema.resolve import resolve

    for name in ["prelude", *std_names()]:
        source = std_source(name)
        assert source is not None
        sink = Sink()
        provider = SourceProvider(lambda key: None, std_source, std_names)
        uses = "".join(f"use std.{n}\n" for n in std_names())
        check(resolve(Source("x.reel", uses), "x.reel", provider, sink), load_catalog(), sink, library_texts=True)
        assert list(sink) == []


def test_errors_carry_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.reel").write_text("reel 1\npipeline p {\n  output film = nothing\n}\n", "utf-8")
    with pytest.raises(ReelError) as error:
        reelc.compile(tmp_path / "a.reel")
    (found,) = error.value.diagnostics
    assert found.code.code == "E0201"
    assert found.span is not None
    assert found.span.source.position(found.span.start) == (3, 17)

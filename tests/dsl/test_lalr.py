"""The parser gives what lark gives: the same trees, the same faults at the same places."""

import importlib.util
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from reelc_dsl import lalr

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = sorted(
    path
    for folder in ("examples", "dsl/reelc_dsl/std", "tests/corpus", "tests/fixes")
    for path in (ROOT / folder).rglob("*.reel")
)
# What the lexer treats in its own way, and what it knows nothing of.
SLIPS = (
    *('"""', '"', "->", "|>", "..", "...", "-", "=", "==", ">", "1.5", "1.", "50%", "16%8", "1024x576", "1e5", "24fps"),
    *("let", "in", "help", "lett", "#", "\n", "12", "é", "“", "{", "}", "(", ")", "?", ":", ";", "!", "a.b", "|", "@"),
)


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_grammar", ROOT / "tools" / "build_grammar.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def lark(tool: ModuleType) -> Lark:
    return tool.lark()


def theirs(lark: Lark, text: str, start: str) -> Any:
    def plain(item: Any) -> Any:
        if isinstance(item, Token):
            return (item.type, str(item), item.start_pos, item.end_pos)
        place = (-1, -1) if item.meta.empty else (item.meta.start_pos, item.meta.end_pos)
        return (str(item.data), place, [plain(child) for child in item.children])

    try:
        return plain(lark.parse(text, start=start))
    except UnexpectedToken as error:
        at = len(text) if error.token.type == lalr.END else error.token.start_pos
        return (error.token.type, at, {str(name) for name in error.accepts or error.expected})
    except UnexpectedCharacters as error:
        return (None, error.pos_in_stream, {str(name) for name in error.allowed or ()})


def ours(text: str, start: str) -> Any:
    def plain(item: lalr.Child) -> Any:
        if isinstance(item, lalr.Token):
            return (item.type, item.text, item.start, item.end)
        return (item.data, (item.start, item.end), [plain(child) for child in item.children])

    try:
        return plain(lalr.parse(text, start))
    except lalr.Unexpected as error:
        return (error.token and error.token.type, error.at, set(error.expected))


def test_the_tables_are_up_to_date(tool: ModuleType) -> None:
    assert tool.table() == (ROOT / "dsl" / "reelc_dsl" / "grammar_table.py").read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_parse_as_lark_parses_them(lark: Lark, path: Path) -> None:
    for text in path.read_text("utf-8").split("\n---\n"):
        assert ours(text, "start") == theirs(lark, text, "start")


@pytest.mark.parametrize("seed", range(300))
def test_slips_fail_as_in_lark(lark: Lark, seed: int) -> None:
    chance = random.Random(seed)
    text = chance.choice(FILES).read_text("utf-8")
    if len(text) > 600:
        begin = chance.randrange(len(text) - 500)
        text = text[begin : begin + 500]
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(["", *SLIPS]) + text[at + chance.randint(0, 6) :]
    start = chance.choice(["start", "item", "stmt"])
    assert ours(text, start) == theirs(lark, text, start)

"""The standard library's trees that are kept with reelc are those of its files."""

import importlib.util
from pathlib import Path

import pytest

from reelc_dsl import ast
from reelc_dsl.diagnostics import Sink
from reelc_dsl.frozen import library_tree
from reelc_dsl.parser import parse
from reelc_dsl.source import Source

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = sorted((ROOT / "dsl" / "reelc_dsl" / "std").glob("*.reel"))


def places(value: object) -> object:
    """A tree with everything in it, and with the texts of its places."""
    match value:
        case ast.Node() | ast.Module():
            names = ast.field_names(type(value))
            return (type(value), [places(getattr(value, name)) for name in names])
        case tuple():
            return [places(item) for item in value]
        case _:
            return value


def test_the_trees_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("build_std", ROOT / "tools" / "build_std.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    kept = (ROOT / "dsl" / "reelc_dsl" / "std_trees").glob("*.py")
    texts = {path.stem: path.read_text("utf-8") for path in kept if path.stem != "__init__"}
    assert tool.trees() == texts, "run python tools/build_std.py"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_kept_tree_is_the_parser_s(path: Path) -> None:
    source = Source(path.name, path.read_text("utf-8"), library=True)
    kept = library_tree(source)
    assert kept is not None
    assert places(kept) == places(parse(source, Sink()))


def test_a_changed_file_has_no_kept_tree() -> None:
    text = FILES[0].read_text("utf-8")
    for name in (FILES[0].name, "std/changed.reel", "std/not a name.reel"):
        assert library_tree(Source(name, text + "\n", library=True)) is None

"""Rewrite dsl/reelc_dsl/std_trees/*.py from std/*.reel; a test checks that it is up to date."""

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

from reelc_dsl import ast
from reelc_dsl.diagnostics import Sink
from reelc_dsl.parser import parse
from reelc_dsl.source import Source, Span

HERE = Path(__file__).resolve().parent.parent / "dsl" / "reelc_dsl"


def trees() -> dict[str, str]:
    """For each file of the library the text of its module, as :mod:`reelc_dsl.frozen` reads it."""
    return {path.stem: _module(path) for path in sorted((HERE / "std").glob("*.reel"))}


def _module(path: Path) -> str:
    text = path.read_text("utf-8")
    sink = Sink()
    module = parse(Source(path.stem, text, library=True), sink)
    assert not len(sink), f"{path.name} does not parse"
    assert not module.broken
    lines = [
        f'"""The syntax tree that tools/build_std.py made of std/{path.name}, for :mod:`reelc_dsl.frozen`."""',
        "",
        "# ruff: noqa: E501",
        "# fmt: off",
        "TREES: dict[str, tuple[int | None, tuple[object, ...]]] = {",
        f'  "{hashlib.sha256(text.encode()).hexdigest()}": ({module.version!r}, (',
        *(f"    {frozen(item)!r}," for item in module.items),
        "  )),",
        "}",
    ]
    return "\n".join([*lines, ""])


def frozen(value: Any) -> Any:
    """A value of a tree in tuples.

    Of a node its class and its fields, of a place its ends, of a row ``None`` first, or ``""``
    where it has nothing but numbers.
    """
    match value:
        case ast.Node():
            return (type(value).__name__, *(frozen(getattr(value, field.name)) for field in fields(value)))
        case Span():
            return (value.start, value.end)
        case tuple() if value and all(isinstance(item, int) for item in value):  # pyright: ignore[reportUnknownVariableType]
            return ("", *value)  # pyright: ignore[reportUnknownVariableType]
        case tuple():
            return (None, *map(frozen, value))  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return value


if __name__ == "__main__":
    made = trees()
    for old in (HERE / "std_trees").glob("*.py"):
        if old.stem != "__init__" and old.stem not in made:
            old.unlink()
    for name, text in made.items():
        (HERE / "std_trees" / f"{name}.py").write_text(text, "utf-8")

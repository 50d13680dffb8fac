"""Rewrite dsl/reelc_dsl/std_trees.py from std/*.reel; a test checks that it is up to date."""

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

from reelc_dsl import ast
from reelc_dsl.diagnostics import Sink
from reelc_dsl.parser import parse
from reelc_dsl.source import Source, Span

HERE = Path(__file__).resolve().parent.parent / "dsl" / "reelc_dsl"


def trees() -> str:
    """The module's text: for each file its hash and its tree, as :mod:`reelc_dsl.frozen` reads it."""
    lines = [
        '"""Syntax trees that tools/build_std.py made of std/*.reel, for :mod:`reelc_dsl.frozen`."""',
        "",
        "# ruff: noqa: E501",
        "# fmt: off",
        "TREES: dict[str, tuple[int | None, tuple[object, ...]]] = {",
    ]
    for path in sorted((HERE / "std").glob("*.reel")):
        text = path.read_text("utf-8")
        sink = Sink()
        module = parse(Source(path.stem, text, library=True), sink)
        assert not len(sink), f"{path.name} does not parse"
        assert not module.broken
        lines.append(f'  "{hashlib.sha256(text.encode()).hexdigest()}":  # {path.name}')
        lines.append(f"    ({module.version!r}, (")
        lines += [f"      {frozen(item)!r}," for item in module.items]
        lines.append("    )),")
    return "\n".join([*lines, "}", ""])


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
    (HERE / "std_trees.py").write_text(trees(), "utf-8")

"""Pieces of a program as it is written, on one line."""

import re
from collections.abc import Iterator
from typing import Any

from reelc_dsl import ast

_TEXT_OR_COMMENT = re.compile(r'("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*")|#[^\n]*')


def written(node: ast.Node) -> str:
    """An expression or a type as it stands in the file, on one line and without comments."""
    kept = _TEXT_OR_COMMENT.sub(lambda m: m[1] or "", node.span.text)
    parts = re.split(r'("""[\s\S]*?"""|"(?:\\.|[^"\\\n])*")', kept)
    for i in range(0, len(parts), 2):
        part = re.sub(r"\s+", " ", parts[i])
        part = re.sub(r"([(\[]) ", r"\1", part)
        parts[i] = re.sub(r",? ([)\]])", r"\1", part)
    return "".join(parts).strip()


def walk(value: Any) -> Iterator[ast.Node]:
    """A node and all nodes in it, in the order of the text."""
    if isinstance(value, ast.Node):
        yield value
        for name in ast.field_names(type(value)):
            if name != "span":
                yield from walk(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            yield from walk(item)


def names(value: Any) -> set[str]:
    """The names that an expression uses."""
    return {node.name for node in walk(value) if isinstance(node, ast.NameExpr)}


def head(module: ast.Module) -> str:
    """The comment that opens a file, as prose: what it is about, and what its words mean."""
    lines: list[str] = []
    for line in module.source.text.splitlines():
        text = line.strip()
        if text.startswith("#"):
            lines.append(text[1:].strip())
        elif lines or (text and not text.startswith("reel ")):
            break
    return "\n".join(lines).strip()


def above(node: ast.Node) -> str:
    """The comment on the lines right above something, on one line; empty when there is none."""
    lines = node.span.source.text[: node.span.start].split("\n")[:-1]
    found: list[str] = []
    while lines and lines[-1].lstrip().startswith("#"):
        found.insert(0, lines.pop().strip()[1:].strip())
    return " ".join(found)


def first_sentence(text: str) -> str:
    """The first sentence of a description, on one line."""
    line = " ".join(text.strip().split("\n\n")[0].split())
    found = re.match(r".*?\.(?=\s|$)", line)
    return found[0] if found else line

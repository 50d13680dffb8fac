"""The standard library's syntax trees as they were when reelc was built: reading them takes a tenth of parsing them.

A text that has changed since has another hash, and is parsed.
"""

import hashlib
from typing import Any, cast

from reelc_dsl import ast
from reelc_dsl.source import Source, Span
from reelc_dsl.std_trees import TREES


def library_tree(source: Source) -> ast.Module | None:
    """The tree of a module of the standard library; None when there is none of this text."""
    found = TREES.get(hashlib.sha256(source.text.encode()).hexdigest())
    if found is None:
        return None
    version, items = found
    return ast.Module(source=source, version=version, items=tuple(_thaw(item, source) for item in items))


def _thaw(value: Any, source: Source) -> Any:
    """The value that ``frozen`` in tools/build_std.py made into tuples."""
    if not isinstance(value, tuple):
        return value
    head, *rest = cast("tuple[Any, ...]", value)
    if head is None:
        return tuple([_thaw(item, source) for item in rest])
    if head == "":
        return tuple(rest)
    if isinstance(head, int):
        return Span(source, head, rest[0])
    kind: type[ast.Node] = getattr(ast, head)
    return kind(**dict(zip(ast.field_names(kind), [_thaw(item, source) for item in rest], strict=True)))

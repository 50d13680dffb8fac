"""The standard library's syntax trees as they were when reelc was built: reading them takes a tenth of parsing them.

A text that has changed since has another hash, and is parsed.
"""

import hashlib
from importlib import import_module
from typing import Any

from reelc_dsl import ast
from reelc_dsl.source import Source, Span


def library_tree(source: Source) -> ast.Module | None:
    """The tree of a module of the standard library; None when there is none of this text."""
    name = source.name.rpartition("/")[2].removesuffix(".reel")
    if not name.isidentifier():
        return None
    # One Python module for each: a program pays for what it uses, not for all that there is.
    try:
        trees: Any = import_module(f"reelc_dsl.std_trees.{name}").TREES
    except ModuleNotFoundError:
        return None
    found = trees.get(hashlib.sha256(source.text.encode()).hexdigest())
    if found is None:
        return None
    version, items = found
    return ast.Module(source=source, version=version, items=tuple(_thaw(item, source) for item in items))


def _thaw(value: Any, source: Source) -> Any:
    """The value that ``frozen`` in tools/build_std.py made into tuples."""
    head = value[0]
    if isinstance(head, int):
        return Span(source, head, value[1])
    if head == "":
        return value[1:]
    # Asked here and not in a call of its own: half of all values are no tuples.
    items = [_thaw(item, source) if item.__class__ is tuple else item for item in value[1:]]
    if head is None:
        return tuple(items)
    kind: type[ast.Node] = getattr(ast, head)
    return kind(**dict(zip(ast.field_names(kind), items, strict=True)))

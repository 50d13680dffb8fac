"""The standard library's syntax trees as they were when reelc was built: reading them takes a tenth of parsing them.

A text that has changed since has another hash, and is parsed.
"""

import hashlib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from reelc_dsl import ast
from reelc_dsl.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    # A class, and what writes each of its fields.
    _Kind = tuple[type[Any], tuple[Callable[[Any, Any], None], ...]]


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
    if head.__class__ is int:
        return _made(_SPAN, (source, head, value[1]))
    if head == "":
        return value[1:]
    # Asked here and not in a call of its own: half of all values are no tuples.
    items = [_thaw(item, source) if item.__class__ is tuple else item for item in value[1:]]
    return tuple(items) if head is None else _made(_kind(head), items)


def _made(kind: "_Kind", values: "Sequence[Any]") -> Any:
    """An instance as its ``__init__`` makes it, from values that were right when they were written."""
    cls, setters = kind
    found = _new(cls)
    for put, value in zip(setters, values, strict=True):
        put(found, value)
    return found


def _setters(cls: type[Any], names: "Iterable[str]") -> "_Kind":
    return cls, tuple(getattr(cls, name).__set__ for name in names)


@cache
def _kind(name: str) -> "_Kind":
    kind: type[ast.Node] = getattr(ast, name)
    return _setters(kind, ast.field_names(kind))


_new = object.__new__
_SPAN = _setters(Span, ("source", "start", "end"))

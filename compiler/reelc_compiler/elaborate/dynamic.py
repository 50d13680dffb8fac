"""Dynamic inputs of nodes by value: lists and records to the dotted names that ComfyUI knows."""

from collections.abc import Iterator
from typing import Any, cast

from reelc_compiler.catalog import DYNAMIC_COMBO, InputSchema, NodeSchema
from reelc_compiler.sema.dynamic import KEY
from reelc_compiler.values import RecordValue, only
from reelc_dsl import ast
from reelc_dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """One of a node's inputs with its value.

    Attributes:
        name: dotted.
        expr: what gave it, as narrow as it is written out.
    """

    name: str
    value: Any
    expr: ast.Expr


class TooMany(Exception):
    """More values than a repeating input has slots."""

    def __init__(self, name: str, slots: int, count: int, expr: ast.Expr) -> None:
        super().__init__(f"the input `{name}` takes up to {slots} values, and these are {count}")
        self.expr = expr


def spread(schema: NodeSchema, given: dict[str, tuple[Any, ast.Expr]]) -> dict[str, Value]:
    """A node's inputs by dotted name.

    Raises:
        TooMany: a list is longer than its input repeats.
    """
    found: dict[str, Value] = {}
    for name, (value, expr) in given.items():
        found.update((v.name, v) for v in _spread(schema.input(name), name, value, expr))
    return found


def _spread(schema: InputSchema | None, name: str, value: Any, expr: ast.Expr) -> Iterator[Value]:
    grow = None if schema is None else schema.autogrow
    if grow is not None and isinstance(value, tuple):
        items = cast(tuple[Any, ...], value)
        if len(items) > len(grow.names):
            raise TooMany(name, len(grow.names), len(items), expr)
        written = expr.items if isinstance(expr, ast.ListExpr) else (expr,) * len(items)
        for slot, item, place in zip(grow.names, items, written, strict=False):
            yield from _spread(grow.element, f"{name}.{slot}", item, place)
    elif grow is not None and isinstance(value, RecordValue):
        for slot, item in value.fields.items():
            yield from _spread(grow.element, f"{name}.{slot}", item, _entry(expr, slot))
    elif schema is not None and schema.type == DYNAMIC_COMBO and isinstance(value, RecordValue):
        key = value.fields.get(KEY)
        yield Value(name, key, _entry(expr, KEY))
        inner = {i.name: i for i in (schema.options or {}).get(key if isinstance(key, str) else "", ())}
        for field, item in value.fields.items():
            if field != KEY:
                yield from _spread(inner.get(field), f"{name}.{field}", item, _entry(expr, field))
    else:
        yield Value(name, only(value), expr)


def _entry(expr: ast.Expr, name: str) -> ast.Expr:
    """Where a record's field is written out, or the whole expression."""
    entries = expr.entries if isinstance(expr, ast.RecordExpr) else ()
    return next((e.value for e in entries if e.name.text == name), expr)

"""The columns that a program asks of a table: a record's name, or names with types."""

from dataclasses import replace
from typing import TYPE_CHECKING

from reelc_compiler.sema.kinds import (
    FROM_FILE,
    SCALARS,
    UNKNOWN,
    FileKind,
    Kind,
    ListKind,
    OptionalKind,
    RecordKind,
    a_kind,
)
from reelc_dsl import ast
from reelc_dsl.diagnostics.codes import KIND_MISMATCH

if TYPE_CHECKING:
    from reelc_compiler.sema.exprs import Exprs

HOW = "name a record, or write names with types: { name: text, still: image, seconds: duration? }"


def type_of(expr: ast.Expr) -> ast.TypeExpr | None:
    """An expression that reads like a type, as one: ``text``, ``int?``, ``list[text]``, ``file["loras"]``."""
    match expr:
        case ast.OptionalExpr(value=value):
            inner = type_of(value)
            return None if inner is None else replace(inner, span=expr.span, optional=True)
        case ast.NameExpr(name=name):
            return ast.TypeExpr(span=expr.span, name=name, args=(), optional=False)
        case ast.IndexExpr(value=ast.NameExpr(name=name), index=ast.TextLit() as text):
            return ast.TypeExpr(span=expr.span, name=name, args=(text,), optional=False)
        case ast.IndexExpr(value=ast.NameExpr(name=name), index=index):
            inner = type_of(index)
            return None if inner is None else ast.TypeExpr(span=expr.span, name=name, args=(inner,), optional=False)
        case _:
            return None


def columns(exprs: "Exprs", expr: ast.Expr) -> Kind:
    """The kind of a table's rows, which is kept for when they are read; unknown after a diagnostic."""
    module = exprs.scope.module
    kind: Kind = UNKNOWN
    match expr:
        case ast.NameExpr(name=name):
            kind = exprs.signatures.kind(module, ast.TypeExpr(span=expr.span, name=name, args=(), optional=False))
        case ast.RecordExpr(entries=entries):
            fields: dict[str, Kind] = {}
            for entry in entries:
                written = type_of(entry.value)
                if written is None:
                    exprs.report(KIND_MISMATCH, "this is no type", entry.value.span, HOW)
                    return UNKNOWN
                fields[entry.name.text] = exprs.signatures.kind(module, written)
            shown = ", ".join(f"{n}: {k}" for n, k in fields.items())
            kind = RecordKind("{" + shown + "}", tuple(fields.items()))
        case _:
            pass
    if not isinstance(kind, RecordKind):
        if not (isinstance(expr, ast.NameExpr) and kind == UNKNOWN):
            message = f"the columns of a table are a record, and this is {a_kind(kind)}"
            exprs.report(KIND_MISMATCH, message, expr.span, HOW)
        return UNKNOWN
    wrong = next(((name, k) for name, k in kind.fields if not _from_cell(k)), None)
    if wrong is not None:
        exprs.report(KIND_MISMATCH, f"`{wrong[0]}` is {a_kind(wrong[1])}, which stands in no table", expr.span)
        return UNKNOWN
    module.kinds[id(expr)] = kind
    return kind


def _from_cell(kind: Kind) -> bool:
    """Whether a cell can hold a value of a kind."""
    if isinstance(kind, OptionalKind):
        return _from_cell(kind.inner)
    if isinstance(kind, ListKind):
        return _from_cell(kind.element)
    return kind in SCALARS or kind in FROM_FILE or isinstance(kind, FileKind) or kind == UNKNOWN

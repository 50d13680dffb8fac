"""Parameters set on the command line: texts to expressions, by the kind of the parameter."""

import re
from collections.abc import Mapping
from fractions import Fraction

from reelc_compiler.sema.kinds import (
    BOOL,
    BYTES,
    DURATION,
    FLOAT,
    FROM_FILE,
    INT,
    MONEY,
    NONE,
    PERCENT,
    RATE,
    SEED,
    SIZE,
    TEXT,
    UNKNOWN,
    FileKind,
    Kind,
    a_kind,
    assignable,
    list_of,
    present,
)
from reelc_compiler.sema.program import PipelineInfo
from reelc_compiler.texts import is_unicode
from reelc_compiler.units import DURATION_UNITS, Bytes, Duration, Money, Percent, Rate, quantity, too_long
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Label, Sink
from reelc_dsl.diagnostics.codes import BAD_ARITHMETIC, KIND_MISMATCH, UNKNOWN_PARAM, UNKNOWN_UNIT
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.parser import parse
from reelc_dsl.source import COMMAND_LINE as SET
from reelc_dsl.source import Source, Span

# What reads like a range of numbers, with units or without. Those that are ranges were taken apart before.
_RANGE = re.compile(r"\s*-?\d[\d.]*?[a-zA-Z%]*\s*\.\.\s*-?\d[\d.]*[a-zA-Z%]*\s*")

QUANTITIES: Mapping[type, Kind] = {
    Duration: DURATION,
    Rate: RATE,
    Bytes: BYTES,
    Money: MONEY,
    Percent: PERCENT,
}


def parse_overrides(overrides: Mapping[str, str], pipeline: PipelineInfo, sink: Sink) -> dict[str, ast.Expr]:
    """The expressions that override parameters.

    A text, a picture or a model file is taken as it stands, with or without quotes; everything else
    is a literal of Reel.

    Args:
        overrides: parameter name to text.
        sink: receives E0212, E0301, E0303 and syntax errors, in a source named ``--set NAME``.
    """
    params = {p.name: p for p in pipeline.params}
    out: dict[str, ast.Expr] = {}
    for name, text in overrides.items():
        source = Source(f"{SET}{name}", text)
        whole = Span(source, 0, len(text))
        if name not in params:
            help_ = did_you_mean(name, params) or (
                ("the parameters are " + ", ".join(f"`{n}`" for n in params),) if params else ()
            )
            message = f"the pipeline `{pipeline.decl.name.text}` has no parameter `{name}`"
            sink.add(Diagnostic(code=UNKNOWN_PARAM, message=message, span=whole, help=help_))
            continue
        kind = params[name].kind
        inner = present(kind)
        if not is_unicode(text) and inner not in FROM_FILE:
            message = f"the value given to `{name}` is not UTF-8"
            help_ = ("the terminal, or the script that gave it, has another encoding",)
            sink.add(Diagnostic(code=KIND_MISMATCH, message=message, span=whole, help=help_))
            continue
        if (inner == TEXT or isinstance(inner, FileKind) or inner in FROM_FILE) and not text.startswith('"'):
            out[name] = ast.TextLit(span=whole, value=text, offsets=tuple(range(len(text) + 1)))
            continue
        if _RANGE.fullmatch(text):
            message = f"a range goes from one whole number to another, and `{name}` is {a_kind(inner)}"
            if inner in (INT, SEED):
                message = f"a range goes from one whole number to another, from 0 on, and this is `{text.strip()}`"
            help_ = (f"a table makes a variant for each of its rows: `--set @takes.csv`, with a column `{name}`",)
            sink.add(Diagnostic(code=KIND_MISMATCH, message=message, span=whole, help=help_))
            continue
        expr = literal(source, sink)
        if expr is None:
            continue
        given = kind_of(expr, sink)
        if not assignable(given, kind):
            sink.add(
                Diagnostic(
                    code=KIND_MISMATCH,
                    message=f"`{name}` is {a_kind(kind)}, and this is {a_kind(given)}",
                    span=expr.span,
                    labels=(Label(params[name].decl.type.span, f"declared as {kind}"),),
                )
            )
        else:
            out[name] = expr
    return out


def literal(source: Source, sink: Sink) -> ast.Expr | None:
    """The expression that a text is, with its spans in that text."""
    head = "let value = "
    probe = Sink()
    module = parse(Source(source.name, head + source.text), probe)
    lets = [i for i in module.items if isinstance(i, ast.Let)]
    if len(probe) or len(lets) != 1 or len(module.items) != 1 or not _is_literal(lets[0].value):
        sink.add(
            Diagnostic(
                code=KIND_MISMATCH,
                message=f"the value given to `{source.name.removeprefix(SET)}` cannot be read",
                span=Span(source, 0, len(source.text)),
                help=('write it as in a program: 24, 0.5, 24fps, 1024x576, true, "text", [1, 2]',),
            )
        )
        return None
    return _moved(lets[0].value, source, len(head))


def _is_literal(expr: ast.Expr) -> bool:
    match expr:
        case ast.NumberLit() | ast.QuantityLit() | ast.SizeLit() | ast.TextLit() | ast.BoolLit() | ast.NoneLit():
            return True
        case ast.UnaryExpr(op="-", value=value):
            return isinstance(value, ast.NumberLit | ast.QuantityLit)
        case ast.ListExpr(items=items):
            return all(_is_literal(i) for i in items)
        case _:
            return _is_part(expr)


def _is_part(expr: ast.Expr) -> bool:
    """Whether it is a duration that no decimal writes: ``25 / 24fps``, ``1s / 3``."""
    match expr:
        case ast.BinaryExpr(op="/", left=ast.NumberLit(whole=True), right=ast.QuantityLit(number=number, unit="fps")):
            return too_long(number) or Fraction(number) > 0
        case ast.BinaryExpr(op="/", left=ast.QuantityLit(unit=unit), right=ast.NumberLit(text=number, whole=True)):
            return unit in DURATION_UNITS and (too_long(number) or int(number) > 0)
        case _:
            return False


def _moved(expr: ast.Expr, source: Source, by: int) -> ast.Expr:
    from dataclasses import replace

    span = Span(source, max(0, expr.span.start - by), max(0, expr.span.end - by))
    match expr:
        case ast.ListExpr(items=items):
            return replace(expr, span=span, items=tuple(_moved(i, source, by) for i in items))
        case ast.UnaryExpr(value=value):
            return replace(expr, span=span, value=_moved(value, source, by))
        case ast.BinaryExpr(left=left, right=right):
            return replace(expr, span=span, left=_moved(left, source, by), right=_moved(right, source, by))
        case _:
            return replace(expr, span=span)


def kind_of(expr: ast.Expr, sink: Sink) -> Kind:
    """The kind of a literal."""
    match expr:
        case ast.NumberLit(text=number) | ast.QuantityLit(number=number) if too_long(number):
            sink.add(Diagnostic(code=BAD_ARITHMETIC, message="this number is absurdly long", span=expr.span))
            return UNKNOWN
        case ast.NumberLit(whole=whole):
            return INT if whole else FLOAT
        case ast.QuantityLit(number=number, unit=unit):
            value = quantity(number, unit)
            if value is None:
                sink.add(Diagnostic(code=UNKNOWN_UNIT, message=f"`{unit}` is not a unit", span=expr.span))
                return UNKNOWN
            return QUANTITIES[type(value)]
        case ast.SizeLit():
            return SIZE
        case ast.TextLit():
            return TEXT
        case ast.BoolLit():
            return BOOL
        case ast.NoneLit():
            return NONE
        case ast.UnaryExpr(value=value):
            return kind_of(value, sink)
        case ast.BinaryExpr(left=left, right=right):
            known = kind_of(left, sink) != UNKNOWN and kind_of(right, sink) != UNKNOWN
            return DURATION if known else UNKNOWN
        case ast.ListExpr(items=items):
            return list_of(kind_of(items[0], sink) if items else UNKNOWN)
        case _:
            return UNKNOWN

"""Rows of a table file as records: ``table("shots.csv", { name: text, still: image })``."""

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any

from reelc_compiler.elaborate import media
from reelc_compiler.elaborate.arithmetic import MAX_BITS
from reelc_compiler.elaborate.scope import Env
from reelc_compiler.inputs import InputFault, Table
from reelc_compiler.overrides import QUANTITIES, SET, literal
from reelc_compiler.sema.kinds import (
    BOOL,
    BYTES,
    DURATION,
    FLOAT,
    FROM_FILE,
    INT,
    MONEY,
    PERCENT,
    RATE,
    SIZE,
    TEXT,
    UNKNOWN,
    FileKind,
    Kind,
    ListKind,
    OptionalKind,
    RecordKind,
    a_kind,
    assignable,
    present,
)
from reelc_compiler.units import Size
from reelc_compiler.values import RecordValue
from reelc_dsl.diagnostics import Sink
from reelc_dsl.diagnostics.codes import BAD_TABLE
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.source import Source, Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator
    from reelc_compiler.sema.program import ModuleInfo


# What is written behind a number of each kind; what it may mean where a number is written alone.
UNITS: Mapping[Kind, str] = {DURATION: "s", RATE: "fps", BYTES: "GB", MONEY: "usd", PERCENT: "%"}
NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Misfit(Exception):
    """A cell that is not of its column's kind; the text says what it is instead."""

    def __init__(self, message: str, *help_: str) -> None:
        self.help = help_
        super().__init__(message)


def table(
    evaluator: "Evaluator", path: str, columns: RecordKind, module: "ModuleInfo", span: Span
) -> tuple[RecordValue, ...]:
    """The rows, in order.

    Raises:
        Stop: the file cannot be read, lacks a column, or a cell is not of its column's kind.
    """
    key = "" if span.source.name.startswith(SET) else module.key
    try:
        found = evaluator.table(path, key)
    except InputFault as fault:
        raise evaluator.stop(fault.code, str(fault), span, *fault.help) from None
    return tuple(_row(evaluator, found, number, dict(cells), columns, span) for number, cells in found.rows)


def files(evaluator: "Evaluator", pattern: str, module: "ModuleInfo", span: Span) -> tuple[str, ...]:
    """The files of the project that are like a pattern, sorted.

    Raises:
        Stop: there are none, or they lie elsewhere.
    """
    try:
        return evaluator.files(pattern, module.key)
    except InputFault as fault:
        raise evaluator.stop(fault.code, str(fault), span, *fault.help) from None


def _row(
    evaluator: "Evaluator", found: Table, number: int, cells: dict[str, Any], columns: RecordKind, span: Span
) -> RecordValue:
    where = f"`{found.path}`, {'line' if found.path.endswith('.csv') else 'row'} {number}"
    for name in cells:
        if name not in columns.map:
            raise evaluator.stop(
                BAD_TABLE,
                f"{where}: nothing asks for the column `{name}`",
                span,
                *(did_you_mean(name, columns.map) or ("name it and its kind in `table`, or leave it out of the file",)),
            )
    fields: dict[str, Any] = {}
    for name, kind in columns.map.items():
        value = cells.get(name)
        if value in (None, "") and isinstance(kind, OptionalKind):
            fields[name] = None
            continue
        if value is None:
            raise evaluator.stop(BAD_TABLE, f"{where}: there is no `{name}`", span)
        found_of = Sink()
        try:
            with evaluator.reporter.apart(found_of):
                fields[name] = _cell(evaluator, present(kind), value, found, span)
        except Misfit as misfit:
            message = f"{where}: `{name}` is {a_kind(present(kind))}, and {misfit}"
            raise evaluator.stop(BAD_TABLE, message, span, *misfit.help) from None
        finally:
            for item in found_of:
                evaluator.reporter.sink.add(replace(item, message=f"{where}: {item.message}"))
    return RecordValue(fields)


def _cell(evaluator: "Evaluator", kind: Kind, value: Any, found: Table, span: Span) -> Any:
    """The value of a cell.

    Raises:
        Misfit: it is of another kind.
        Stop: a file that it names cannot be used.
    """
    if isinstance(kind, ListKind):
        if not isinstance(value, list):
            raise Misfit("this is no list")
        return tuple(_cell(evaluator, kind.element, v, found, span) for v in value)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, int | float):
        number = _number(value)
        if not _fits(kind, number):
            raise Misfit(f"this is `{_shown(value)}`", *_instead(kind, _shown(value), found.path))
        return media.coerce(evaluator, number, kind, span, evaluator.program.main)
    if isinstance(value, list):
        raise Misfit("this is a list")
    if not isinstance(value, str):
        raise Misfit("this is neither a text nor a number")
    if kind in FROM_FILE:
        return evaluator.load_input(value, kind.name, found.path, span)
    if kind == TEXT or isinstance(kind, FileKind):
        return media.coerce(evaluator, value, kind, span, evaluator.program.main)
    sink = Sink()
    expr = literal(Source(SET + found.path, value), sink)
    evaluated = None if expr is None or len(sink) else evaluator.value(expr, Env(evaluator.program.main))
    if evaluated is None or not _fits(kind, evaluated):
        raise Misfit(f"this is `{value[:60]}`", *_instead(kind, value, found.path))
    return media.coerce(evaluator, evaluated, kind, span, evaluator.program.main)


def _number(value: float) -> bool | int | Fraction:
    """A number of TOML or JSON, exactly as it is written.

    Raises:
        Misfit: it is none, or far too large.
    """
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise Misfit("this number is absurdly large")
        return value
    if not isfinite(value):
        raise Misfit("this is no number")
    return Fraction(str(value))


def _shown(value: float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _instead(kind: Kind, written: str, path: str) -> tuple[str, ...]:
    """How a number is written as another kind."""
    number = NUMBER.fullmatch(written.strip())
    if number is None or not (kind in UNITS or kind == TEXT):
        return ()
    text = written.strip() + UNITS.get(kind, "")
    return (f"write `{text}`" if path.endswith(".csv") else f'write `"{text}"`',)


def _kind(value: Any) -> Kind:
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case Fraction():
            return FLOAT
        case Size():
            return SIZE
        case _:
            return QUANTITIES.get(type(value), UNKNOWN)  # pyright: ignore[reportUnknownArgumentType]


def _fits(kind: Kind, value: Any) -> bool:
    return assignable(_kind(value), kind) and kind not in FROM_FILE

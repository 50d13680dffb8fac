"""Literals as ComfyUI reads them: unwrapping, converting, range and membership."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from reelc_compiler.catalog import InputSchema
from reelc_compiler.target.comfyui.hints import Hints
from reelc_dsl.records import dataclass

Files = Mapping[str, Collection[str]]
_WIDTH = 80
# What Python's own conversions raise; the last for lists within lists within lists.
CONVERSION_ERRORS = (ValueError, TypeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error type with its message, before it has a node."""

    type: str
    message: str
    suggestions: tuple[str, ...] = ()


def shown(value: Any) -> str:
    """A value as messages show it: a prompt of a page is cut."""
    if isinstance(value, str) and len(value) > _WIDTH:
        value = value[:_WIDTH]
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"a huge {type(value).__name__}"
    return text if len(text) < _WIDTH else f"{text[: _WIDTH - 3]}..."


def brief(name: str) -> str:
    """A name as messages show it."""
    return name if len(name) <= _WIDTH else f"{name[: _WIDTH - 3]}..."


def unwrap(value: Any) -> Any:
    """``{"__value__": x}`` is x: how a list is passed that is no link. Only one layer comes off."""
    wrapped = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    return wrapped.get("__value__", value)


def convert(kind: str, value: Any) -> Any:
    """The value as Python's own constructors make it, which is what the server calls.

    Raises:
        ValueError, TypeError, OverflowError, RecursionError: it cannot be converted.
    """
    if kind == "INT":
        return int(value)
    if kind == "FLOAT":
        return float(value)
    if kind == "STRING":
        return str(value)
    if kind == "BOOLEAN":
        return bool(value)
    return value


def out_of_range(schema: InputSchema, value: Any) -> Problem | None:
    """Whether the value is below ``min`` or above ``max``; NaN is neither.

    Raises:
        TypeError: the value has no order with a number (a union type, which is not converted).
    """
    if schema.min is not None and value < schema.min:
        text = f"{schema.name}: {shown(value)} is smaller than the minimum {schema.min}"
        return Problem("value_smaller_than_min", text)
    if schema.max is not None and value > schema.max:
        text = f"{schema.name}: {shown(value)} is bigger than the maximum {schema.max}"
        return Problem("value_bigger_than_max", text)
    return None


def not_in_list(schema: InputSchema, value: Any, files: Files | None, hints: Hints) -> Problem | None:
    """Whether a combo lacks the value; a combo of files is only known when they are."""
    if not schema.is_combo:
        return None
    choices = schema.choices or ()
    there: Collection[str] = ()
    present = (schema.present or ()) if schema.files is not None else ()
    if schema.files is not None:
        if files is None and schema.present is None:
            return None
        there = (files or {}).get(schema.files, ())
        if schema.folders:
            # Of an empty folder the files say nothing.
            there = {f.partition("/")[0] for f in there if "/" in f}
    wanted: list[Any] = cast(list[Any], value) if schema.multiselect and isinstance(value, list) else [value]
    missing = [v for v in wanted if v not in choices and not (isinstance(v, str) and (v in there or v in present))]
    if not missing:
        return None
    known = [*choices, *sorted({*there, *present})]
    listed = ", ".join(map(shown, known[:8])) + (", ..." if len(known) > 8 else "")
    near = hints.near(missing[0] if isinstance(missing[0], str) else shown(missing[0]), known)
    text = f"{schema.name}: {shown(missing[0])} is not one of {listed or 'no choices'}"
    return Problem("value_not_in_list", text, near)

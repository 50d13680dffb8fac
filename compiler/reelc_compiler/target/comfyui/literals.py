"""Literals as ComfyUI reads them: unwrapping, converting, range and membership."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from reelc_compiler.catalog import InputSchema
from reelc_dsl.diagnostics.suggest import nearest
from reelc_dsl.records import dataclass

Files = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error type with its message, before it has a node."""

    type: str
    message: str
    suggestions: tuple[str, ...] = ()


def shown(value: Any) -> str:
    """A value as messages show it: a prompt of a page is cut."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def unwrap(value: Any) -> Any:
    """``{"__value__": x}`` is x: how a list is passed that is no link. Only one layer comes off."""
    wrapped = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    return wrapped.get("__value__", value)


def convert(kind: str, value: Any) -> Any:
    """The value as Python's own constructors make it, which is what the server calls.

    Raises:
        ValueError, TypeError, OverflowError: it cannot be converted.
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
        return Problem("value_smaller_than_min", f"{schema.name}: {value} is smaller than the minimum {schema.min}")
    if schema.max is not None and value > schema.max:
        return Problem("value_bigger_than_max", f"{schema.name}: {value} is bigger than the maximum {schema.max}")
    return None


def not_in_list(schema: InputSchema, value: Any, files: Files | None) -> Problem | None:
    """Whether a combo lacks the value; a combo of files is only known when they are."""
    if not schema.is_combo:
        return None
    known: list[Any] = list(schema.choices or ())
    if schema.files is not None:
        if files is None and schema.present is None:
            return None
        known += [*(schema.present or ()), *(files or {}).get(schema.files, ())]
    wanted: list[Any] = cast(list[Any], value) if schema.multiselect and isinstance(value, list) else [value]
    missing = [v for v in wanted if v not in known]
    if not missing:
        return None
    listed = ", ".join(map(repr, known[:8])) + (", ..." if len(known) > 8 else "")
    found = nearest(str(missing[0]), [k for k in known if isinstance(k, str)])
    return Problem(
        "value_not_in_list", f"{schema.name}: {shown(missing[0])} is not one of {listed or 'no choices'}", found
    )

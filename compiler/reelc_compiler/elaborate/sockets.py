"""Values to the literals that a node's inputs take, checked against the catalog."""

from fractions import Fraction
from typing import Any

from reelc_compiler.catalog import DYNAMIC_COMBO, InputSchema
from reelc_compiler.units import Duration, Percent, Rate, decimal_text, rate_text
from reelc_compiler.values import ModelFile, show
from reelc_dsl.diagnostics.suggest import did_you_mean


class BadValue(Exception):
    """A value that an input does not take; ``help`` says what it does take, ``choices`` are the texts among that."""

    def __init__(self, message: str, *help_: str, choices: tuple[str, ...] = ()) -> None:
        self.help = help_
        self.choices = choices
        super().__init__(message)


def literal(value: Any, schema: InputSchema) -> Any:
    """The JSON literal for an input.

    Raises:
        BadValue: out of range, not among the choices, or not whole.
    """
    kind = schema.type
    if schema.is_combo or kind == DYNAMIC_COMBO:
        return _choice(value, schema)
    if kind == "INT":
        return _in_range(_whole(value, schema), schema)
    if kind == "FLOAT":
        return _in_range(float(_number(value)), schema)
    if isinstance(value, ModelFile):
        return value.name
    if isinstance(value, Fraction | Rate | Duration | Percent):
        return float(_number(value))
    return value


def _number(value: Any) -> Fraction:
    match value:
        case Rate():
            return value.fps
        case Duration():
            return value.seconds
        case Percent():
            return value.share
        case _:
            return Fraction(value)


def _whole(value: Any, schema: InputSchema) -> int:
    number = _number(value)
    if number.denominator != 1:
        low = number.numerator // number.denominator
        shown = rate_text(number) if isinstance(value, Rate) else decimal_text(number)
        raise BadValue(
            f"the input `{schema.name}` takes whole numbers, and this is {shown}",
            f"the nearest are {low} and {low + 1}",
        )
    return int(number)


def _in_range(value: int | float, schema: InputSchema) -> int | float:
    low, high = schema.min, schema.max
    if (low is not None and value < low) or (high is not None and value > high):
        ends = (
            f"{_plain(low)} to {_plain(high)}"
            if low is not None and high is not None
            else (f"at least {_plain(low)}" if high is None else f"at most {_plain(high)}")
        )
        raise BadValue(f"the input `{schema.name}` takes {ends}, and this is {_plain(value)}")
    return value


def _plain(value: Any) -> str:
    return show(Fraction(value)) if isinstance(value, int | float) else str(value)


def _choice(value: Any, schema: InputSchema) -> Any:
    if isinstance(value, ModelFile):
        return value.name
    if schema.files is not None:
        return value
    choices = schema.choices if schema.options is None else tuple(schema.options)
    if choices is None:
        return float(value) if isinstance(value, Fraction) else value
    plain = float(value) if isinstance(value, Fraction) else value
    for choice in choices:
        # As ComfyUI compares them: 1 is 1.0, and "1.0" is not.
        if choice == plain and isinstance(choice, str) == isinstance(plain, str):
            return choice
    names = [str(c) for c in choices]
    shown = ", ".join(f"`{n}`" for n in names[:12]) + (", ..." if len(names) > 12 else "")
    raise BadValue(
        f"`{show(value)}` is no choice of the input `{schema.name}`",
        *did_you_mean(str(value), names),
        f"the choices are {shown}",
        choices=tuple(c for c in choices if isinstance(c, str)),
    )

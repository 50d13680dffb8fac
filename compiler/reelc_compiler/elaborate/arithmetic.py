"""Exact calculation with values. Kinds were checked before, so only the results can go wrong."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from reelc_compiler.units import (
    Bytes,
    Duration,
    Money,
    Percent,
    Rate,
    Size,
    decimal_text,
    exact_text,
    quantity,
    rate_text,
)

# Beyond this many bits a number means nothing and only costs time.
MAX_BITS = 512
MAX_EXPONENT = 30

Number = int | Fraction


class ArithmeticFault(Exception):
    """A calculation without a usable result; ``whole`` tells a count that is not whole."""

    def __init__(self, message: str, whole: bool = False, help_: str = "") -> None:
        self.whole = whole
        self.help = help_
        super().__init__(message)


def binary(op: str, a: Any, b: Any) -> Any:
    """``a op b``.

    Raises:
        ArithmeticFault: division by zero, a count that is not whole, or an absurd magnitude.
    """
    try:
        result = _binary(op, a, b)
    except ZeroDivisionError:
        raise ArithmeticFault("this divides by zero") from None
    return _bounded(result)


def _binary(op: str, a: Any, b: Any) -> Any:
    match a, b:
        case (int() | Fraction(), int() | Fraction()):
            return _numbers(op, a, b)
        case (Duration(), Duration()):
            return _same(op, a.seconds, b.seconds, Duration)
        case (Bytes(), Bytes()):
            return _same(op, a.count, b.count, Bytes)
        case (Percent(), Percent()):
            return _same(op, a.share, b.share, Percent)
        case (Money(), Money()):
            return _money(op, a, b)
        case (Rate(), Rate()):
            return a.fps / b.fps
        case (Duration(), Rate()):
            return frames(a, b)
        case (Rate(), Duration()):
            return frames(b, a)
        case (int(), Rate()):
            return Duration(Fraction(a) / b.fps) if op == "/" else Rate(a * b.fps)
        case (int(), Duration()):
            return Rate(Fraction(a) / b.seconds) if op == "/" else Duration(a * b.seconds)
        case (Percent(), _) if op == "*":
            return _scale(b, a.share, op)
        case (_, Percent()) if op == "*":
            return _scale(a, b.share, op)
        case (int() | Fraction(), _):
            return _scale(b, Fraction(a), op)
        case (_, int() | Fraction()):
            return _scale(a, Fraction(b) if op == "*" else 1 / Fraction(b), op)
        case _:
            raise AssertionError(f"no `{op}` for {type(a).__name__} and {type(b).__name__}")


def _numbers(op: str, a: Number, b: Number) -> Number:
    whole = isinstance(a, int) and isinstance(b, int)
    x, y = Fraction(a), Fraction(b)
    table: dict[str, Callable[[], Fraction]] = {
        "+": lambda: x + y,
        "-": lambda: x - y,
        "*": lambda: x * y,
        "/": lambda: x / y,
        "%": lambda: x % y,
    }
    result = table[op]()
    return int(result) if whole and op != "/" else result


def _same(op: str, a: Fraction, b: Fraction, make: Callable[[Fraction], Any]) -> Any:
    if op == "/":
        return a / b
    return make(a + b if op == "+" else a - b)


def _money(op: str, a: Money, b: Money) -> Any:
    if op == "/":
        return Fraction(a.usd) / Fraction(b.usd)
    return Money(a.usd + b.usd if op == "+" else a.usd - b.usd)


def _scale(value: Any, factor: Fraction, op: str) -> Any:
    match value:
        case int() | Fraction():
            return Fraction(value) * factor
        case Duration():
            return Duration(value.seconds * factor)
        case Rate():
            return Rate(value.fps * factor)
        case Bytes():
            return Bytes(value.count * factor)
        case Percent():
            return Percent(value.share * factor)
        case Money():
            return Money(value.usd * Decimal(factor.numerator) / Decimal(factor.denominator))
        case Size():
            return Size(_pixels(value.width, factor), _pixels(value.height, factor))
        case _:
            raise AssertionError(f"no `{op}` for {type(value).__name__}")


def _pixels(pixels: int, factor: Fraction) -> int:
    result = pixels * factor
    if result.denominator != 1:
        low = result.numerator // result.denominator
        raise ArithmeticFault(
            f"{pixels} pixels times {_decimal(factor)} is {_part(result)}, which is not whole",
            whole=True,
            help_=f"the nearest whole numbers are {low} and {low + 1}",
        )
    return int(result)


def frames(duration: Duration, rate: Rate, least: int | None = None) -> int:
    """A number of frames, which must be whole.

    Args:
        least: the fewest frames that the help may speak of.

    Raises:
        ArithmeticFault: it is not whole; the help names durations that can be written in its place.
    """
    count = duration.seconds * rate.fps
    if count.denominator != 1:
        low = count.numerator // count.denominator
        near = [lasting(n, rate.fps) for n in (low, low + 1) if least is None or n >= least]
        raise ArithmeticFault(
            f"{_decimal(duration.seconds)}s at {decimal_text(rate.fps, 3)}fps are {_part(count)} frames, "
            "which is not whole",
            whole=True,
            help_="; ".join(near),
        )
    return int(count)


def lasting(count: int, fps: Fraction) -> str:
    """How the duration of so many frames is written: ``1s, or `24 / 24fps`, is 24 frames``."""
    seconds = Fraction(count) / fps
    exact, rate = exact_text(seconds), rate_text(fps)
    # A rate may be one that no literal means: then the seconds are divided.
    divided = f"{count} / {rate}" if quantity(rate.removesuffix("fps"), "fps") == Rate(fps) else None
    if divided is None and exact is None:
        divided = f"{seconds.numerator}s / {seconds.denominator}"
    ways = ([] if exact is None else [f"`{exact}s`"]) + ([] if divided is None else [f"`{divided}`"])
    return f"{' or '.join(ways)} is {count} frame{'' if count == 1 else 's'}"


def _decimal(value: Fraction) -> str:
    return exact_text(value) or decimal_text(value)


def _part(count: Fraction) -> str:
    """A count that is not whole, so that it does not look whole."""
    shown = decimal_text(count, 3)
    if "." in shown:
        return shown
    return f"a little {'more' if count > int(shown) else 'less'} than {shown}"


def compare(op: str, a: Any, b: Any) -> bool:
    """``a op b`` for the comparison operators."""
    if op == "==":
        return bool(a == b)
    if op == "!=":
        return bool(a != b)
    x, y = order_key(a), order_key(b)
    return {"<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]


def order_key(value: Any) -> Any:
    """What an ordered value is ordered by."""
    match value:
        case Duration():
            return value.seconds
        case Rate():
            return value.fps
        case Bytes():
            return value.count
        case Money():
            return value.usd
        case Percent():
            return value.share
        case _:
            return value


def negate(value: Any) -> Any:
    """``-value``"""
    return value * -1 if isinstance(value, int | Fraction) else _scale(value, Fraction(-1), "-")


def _bounded(value: Any) -> Any:
    raw = order_key(value)
    if isinstance(raw, Decimal) and raw.adjusted() > MAX_EXPONENT:
        raise ArithmeticFault("the result is absurdly large")
    if isinstance(raw, int | Fraction):
        exact = Fraction(raw)
        if exact.numerator.bit_length() > MAX_BITS or exact.denominator.bit_length() > MAX_BITS:
            raise ArithmeticFault("the result is absurdly large or precise")
    return value

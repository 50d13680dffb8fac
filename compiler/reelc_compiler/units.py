"""Quantities: exact values with a unit. Rates and durations are fractions, money is decimal."""

from decimal import Decimal
from fractions import Fraction

from reelc_dsl.records import dataclass

# Broadcast rates that are written rounded and mean n*1000/1001 (SMPTE ST 12, ITU-R BT.1120).
NTSC_RATES = {
    Fraction("23.976"): Fraction(24000, 1001),
    Fraction("23.98"): Fraction(24000, 1001),
    Fraction("29.97"): Fraction(30000, 1001),
    Fraction("47.952"): Fraction(48000, 1001),
    Fraction("59.94"): Fraction(60000, 1001),
    Fraction("119.88"): Fraction(120000, 1001),
}
DURATION_UNITS = {"ms": Fraction(1, 1000), "s": Fraction(1), "min": Fraction(60), "h": Fraction(3600)}
BYTE_UNITS = {
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
# Of a decimal that a message gives to be copied.
MOST_PLACES = 9
UNITS = ("fps", *DURATION_UNITS, *BYTE_UNITS, "usd", "%")


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """Seconds, exact."""

    seconds: Fraction


@dataclass(frozen=True, slots=True, order=True)
class Rate:
    """Frames per second, exact."""

    fps: Fraction


@dataclass(frozen=True, slots=True, order=True)
class Bytes:
    """An amount of memory."""

    count: Fraction


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """US dollars, decimal."""

    usd: Decimal


@dataclass(frozen=True, slots=True, order=True)
class Percent:
    """A share: 50% is 1/2."""

    share: Fraction


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


Quantity = Duration | Rate | Bytes | Money | Percent


def too_long(number: str) -> bool:
    """Whether a number's text has more digits, or a larger exponent, than a float could hold."""
    mantissa, _, exponent = number.lower().partition("e")
    return len(mantissa) > 100 or len(exponent.lstrip("+-")) > 2


def quantity(number: str, unit: str) -> Quantity | None:
    """The value of a literal such as ``24fps``; None when the unit is unknown."""
    value = Fraction(number)
    if unit == "fps":
        return Rate(NTSC_RATES.get(value, value))
    if unit in DURATION_UNITS:
        return Duration(value * DURATION_UNITS[unit])
    if unit in BYTE_UNITS:
        return Bytes(value * BYTE_UNITS[unit])
    if unit == "usd":
        return Money(Decimal(number))
    if unit == "%":
        return Percent(value / 100)
    return None


def decimal_text(value: Fraction, places: int = 6) -> str:
    """A fraction as people write it: exact when it ends within ``places``, else rounded."""
    if value.denominator == 1:
        return str(value.numerator)
    text = f"{float(round(value, places)):.{places}f}".rstrip("0").rstrip(".")
    return text or "0"


def exact_text(value: Fraction) -> str | None:
    """A fraction as a decimal that means just it; None where there is none, or none that anybody would write."""
    places = next((n for n in range(MOST_PLACES + 1) if 10**n % value.denominator == 0), None)
    if places is None:
        return None
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".") if places else digits
    return f"-{text}" if value < 0 else text


def rate_text(fps: Fraction) -> str:
    """``24fps``, ``23.976fps``"""
    return decimal_text(fps, 3) + "fps"


def bytes_text(count: int | Fraction) -> str:
    """Bytes in the largest decimal unit that keeps the number at least 1."""
    for unit in ("TB", "GB", "MB", "KB"):
        if count >= BYTE_UNITS[unit]:
            return decimal_text(Fraction(count) / BYTE_UNITS[unit], 2) + " " + unit
    return f"{int(count)} bytes"

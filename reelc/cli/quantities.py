"""Durations and amounts of memory on the command line, in the units of Reel, and days."""

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _Exact = click.ParamType[Fraction]
else:
    _Exact = click.ParamType  # older ones are not generic

DAY = 86_400
AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


class DurationType(_Exact):
    """``90s``, ``12h``, ``30d``; seconds, exact."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        from reelc_compiler.units import Duration, quantity

        if isinstance(value, Fraction):
            return value
        found = AMOUNT.fullmatch(str(value).strip())
        if found is not None and found[2] == "d":
            return Fraction(found[1]) * DAY
        meant = quantity(found[1], found[2]) if found is not None else None
        if not isinstance(meant, Duration):
            self.fail(f"`{value}` is no duration; write 30d, 12h, 90min or 45s", param, ctx)
        return meant.seconds


class BytesType(_Exact):
    """``50GB``, ``500MB``, ``2TiB``; bytes, exact."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        from reelc_compiler.units import Bytes, quantity

        if isinstance(value, Fraction):
            return value
        found = AMOUNT.fullmatch(str(value).strip())
        meant = quantity(found[1], found[2]) if found is not None else None
        if not isinstance(meant, Bytes):
            self.fail(f"`{value}` is no amount of memory; write 50GB, 500MB or 2TiB", param, ctx)
        return meant.count


DURATION = DurationType()
BYTES = BytesType()

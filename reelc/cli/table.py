"""Rows, times and sizes for people."""

import time
from collections.abc import Sequence

from reelc_compiler.units import bytes_text

UNKNOWN = "unknown"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> list[str]:
    """Lines of columns that are as wide as they must be.

    Args:
        right: the headings of columns of numbers, separated by spaces.
    """
    numbers = set(right.split(" "))
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines: list[str] = []
    for row in (head, *rows):
        cells = [
            cell.rjust(width) if name in numbers else cell.ljust(width)
            for name, cell, width in zip(head, row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def moment_text(seconds: float | None) -> str:
    """``2026-11-24 16:58:45``, in local time."""
    if seconds is None:
        return UNKNOWN
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (ValueError, OverflowError, OSError):
        return UNKNOWN


def age_text(seconds: float) -> str:
    """``3 d``, ``2 h``, ``5 min``, ``12 s``: the largest unit that is full."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def seconds_text(seconds: float | None) -> str:
    """``0.4 s``, ``1:05``"""
    from reelc.cli.moment import clock

    if seconds is None:
        return UNKNOWN
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def size_text(size: int | None) -> str:
    """``12.3 MB``"""
    return UNKNOWN if size is None else bytes_text(size)

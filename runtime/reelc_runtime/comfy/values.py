"""JSON from elsewhere, taken apart without trust: a wrong shape gives an empty value, never an exception."""

import json
import math
from typing import Any, cast

Object = dict[str, Any]


def decode(text: str | bytes) -> Any:
    """A JSON text's value; NaN and Infinity pass, since Python servers write them.

    Raises:
        ValueError: it is no JSON text, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def as_object(value: Any) -> Object:
    """The object, or an empty one."""
    return cast(Object, value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The array, or an empty one."""
    return cast(list[Any], value) if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """The string, or an empty one."""
    return value if isinstance(value, str) else ""


def as_texts(value: Any) -> tuple[str, ...]:
    """The strings in an array."""
    return tuple(item for item in as_list(value) if isinstance(item, str))


def as_number(value: Any) -> float | None:
    """A finite number, else None; booleans are none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return value if math.isfinite(value) else None
        except OverflowError:
            return None
    return None


def as_size(value: Any) -> int:
    """A number of bytes, 0 where none is given."""
    number = as_number(value)
    return int(number) if number is not None and number >= 0 else 0


def as_node(value: Any) -> str | None:
    """A node's id; numbers become text, since some node packs send them."""
    if isinstance(value, str) and value:
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None

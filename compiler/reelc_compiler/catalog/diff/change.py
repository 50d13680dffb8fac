"""One change, and the words for it."""

from collections.abc import Sequence
from typing import Any

from reelc_compiler.catalog.schema import DYNAMIC_COMBO, InputSchema
from reelc_dsl.records import dataclass

SHOWN = 6


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed in a class.

    Args:
        path: the class, and the input or output: ``SaveVideo.format``, ``SaveVideo.format.codec``.
        kind: ``class-`` and ``added``, ``removed`` or ``renamed``; ``input-`` and ``added``, ``removed``, ``required``
            or ``optional``; ``type``, ``choices``, ``range``, ``step``, ``default``, ``files``, ``links``, ``slots``;
            ``output-`` and ``added``, ``removed``, ``renamed``, ``moved``, ``type`` or ``list``; ``output-node``,
            ``deprecated``, ``experimental``, ``api``.
        old, new: what it was and is, as JSON; for choices those that went, and those that came.
        breaking: whether a graph that was right may now be refused, or its node fails or ignores what it is given.
        text: what changed, for people, after the path.
        when: the choices under which the input is there: ``format = "mp4"``.
    """

    path: str
    kind: str
    old: Any
    new: Any
    breaking: bool
    text: str
    when: tuple[str, ...] = ()


def literal(value: Any) -> str:
    """A value as messages show it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = text.replace("\n", "\\n")
    return text if len(text) <= 60 else f"{text[:57]}..."


def listed(values: Sequence[Any]) -> str:
    """``"a", "b" and 3 more``."""
    rest = len(values) - SHOWN
    return ", ".join(map(literal, values[:SHOWN])) + (f" and {rest} more" if rest > 0 else "")


def interval(item: InputSchema) -> str:
    """The range of an input."""
    low, high = item.min, item.max
    if low is None and high is None:
        return "any number"
    return f"{low} to {high}" if None not in (low, high) else f"at least {low}" if high is None else f"at most {high}"


def type_of(item: InputSchema) -> str:
    """An input's type, for a sentence."""
    if item.type == DYNAMIC_COMBO:
        return "a dynamic combo"
    if item.autogrow is not None:
        return f"{item.autogrow.element.type}, repeated"
    if item.match is not None:
        return " or ".join(item.allowed) if item.allowed not in ((), ("*",)) else "any type"
    return "any type" if item.type == "*" else item.type

"""From a node's class to the schema of its inputs, in few steps.

A chain of a thousand conditions is slow, and JSON Schema has no table. So conditions halve the classes by the
beginning of their names, until few are left.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Conditions in a row, when the names are no longer halved.
FEW = 6


def dispatch(branches: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that holds an object to the branch of its ``class_type``, and refuses one that has no branch."""
    return _tree(sorted(branches), branches)


def _tree(names: Sequence[str], branches: Mapping[str, Any]) -> dict[str, Any]:
    if len(names) <= FEW:
        tests = [{"if": _class({"const": name}), "then": branches[name]} for name in names]
        # A class that there is not is reported with those that begin like it, and not with all of them.
        return {**_class({"enum": list(names)}), "allOf": tests}
    pattern, yes, no = _halves(names)
    return {"if": _class({"pattern": pattern}), "then": _tree(yes, branches), "else": _tree(no, branches)}


def _class(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": {"class_type": schema}}


def _halves(names: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """A pattern for the names from somewhere near the middle on, those that match it, and those that do not."""
    start = _start(names)
    at = len(start)
    # The names are sorted, and differ in this letter; the shortest may end before it, and comes first.
    cuts = [i for i in range(1, len(names)) if names[i][at : at + 1] != names[i - 1][at : at + 1]]
    cut = min(cuts, key=lambda i: abs(2 * i - len(names)))
    low, high = names[cut][at], names[-1][at]
    letters = _escaped(low) if low == high else f"[{_in_set(low)}-{_in_set(high)}]"
    return f"^{_escaped(start)}{letters}", list(names[cut:]), list(names[:cut])


def _start(names: Sequence[str]) -> str:
    """What all names begin with."""
    first, last = min(names), max(names)
    at = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:at]


def _escaped(text: str) -> str:
    r"""A text as a pattern of ECMA-262, where a letter that means nothing must not be escaped (``\-`` only in sets)."""
    return re.sub(r"[\^$\\.*+?()\[\]{}|/]", r"\\\g<0>", text)


def _in_set(letter: str) -> str:
    return r"\-" if letter == "-" else _escaped(letter)


def one_of(names: Sequence[str]) -> str:
    """A pattern for exactly these texts, short where they are numbered."""
    start = _start(names)
    tails = [name[len(start) :] for name in names]
    if not all(tails):
        return f"^({'|'.join(map(_escaped, names))})$"
    heads: dict[str, list[str]] = {}
    for tail in tails:
        heads.setdefault(tail[:-1], []).append(tail[-1])
    ends: dict[str, list[str]] = {}
    for head, letters in heads.items():
        ends.setdefault(_letters(sorted(set(letters))), []).append(_escaped(head))
    parts = [f"({'|'.join(before)}){letters}" if before != [""] else letters for letters, before in ends.items()]
    return f"^{_escaped(start)}({'|'.join(parts)})$" if len(parts) > 1 else f"^{_escaped(start)}{parts[0]}$"


def _letters(letters: Sequence[str]) -> str:
    if len(letters) == 1:
        return _escaped(letters[0])
    if ord(letters[-1]) - ord(letters[0]) == len(letters) - 1 and letters[0].isalnum() and letters[-1].isalnum():
        return f"[{letters[0]}-{letters[-1]}]"
    return f"({'|'.join(map(_escaped, letters))})"

"""Did you mean: one pure function, silent when nothing is near."""

from collections.abc import Iterable


def nearest(name: str, candidates: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """The candidates most like ``name``, best first; at most ``limit``.

    A match that differs only in case or separators wins outright. Otherwise the edit distance
    (insert, delete, replace, swap neighbours) may be at most a third of the longer word, so that
    a short name does not attract an unrelated one.
    """
    folded = _fold(name)
    scored: list[tuple[int, str]] = []
    for candidate in dict.fromkeys(candidates):
        other = _fold(candidate)
        if other == folded:
            return (candidate,)
        allowed = max(len(folded), len(other)) // 3
        if allowed == 0 or abs(len(folded) - len(other)) > allowed:
            continue
        distance = _distance(folded, other, allowed)
        if distance <= allowed:
            scored.append((distance, candidate))
    scored.sort()
    if not scored:
        return ()
    best = scored[0][0]
    return tuple(name for distance, name in scored if distance <= best + 1)[:limit]


def did_you_mean(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """``nearest`` as a help sentence: none, one, or several."""
    found = nearest(name, candidates)
    if not found:
        return ()
    if len(found) == 1:
        return (f"did you mean `{found[0]}`?",)
    return ("did you mean one of " + ", ".join(f"`{f}`" for f in found) + "?",)


def slip(name: str, candidates: Iterable[str]) -> str | None:
    """The one candidate that ``name`` is with a slip of the hand; None where somebody should look first.

    Nothing else may be near. They may differ in case and separators, or by one edit (two from 8 characters on). A
    word of three characters only has two of them swapped. Digits never differ: ``shot2`` is no slip of ``shot1``.
    """
    found = nearest(name, candidates)
    if len(found) != 1:
        return None
    a, b = _fold(name), _fold(found[0])
    if [c for c in a if c.isdigit()] != [c for c in b if c.isdigit()]:
        return None
    if a == b:
        return found[0]
    shorter = min(len(a), len(b))
    if shorter < 4:
        return found[0] if sorted(a) == sorted(b) else None
    allowed = 2 if shorter >= 8 else 1
    return found[0] if _distance(a, b, allowed) <= allowed else None


def _fold(name: str) -> str:
    return "".join(c for c in name.casefold() if c not in " _-.")


def _distance(a: str, b: str, limit: int) -> int:
    """Damerau-Levenshtein (optimal string alignment), cut off above ``limit``."""
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, previous = previous, row
    return previous[-1]

"""Suggestions for a whole graph, with a bound on what they cost."""

from collections.abc import Iterable
from dataclasses import field
from itertools import islice

from reelc_dsl.diagnostics.suggest import nearest
from reelc_dsl.records import dataclass

# Comparing two names takes up to a fifth of a millisecond: a graph's suggestions together take less than a second.
_COMPARISONS = 4_000
_LONGEST = 100


def _bought() -> list[int]:
    return [_COMPARISONS]


@dataclass(frozen=True, slots=True)
class Hints:
    """What was probably meant, as long as the graph has few mistakes; a graph of thousands gets no more then."""

    left: list[int] = field(default_factory=_bought)

    def near(self, name: str, candidates: Iterable[object]) -> tuple[str, ...]:
        """The candidates most like ``name``, best first; those that are no text are left out."""
        if self.left[0] <= 0 or len(name) > _LONGEST:
            return ()
        found = [c for c in islice(candidates, self.left[0]) if isinstance(c, str) and len(c) <= _LONGEST]
        self.left[0] -= len(found) + 1
        return nearest(name, found)

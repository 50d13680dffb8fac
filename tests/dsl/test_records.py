"""Our ``dataclass`` does what the standard library's does."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import Any

import pytest

from reelc_dsl.records import dataclass


def classes(define: Callable[..., Any]) -> tuple[type[Any], ...]:
    @define(frozen=True, slots=True, order=True)
    class Point:
        """A place."""

        x: int
        y: int = 0

    @define(frozen=True, slots=True, kw_only=True)
    class Base:
        """With a field that is not shown, one that does not count, and one that is made anew."""

        name: str
        text: str = field(default="", repr=False)
        cache: int = field(default=0, compare=False)
        items: list[int] = field(default_factory=list[int])

    @define(frozen=True, slots=True, kw_only=True)
    class More(Base):
        """A class of a class."""

        more: int = 1

    @define(slots=True)
    class Open:
        """One that may change, with its own words."""

        value: int

        def __repr__(self) -> str:
            return f"open {self.value}"

    @define(frozen=True)
    class Nothing:
        """No fields, no slots."""

    return Point, Base, More, Open, Nothing


OURS, THEIRS = classes(dataclass), classes(dataclasses.dataclass)


def told(kinds: tuple[type[Any], ...]) -> list[object]:
    """What can be seen of the classes."""
    point, base, more, opened, nothing = kinds
    a, b = base(name="a", text="t", cache=1), base(name="a", text="t", cache=2)
    changed = opened(3)
    changed.value = 4
    return [
        (repr(point(1)), repr(more(name="n", more=2)), repr(changed), repr(nothing())),
        (point(1) == point(1, 0), point(1) == point(2), point(1) == (1, 0), a == b, nothing() == nothing()),
        (point(1) < point(2), point(2) <= point(1), point(1) > point(0, 5), point(1) >= point(1)),
        (hash(point(1)) == hash(point(1, 0)), opened.__hash__, len({point(1), point(1)})),
        (a.items, a.items is not b.items),
        (replace(point(1), y=5).y, replace(more(name="n"), name="m").name, dataclasses.asdict(point(1))),
        [(f.name, f.kw_only, f.repr, f.compare) for kind in kinds for f in fields(kind)],
        [getattr(kind, "__slots__", None) for kind in kinds],
        [kind.__match_args__ for kind in kinds],
        copy.deepcopy(point(1, 2)).y,
        copy.copy(more(name="n", more=7)).more,
    ]


def test_alike() -> None:
    assert told(OURS) == told(THEIRS)


@pytest.mark.parametrize("kinds", [OURS, THEIRS], ids=["ours", "theirs"])
def test_what_is_wrong_is_refused(kinds: tuple[type[Any], ...]) -> None:
    point, base, *_ = kinds
    for wrong in (
        lambda: point(),
        lambda: point(1, 2, 3),
        lambda: point(1, z=2),
        lambda: base("a"),
        lambda: base(),
        lambda: point(1) < 3,
    ):
        with pytest.raises(TypeError):
            wrong()
    value = point(1)
    with pytest.raises(FrozenInstanceError):
        value.x = 2
    with pytest.raises(FrozenInstanceError):
        del value.x
    # Python 3.11's own trips over its `super` there, and gives a TypeError.
    with pytest.raises((FrozenInstanceError, TypeError)):
        value.other = 2


@dataclass(frozen=True, slots=True)
class Sent:
    """At the top of a module, where pickle finds it."""

    value: int


def test_values_can_be_sent() -> None:
    assert pickle.loads(pickle.dumps(Sent(5))) == Sent(5)

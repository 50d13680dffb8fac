"""``dataclass`` as in the standard library, several times as fast to define.

Python's writes and compiles up to six methods for each class, 115 classes at every start: a fifth of what a whole
check took. Here classes share them, and the one that must be compiled, ``__init__``, is when the first instance is
made; most of a syntax tree's classes have none in a given program.

The standard library still reads the fields, so that ``fields``, ``replace``, ``asdict`` and ``match`` work as ever.
"""

import dataclasses
import operator
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    order: bool = False,
    repr: bool = True,
) -> Callable[[type[T]], type[T]]:
    """A class of values; the arguments are those of :func:`dataclasses.dataclass`."""

    def define(cls: type[T]) -> type[T]:
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
        found = dataclasses.fields(cls)  # pyright: ignore[reportArgumentType]
        methods: dict[str, Any] = {"__init__": _lazy_init(cls)}
        if repr:
            methods["__repr__"] = _repr(*(f.name for f in found if f.repr))
        if eq:
            key = _key(*(f.name for f in found if f.compare))
            methods["__eq__"] = _compare(operator.eq, key)
            methods["__hash__"] = _hash(key) if frozen else None
            if order:
                methods |= {f"__{how.__name__}__": _compare(how, key) for how in _ORDER}
        if frozen:
            methods |= _FROZEN
        own = cls.__dict__
        for name, method in methods.items():
            # What a class has written out itself stays; Python adds the `__hash__` of None beside an `__eq__`.
            if name not in own or (name == "__hash__" and own[name] is None):
                setattr(cls, name, method)
        return cls

    return define


# To compile an ``__init__`` takes as long as this many instances made without: most classes never have as many.
_FEW = 6


def _lazy_init(cls: type[Any]) -> Callable[..., None]:
    """An ``__init__`` that puts fields into the first instances, and then writes the real one."""
    plan: list[tuple[str, bool, Any, Any]] = []
    left = _FEW

    def __init__(self: Any, *args: Any, **named: Any) -> None:
        nonlocal left
        left -= 1
        if not plan:
            plan.extend(_plan(cls))
        if left < 0 or not _put(self, plan, args, named):
            # Also where arguments are wrong: the real one says what is.
            cls.__init__ = _init(cls)
            self.__init__(*args, **named)

    return __init__


def _plan(cls: type[Any]) -> list[tuple[str, bool, Any, Any]]:
    """Each field's name, whether it is given by name only, and what stands for it; those by position come first."""
    plan = [(f.name, f.kw_only is True, f.default, f.default_factory) for f in dataclasses.fields(cls)]
    return sorted(plan, key=operator.itemgetter(1))


def _put(self: Any, plan: list[tuple[str, bool, Any, Any]], args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Put the arguments into the fields; False where they do not fit."""
    given = len(args)
    found = 0
    values: list[Any] = []
    for number, (name, only_named, default, factory) in enumerate(plan):
        if name in named:
            if number < given:
                return False
            found += 1
            values.append(named[name])
        elif number < given:
            if only_named:
                return False
            values.append(args[number])
        elif default is not dataclasses.MISSING:
            values.append(default)
        elif factory is not dataclasses.MISSING:
            values.append(factory())
        else:
            return False
    if given > len(plan) or found < len(named):
        return False
    for (name, *_), value in zip(plan, values, strict=True):
        object.__setattr__(self, name, value)
    if hasattr(self, "__post_init__"):
        self.__post_init__()
    return True


def _init(cls: type[Any]) -> Callable[..., None]:
    """The ``__init__`` of a class, compiled; it writes past ``__setattr__``, which forbids it for frozen ones."""
    scope: dict[str, Any] = {"_set": object.__setattr__, "_new": _NEW}
    positional: list[str] = []
    named: list[str] = []
    body: list[str] = []
    for field in dataclasses.fields(cls):
        name = field.name
        assert field.init, "no field of ours is without its argument"
        value, default = name, ""
        if field.default_factory is not dataclasses.MISSING:
            scope[f"_make_{name}"], default = field.default_factory, " = _new"
            value = f"_make_{name}() if {name} is _new else {name}"
        elif field.default is not dataclasses.MISSING:
            scope[f"_default_{name}"], default = field.default, f" = _default_{name}"
        (named if field.kw_only else positional).append(f"{name}{default}")
        body.append(f"    _set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("    self.__post_init__()")
    star = ["*"] if named else []
    head = f"def __init__({', '.join(['self', *positional, *star, *named])}):"
    exec("\n".join((head, *(body or ["    pass"]))), scope)  # noqa: S102  # names of fields, from our own classes
    return scope["__init__"]


_NEW = object()
_ORDER = (operator.lt, operator.le, operator.gt, operator.ge)


def _key(*names: str) -> Callable[[Any], Any]:
    """What tells an instance from others of its class."""
    return operator.attrgetter(*names) if names else lambda _: ()


def _compare(how: Callable[[Any, Any], bool], key: Callable[[Any], Any]) -> Callable[[Any, object], bool]:
    def compare(self: Any, other: object) -> bool:
        return how(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented

    return compare


def _hash(key: Callable[[Any], Any]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:
        return hash(key(self))

    return __hash__


def _repr(*names: str) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _no_setting(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _no_deleting(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


# For copies, too, which would set attributes one by one.
_FROZEN = {
    "__setattr__": _no_setting,
    "__delattr__": _no_deleting,
    "__getstate__": _state,
    "__setstate__": _restore,
}

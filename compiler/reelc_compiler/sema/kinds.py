"""Kinds: the types of Reel. A kind says what a value is; its facts are known at elaboration."""

from collections.abc import Mapping
from dataclasses import field

from reelc_compiler.catalog import same_dialect, socket_compatible
from reelc_dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind without parts: ``int``, ``image``, ``film``."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Opaque(Kind):
    """A ComfyUI socket type, ``MODEL``: passed on, never looked into.

    Attributes:
        dialect: whose values of that type they are; ``*`` where only the type is stated, as in a declaration.
    """

    dialect: str = "*"

    def __str__(self) -> str:
        return self.name if self.dialect in ("", "*") else f"{self.name} of {self.dialect}"


@dataclass(frozen=True, slots=True)
class FileKind(Kind):
    """``file["checkpoints"]``: the name of a file in one of ComfyUI's model folders."""

    folder: str = ""


@dataclass(frozen=True, slots=True)
class ListKind(Kind):
    """``list[image]``"""

    element: Kind = field(default_factory=lambda: UNKNOWN)


@dataclass(frozen=True, slots=True)
class RecordKind(Kind):
    """A declared record, or (named ``{...}``) a record literal's shape."""

    fields: tuple[tuple[str, Kind], ...] = ()
    declared: bool = False

    @property
    def map(self) -> Mapping[str, Kind]:
        """Field names to kinds."""
        return dict(self.fields)


@dataclass(frozen=True, slots=True)
class OptionalKind(Kind):
    """``image?``: the value, or ``none``."""

    inner: Kind = field(default_factory=lambda: UNKNOWN)


@dataclass(frozen=True, slots=True)
class NodeKind(Kind):
    """What a ``node`` gives: one output is the value itself, several are fields by name.

    Attributes:
        saves: ComfyUI runs the class for what it leaves behind (a file), so that it can be an output.
    """

    outputs: tuple[tuple[str, Kind], ...] = ()
    saves: bool = False


INT = Kind("int")
FLOAT = Kind("float")
BOOL = Kind("bool")
TEXT = Kind("text")
SIZE = Kind("size")
DURATION = Kind("duration")
RATE = Kind("rate")
BYTES = Kind("bytes")
MONEY = Kind("money")
PERCENT = Kind("percent")
SEED = Kind("seed")
RANGE = Kind("range")
NONE = Kind("none")
IMAGE = Kind("image")
CLIP = Kind("clip")
AUDIO = Kind("audio")
MASK = Kind("mask")
LATENT = Kind("latent")
FILM = Kind("film")
JOIN = Kind("join")
TRACK = Kind("track")
UNKNOWN = Kind("?")

SCALARS = (INT, FLOAT, BOOL, TEXT, SIZE, DURATION, RATE, BYTES, MONEY, PERCENT, SEED)
MEDIA = (IMAGE, CLIP, AUDIO, MASK, LATENT)
NAMED: Mapping[str, Kind] = {k.name: k for k in (*SCALARS, *MEDIA, FILM)}

# Which socket type carries a medium.
SOCKETS: Mapping[Kind, str] = {IMAGE: "IMAGE", CLIP: "IMAGE", AUDIO: "AUDIO", MASK: "MASK", LATENT: "LATENT"}
# A text stands for the input file that it names where one of these is wanted.
FROM_FILE = (IMAGE, CLIP, AUDIO)

_PICTURE: Mapping[str, Kind] = {"width": INT, "height": INT, "size": SIZE, "layout": TEXT, "projection": TEXT}
_MOVING: Mapping[str, Kind] = {**_PICTURE, "frames": INT, "fps": RATE, "duration": DURATION}
FACTS: Mapping[Kind, Mapping[str, Kind]] = {
    IMAGE: _PICTURE,
    CLIP: {**_MOVING, "audio": AUDIO},
    FILM: _MOVING,
    AUDIO: {"duration": DURATION},
    SIZE: {"width": INT, "height": INT},
}


def list_of(element: Kind) -> ListKind:
    """``list[element]``"""
    return ListKind(f"list[{element}]", element)


def optional(inner: Kind) -> Kind:
    """``inner?``"""
    return inner if isinstance(inner, OptionalKind) else OptionalKind(f"{inner}?", inner)


def file_in(folder: str) -> FileKind:
    """``file["folder"]``"""
    return FileKind(f'file["{folder}"]', folder)


def single(kind: Kind) -> Kind:
    """A node's one output as the value itself; any other kind as it is."""
    if isinstance(kind, NodeKind) and len(kind.outputs) == 1:
        return kind.outputs[0][1]
    return kind


def present(kind: Kind) -> Kind:
    """The kind of a value that is there: ``image`` for ``image?``."""
    return kind.inner if isinstance(kind, OptionalKind) else kind


def holds(kind: Kind, part: Kind) -> bool:
    """Whether a value of a kind is one of another, or may have one in it."""
    match kind:
        case OptionalKind(inner=inner) | ListKind(element=inner):
            return holds(inner, part)
        case RecordKind(fields=fields):
            return any(holds(field, part) for _, field in fields)
        case _:
            return kind == part


def a_kind(kind: Kind) -> str:
    """A kind with its article, for sentences."""
    shown = str(single(kind))
    if shown == "bytes":
        return "an amount of bytes"
    # A server may call a type whatever it likes, also nothing.
    return ("an " if shown[:1].lower() in ("a", "e", "i", "o") else "a ") + shown


def assignable(given: Kind, wanted: Kind) -> bool:
    """Whether a value of kind ``given`` may stand where ``wanted`` is declared."""
    given = single(given)
    if given == wanted or UNKNOWN in (given, wanted):
        return True
    if isinstance(wanted, OptionalKind):
        inner = present(given)
        return given == NONE or assignable(inner, wanted.inner)
    if isinstance(wanted, ListKind):
        return isinstance(given, ListKind) and assignable(given.element, wanted.element)
    if isinstance(wanted, RecordKind) and isinstance(given, RecordKind):
        if given.declared:
            return False
        mine, theirs = wanted.map, given.map
        return mine.keys() == theirs.keys() and all(assignable(theirs[n], mine[n]) for n in mine)
    if isinstance(wanted, Opaque):
        socket = given if isinstance(given, Opaque) else Opaque(SOCKETS.get(given, ""))
        return socket_compatible(socket.name, wanted.name) and same_dialect(socket.dialect, wanted.dialect)
    if wanted in (MASK, LATENT) and isinstance(given, Opaque):
        # Nothing is known of these but what they are, so a node's output is one as it stands.
        return given.name == SOCKETS[wanted]
    if isinstance(wanted, FileKind) or wanted in FROM_FILE:
        return given == TEXT
    return (given, wanted) in ((INT, FLOAT), (INT, SEED), (SEED, INT))


def join(a: Kind, b: Kind) -> Kind | None:
    """The kind that both branches or elements have; None when there is none."""
    a, b = single(a), single(b)
    if assignable(b, a):
        # The unknown side would swallow what is known, and int widens to float.
        return b if a == UNKNOWN else a
    if assignable(a, b):
        return b
    if a == NONE:
        return optional(b)
    if b == NONE:
        return optional(a)
    return None


_NUM = (INT, FLOAT)
_Table = dict[tuple[str, Kind, Kind], Kind]


def _arithmetic() -> _Table:
    table: _Table = {}
    for a in _NUM:
        for b in _NUM:
            both = INT if (a, b) == (INT, INT) else FLOAT
            for op in "+-*%":
                table[op, a, b] = both
            table["/", a, b] = FLOAT
    for unit in (DURATION, BYTES, MONEY, PERCENT):
        for op in "+-":
            table[op, unit, unit] = unit
        table["/", unit, unit] = FLOAT
        for n in _NUM:
            table["*", unit, n] = table["*", n, unit] = table["/", unit, n] = unit
    for n in _NUM:
        table["*", RATE, n] = table["*", n, RATE] = table["/", RATE, n] = RATE
        table["*", SIZE, n] = table["*", n, SIZE] = table["/", SIZE, n] = SIZE
        table["*", PERCENT, n] = table["*", n, PERCENT] = FLOAT
    for unit in (DURATION, BYTES, MONEY):
        table["*", PERCENT, unit] = table["*", unit, PERCENT] = unit
    table["*", SIZE, PERCENT] = table["*", PERCENT, SIZE] = SIZE
    table["/", RATE, RATE] = FLOAT
    # Frames: a duration at a rate. That it comes out whole is checked with the values.
    table["*", DURATION, RATE] = table["*", RATE, DURATION] = INT
    table["/", INT, RATE] = DURATION
    table["/", INT, DURATION] = RATE
    return table


ARITHMETIC = _arithmetic()


def arithmetic(op: str, left: Kind, right: Kind) -> Kind | None:
    """The kind of ``left op right``; None when the two cannot be combined."""
    left, right = (INT if k == SEED else single(k) for k in (left, right))
    if UNKNOWN in (left, right):
        return UNKNOWN
    return ARITHMETIC.get((op, left, right))


ORDERED = (INT, FLOAT, SEED, DURATION, RATE, BYTES, MONEY, PERCENT)


def comparable(op: str, left: Kind, right: Kind) -> bool:
    """Whether two kinds can be compared: equality within a kind, order where there is one."""
    left, right = single(left), single(right)
    if UNKNOWN in (left, right):
        return True
    if op in ("==", "!="):
        if isinstance(left, OptionalKind) or isinstance(right, OptionalKind):
            return assignable(left, right) or assignable(right, left)
        if NONE in (left, right):
            return False
        sides = all(k in SCALARS or isinstance(k, FileKind) for k in (left, right))
        return sides and (assignable(left, right) or assignable(right, left))
    return left in ORDERED and right in ORDERED and (assignable(left, right) or assignable(right, left))

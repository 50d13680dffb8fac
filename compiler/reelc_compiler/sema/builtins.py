"""The functions of the language itself: what they take and give. How they work: ``elaborate``."""

from collections.abc import Callable, Mapping

from reelc_compiler.sema.kinds import (
    AUDIO,
    BOOL,
    CLIP,
    DURATION,
    FILM,
    FLOAT,
    IMAGE,
    INT,
    JOIN,
    RATE,
    SEED,
    SIZE,
    TEXT,
    TRACK,
    UNKNOWN,
    FileKind,
    Kind,
    ListKind,
    Opaque,
    assignable,
    join,
    list_of,
    optional,
    single,
)
from reelc_dsl.records import dataclass

ANY_LIST = list_of(UNKNOWN)
ANY_FILE = FileKind("file[...]", "")
CLIPS = list_of(CLIP)
JOINS = list_of(optional(JOIN))
FRAMES = Opaque("IMAGE")
SOUND = Opaque("AUDIO")
# Parameters for which a text is the path of a file.
FROM_FILES = ((CLIP,), (AUDIO,), (AUDIO, TRACK), (CLIPS,))
# A list of anything, a file of any folder.
_WHATEVER_OF: Mapping[Kind, type[Kind]] = {ANY_LIST: ListKind, ANY_FILE: FileKind}


@dataclass(frozen=True, slots=True)
class BuiltinParam:
    """A parameter: the kinds it takes, in the order in which they are tried."""

    name: str
    kinds: tuple[Kind, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function: ``result`` gives the kind for the kinds of the arguments, by parameter name."""

    name: str
    params: tuple[BuiltinParam, ...]
    result: Callable[[Mapping[str, Kind]], Kind]


def _always(kind: Kind) -> Callable[[Mapping[str, Kind]], Kind]:
    return lambda _: kind


def _like(name: str) -> Callable[[Mapping[str, Kind]], Kind]:
    return lambda kinds: single(kinds.get(name, UNKNOWN))


def _joined(kinds: Mapping[str, Kind]) -> Kind:
    return join(kinds.get("a", UNKNOWN), kinds.get("b", UNKNOWN)) or UNKNOWN


_NUMBERS = (INT, FLOAT)
# What eyes a picture is for, and what part of the sphere around them it shows.
_VIEW = (BuiltinParam("layout", (TEXT,), required=False), BuiltinParam("projection", (TEXT,), required=False))

_ALL = (
    Builtin(
        "nearest",
        (
            BuiltinParam("value", (INT, SIZE)),
            BuiltinParam("step", (INT,)),
            BuiltinParam("plus", (INT,), required=False),
        ),
        _like("value"),
    ),
    Builtin("floor", (BuiltinParam("value", _NUMBERS),), _always(INT)),
    Builtin("ceil", (BuiltinParam("value", _NUMBERS),), _always(INT)),
    Builtin("round", (BuiltinParam("value", _NUMBERS),), _always(INT)),
    Builtin("numerator", (BuiltinParam("value", _NUMBERS),), _always(INT)),
    Builtin("denominator", (BuiltinParam("value", _NUMBERS),), _always(INT)),
    Builtin("abs", (BuiltinParam("value", _NUMBERS),), _like("value")),
    Builtin("min", (BuiltinParam("a", _NUMBERS), BuiltinParam("b", _NUMBERS)), _joined),
    Builtin("max", (BuiltinParam("a", _NUMBERS), BuiltinParam("b", _NUMBERS)), _joined),
    Builtin("len", (BuiltinParam("value", (ANY_LIST, TEXT)),), _always(INT)),
    Builtin("contains", (BuiltinParam("text", (TEXT, ANY_FILE)), BuiltinParam("part", (TEXT,))), _always(BOOL)),
    Builtin("derive", (BuiltinParam("seed", (SEED, INT)), BuiltinParam("name", (TEXT, INT))), _always(SEED)),
    Builtin("size", (BuiltinParam("width", (INT,)), BuiltinParam("height", (INT,))), _always(SIZE)),
    Builtin("rgb", (BuiltinParam("color", (TEXT,)),), _always(optional(INT))),
    Builtin("text_width", (BuiltinParam("text", (TEXT,)), BuiltinParam("font", (TEXT,))), _always(FLOAT)),
    Builtin("unwritable", (BuiltinParam("text", (TEXT,)), BuiltinParam("font", (TEXT,))), _always(TEXT)),
    Builtin("has_node", (BuiltinParam("name", (TEXT,)),), _always(BOOL)),
    Builtin("has_input", (BuiltinParam("node", (TEXT,)), BuiltinParam("name", (TEXT,))), _always(BOOL)),
    Builtin("image", (BuiltinParam("frames", (FRAMES,)), BuiltinParam("size", (SIZE,)), *_VIEW), _always(IMAGE)),
    Builtin(
        "clip",
        (
            BuiltinParam("frames_of", (FRAMES,)),
            BuiltinParam("size", (SIZE,)),
            BuiltinParam("frames", (INT,)),
            BuiltinParam("fps", (RATE,)),
            *_VIEW,
            BuiltinParam("audio", (AUDIO,), required=False),
        ),
        _always(CLIP),
    ),
    Builtin("audio", (BuiltinParam("sound", (SOUND,)), BuiltinParam("duration", (DURATION,))), _always(AUDIO)),
    Builtin(
        "sequence",
        (
            BuiltinParam("clips", (CLIPS,)),
            BuiltinParam("crossfade", (INT,), required=False),
            BuiltinParam("joins", (JOINS,), required=False),
            BuiltinParam("shared", (BOOL,), required=False),
        ),
        _always(CLIP),
    ),
    # Its second argument is a type, which `sema.tables` reads, and its kind is a list of that.
    Builtin("table", (BuiltinParam("path", (TEXT,)), BuiltinParam("columns", (UNKNOWN,))), _always(ANY_LIST)),
    Builtin("files", (BuiltinParam("pattern", (TEXT,)),), _always(list_of(TEXT))),
    Builtin(
        "track",
        (
            BuiltinParam("audio", (AUDIO,)),
            BuiltinParam("start", (DURATION,), required=False),
            BuiltinParam("fade_in", (DURATION,), required=False),
            BuiltinParam("fade_out", (DURATION,), required=False),
            BuiltinParam("loop", (BOOL,), required=False),
        ),
        _always(TRACK),
    ),
    Builtin("cut", (), _always(JOIN)),
    Builtin("crossfade", (BuiltinParam("frames", (INT,)),), _always(JOIN)),
    Builtin(
        "dip",
        (BuiltinParam("frames", (INT,)), BuiltinParam("color", (TEXT,), required=False)),
        _always(JOIN),
    ),
    Builtin(
        "video",
        (
            BuiltinParam("clip", (CLIP,)),
            BuiltinParam("codec", (TEXT,), required=False),
            BuiltinParam("crf", (INT,), required=False),
            BuiltinParam("audio", (AUDIO, TRACK), required=False),
        ),
        _always(FILM),
    ),
)
BUILTINS: Mapping[str, Builtin] = {b.name: b for b in _ALL}


def takes(param: BuiltinParam, kind: Kind) -> bool:
    """Whether a function's parameter takes a kind."""
    kind = single(kind)
    return any(isinstance(kind, _WHATEVER_OF[k]) if k in _WHATEVER_OF else assignable(kind, k) for k in param.kinds)

"""Values: what expressions give at elaboration, and how texts show them."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from reelc_compiler.facts import AUDIO, Facts
from reelc_compiler.ir.graph import Medium, Ref
from reelc_compiler.units import (
    Bytes,
    Duration,
    Money,
    Percent,
    Rate,
    Size,
    bytes_text,
    decimal_text,
    exact_text,
    rate_text,
)
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span


@dataclass(frozen=True, slots=True)
class RecordValue:
    """A record: field names to values."""

    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RangeValue:
    """``2..25``, both ends included; ``high`` None has no end."""

    low: Fraction
    high: Fraction | None


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The name of a file in a models folder."""

    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class NodeValue:
    """A node's outputs, in order, by name; ``op`` is the node's number."""

    outputs: tuple[tuple[str, Ref], ...]
    op: int = -1


@dataclass(frozen=True, slots=True)
class JoinValue:
    """How one clip goes over into the next: ``cut``, ``crossfade`` or ``dip``, and in how many frames of each."""

    kind: str
    frames: int
    color: str = "black"

    @property
    def overlap(self) -> int:
        """How many frames of both are shown at once."""
        return self.frames if self.kind == "crossfade" else 0


class Named(tuple[Any, ...]):
    """What a ``for`` makes: a list whose elements may be called after what they were made for.

    Attributes:
        names: one for each element, None where it has none.
    """

    names: tuple[str | None, ...]

    @staticmethod
    def of(values: list[Any], names: list[str | None]) -> "Named":
        """A list with the names of its elements."""
        made = Named(values)
        made.names = tuple(names)
        return made


def name_of(value: Any) -> str | None:
    """What a value is called: a text by itself, a file without its folder and ending, a record by its field ``name``.

    None where that could not be a file's name on every system.
    """
    if isinstance(value, RecordValue):
        value = value.fields.get("name")
    if not isinstance(value, str):
        return None
    name = value.rsplit("/", 1)[-1]
    stem = name.rpartition(".")[0] or name
    plain = stem.replace("-", "_").replace(" ", "_")
    return stem if plain.isidentifier() or plain.isalnum() else None


class Segments(tuple[Medium, ...]):
    """The clips of a chain: a list of which each but the first begins with a frame of the one before.

    Attributes:
        overlap: how many frames the one before goes on after that frame.
    """

    overlap: int = 0

    @staticmethod
    def of(clips: list[Medium], overlap: int) -> "Segments":
        """The clips with their overlap."""
        made = Segments(clips)
        made.overlap = overlap
        return made


@dataclass(frozen=True, slots=True)
class SequenceValue:
    """What is shown one after another, in pieces that are encoded by themselves: together a clip with own facts."""

    clips: tuple[Medium, ...]
    facts: Facts


@dataclass(frozen=True, slots=True)
class TrackValue:
    """A sound as it is laid over a film.

    Attributes:
        start: where in the sound the film begins, in seconds.
        fade_in, fade_out: seconds from silence at the film's beginning, and into it at its end.
        loop: whether it begins again from ``start`` where it ends before the film.
    """

    audio: Medium
    start: Fraction = Fraction(0)
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)
    loop: bool = False


@dataclass(frozen=True, slots=True)
class FilmValue:
    """Clips in the order of time with their encode settings and the sound over them: what an output is.

    Attributes:
        heard: where the sound is named.
    """

    clips: tuple[Medium, ...]
    facts: Facts
    codec: str
    crf: int | None
    audio: TrackValue | None = None
    heard: Span | None = None


def only(value: Any) -> Any:
    """A node's one output as the value itself."""
    if isinstance(value, NodeValue) and len(value.outputs) == 1:
        return value.outputs[0][1]
    return value


def field(value: Any, name: str) -> Any:
    """A field or a fact of a value.

    Raises:
        KeyError: it has none of this name.
    """
    match value:
        case RecordValue():
            return value.fields[name]
        case NodeValue():
            return dict(value.outputs)[name]
        case Size():
            return {"width": value.width, "height": value.height}[name]
        case Medium() | SequenceValue() | FilmValue():
            return _fact(value.facts, name)
        case _:
            raise KeyError(name)


def _fact(facts: Facts, name: str) -> Any:
    if facts.kind == AUDIO:
        return {"duration": Duration(facts.seconds or Fraction(0))}[name]
    values: dict[str, Any] = {
        "width": facts.width,
        "height": facts.height,
        "size": Size(facts.width, facts.height),
        "layout": facts.eyes,
        "projection": facts.projection,
    }
    if facts.fps is not None:
        values["frames"] = facts.frames
        values["fps"] = Rate(facts.fps)
        values["duration"] = Duration(Fraction(facts.frames) / facts.fps)
    return values[name]


def show(value: Any) -> str:
    """A value as texts and messages show it: as it would be written."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case Fraction():
            return decimal_text(value)
        case Size(width=width, height=height):
            return f"{width}x{height}"
        case Duration(seconds=seconds):
            return decimal_text(seconds, 3) + "s"
        case Rate(fps=fps):
            return rate_text(fps)
        case Bytes(count=count):
            return bytes_text(count).replace(" ", "")
        case Money(usd=usd):
            return f"{usd}usd"
        case Percent(share=share):
            return decimal_text(share * 100, 3) + "%"
        case ModelFile(name=name):
            return name
        case Medium(facts=facts) if facts.kind == AUDIO:
            return f"{decimal_text(facts.seconds or Fraction(0), 3)}s of sound"
        case Medium(facts=facts) | SequenceValue(facts=facts) | FilmValue(facts=facts):
            what = f"{facts.width}x{facts.height}"
            if facts.fps is not None:
                what += f", {facts.frames} frames at {rate_text(facts.fps)}"
            return ", ".join((what, *facts.view))
        case tuple():
            return "[" + ", ".join(show(v) for v in value) + "]"  # pyright: ignore[reportUnknownVariableType]
        case RecordValue(fields=fields):
            return "{" + ", ".join(f"{k}: {show(v)}" for k, v in fields.items()) + "}"
        case JoinValue(kind=kind, frames=frames):
            return f"{kind}({frames or ''})"
        case RangeValue(low=low, high=high):
            return f"{show(low)}.." + ("" if high is None else show(high))
        case _:
            return str(value)


def to_json(value: Any) -> Any:
    """A value as a plan records it: numbers and texts as they are, quantities as they are written."""
    match value:
        case bool() | int() | str() | None:
            return value
        case Fraction():
            return value.numerator if value.denominator == 1 else float(value)
        case tuple():
            return [to_json(v) for v in value]  # pyright: ignore[reportUnknownVariableType]
        case RecordValue(fields=fields):
            return {k: to_json(v) for k, v in fields.items()}
        case Duration(seconds=seconds):
            exact = exact_text(seconds)
            return f"{exact}s" if exact is not None else f"{seconds.numerator}s / {seconds.denominator}"
        case _:
            return show(value)

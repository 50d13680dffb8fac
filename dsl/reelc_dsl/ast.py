"""The syntax tree: frozen dataclasses, a span on every node, tuples and never lists.

Nodes say what was written and nothing of what it means. Dispatch with ``match`` by field name. Two nodes
are equal only when they are the same node: compare trees with :func:`dump`. (Generated comparisons and
representations of 45 classes would also cost every start a third of this module's import time.)
"""

from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Node:
    """Anything with a place in the source."""

    span: Span

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.span.text[:40]!r}>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Ident(Node):
    """A name where it is introduced or used as a label: ``film``."""

    text: str


# -- expressions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class NameExpr(Node):
    """``clip``"""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class NumberLit(Node):
    """``25`` or ``0.5``; ``text`` is exact, ``whole`` tells an int from a float."""

    text: str
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class QuantityLit(Node):
    """``24fps``: the number's text and the unit's, which may be unknown."""

    number: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SizeLit(Node):
    """``2560x1440``"""

    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TextLit(Node):
    """``"h264"`` or a dedented triple-quoted block; ``value`` has its escapes resolved.

    ``offsets`` maps each code point of ``value`` to its offset from the span's start, so that an
    error in a template can be placed inside the text. It has one more entry, for the end.
    """

    value: str
    offsets: tuple[int, ...]

    def inner(self, start: int, end: int) -> Span:
        """The span in the source of ``value[start:end]``."""
        last = len(self.offsets) - 1
        first = self.offsets[max(0, min(start, last))]
        stop = max(first, self.offsets[max(0, min(end, last))])
        return Span(self.span.source, self.span.start + first, self.span.start + stop)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BoolLit(Node):
    """``true``"""

    value: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class NoneLit(Node):
    """``none``: the absent value of an optional type."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ListExpr(Node):
    """``["a.png", "b.png"]``"""

    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class OptionalExpr(Node):
    """``int?``: a type among the columns of a table, as it is read before anybody knows that it is one."""

    value: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Entry(Node):
    """``model: c.MODEL`` in a record; the name may be quoted."""

    name: Ident
    value: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RecordExpr(Node):
    """``{ model: c.MODEL, vae: c.VAE }``"""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Arg(Node):
    """An argument: ``clip`` or ``to: 24fps`` or ``"resize_type.multiplier": 2`` or ``...rest``."""

    name: Ident | None
    value: "Expr"
    spread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class NodeExpr(Node):
    """``node "RIFE VFI"(frames: f, multiplier: 2)``"""

    class_type: Ident
    args: tuple[Arg, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallExpr(Node):
    """``svd.load("svd_xt.safetensors")``"""

    callee: "Expr"
    args: tuple[Arg, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class PipeExpr(Node):
    """``photo |> fit(1024x576)``: the value becomes the callee's first argument."""

    value: "Expr"
    callee: "Expr"
    args: tuple[Arg, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AttrExpr(Node):
    """``start.width``"""

    value: "Expr"
    name: Ident


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class IndexExpr(Node):
    """``clips[0]``"""

    value: "Expr"
    index: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class UnaryExpr(Node):
    """``-x`` or ``not x``"""

    op: str
    value: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BinaryExpr(Node):
    """``a * b``, ``a <= b``, ``a and b``; ``op_span`` is the operator's place."""

    op: str
    op_span: Span
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RangeExpr(Node):
    """``2..25`` (both ends belong to it) or ``2..``"""

    low: "Expr"
    high: "Expr | None"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class IfExpr(Node):
    """``if a then b else c``"""

    test: "Expr"
    then: "Expr"
    orelse: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Body(Node):
    """``{ let x = ... x }``: local names and the value."""

    lets: tuple["Let", ...]
    value: "Expr"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ForExpr(Node):
    """``for s in shots { ... }``: a list."""

    name: Ident
    items: "Expr"
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ChainExpr(Node):
    """``chain prev, n from photo until 30s { ... }``: a list; ``mode`` is ``until`` or ``times``.

    Args:
        name: what the picture is called that a segment starts from.
        number: what the segment's number is called, if it is named.
        overlap: how many frames of a segment go over into the next, if it is said.
    """

    name: Ident
    number: Ident | None
    start: "Expr"
    mode: str
    limit: "Expr"
    overlap: "Expr | None"
    body: Body


Expr = (
    NameExpr
    | NumberLit
    | QuantityLit
    | SizeLit
    | TextLit
    | BoolLit
    | NoneLit
    | ListExpr
    | OptionalExpr
    | RecordExpr
    | NodeExpr
    | CallExpr
    | PipeExpr
    | AttrExpr
    | IndexExpr
    | UnaryExpr
    | BinaryExpr
    | RangeExpr
    | IfExpr
    | ForExpr
    | ChainExpr
)

# -- types -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TypeExpr(Node):
    """``list[image]``, ``file["checkpoints"]``, ``house.Look``, ``image?``"""

    name: str
    args: tuple["TypeExpr | Expr", ...] = ()
    optional: bool = False


# -- statements ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Param(Node):
    """``frames: int in 2..25 = 25``"""

    name: Ident
    type: TypeExpr
    among: Expr | None
    default: Expr | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ParamStmt(Node):
    """``param photo: image = "harbor.png"`` in a pipeline."""

    param: Param


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Let(Node):
    """``let clip: clip = ...``, in a body or at the top level."""

    name: Ident
    type: TypeExpr | None
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Require(Node):
    """``require a == b else "..." help "..."``"""

    test: Expr
    message: TextLit | None
    help: TextLit | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Warn(Node):
    """``warn a == b else "..."``: a warning when the test is false."""

    test: Expr
    message: TextLit
    help: TextLit | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Note(Node):
    """``note a == b else "..."``: something to know when the test is false."""

    test: Expr
    message: TextLit
    help: TextLit | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class OutputStmt(Node):
    """``output film = clip |> video()``"""

    name: Ident
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Return(Node):
    """``return clip(...)``"""

    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Setting(Node):
    """``vram = 14GB``"""

    name: Ident
    value: Expr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Settings(Node):
    """``estimate { ... }`` or ``target { ... }``; ``kind`` is the keyword."""

    kind: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Window(Node):
    """``window { blend, overlap: 8 }``"""

    mode: Ident
    args: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Preview(Node):
    """``preview move`` or ``preview resize { rule = how }``"""

    kind: Ident
    settings: tuple[Setting, ...]


Stmt = ParamStmt | Let | Require | Warn | Note | OutputStmt | Return | Settings | Window | Preview

# -- top level -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Origin(Node):
    """Where a ``use`` takes from: ``std.svd`` (``file`` false) or ``"./house.reel"``."""

    path: str
    file: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class UseModule(Node):
    """``use std.svd`` or ``use "./house.reel" as house``"""

    origin: Origin
    alias: Ident | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class UseName(Node):
    """One name of ``use upscale, interpolate as slow from std.finish``"""

    name: Ident
    alias: Ident | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class UseNames(Node):
    """``use upscale, interpolate from std.finish``"""

    names: tuple[UseName, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Field(Node):
    """``model: MODEL`` in a record's declaration."""

    name: Ident
    type: TypeExpr


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Record(Node):
    """``record SvdModel { model: MODEL, vae: VAE }``"""

    name: Ident
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Stage(Node):
    """``stage animate(start: image) -> clip { ... }``"""

    name: Ident
    params: tuple[Param, ...]
    returns: TypeExpr
    doc: str | None
    body: tuple[Stmt, ...]
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Pipeline(Node):
    """``pipeline harbor { ... }``"""

    name: Ident
    doc: str | None
    body: tuple[Stmt, ...]
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Port(Node):
    """``in photo: image = "12.image"`` of a workflow."""

    direction: str
    name: Ident
    type: TypeExpr
    path: TextLit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Workflow(Node):
    """``workflow look = "look.json" { in ... out ... }``"""

    name: Ident
    file: TextLit
    ports: tuple[Port, ...]


Item = UseModule | UseNames | Let | Record | Stage | Pipeline | Workflow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Module:
    """One file. ``broken`` names were introduced by code that did not parse: use of one is no error."""

    source: Source
    version: int | None
    items: tuple[Item, ...]
    broken: frozenset[str] = frozenset()


def dump(value: Any) -> Any:
    """A tree as JSON values, without places: two texts that differ only in layout dump alike."""
    if isinstance(value, tuple):
        return [dump(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if is_dataclass(value) and not isinstance(value, type):
        out: dict[str, Any] = {"": type(value).__name__}
        for field in fields(value):
            if field.name not in ("span", "op_span", "source", "offsets"):
                out[field.name] = dump(getattr(value, field.name))
        return out
    if isinstance(value, frozenset):
        return sorted(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return value


@cache
def field_names(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a class of nodes, in their order."""
    return tuple(field.name for field in fields(kind))

"""Dynamic inputs of nodes in their natural form: a list for what repeats, a record for a choice with inputs of its own.

``images: [a, b]`` is ``"images.image0": a, "images.image1": b``, and ``format: { key: "mp4", codec: "h264" }`` is
``format: "mp4", "format.codec": "h264"``. The dotted names are ComfyUI's and may always be written.
"""

from collections.abc import Iterable, Iterator

from reelc_compiler.catalog import DYNAMIC_COMBO, InputSchema, NodeSchema
from reelc_compiler.sema.fold import literal_text
from reelc_dsl import ast
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

# What chooses, in a record for a dynamic choice; ComfyUI calls an option's name its key.
KEY = "key"


@dataclass(frozen=True, slots=True)
class Given:
    """One of a node's inputs as it is given.

    Attributes:
        name: dotted, as ComfyUI knows it.
        prefix: what of it stands around the place where the last part is written: ``format.`` inside a record.
        place: where that last part is written; for an element of a list the element.
        schema: the input's declaration where it is a dynamic one; it tells what form was expected.
    """

    name: str
    prefix: str
    place: Span
    value: ast.Expr
    schema: InputSchema | None


def spread(schema: NodeSchema, args: Iterable[ast.Arg]) -> Iterator[Given]:
    """The inputs that named arguments give, lists and records that are written out as literals taken apart."""
    for arg in args:
        if arg.name is not None:
            yield from _spread(schema.input(arg.name.text), arg.name.text, "", arg.name.span, arg.value)


def _spread(schema: InputSchema | None, name: str, prefix: str, place: Span, value: ast.Expr) -> Iterator[Given]:
    grow = None if schema is None else schema.autogrow
    if grow is not None and isinstance(value, ast.ListExpr) and len(value.items) <= len(grow.names):
        for slot, item in zip(grow.names, value.items, strict=False):
            yield from _spread(grow.element, f"{name}.{slot}", f"{name}.", item.span, item)
    elif grow is not None and isinstance(value, ast.RecordExpr):
        for entry in value.entries:
            yield from _spread(grow.element, f"{name}.{entry.name.text}", f"{name}.", entry.name.span, entry.value)
    elif schema is not None and schema.type == DYNAMIC_COMBO and isinstance(value, ast.RecordExpr):
        yield from _choice(schema, name, prefix, place, value)
    else:
        yield Given(name, prefix, place, value, schema)


def _choice(schema: InputSchema, name: str, prefix: str, place: Span, value: ast.RecordExpr) -> Iterator[Given]:
    key = next((e for e in value.entries if e.name.text == KEY), None)
    if key is None:
        # Left as it is, for whoever says what it lacks.
        yield Given(name, prefix, place, value, schema)
        return
    yield Given(name, prefix, key.name.span, key.value, schema)
    inner = {i.name: i for i in (schema.options or {}).get(literal_text(key.value) or "", ())}
    for entry in value.entries:
        if entry is not key:
            below = inner.get(entry.name.text)
            yield from _spread(below, f"{name}.{entry.name.text}", f"{name}.", entry.name.span, entry.value)

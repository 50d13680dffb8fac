"""What was probably meant, where two kinds do not fit."""

import re
from collections.abc import Iterable

from reelc_compiler.sema.fold import literal_text
from reelc_compiler.sema.kinds import FLOAT, INT, Kind, NodeKind, a_kind, present
from reelc_dsl import ast
from reelc_dsl.diagnostics import Fix
from reelc_dsl.diagnostics.fixes import add, respell

# Kinds whose numbers have one unit only: what a bare number means is certain. A duration may be in minutes.
ONE_UNIT = {"rate": "fps", "money": "usd"}


def conversions(given: Kind, wanted: Kind) -> tuple[str, ...]:
    """How to get from one kind to the other, where there is a common way."""
    if (given, wanted) == (FLOAT, INT):
        return ("make it whole with `floor`, `ceil` or `round`",)
    if wanted.name in ("rate", "duration", "bytes", "money", "percent") and given in (
        INT,
        FLOAT,
    ):
        unit = {"rate": "24fps", "duration": "2.5s", "bytes": "48GB", "money": "1.50usd", "percent": "50%"}
        return (f"give it a unit: {a_kind(wanted)} is written like `{unit[wanted.name]}`",)
    if wanted in (INT, FLOAT) and given.name in ("rate", "duration"):
        return ("write the number without its unit",)
    if isinstance(given, NodeKind):
        return ("pick one of the node's outputs: " + ", ".join(f"`.{n}`" for n, _ in given.outputs),)
    if given.name == "IMAGE" and wanted.name in ("image", "clip"):
        return (f"state what is known of it: `{wanted}(..., size: ...)`",)
    if (given.name, wanted.name) == ("clip", "film"):
        return ("say how it is written: `|> video()`",)
    if (given.name, wanted.name) == ("image", "clip"):
        return ("an image must be animated first, for example with `svd.animate`",)
    if wanted.name == "size" and given == INT:
        return ("a size is written like `1024x576`",)
    return ()


def with_unit(expr: ast.Expr, wanted: Kind) -> Fix | None:
    """The fix for a bare number where a quantity is wanted that has one unit."""
    unit = ONE_UNIT.get(present(wanted).name)
    if unit is None or not isinstance(expr, ast.NumberLit) or expr.span.source.library:
        return None
    return add(expr.span, unit) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", expr.span.text) else None


def respelt_text(expr: ast.Expr, choices: Iterable[str]) -> Fix | None:
    """The fix for a text that is none of the choices, where it is written as a literal."""
    text = literal_text(expr)
    return None if text is None or not expr.span.source.is_file else respell(expr.span, text, choices)


def operand_help(left: Kind, right: Kind) -> tuple[str, ...]:
    """What was probably meant by an impossible calculation."""
    pair = {left.name, right.name}
    if pair == {"duration", "rate"}:
        return ("a duration times a rate is a number of frames",)
    if pair == {"text"}:
        return ('texts are joined in a template: "{{ a }}{{ b }}"',)
    return ()

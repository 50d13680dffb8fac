"""What was probably meant, where two kinds do not fit."""

from reelc_compiler.sema.kinds import FLOAT, INT, Kind, NodeKind, a_kind


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


def operand_help(left: Kind, right: Kind) -> tuple[str, ...]:
    """What was probably meant by an impossible calculation."""
    pair = {left.name, right.name}
    if pair == {"duration", "rate"}:
        return ("a duration times a rate is a number of frames",)
    if pair == {"text"}:
        return ('texts are joined in a template: "{{ a }}{{ b }}"',)
    return ()

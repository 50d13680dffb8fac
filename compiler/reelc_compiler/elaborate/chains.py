"""Segments that follow each other: each starts from the last frame of the one before, or from one a little earlier."""

from fractions import Fraction
from typing import TYPE_CHECKING

from reelc_compiler import values
from reelc_compiler.elaborate import media
from reelc_compiler.elaborate.maker import Maker
from reelc_compiler.elaborate.scope import Env
from reelc_compiler.ir.graph import Medium
from reelc_compiler.sema.kinds import CLIP, IMAGE
from reelc_compiler.units import Size
from reelc_compiler.values import Segments
from reelc_dsl import ast
from reelc_dsl.diagnostics.codes import OUT_OF_RANGE, REQUIREMENT

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator

# Whoever asks for more has made a mistake: each starts when the one before is there.
MOST = 1000


def chain(evaluator: "Evaluator", expr: ast.ChainExpr, env: Env) -> Segments:
    """The segments of a chain, in order.

    Raises:
        Stop: the limit makes no sense, or a segment is not like the first.
    """
    start = evaluator.value(expr.start, env)
    picture: Medium = media.coerce(evaluator, start, IMAGE, expr.start.span, env.module)
    limit = evaluator.value(expr.limit, env)
    until: Fraction | None = limit.seconds if expr.mode == "until" else None
    if until is not None and until <= 0:
        raise evaluator.stop(OUT_OF_RANGE, "a chain lasts longer than no time at all", expr.limit.span)
    if until is None and not 1 <= limit <= MOST:
        raise evaluator.stop(OUT_OF_RANGE, f"a chain has 1 to {MOST} segments, and this is {limit}", expr.limit.span)
    overlap = 0 if expr.overlap is None else evaluator.value(expr.overlap, env)
    segments: list[Medium] = []
    # A segment's first frame is one of the segment before, and is shown once, as are those that both have after it.
    shown = 0
    while True:
        number = len(segments) + 1
        names = ((expr.name, picture), *(() if expr.number is None else ((expr.number, number),)))
        value = evaluator.block(expr.body, names, env)
        clip: Medium = media.one_medium(
            evaluator, media.coerce(evaluator, value, CLIP, expr.body.value.span, env.module), expr.body.value.span
        )
        first = segments[0] if segments else clip
        _alike(evaluator, first, clip, picture, number, expr)
        segments.append(clip)
        if expr.overlap is not None and not 0 <= overlap <= clip.facts.frames - 2:
            most = clip.facts.frames - 2
            raise evaluator.stop(
                OUT_OF_RANGE,
                f"segments of {clip.facts.frames} frames share 0 to {most} of them, and this is {overlap}",
                expr.overlap.span,
            )
        shown += clip.facts.frames - ((1 + overlap) if number > 1 else 0)
        assert clip.facts.fps is not None, "a clip has a rate"
        if number == limit or (until is not None and Fraction(shown) / clip.facts.fps >= until):
            return Segments.of(segments, overlap)
        if number == MOST:
            raise evaluator.stop(OUT_OF_RANGE, f"a chain has {MOST} segments at most", expr.limit.span)
        picture = Maker(evaluator, expr.span, "chain").last(clip, overlap)


def _alike(
    evaluator: "Evaluator", first: Medium, clip: Medium, picture: Medium, number: int, expr: ast.ChainExpr
) -> None:
    facts = clip.facts
    if facts.frames < 2:
        raise evaluator.stop(
            REQUIREMENT,
            "a segment of one frame goes nowhere: it is the picture that it starts from",
            expr.body.value.span,
        )
    if (facts.width, facts.height, facts.fps) != (first.facts.width, first.facts.height, first.facts.fps):
        raise evaluator.stop(
            REQUIREMENT,
            f"the segments of a chain have one size and one rate: the first is {values.show(first)}, "
            f"number {number} is {values.show(clip)}",
            expr.body.value.span,
            f"the picture that it starts from is {values.show(Size(picture.facts.width, picture.facts.height))}: "
            "bring it to one size with `fit` in the block, and upscale after the chain",
        )

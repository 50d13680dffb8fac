"""Clips one after another: which of their frames are shown alone, and which are mixed where two meet.

A join is made by nodes, from the last frames of one clip and the first of the next. Those travel losslessly into a job
of their own, so the clips stay independent and the film's packets are copied: nothing is encoded twice.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reelc_compiler import values
from reelc_compiler.elaborate.maker import COLORS, CUT, MOST, Maker
from reelc_compiler.ir.graph import Medium
from reelc_compiler.values import JoinValue, Segments, SequenceValue
from reelc_dsl.diagnostics.codes import OUT_OF_RANGE, REQUIREMENT
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator


def join_of(evaluator: "Evaluator", name: str, given: dict[str, Any], places: dict[str, Span]) -> JoinValue:
    """``cut()``, ``crossfade(8)`` or ``dip(12, color: "black")``."""
    if name == "cut":
        return CUT
    frames, least = given["frames"], 1 if name == "crossfade" else 2
    if not least <= frames <= MOST:
        raise evaluator.stop(
            OUT_OF_RANGE, f"a {name} takes {least} to {MOST} frames, and this is {frames}", places["frames"]
        )
    color = given.get("color", "black")
    if color not in COLORS:
        raise evaluator.stop(
            OUT_OF_RANGE, f"`color` takes {', '.join(f'`{c}`' for c in COLORS)}, and this is `{color}`", places["color"]
        )
    return JoinValue(name, frames, color)


@dataclass(frozen=True, slots=True)
class _Shot:
    """What a sequence shows between two of its joins: a clip, or the pieces of a sequence of its own."""

    clips: tuple[Medium, ...]

    @property
    def frames(self) -> int:
        return sum(clip.facts.frames for clip in self.clips)

    def shown(self) -> str:
        """What it is, for people."""
        clip = self.clips[0]
        return values.show(Medium(clip.ref, replace(clip.facts, frames=self.frames)))

    def parts(self, first: int, frames: int) -> list[tuple[Medium, int, int]]:
        """Which frames of its clips some of its frames are: each clip, the first of them, and how many."""
        found: list[tuple[Medium, int, int]] = []
        begin = 0
        for clip in self.clips:
            end = begin + clip.facts.frames
            low, high = max(first, begin), min(first + frames, end)
            if low < high:
                found.append((clip, low - begin, high - low))
            begin = end
        return found


def sequence(evaluator: "Evaluator", given: dict[str, Any], places: dict[str, Span], span: Span) -> SequenceValue:
    """Clips one after another; see ``docs/language.md``.

    Raises:
        Stop: they do not go together, a join takes more frames than a clip has, or the catalog has no nodes for it.
    """
    shots = [_Shot(v.clips if isinstance(v, SequenceValue) else (v,)) for v in given["clips"]]
    if not shots:
        raise evaluator.stop(REQUIREMENT, "a sequence has at least one clip, and this list is empty", places["clips"])
    _alike(evaluator, shots, places["clips"])
    # How many frames of each clip the next one has too, after the frame that it begins with.
    overlap = given["clips"].overlap if isinstance(given["clips"], Segments) else 0
    joins = _joins(evaluator, len(shots), overlap, given, places)
    # The segments of a chain begin where the ones before them end.
    shared = given.get("shared", isinstance(given["clips"], Segments))
    maker = Maker(evaluator, span, "sequence")
    pieces: list[Medium] = []
    for number, shot in enumerate(shots):
        before = joins[number - 1] if number else CUT
        after = joins[number] if number < len(joins) else CUT
        # The first frame of a clip that begins where the one before it ends is shown there, and so is what both have
        # where that is not mixed.
        first = int(shared and number > 0) + max(overlap * (number > 0), before.overlap)
        last = shot.frames - after.overlap
        opening = before if before.kind == "dip" else CUT
        closing = after if after.kind == "dip" else CUT
        _fits(evaluator, number, shot, first + shot.frames - last, opening, closing, places["clips"])
        if number and before.overlap:
            ended = shots[number - 1]
            tail = ended.parts(ended.frames - before.overlap, before.overlap)
            pieces.extend(_crossfade(maker, tail, shot.parts(first - before.overlap, before.overlap)))
        pieces.extend(_body(maker, shot.parts(first, last - first), opening, closing))
    frames = sum(piece.facts.frames for piece in pieces)
    return SequenceValue(tuple(pieces), replace(shots[0].clips[0].facts, frames=frames))


def _crossfade(
    maker: "Maker", tail: list[tuple[Medium, int, int]], head: list[tuple[Medium, int, int]]
) -> Iterator[Medium]:
    """The frames of a crossfade, in as many pieces as both sides have pieces there."""
    total, done = sum(frames for _, _, frames in tail), 0
    one, other = list(tail), list(head)
    while done < total:
        (a, at_a, left_a), (b, at_b, left_b) = one.pop(0), other.pop(0)
        frames = min(left_a, left_b)
        yield maker.dissolve(maker.end(a, at_a, frames), maker.end(b, at_b, frames), done, total)
        done += frames
        if left_a > frames:
            one.insert(0, (a, at_a + frames, left_a - frames))
        if left_b > frames:
            other.insert(0, (b, at_b + frames, left_b - frames))


def _body(
    maker: Maker, parts: list[tuple[Medium, int, int]], opening: JoinValue, closing: JoinValue
) -> Iterator[Medium]:
    """What a shot shows alone, out of a colour and into one."""
    done, total = 0, sum(frames for _, _, frames in parts)
    for clip, first, frames in parts:
        # How much of a dip lies in this part, and which of its frames that is.
        opens = max(min(opening.frames - done, frames), 0)
        closes = max(min(closing.frames - (total - done - frames), frames), 0)
        pieces = maker.pieces(clip, first, frames, (opens, closes))
        if opens:
            pieces[0] = maker.dip(pieces[0], opening, opens, done, opens=True)
        if closes:
            begun = max(done - (total - closing.frames), 0)
            pieces[-1] = maker.dip(pieces[-1], closing, closes, begun, opens=False)
        yield from pieces
        done += frames


def _joins(
    evaluator: "Evaluator", count: int, overlap: int, given: dict[str, Any], places: dict[str, Span]
) -> list[JoinValue]:
    """How each clip but the last goes over into the next."""
    # Segments that overlap go over into each other in the frames that both have.
    usual = JoinValue("crossfade", overlap) if overlap else CUT
    if "crossfade" in given:
        usual = join_of(evaluator, "crossfade", {"frames": given["crossfade"]}, {"frames": places["crossfade"]})
    said: tuple[JoinValue | None, ...] = given.get("joins", (None,) * (count - 1))
    if len(said) != count - 1:
        raise evaluator.stop(
            REQUIREMENT,
            f"{count} clips have {count - 1} joins between them, and these are {len(said)}",
            places["joins"],
            "write `none` where the usual join is meant",
        )
    return [usual if join is None else join for join in said]


def _alike(evaluator: "Evaluator", shots: list[_Shot], span: Span) -> None:
    first = shots[0].clips[0].facts
    for number, shot in enumerate(shots[1:], 2):
        # The clips of a sequence are alike.
        clip = shot.clips[0]
        facts = clip.facts
        if (facts.eyes, facts.projection) != (first.eyes, first.projection):
            raise evaluator.stop(
                REQUIREMENT,
                "the clips of a sequence are for the same eyes and of one projection: the first is "
                f"`{first.eyes}` and `{first.projection}`, number {number} is `{facts.eyes}` and `{facts.projection}`",
                span,
                "give each clip the same `stereo` and `equirect`, or make several films",
            )
        if replace(facts, frames=first.frames) != first:
            raise evaluator.stop(
                REQUIREMENT,
                f"the clips of a sequence have one size and one rate: the first is {shots[0].shown()}, "
                f"number {number} is {shot.shown()}",
                span,
                "bring the stills to one size with `fit`, and the clips to one rate with `interpolate`",
            )


def _fits(
    evaluator: "Evaluator", number: int, shot: _Shot, taken: int, opening: JoinValue, closing: JoinValue, span: Span
) -> None:
    needed = taken + opening.frames + closing.frames
    if needed > shot.frames:
        raise evaluator.stop(
            REQUIREMENT,
            f"clip number {number + 1} has {shot.frames} frames, and its joins take {needed}",
            span,
            "make the joins shorter, or the clip longer",
        )

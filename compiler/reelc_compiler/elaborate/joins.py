"""Clips one after another: which of their frames are shown alone, and which are mixed where two meet.

A join is made by nodes, from the last frames of one clip and the first of the next. Those travel losslessly into a job
of their own, so the clips stay independent and the film's packets are copied: nothing is encoded twice.
"""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reelc_compiler import values
from reelc_compiler.catalog import Catalog
from reelc_compiler.facts import BLEND, COUNTED_OUT, Facts
from reelc_compiler.ir.graph import Medium, Ref, Windowed
from reelc_compiler.values import JoinValue, Segments, SequenceValue
from reelc_dsl.diagnostics import Frame
from reelc_dsl.diagnostics.codes import OUT_OF_RANGE, REQUIREMENT, UNKNOWN_NODE
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator

COLORS = {"black": 0x000000, "white": 0xFFFFFF}
# KJNodes' node counts to it, and so does ComfyUI's that takes frames out of a batch.
MOST = 4096
CUT = JoinValue("cut", 0)
# The classes that joins are made with.
TAKE, MIX, PLAIN, REPEAT = "ImageFromBatch", "CrossFadeImages", "EmptyImage", "RepeatImageBatch"


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


def sequence(evaluator: "Evaluator", given: dict[str, Any], places: dict[str, Span], span: Span) -> SequenceValue:
    """Clips one after another; see ``docs/language.md``.

    Raises:
        Stop: they do not go together, a join takes more frames than a clip has, or the catalog has no nodes for it.
    """
    clips: list[Medium] = []
    for value in given["clips"]:
        clips.extend(value.clips if isinstance(value, SequenceValue) else [value])
    if not clips:
        raise evaluator.stop(REQUIREMENT, "a sequence has at least one clip, and this list is empty", places["clips"])
    _alike(evaluator, clips, places["clips"])
    # How many frames of each clip the next one has too, after the frame that it begins with.
    overlap = given["clips"].overlap if isinstance(given["clips"], Segments) else 0
    joins = _joins(evaluator, len(clips), overlap, given, places)
    # The segments of a chain begin where the ones before them end.
    shared = given.get("shared", isinstance(given["clips"], Segments))
    maker = Maker(evaluator, span, "sequence")
    pieces: list[Medium] = []
    for number, clip in enumerate(clips):
        before = joins[number - 1] if number else CUT
        after = joins[number] if number < len(joins) else CUT
        # The first frame of a clip that begins where the one before it ends is shown there, and so is what both have
        # where that is not mixed.
        first = int(shared and number > 0) + max(overlap * (number > 0), before.overlap)
        last = clip.facts.frames - after.overlap
        if number and before.overlap:
            ended, skipped = clips[number - 1], clips[number - 1].facts.frames - before.overlap
            tail = maker.end(ended, skipped, before.overlap)
            head = maker.end(clip, first - before.overlap, before.overlap)
            pieces.append(maker.dissolve(tail, head))
        opening = before if before.kind == "dip" else CUT
        closing = after if after.kind == "dip" else CUT
        _fits(evaluator, number, clip, first + clip.facts.frames - last, opening, closing, places["clips"])
        if first < last:
            body = maker.pieces(clip, first, last - first, whole=(opening.frames, closing.frames))
            pieces.extend(maker.dips(body, opening, closing))
    frames = sum(piece.facts.frames for piece in pieces)
    return SequenceValue(tuple(pieces), replace(clips[0].facts, frames=frames))


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


def _alike(evaluator: "Evaluator", clips: list[Medium], span: Span) -> None:
    first = clips[0].facts
    for number, clip in enumerate(clips[1:], 2):
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
                f"the clips of a sequence have one size and one rate: the first is {values.show(clips[0])}, "
                f"number {number} is {values.show(clip)}",
                span,
                "bring the stills to one size with `fit`, and the clips to one rate with `interpolate`",
            )


def _fits(
    evaluator: "Evaluator", number: int, clip: Medium, taken: int, opening: JoinValue, closing: JoinValue, span: Span
) -> None:
    needed = taken + opening.frames + closing.frames
    if needed > clip.facts.frames:
        raise evaluator.stop(
            REQUIREMENT,
            f"clip number {number + 1} has {clip.facts.frames} frames, and its joins take {needed}",
            span,
            "make the joins shorter, or the clip longer",
        )


class Maker:
    """Makes the nodes of joins, with their regions.

    Args:
        evaluator: whose graph it is.
        span: what asks for them.
        name: what that is called.
    """

    def __init__(self, evaluator: "Evaluator", span: Span, name: str) -> None:
        self._evaluator = evaluator
        self._builder = evaluator.builder
        self._span = span
        self._stack = evaluator.reporter.frames(Frame(span, name))

    def last(self, clip: Medium, before: int = 0) -> Medium:
        """The last frame of a clip, or one so many before it, which another job starts from."""
        return self.frame(clip, clip.facts.frames - 1 - before, "last", handed=True)

    def frame(self, clip: Medium, at: int, name: str = "piece", *, handed: bool = False) -> Medium:
        """One frame of a clip, as an image."""
        if (windowed := split(clip)) is not None:
            clip, at = windowed.stretch(at, 1), 0
        self._within(at, 1)
        region = self._builder.region(name, self._stack, handed=handed)
        taken = self._op(TAKE, {"image": clip.ref, "batch_index": at, "length": 1}, region, (clip,))
        self._builder.close(region, ("pick", {"first": at}), {})
        return self._medium(taken, replace(clip.facts, kind="image", frames=1, fps=None), region)

    def pieces(self, clip: Medium, first: int, frames: int, whole: tuple[int, int] = (0, 0)) -> list[Medium]:
        """Some frames of a clip, cut where its windows begin.

        Args:
            whole: of how many frames at the beginning and at the end none is parted from the others.
        """
        windowed = split(clip)
        if windowed is None:
            return [self.piece(clip, first, frames)]
        begin, end = first + max(whole[0], 1), first + frames - max(whole[1], 1)
        edges = [first, *(b for b in windowed.bounds() if begin <= b <= end), first + frames]
        return [windowed.stretch(a, b - a) for a, b in pairwise(edges)]

    def piece(self, clip: Medium, first: int, frames: int, name: str = "piece", *, handed: bool = False) -> Medium:
        """Some frames of a clip; the clip itself when they are all."""
        windowed = split(clip)
        if windowed is not None and frames < clip.facts.frames:
            clip, first = windowed.stretch(first, frames), 0
        return self.cut(clip, first, frames, name, handed=handed)

    def cut(self, clip: Medium, first: int, frames: int, name: str = "piece", *, handed: bool = False) -> Medium:
        """As :meth:`piece`, of the clip as it was made.

        Raises:
            Stop: the node that takes frames out of a clip does not count so far.
        """
        if frames == clip.facts.frames and not handed:
            return clip
        self._within(first, frames)
        region = self._builder.region(name, self._stack, handed=handed)
        inputs = {"image": clip.ref, "batch_index": first, "length": frames}
        taken = self._op(TAKE, inputs, region, (clip,))
        facts = replace(clip.facts, frames=frames)
        self._builder.close(region, ("pick", {"first": first}), {"ram": clip.facts.floats + facts.floats})
        return self._medium(taken, facts, region)

    def end(self, clip: Medium, first: int, frames: int) -> Medium:
        """The frames of a clip that go into a join, which is made elsewhere."""
        return self.piece(clip, first, frames, COUNTED_OUT, handed=True)

    def _within(self, first: int, frames: int) -> None:
        furthest, most = reach(self._evaluator.catalog)
        if first > furthest or frames > most:
            raise self._evaluator.stop(
                REQUIREMENT,
                f"{frames} frames from number {first} on are beyond what {TAKE} counts to in the catalog "
                f"{self._evaluator.catalog.name}: {most} frames, up to number {furthest}",
                self._span,
                "cut the film that you load into shorter ones",
            )

    def held(self, clip: Medium, frames: int) -> Medium:
        """The last frame of a clip, for so many frames: a clip of its own."""
        still = self.piece(clip, clip.facts.frames - 1, 1, "hold")
        region = self._builder.region("hold", self._stack)
        same = self._op(REPEAT, {"image": still.ref, "amount": frames}, region, (still,))
        facts = replace(clip.facts, frames=frames)
        self._builder.close(region, ("repeat", {}), {"ram": still.facts.floats + facts.floats})
        return self._medium(same, facts, region)

    def dissolve(self, tail: Medium, head: Medium) -> Medium:
        """From one picture to the other in a straight line; no frame is wholly one of them."""
        frames = tail.facts.frames
        region = self._builder.region("crossfade", self._stack)
        levels = (1 / (frames + 1), frames / (frames + 1))
        mixed = self._mix((tail.ref, head.ref), 0, frames, levels, region, (tail, head))
        self._builder.close(region, ("dissolve", {}), {"ram": 4 * tail.facts.floats})
        return self._medium(mixed, tail.facts, region)

    def blend(self, clip: Medium, other: Medium, frames: int, first: int, overlap: int) -> Medium:
        """Two clips as one, which goes from the one to the other where both have the same frames.

        Args:
            clip: ends with the frames that both have.
            other: begins with them.
            frames: how many these are.
            first: the number of the first of them among all that the two windows share.
            overlap: how many they share, so that any stretch of the whole is mixed as the whole is.
        """
        start = clip.facts.frames - frames
        levels = ((first + 1) / (overlap + 1), (first + frames) / (overlap + 1))
        region = self._builder.region(BLEND, self._stack)
        mixed = self._mix((clip.ref, other.ref), start, frames, levels, region, (clip, other))
        facts = replace(clip.facts, frames=start + other.facts.frames)
        settings = {"start": start, "first": first + 1, "last": first + frames, "of": overlap + 1}
        ram = clip.facts.floats + other.facts.floats + 2 * facts.floats
        self._builder.close(region, ("dissolve", settings), {"ram": ram})
        return self._medium(mixed, facts, region)

    def dips(self, pieces: list[Medium], opening: JoinValue, closing: JoinValue) -> list[Medium]:
        """The pieces of a clip that comes out of a colour, and goes into one."""
        first, *others = pieces
        if opening is not CUT:
            first = self._dip(first, opening, opens=True)
        *others, last = [first, *others]
        return [*others, last if closing is CUT else self._dip(last, closing, opens=False)]

    def _dip(self, clip: Medium, join: JoinValue, *, opens: bool) -> Medium:
        facts = clip.facts
        region = self._builder.region("dip", self._stack)
        plain = {
            "width": facts.width,
            "height": facts.height,
            "batch_size": join.frames,
            "color": COLORS[join.color],
        }
        color = self._op(PLAIN, plain, region, ())
        first, second = (color, clip.ref) if opens else (clip.ref, color)
        start = 0 if opens else facts.frames - join.frames
        faded = self._mix((first, second), start, join.frames, (0.0, 1.0), region, (clip,))
        settings = {"opening" if opens else "closing": join.frames, "color": join.color}
        self._builder.close(region, ("fade", settings), {"ram": 3 * facts.floats})
        return self._medium(faded, facts, region)

    def _mix(
        self,
        pictures: tuple[Ref, Ref],
        start: int,
        frames: int,
        levels: tuple[float, float],
        region: int,
        media: tuple[Medium, ...],
    ) -> Ref:
        """From one picture to the other in so many frames, between two shares of the other."""
        inputs = {
            "images_1": pictures[0],
            "images_2": pictures[1],
            "interpolation": "linear",
            "transition_start_index": start,
            "transitioning_frames": frames,
            "start_level": levels[0],
            "end_level": levels[1],
        }
        return self._op(MIX, inputs, region, media)

    def _op(self, class_type: str, inputs: dict[str, Any], region: int, media: tuple[Medium, ...]) -> Ref:
        evaluator = self._evaluator
        if class_type not in evaluator.catalog:
            raise evaluator.stop(
                UNKNOWN_NODE,
                f"the catalog {evaluator.catalog.name} has no {class_type}, with which clips are joined",
                self._span,
                "install the pack ComfyUI-KJNodes on the server, and pull its catalog again"
                if class_type == MIX
                else "compile for a catalog of a whole server",
            )
        op = self._builder.op(class_type, inputs, region=region, stack=self._stack, places={}, media=media)
        return Ref(op, 0, "IMAGE")

    def _medium(self, ref: Ref, facts: Facts, region: int) -> Medium:
        medium = Medium(ref, facts)
        self._builder.medium(medium, region)
        return medium


def reach(catalog: Catalog) -> tuple[int, int]:
    """Up to which number ComfyUI's node takes frames out of a clip, and how many at once."""
    schema = catalog.get(TAKE)
    limits = [schema.input(name) if schema is not None else None for name in ("batch_index", "length")]
    furthest, most = (int(i.max) if i is not None and i.max is not None else MOST for i in limits)
    return furthest, most


def split(clip: Medium) -> Windowed | None:
    """How to make stretches of a clip that is too long to be made at once; None for any other."""
    return clip.windows if clip.windows is not None and clip.windows.split else None

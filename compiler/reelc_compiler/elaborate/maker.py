"""What joins and windows are made of: the nodes that take frames out of clips and mix them, with their regions."""

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from reelc_compiler.catalog import Catalog
from reelc_compiler.facts import BLEND, COUNTED_OUT, Facts
from reelc_compiler.ir.graph import Medium, Ref, Windowed
from reelc_compiler.values import JoinValue
from reelc_dsl.diagnostics import Frame
from reelc_dsl.diagnostics.codes import REQUIREMENT, UNKNOWN_NODE
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator

COLORS = {"black": 0x000000, "white": 0xFFFFFF}
# KJNodes' node counts to it, and so does ComfyUI's that takes frames out of a batch.
MOST = 4096
CUT = JoinValue("cut", 0)
# The classes that joins are made with.
TAKE, MIX, PLAIN, REPEAT = "ImageFromBatch", "CrossFadeImages", "EmptyImage", "RepeatImageBatch"


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

    def dissolve(self, tail: Medium, head: Medium, first: int, total: int) -> Medium:
        """From one picture to the other in a straight line; no frame is wholly one of them.

        Args:
            tail, head: of as many frames.
            first: the number of the first of them in the crossfade, which has ``total`` frames.
        """
        return self._over("crossfade", tail, head, tail.facts.frames, first, total)

    def blend(self, clip: Medium, other: Medium, frames: int, first: int, overlap: int) -> Medium:
        """Two clips as one, which goes from the one to the other where both have the same frames.

        Args:
            clip: ends with the frames that both have.
            other: begins with them.
            frames: how many these are.
            first: the number of the first of them among all that the two windows share.
            overlap: how many they share, so that any stretch of the whole is mixed as the whole is.
        """
        return self._over(BLEND, clip, other, frames, first, overlap)

    def _over(self, name: str, clip: Medium, other: Medium, frames: int, first: int, total: int) -> Medium:
        start = clip.facts.frames - frames
        levels = ((first + 1) / (total + 1), (first + frames) / (total + 1))
        region = self._builder.region(name, self._stack)
        mixed = self._mix((clip.ref, other.ref), start, frames, levels, region, (clip, other))
        facts = replace(clip.facts, frames=start + other.facts.frames)
        settings = {"start": start, "first": first + 1, "last": first + frames, "of": total + 1}
        # All frames of a mere crossfade are so: it goes without saying.
        plain = settings == {"start": 0, "first": 1, "last": frames, "of": frames + 1}
        ram = clip.facts.floats + other.facts.floats + 2 * facts.floats
        self._builder.close(region, ("dissolve", {} if plain else settings), {"ram": ram})
        return self._medium(mixed, facts, region)

    def dip(self, clip: Medium, join: JoinValue, frames: int, first: int, *, opens: bool) -> Medium:
        """A clip that comes out of a colour at its beginning, or goes into one at its end.

        Args:
            frames: of how many of its frames the dip takes hold.
            first: the number of the first of them among all frames of the dip.
        """
        facts = clip.facts
        region = self._builder.region("dip", self._stack)
        plain = {"width": facts.width, "height": facts.height, "batch_size": frames, "color": COLORS[join.color]}
        color = self._op(PLAIN, plain, region, ())
        pictures = (color, clip.ref) if opens else (clip.ref, color)
        start = 0 if opens else facts.frames - frames
        levels = (first / (join.frames - 1), (first + frames - 1) / (join.frames - 1))
        faded = self._mix(pictures, start, frames, levels, region, (clip,))
        settings = {"opening" if opens else "closing": frames, "color": join.color}
        if frames < join.frames:
            settings |= {"first": first, "of": join.frames}
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

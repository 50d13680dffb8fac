"""How stretches of what a stage makes are made, where it is split in time: see ``windows``."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from reelc_compiler.elaborate import stages
from reelc_compiler.elaborate.maker import Maker
from reelc_compiler.elaborate.scope import Stop
from reelc_compiler.facts import WINDOW
from reelc_compiler.ir.graph import Medium, Stack, Windowed
from reelc_compiler.sema import calls
from reelc_compiler.sema.kinds import CLIP
from reelc_compiler.sema.program import StageInfo
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import REQUIREMENT
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator


@dataclass(frozen=True, slots=True)
class Grid:
    """Where windows begin, in frames of what comes in.

    Attributes:
        step: from one window to the next.
        overlap: how many frames two windows share.
        align: windows begin at multiples of it.
    """

    step: int
    overlap: int
    align: int

    @classmethod
    def within(cls, frames: int, overlap: int, align: int) -> "Grid":
        """The grid of the longest windows that are no longer than so many frames, if there are any."""
        least = max(ceil(overlap / align), 1)
        return cls(max((frames - overlap) // align, least) * align, overlap, align)

    def begins(self, frames: int) -> range:
        """Where the windows of a clip of so many frames begin; each has more frames than it shares with the next."""
        return range(0, max(frames - self.overlap, 1), self.step)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a stage that can be split."""

    evaluator: "Evaluator"
    stage: StageInfo
    window: ast.Window
    given: Mapping[str, Any]
    bound: calls.Bound
    span: Span

    @property
    def name(self) -> str:
        """The parameter that takes the clip."""
        return next(p.name for p in self.stage.params if p.kind == CLIP)

    def instance(self, clip: Any) -> Medium:
        """What the stage makes of a clip."""
        given = {**self.given, self.name: clip}
        return stages.instance(self.evaluator, self.stage, given, self.bound, self.span)


class Instances:
    """What a stage makes of windows of a clip, each made once, when it is asked for."""

    def __init__(self, asked: Call, source: Medium) -> None:
        evaluator = asked.evaluator
        self.asked = asked
        self.source = source
        self.maker = Maker(evaluator, asked.span, "window")
        # What the stage has said of its windows.
        self.said: list[Diagnostic] = []
        # Where it was called: windows are made later, when others are.
        self._stack: Stack = evaluator.reporter.frames()
        self._region = evaluator.region
        self._made: dict[tuple[int, int], Medium] = {}

    def instance(self, begin: int, frames: int) -> Medium:
        """What the stage makes of some frames of its clip."""
        key = (begin, frames)
        if key not in self._made:
            with self.there():
                if self.source.windows is not None:
                    taken = self.source.windows.stretch(begin, frames)
                else:
                    taken = self.maker.cut(self.source, begin, frames, WINDOW)
                self._made[key] = self._of(taken, begin, frames)
        return self._made[key]

    def _of(self, taken: Medium, begin: int, frames: int) -> Medium:
        """What the stage makes of a window; it says of it nothing but why it cannot be."""
        evaluator = self.asked.evaluator
        sounds = evaluator.builder.sounds
        # Nobody hears the sound of a window: that of the clip is the whole's.
        mute = self.source in sounds and taken not in sounds
        if mute:
            sounds[taken] = sounds[self.source]
        heard = Sink()
        try:
            with evaluator.reporter.apart(heard):
                return self.asked.instance(taken)
        except Stop:
            where = f"this is said of a window, frames {begin} to {begin + frames - 1} of {self.source.facts.frames}"
            evaluator.reporter.sink.extend(replace(d, help=(*d.help, where)) for d in heard if d.is_error)
            raise
        finally:
            self.said.extend(heard)
            if mute:
                del sounds[taken]

    def differ(self, message: str, help_: str) -> Stop:
        """Say that windows do not make up the whole."""
        stage = self.asked.stage.qualified
        return self.asked.evaluator.stop(
            REQUIREMENT, f"the windows of `{stage}` do not add up: {message}", self.asked.window.span, help_
        )

    @contextmanager
    def there(self) -> Generator[None]:
        """Where the stage was called."""
        evaluator = self.asked.evaluator
        stack, region = evaluator.reporter.stack, evaluator.region
        evaluator.reporter.stack, evaluator.region = list(self._stack), self._region
        try:
            yield
        finally:
            evaluator.reporter.stack, evaluator.region = stack, region


class Exact:
    """Windows whose frames are those of the whole, which there is as well.

    Args:
        whole: what the stage makes of all of its clip.
        split: whether that is too long to be made at once.
    """

    def __init__(self, instances: Instances, grid: Grid, whole: Medium, *, split: bool) -> None:
        self.split = split
        self.wanted = False
        self.spare = 0
        self._instances = instances
        self._frames = instances.source.facts.frames
        self._grid = grid
        self._whole = whole
        self._known: Fraction | None = None

    @property
    def _times(self) -> Fraction:
        """How many frames are made for each that comes in.

        Raises:
            Stop: windows would not add up to what the stage makes of the whole.
        """
        if self._known is None:
            self._known = self._measured()
        return self._known

    def _measured(self) -> Fraction:
        overlap, align = self._grid.overlap, self._grid.align
        most = (self._frames - overlap) // align * align
        if most < 1:
            # Shorter than a step of the grid: any stretch is made of the whole.
            return Fraction(self._whole.facts.frames, self._frames)
        step = min(self._grid.step, most)
        first = self._instances.instance(0, step + overlap).facts
        each = Fraction(first.frames - overlap, step)
        frames = self._whole.facts.frames
        exact = (self._frames - overlap) * each
        # Between frames nothing is made after the last one; of every n-th the first is kept.
        added = floor(exact) + 1 if overlap else ceil(exact)
        like = replace(first, frames=frames) == self._whole.facts
        if added != frames or not like or each <= 0 or (align * each).denominator != 1:
            raise self._instances.differ(
                f"{first.frames} frames of the first {step + overlap}, and {frames} of all {self._frames}",
                "a stage can be split where each window makes its share of the frames, whatever the others hold",
            )
        return each

    @property
    def longest(self) -> int:
        """What a window makes."""
        return (*self.bounds(), self._whole.facts.frames)[1]

    def bounds(self) -> tuple[int, ...]:
        """Where its windows begin, in its own frames."""
        if self._frames <= self._grid.step + self._grid.overlap:
            return (0,)
        return tuple(int(begin * self._times) for begin in self._grid.begins(self._frames))

    def stretch(self, first: int, frames: int) -> Medium:
        """Some of its frames, made from as few as it takes."""
        if (first, frames) == (0, self._whole.facts.frames):
            return self._whole
        grid, times, all_, maker = self._grid, self._times, self._frames, self._instances.maker
        if all_ - grid.overlap < grid.align:
            with self._instances.there():
                return maker.cut(self._whole, first, frames)
        begin = floor(first / times) // grid.align * grid.align
        if grid.overlap:
            end = min(ceil((first + frames - 1) / times) + 1, all_)
            while end - begin < 2:
                # Something is made between two frames: of the last one alone nothing is.
                begin, end = max(begin - grid.align, 0), min(end + (begin == 0), all_)
        else:
            end = min(ceil((first + frames) / times), all_)
        made = self._instances.instance(begin, end - begin)
        skipped = first - int(begin * times)
        with self._instances.there():
            return maker.cut(made, skipped, frames)

    def said(self) -> list[Diagnostic]:
        """What the stage says of its first window."""
        _ = self._times
        return self._instances.said


class Blended:
    """Windows that go over into each other in the frames that two of them have: there is no other whole.

    Raises:
        Stop: the stage does not make a frame of each that comes in.
    """

    split = True

    def __init__(self, instances: Instances, grid: Grid) -> None:
        self.wanted = False
        self.longest = grid.step
        # Where a window goes over into the next there is more of it than its part of the whole.
        self.spare = grid.overlap
        self._instances = instances
        self._frames = instances.source.facts.frames
        self._grid = grid
        self._begins = grid.begins(self._frames)
        first = self._window(0)
        for number in range(len(self._begins)):
            made = self._window(number).facts
            taken = self._taken(number)
            if made != replace(first.facts, frames=taken):
                raise instances.differ(
                    f"{made.frames} frames of {made.width}x{made.height} of the {taken} of number {number + 1}, and "
                    f"{first.facts.frames} of {first.facts.width}x{first.facts.height} of the {self._taken(0)} of the "
                    "first",
                    "windows that blend into each other have as many frames as they are made of, all of one size and "
                    "rate",
                )
        self.whole = replace(self._stretch(0, self._frames), windows=self)
        sounds = instances.asked.evaluator.builder.sounds
        if first in sounds and sounds[first] == sounds.get(instances.source):
            # It hands on the sound of what comes in, which is as long as the whole.
            sounds[self.whole] = sounds[first]

    def _taken(self, number: int) -> int:
        return min(self._grid.step + self._grid.overlap, self._frames - self._begins[number])

    def _window(self, number: int) -> Medium:
        made = self._instances.instance(self._begins[number], self._taken(number))
        # Two parts of the clip are made of it, in jobs of which one waits for the other.
        self._instances.asked.evaluator.builder.keep(made)
        return made

    def bounds(self) -> tuple[int, ...]:
        """Where its windows begin."""
        return tuple(self._begins)

    def stretch(self, first: int, frames: int) -> Medium:
        """Some of its frames, made from as few windows as it takes."""
        return self.whole if (first, frames) == (0, self._frames) else self._stretch(first, frames)

    def _stretch(self, first: int, frames: int) -> Medium:
        step, overlap, end = self._grid.step, self._grid.overlap, first + frames
        last = len(self._begins) - 1
        number = min(first // step, last)
        if number and first < self._begins[number] + overlap:
            # It begins where the window before it has not ended.
            number -= 1
        later = range(number + 1, min((end - 1) // step, last) + 1)
        with self._instances.there():
            made = self._part(number, first, end, mixed=bool(later))
            for number in later:
                begin = self._begins[number]
                start = max(first, begin)
                mixed = min(end, begin + overlap) - start
                part = self._part(number, start, end, mixed=True)
                made = self._instances.maker.blend(made, part, mixed, start - begin, overlap)
        return made

    def _part(self, number: int, first: int, end: int, *, mixed: bool) -> Medium:
        """What a window holds of a stretch."""
        begin, maker = self._begins[number], self._instances.maker
        end = min(end, begin + self._taken(number))
        # Where all of it goes into another window, it travels there and the window stays.
        cut = maker.end if mixed and end - first <= self._grid.overlap else maker.piece
        return cut(self._window(number), first - begin, end - first)


class Part:
    """Some frames of a clip that comes in windows.

    Args:
        before: the windows of that clip.
        first: the number of the first frame.
        whole: what the stage makes of all of it.
    """

    split = True

    def __init__(self, before: Windowed, first: int, whole: Medium) -> None:
        self.wanted = False
        self.longest = before.longest
        self.spare = before.spare
        self._before = before
        self._first = first
        self._whole = whole

    def bounds(self) -> tuple[int, ...]:
        """Where windows of the clip begin in the part, and it."""
        inside = (b - self._first for b in self._before.bounds())
        return (0, *(b for b in inside if 0 < b < self._whole.facts.frames))

    def stretch(self, first: int, frames: int) -> Medium:
        """Some of its frames, from what makes them in the clip."""
        if (first, frames) == (0, self._whole.facts.frames):
            return self._whole
        return self._before.stretch(self._first + first, frames)

"""Stages that are split in time: ``window { exact, frames: 240, overlap: 1, align: 2 }``.

A clip that is too long for a stage goes through it in windows, each of which can be a job of its own. Windows are made
when they are asked for: what is encoded asks the stage before it for just the frames that its own window needs, and so
on to the clip that is there. What cannot be split asks for the whole clip, and gets it from one instance of the stage.
The grid is the stage's, so no window changes when a clip grows, or on another worker.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from reelc_compiler.elaborate import stages
from reelc_compiler.elaborate.joins import Maker, reach
from reelc_compiler.elaborate.scope import Env, Stop
from reelc_compiler.facts import WINDOW
from reelc_compiler.ir.graph import Medium, Stack
from reelc_compiler.sema import calls
from reelc_compiler.sema.kinds import CLIP
from reelc_compiler.sema.program import StageInfo
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Frame, Sink
from reelc_dsl.diagnostics.codes import OUT_OF_RANGE, REQUIREMENT
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator

# More frames than any clip has.
MOST = 2**31


@dataclass(frozen=True, slots=True)
class Grid:
    """Where windows begin, in frames of what comes in.

    Attributes:
        step: from one window to the next.
        overlap: how many frames two windows share; 1 where something is made between every two frames.
        align: windows begin at multiples of it.
    """

    step: int
    overlap: int
    align: int


@dataclass(frozen=True, slots=True)
class _Call:
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


def call(
    evaluator: "Evaluator",
    stage: StageInfo,
    window: ast.Window,
    given: dict[str, Any],
    bound: calls.Bound,
    span: Span,
) -> Medium:
    """What a stage makes of a clip; where that is long, noting how to make it in windows.

    Raises:
        Stop: as any call; or the window makes no sense, or does not fit the stage.
    """
    asked = _Call(evaluator, stage, window, given, bound, span)
    source, reporter = given.get(asked.name), evaluator.reporter
    if not isinstance(source, Medium):
        return stages.instance(evaluator, stage, given, bound, span)
    heard = Sink()
    try:
        with reporter.apart(heard):
            whole = asked.instance(source)
    except Stop:
        reporter.sink.extend(heard)
        raise
    said = tuple(heard)
    grid = _grid(asked)
    before = source.windows
    if before is not None and before.split:
        # A clip that comes in windows goes on in windows that are no longer.
        step = min(before.bounds()[1] - grid.overlap, grid.step)
        grid = replace(grid, step=max(step // grid.align, 1) * grid.align)
    furthest, most = reach(evaluator.catalog)
    # No window is longer, before the stage and after it, than what the node takes that cuts it out.
    longest = min(most, most * source.facts.frames // max(whole.facts.frames, 1)) - 1 - grid.overlap
    grid = replace(grid, step=max(min(grid.step, longest) // grid.align, 1) * grid.align)
    far = (before is None or not before.split) and source.facts.frames > furthest
    if whole == source or far:
        # Nothing was done to it, or it is too long to be cut.
        reporter.sink.extend(said)
        return source if whole == source else whole
    split = source.facts.frames > grid.step + grid.overlap
    made = _Windows(asked, source, grid, whole, split=split)
    whole = replace(whole, windows=made)
    if split:
        reporter.held_back.append((whole, said))
        # What is said of a window as well holds for each of them, and is said in the words for the whole.
        also = {_point(d) for d in made.said()}
        said = tuple(d for d in said if _point(d) in also)
    reporter.sink.extend(said)
    return whole


def _point(diagnostic: Diagnostic) -> tuple[Any, ...]:
    """Which sentence of which call a diagnostic is, whatever numbers are in it."""
    spans = (diagnostic.span, *(label.span for label in diagnostic.labels))
    return (diagnostic.code.code, *((s.source.name, s.start, s.end) for s in spans if s is not None))


def _grid(asked: _Call) -> Grid:
    """The grid that a stage declares."""
    evaluator, stage = asked.evaluator, asked.stage
    settings = {s.name.text: s.value for s in asked.window.args}
    env = Env(stage.module)

    def setting(name: str, usual: int, least: int, most: int | None = None) -> int:
        if name not in settings:
            return usual
        value = evaluator.value(settings[name], env)
        if value < least or (most is not None and value > most):
            allowed = f"{least} or more" if most is None else f"{least} or {most}"
            raise evaluator.stop(
                OUT_OF_RANGE, f"`{name}` of a window is {allowed}, and this is {value}", settings[name].span
            )
        return value

    evaluator.reporter.stack.append(Frame(asked.span, stage.decl.name.text))
    try:
        for param in stage.params:
            stages.bind_param(evaluator, param, dict(asked.given), asked.bound, env)
        for statement in stage.decl.body:
            if isinstance(statement, ast.Let):
                env.cells[statement.name.text] = evaluator.let_cell(statement, env)
        overlap, align = setting("overlap", 0, 0, 1), setting("align", 1, 1)
        # Without a longest window it only goes on in those that it is given.
        frames = setting("frames", MOST, 1)
    finally:
        evaluator.reporter.stack.pop()
    return Grid(max((frames - overlap) // align, 1) * align, overlap, align)


class _Windows:
    """How stretches of what a stage makes are made."""

    def __init__(self, asked: _Call, source: Medium, grid: Grid, whole: Medium, *, split: bool) -> None:
        evaluator = asked.evaluator
        self.split = split
        self.wanted = False
        self._evaluator = evaluator
        self._asked = asked
        self._source = source
        self._grid = grid
        self._whole = whole
        self._maker = Maker(evaluator, asked.span, "window")
        # Where it was called: windows are made later, when others are.
        self._stack: Stack = evaluator.reporter.frames()
        self._region = evaluator.region
        self._made: dict[tuple[int, int], Medium] = {}
        self._said: list[Diagnostic] = []
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
        most = (self._source.facts.frames - overlap) // align * align
        if most < 1:
            # Shorter than a step of the grid: any stretch is made of the whole.
            return Fraction(self._whole.facts.frames, self._source.facts.frames)
        step = min(self._grid.step, most)
        first = self._instance(0, step + overlap).facts
        each = Fraction(first.frames - overlap, step)
        frames = self._whole.facts.frames
        exact = (self._source.facts.frames - overlap) * each
        # Between frames nothing is made after the last one; of every n-th the first is kept.
        added = floor(exact) + 1 if overlap else ceil(exact)
        like = replace(first, frames=frames) == self._whole.facts
        if added != frames or not like or each <= 0 or (align * each).denominator != 1:
            raise self._evaluator.stop(
                REQUIREMENT,
                f"the windows of `{self._asked.stage.qualified}` do not add up: {first.frames} frames of the first "
                f"{step + overlap}, and {frames} of all {self._source.facts.frames}",
                self._asked.window.span,
                "a stage can be split where each window makes its share of the frames, whatever the others hold",
            )
        return each

    def bounds(self) -> tuple[int, ...]:
        """Where its windows begin, in its own frames."""
        grid, frames = self._grid, self._source.facts.frames
        if frames <= grid.step + grid.overlap:
            return (0,)
        return tuple(int(s * self._times) for s in range(0, frames - grid.overlap, grid.step))

    def stretch(self, first: int, frames: int) -> Medium:
        """Some of its frames, made from as few as it takes."""
        if (first, frames) == (0, self._whole.facts.frames):
            return self._whole
        grid, times, all_ = self._grid, self._times, self._source.facts.frames
        if all_ - grid.overlap < grid.align:
            with self._there():
                return self._maker.cut(self._whole, first, frames)
        begin = floor(first / times) // grid.align * grid.align
        if grid.overlap:
            end = min(ceil((first + frames - 1) / times) + 1, all_)
            while end - begin < 2:
                # Something is made between two frames: of the last one alone nothing is.
                begin, end = max(begin - grid.align, 0), min(end + (begin == 0), all_)
        else:
            end = min(ceil((first + frames) / times), all_)
        made = self._instance(begin, end - begin)
        skipped = first - int(begin * times)
        with self._there():
            return self._maker.cut(made, skipped, frames)

    def _instance(self, begin: int, frames: int) -> Medium:
        """What the stage makes of some frames of its clip."""
        key = (begin, frames)
        if key not in self._made:
            with self._there():
                if self._source.windows is not None:
                    taken = self._source.windows.stretch(begin, frames)
                else:
                    taken = self._maker.cut(self._source, begin, frames, WINDOW)
                self._made[key] = self._of(taken, begin, frames)
        return self._made[key]

    def _of(self, taken: Medium, begin: int, frames: int) -> Medium:
        """What the stage makes of a window; it says of it nothing but why it cannot be."""
        evaluator = self._evaluator
        sounds = evaluator.builder.sounds
        # Nobody hears the sound of a window: that of the clip is the whole's.
        mute = self._source in sounds and taken not in sounds
        if mute:
            sounds[taken] = sounds[self._source]
        heard = Sink()
        try:
            with evaluator.reporter.apart(heard):
                return self._asked.instance(taken)
        except Stop:
            where = f"this is said of a window, frames {begin} to {begin + frames - 1} of {self._source.facts.frames}"
            evaluator.reporter.sink.extend(replace(d, help=(*d.help, where)) for d in heard if d.is_error)
            raise
        finally:
            self._said.extend(heard)
            if mute:
                del sounds[taken]

    def said(self) -> list[Diagnostic]:
        """What the stage says of its first window."""
        _ = self._times
        return self._said

    @contextmanager
    def _there(self) -> Generator[None]:
        """Where the stage was called."""
        evaluator = self._evaluator
        stack, region = evaluator.reporter.stack, evaluator.region
        evaluator.reporter.stack, evaluator.region = list(self._stack), self._region
        try:
            yield
        finally:
            evaluator.reporter.stack, evaluator.region = stack, region

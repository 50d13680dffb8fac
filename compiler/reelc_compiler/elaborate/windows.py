"""Stages that are split in time: ``window { exact, frames: 240 }``, ``window { blend, frames: 81, overlap: 5 }``.

A clip that is too long for a stage goes through it in windows, each of which can be a job of its own. Windows are made
when they are asked for: what is encoded asks the stage before it for just the frames that its own window needs, and so
on to the clip that is there. What cannot be split asks for the whole clip: where windows are exact it gets it from one
instance of the stage, and where they blend into each other, from all of them. The grid is the stage's, so no window
changes when a clip grows, or on another worker. A stage that takes a part of its clip, ``window { part, first: 20 }``,
asks what comes in windows for that part alone.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reelc_compiler import values
from reelc_compiler.elaborate import stages
from reelc_compiler.elaborate.maker import Maker, reach, split
from reelc_compiler.elaborate.scope import Env, Stop
from reelc_compiler.elaborate.stretches import Blended, Call, Exact, Grid, Instances, Part
from reelc_compiler.facts import WINDOW
from reelc_compiler.ir.graph import Medium
from reelc_compiler.sema import calls
from reelc_compiler.sema.program import StageInfo
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Frame, Sink
from reelc_dsl.diagnostics.codes import OUT_OF_RANGE
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator

# More frames than any clip has.
MOST = 2**31


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
    asked = Call(evaluator, stage, window, given, bound, span)
    source = given.get(asked.name)
    if not isinstance(source, Medium):
        return stages.instance(evaluator, stage, given, bound, span)
    kinds = {"exact": _exact, "blend": _blended, "part": _part}
    return kinds[window.mode.text](asked, source)


def _exact(asked: Call, source: Medium) -> Medium:
    reporter, heard = asked.evaluator.reporter, Sink()
    try:
        with reporter.apart(heard):
            whole = asked.instance(source)
    except Stop:
        reporter.sink.extend(heard)
        raise
    said = tuple(heard)
    # No window is longer, before the stage and after it, than what the node takes that cuts it out.
    grid = _limited(asked, source, max(whole.facts.frames, source.facts.frames))
    if whole == source or grid is None:
        # Nothing was done to it, or it is too long to be cut.
        reporter.sink.extend(said)
        return source if whole == source else whole
    made = Exact(Instances(asked, source), grid, whole, split=source.facts.frames > grid.step + grid.overlap)
    whole = replace(whole, windows=made)
    if made.split:
        reporter.held_back.append((whole, said))
        # What is said of a window as well holds for each of them, and is said in the words for the whole.
        also = {_point(d) for d in made.said()}
        said = tuple(d for d in said if _point(d) in also)
    reporter.sink.extend(said)
    return whole


def _blended(asked: Call, source: Medium) -> Medium:
    grid = _limited(asked, source, source.facts.frames)
    if grid is None or source.facts.frames <= grid.step + grid.overlap:
        return asked.instance(source)
    instances = Instances(asked, source)
    made = Blended(instances, grid)
    # Each window says the same.
    asked.evaluator.reporter.sink.extend({_point(d): d for d in reversed(instances.said)}.values())
    return made.whole


def _part(asked: Call, source: Medium) -> Medium:
    whole = asked.instance(source)
    before = split(source)
    if before is None:
        return whole
    with _settings(asked) as setting:
        first = setting("first", 0, 0, MOST)
    facts = source.facts
    like = replace(whole.facts, kind=facts.kind, fps=facts.fps, frames=facts.frames)
    if like != facts or first + whole.facts.frames > facts.frames:
        raise Instances(asked, source).differ(
            f"frames {first} to {first + whole.facts.frames - 1} are not {values.show(whole)} of {values.show(source)}",
            "a part has frames of its clip, in its size",
        )
    maker = Maker(asked.evaluator, asked.span, WINDOW)
    if whole.facts.kind == "image":
        return maker.frame(source, first)
    if whole.facts.frames <= before.longest:
        # No longer than what is made at once.
        return before.stretch(first, whole.facts.frames)
    return replace(whole, windows=Part(before, first, whole))


def _limited(asked: Call, source: Medium, most: int) -> Grid | None:
    """The grid that a stage declares, within what cuts windows out and what comes in windows already.

    Args:
        most: of how many frames the clip is, before the stage or after it.

    Returns:
        None where the clip cannot be cut.
    """
    grid = _grid(asked)
    before = split(source)
    furthest, longest = reach(asked.evaluator.catalog)
    if before is None and source.facts.frames > furthest:
        return None
    longest = longest * source.facts.frames // max(most, 1) - 1
    if before is not None:
        # A clip that comes in windows goes on in windows that are no longer.
        longest = min(longest, before.longest + min(before.spare, grid.overlap))
    return Grid.within(min(longest, grid.step + grid.overlap), grid.overlap, grid.align)


def _point(diagnostic: Diagnostic) -> tuple[Any, ...]:
    """Which sentence of which call a diagnostic is, whatever numbers are in it."""
    spans = (diagnostic.span, *(label.span for label in diagnostic.labels))
    return (diagnostic.code.code, *((s.source.name, s.start, s.end) for s in spans if s is not None))


Setting = Callable[[str, int, int, int], int]


@contextmanager
def _settings(asked: Call) -> Generator[Setting]:
    """What evaluates a setting of the window: its name, what it is without one, and its least and most."""
    evaluator, stage = asked.evaluator, asked.stage
    given = {s.name.text: s.value for s in asked.window.args}
    env = Env(stage.module)

    def setting(name: str, usual: int, least: int, most: int) -> int:
        if name not in given:
            return usual
        value = evaluator.value(given[name], env)
        if not least <= value <= most:
            allowed = f"{least} or more" if most == MOST else f"{least} or {most}"
            raise evaluator.stop(
                OUT_OF_RANGE, f"`{name}` of a window is {allowed}, and this is {value}", given[name].span
            )
        return value

    evaluator.reporter.stack.append(Frame(asked.span, stage.decl.name.text))
    try:
        for param in stage.params:
            stages.bind_param(evaluator, param, dict(asked.given), asked.bound, env)
        for statement in stage.decl.body:
            if isinstance(statement, ast.Let):
                env.cells[statement.name.text] = evaluator.let_cell(statement, env)
        yield setting
    finally:
        evaluator.reporter.stack.pop()


def _grid(asked: Call) -> Grid:
    """The grid that a stage declares."""
    blends = asked.window.mode.text == "blend"
    with _settings(asked) as setting:
        overlap = setting("overlap", 1, 1, MOST) if blends else setting("overlap", 0, 0, 1)
        align = setting("align", 1, 1, MOST)
        # Without a longest window it only goes on in those that it is given. More than two never have the same frame.
        frames = setting("frames", MOST, 2 * overlap if blends else 1, MOST)
    return Grid.within(frames, overlap, align)

"""How long the films of a pipeline are to be: ``target { duration = 30s, policy = "trim" }``."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from reelc_compiler import values
from reelc_compiler.elaborate import arithmetic
from reelc_compiler.elaborate.arithmetic import ArithmeticFault
from reelc_compiler.elaborate.maker import Maker
from reelc_compiler.elaborate.scope import Env
from reelc_compiler.ir.graph import Medium
from reelc_compiler.units import Duration, Rate
from reelc_compiler.values import FilmValue
from reelc_dsl import ast
from reelc_dsl.diagnostics import Label
from reelc_dsl.diagnostics.codes import NOT_WHOLE, OUT_OF_RANGE, REQUIREMENT
from reelc_dsl.diagnostics.fixes import respell
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator

# What becomes of a film that is longer or shorter: nothing is made; a longer one's end is cut off; or that, and the
# last picture of a shorter one stays.
POLICIES = ("error", "trim", "fit")
# What one RepeatImageBatch makes, by its schema.
MOST_HELD = 4096


@dataclass(frozen=True, slots=True)
class Target:
    """What a film must last.

    Attributes:
        seconds: exactly.
        policy: one of :data:`POLICIES`.
        span: where it is said.
    """

    seconds: Fraction
    policy: str
    span: Span

    def fitted(self, evaluator: "Evaluator", film: FilmValue, span: Span) -> FilmValue:
        """A film that lasts as long.

        Raises:
            Stop: no number of frames lasts as long, or the film does not and the policy leaves it so.
        """
        fps = film.facts.fps
        assert fps is not None, "a film is made of clips"
        frames = film.facts.frames
        said = (Label(self.span, "the target is set here"),)
        try:
            wanted = arithmetic.frames(Duration(self.seconds), Rate(fps), least=1)
        except ArithmeticFault as fault:
            raise evaluator.stop(NOT_WHOLE, str(fault), span, fault.help, labels=said) from None
        if frames == wanted:
            return film
        missing = wanted - frames
        if missing < 0 and self.policy != "error":
            return _trimmed(evaluator, film, -missing, span)
        if 0 < missing <= MOST_HELD and self.policy == "fit":
            return _held(evaluator, film, missing, span)
        have, want = values.show(Duration(frames / fps)), values.show(Duration(self.seconds))
        raise evaluator.stop(
            REQUIREMENT,
            f"this film has {frames} frames and lasts {have}, and the target is {wanted} frames, {want}",
            span,
            *(
                (
                    f"{missing} frames are missing: make a clip longer",
                    f'or let the last picture stay: `policy = "fit"` in the target does, up to {MOST_HELD} frames',
                )
                if missing > 0
                else (
                    f'{-missing} frames are too many: `policy = "trim"` in the target cuts them off its end',
                    "or make clips shorter, or joins longer",
                )
            ),
            labels=said,
        )


def target_of(evaluator: "Evaluator", statement: ast.Settings, env: Env) -> Target | None:
    """The target that a pipeline sets; None where it says nothing of the duration.

    Raises:
        Stop: there is no such policy, or no time at all.
    """
    given = {s.name.text: s.value for s in statement.settings}
    policy, where = "error", given.get("policy")
    if where is not None:
        policy = evaluator.value(where, env)
        if policy not in POLICIES:
            known = ", ".join(f"`{p}`" for p in POLICIES)
            raise evaluator.stop(
                OUT_OF_RANGE,
                f"`policy` takes {known}, and this is `{policy}`",
                where.span,
                fix=respell(where.span, policy, POLICIES) if where.span.text.startswith('"') else None,
            )
    if "duration" not in given:
        return None
    duration: Duration = evaluator.value(given["duration"], env)
    if duration.seconds <= 0:
        raise evaluator.stop(OUT_OF_RANGE, "a film lasts longer than no time at all", given["duration"].span)
    return Target(duration.seconds, policy, statement.span)


def _held(evaluator: "Evaluator", film: FilmValue, missing: int, span: Span) -> FilmValue:
    """A film whose last picture stays."""
    last = Maker(evaluator, span, "target").held(film.clips[-1], missing)
    facts = replace(film.facts, frames=film.facts.frames + missing)
    return replace(film, clips=(*film.clips, last), facts=facts)


def _trimmed(evaluator: "Evaluator", film: FilmValue, surplus: int, span: Span) -> FilmValue:
    """A film without its last frames."""
    clips: list[Medium] = list(film.clips)
    left = surplus
    while left and clips[-1].facts.frames <= left:
        left -= clips.pop().facts.frames
    if left:
        last = clips.pop()
        clips.append(Maker(evaluator, span, "target").piece(last, 0, last.facts.frames - left))
    facts = replace(film.facts, frames=film.facts.frames - surplus)
    return replace(film, clips=tuple(clips), facts=facts)

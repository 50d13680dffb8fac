"""Sequences, also of sequences: each frame is what the language promises, however the clips are made."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from walking import HEAD, Frame, compiled, frames_of

from reelc_dsl.diagnostics import ReelError

Join = tuple[str, int]
CUT: Join = ("cut", 0)


class Clip:
    """Some frames of a walk, through a stage that may be split."""

    def __init__(self, first: int, frames: int) -> None:
        self.first, self.frames = first, frames

    def text(self, at_once: int) -> str:
        return f"walk |> trim(first: {self.first}, frames: {self.frames}) |> twice({at_once})"

    def shown(self, walk: list[Frame]) -> list[Frame]:
        return walk[self.first : self.first + self.frames]


class Line:
    """A sequence, of clips and of sequences."""

    def __init__(self, shots: Sequence["Clip | Line"], joins: Sequence[Join], shared: bool) -> None:
        self.shots, self.joins, self.shared = shots, joins, shared

    def text(self, at_once: int) -> str:
        shots = ", ".join(shot.text(at_once) for shot in self.shots)
        joins = ", ".join("cut()" if kind == "cut" else f"{kind}({n})" for kind, n in self.joins)
        return f"sequence([{shots}], joins: [{joins}], shared: {str(self.shared).lower()})"

    def shown(self, walk: list[Frame]) -> list[Frame]:
        """Worked out from what docs/language.md says, and not from how it is made."""
        shots = [shot.shown(walk) for shot in self.shots]
        if self.shared:
            shots = [shot[int(number > 0) :] for number, shot in enumerate(shots)]
        out = shots[0]
        for (kind, n), shot in zip(self.joins, shots[1:], strict=True):
            if kind == "crossfade":
                level = [round((i + 1) / (n + 1), 9) for i in range(n)]
                mixed = [("mix", a, b, x) for a, b, x in zip(out[len(out) - n :], shot[:n], level, strict=True)]
                out = [*out[: len(out) - n], *mixed, *shot[n:]]
            elif kind == "dip":
                level = [round(i / (n - 1), 9) for i in range(n)]
                plain: Frame = ("plain", 0)
                end = [("mix", a, plain, x) for a, x in zip(out[len(out) - n :], level, strict=True)]
                begin = [("mix", plain, b, x) for b, x in zip(shot[:n], level, strict=True)]
                out = [*out[: len(out) - n], *end, *begin, *shot[n:]]
            else:
                out = [*out, *shot]
        return out


CLIPS = st.tuples(st.integers(0, 20), st.integers(8, 14)).map(lambda v: Clip(*v))
JOINS = st.one_of(st.just(CUT), st.tuples(st.just("crossfade"), st.integers(1, 3)), st.just(("dip", 2)))


@st.composite
def lines(draw: st.DrawFn, shots: st.SearchStrategy[Clip | Line]) -> Line:
    found = draw(st.lists(shots, min_size=1, max_size=3))
    return Line(found, [draw(JOINS) for _ in found[1:]], draw(st.booleans()))


def film(folder: Path, line: Line, at_once: int) -> list[Frame]:
    body = f"  let walk = photo |> made(40)\n  output film = {line.text(at_once)} |> video()"
    return frames_of(compiled(folder, body, head=HEAD))


@given(line=lines(st.one_of(CLIPS, lines(CLIPS), lines(st.one_of(CLIPS, lines(CLIPS))))), at_once=st.integers(2, 9))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_sequence_shows_what_is_promised(line: Line, at_once: int, tmp_path: Path) -> None:
    try:
        whole = film(tmp_path, line, 1000)
    except ReelError as error:
        # A dip or a crossfade that is longer than what it goes over.
        (found,) = error.diagnostics
        assert found.code.code == "E0401"
        assert " frames, and its joins take " in found.message
        return
    walk = frames_of(compiled(tmp_path, "  output film = photo |> made(40) |> twice(1000) |> video()", head=HEAD))
    assert whole == line.shown(walk)
    assert film(tmp_path, line, at_once) == whole


def test_what_a_sequence_holds_is_one_of_the_sequence_around_it(tmp_path: Path) -> None:
    """No join of the outer one is applied within, and there are as many as it has things to join."""
    body = (
        "  let c = photo |> made(10)\n  output film = sequence([sequence([c, c]), c], joins: [crossfade(4)]) |> video()"
    )
    assert len(frames_of(compiled(tmp_path, body, head=HEAD))) == 26
    with pytest.raises(ReelError, match="2 clips have 1 joins between them, and these are 2"):
        compiled(tmp_path, body.replace("[crossfade(4)]", "[crossfade(4), cut()]"), head=HEAD)


def test_a_scene_of_segments_is_one_shot(tmp_path: Path) -> None:
    body = """  let scenes = for n in [1, 2] {
    sequence(chain prev from photo times 2 { prev |> made(5) })
  }
  output film = sequence(scenes, crossfade: 2) |> video()"""
    assert len(frames_of(compiled(tmp_path, body, head=HEAD))) == 2 * 9 - 2


def test_a_dip_over_a_join(tmp_path: Path) -> None:
    """It goes on through the pieces that a sequence is made of."""
    line = Line([Line([Clip(0, 10), Clip(20, 10)], [("crossfade", 9)], False), Clip(5, 10)], [("dip", 7)], False)
    walk = frames_of(compiled(tmp_path, "  output film = photo |> made(40) |> twice(1000) |> video()", head=HEAD))
    assert film(tmp_path, line, 1000) == line.shown(walk)
    body = """  let c = photo |> made(10)
  output film = sequence([sequence([c, c], joins: [crossfade(10)]), c], joins: [dip(12)]) |> video()"""
    with pytest.raises(ReelError, match="clip number 1 has 10 frames, and its joins take 12"):
        compiled(tmp_path, body, head=HEAD)


def test_a_crossfade_that_is_longer_than_a_clip(tmp_path: Path) -> None:
    body = "  let c = photo |> made({})\n  output film = sequence([photo |> made(20), c], crossfade: 6) |> video()"
    with pytest.raises(ReelError, match="clip number 2 has 1 frames, and its joins take 6"):
        compiled(tmp_path, body.format(1), head=HEAD)

"""Windows that go over into each other: which frames are of which window, and how much of each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from walking import HEAD as STAGES
from walking import Frame, compiled, frames_of

import reelc
from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import ReelError

HEAD = (
    STAGES
    + """
use std.seedvr2
stage soft(source: clip, at_once: int, overlap: int = 3, align: int = 1) -> clip {
  window { blend, frames: at_once, overlap: overlap, align: align }
  let seen = node ImageScaleBy(image: source, upscale_method: "lanczos", scale_by: 1.0)
  preview upscale
  return clip(seen, size: source.size, frames: source.frames, fps: source.fps)
}
stage entire(source: clip) -> clip {
  preview pick
  return clip(source, size: source.size, frames: source.frames, fps: source.fps)
}
"""
)


def blended(frames: list[Frame], step: int, overlap: int) -> list[Frame]:
    """What windows make of a clip, worked out from what the language promises and not from how it is made."""
    windows: list[tuple[int, list[Frame]]] = []
    for begin in range(0, max(len(frames) - overlap, 1), step):
        taken = frames[begin : begin + step + overlap]
        windows.append((begin, [("seen", frame, taken[0], len(taken)) for frame in taken]))
    out: list[Frame] = []
    for begin, window in windows:
        for number, frame in enumerate(window):
            at = begin + number
            if at < len(out):
                out[at] = ("mix", out[at], frame, round((number + 1) / (overlap + 1), 9))
            else:
                out.append(frame)
    return out


@given(frames=st.integers(1, 60), overlap=st.integers(1, 6), more=st.integers(0, 20), align=st.integers(1, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_frame_is_of_its_windows(frames: int, overlap: int, more: int, align: int, tmp_path: Path) -> None:
    at_once = 2 * overlap + more
    plan = compiled(
        tmp_path,
        f"  output film = photo |> made({frames}) |> soft({at_once}, {overlap}, {align}) |> video()",
        head=HEAD,
    )
    found = frames_of(plan)
    photo = found[0]
    while photo[0] != "photo":
        photo = photo[-1] if photo[0] == "frame" else photo[1]
    given_ = [("frame", n, photo) for n in range(frames)]
    step = max((at_once - overlap) // align, -(-overlap // align)) * align
    assert found == blended(given_, step, overlap)


BEFORE = st.sampled_from(["twice(9)", "between(2, 8)", "clips.fit(32x32)", "twice(5) |> between(3, 7)", "crop(32x32)"])
AFTER = st.lists(
    st.one_of(
        st.integers(2, 30).map(lambda n: f"twice({n})"),
        st.tuples(st.integers(2, 4), st.integers(2, 30)).map(lambda v: f"between({v[0]}, {v[1]})"),
        st.sampled_from(["speed(3)", "pad(300x300)", "retime(12fps)", "soft(12, 4)"]),
    ),
    min_size=1,
    max_size=3,
)


@given(frames=st.integers(2, 50), before=BEFORE, at_once=st.integers(6, 20), after=AFTER)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_stretch_is_that_of_the_whole(
    frames: int, before: str, at_once: int, after: list[str], tmp_path: Path
) -> None:
    """What asks for parts of the clip gets the frames that it would find in all of it."""
    start = f"  let clip = photo |> made({frames}) |> {before} |> soft({at_once})\n  output film = clip |> "
    # Windows of a blended stage behind it lie where those before it say, so that both must be the same.
    last = after if "soft(12, 4)" not in after else after[: after.index("soft(12, 4)")] or ["twice(7)"]
    try:
        whole = compiled(tmp_path, f"{start}entire() |> {' |> '.join(last)} |> video()", head=HEAD)
    except ReelError:
        with pytest.raises(ReelError):
            compiled(tmp_path, f"{start}{' |> '.join(last)} |> video()", head=HEAD)
        return
    split = compiled(tmp_path, f"{start}{' |> '.join(last)} |> video()", head=HEAD)
    assert frames_of(split) == frames_of(whole)
    # No film has more than 120 frames a second.
    again = compiled(tmp_path, f"{start}{' |> '.join(after)} |> retime(8fps) |> video()", head=HEAD)
    assert len(frames_of(again)) == again.outputs[0].facts.frames


def sampled(frames: int) -> str:
    return f"photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1, frames: {frames}, fps: 8fps)"


def test_windows_of_a_sampler_are_jobs_of_their_own(tmp_path: Path) -> None:
    big = "seedvr2.restore(using: seedvr2.load(), seed: 1, memory: 5GB)"
    plan = compiled(tmp_path, f"  output film = {sampled(25)} |> {big} |> video()", head=HEAD)
    made = [[job.media[r.media_out[0]].facts.frames for r in job.regions if "restore" in r.stage] for job in plan.jobs]
    # 4n+1 frames each, from every twelfth on.
    assert [frames for frames in made if frames] == [[17], [13]]
    assert all(job.needs.ram is None or job.needs.ram <= 5 * 10**9 for job in plan.jobs[1:])
    assert plan.outputs[0].facts.frames == 25


def restored(plan: Plan) -> list[str]:
    return [job.keys["render"] for job in plan.jobs if any("restore" in region.stage for region in job.regions)]


def test_what_follows_renders_no_window_again(tmp_path: Path) -> None:
    """Other frames are taken of the windows, by jobs of their own; nor does a longer clip change what was there."""
    clip = f"{sampled(25)} |> seedvr2.restore(using: seedvr2.load(), seed: 1, memory: 5GB)"
    keys: set[tuple[str, ...]] = set()
    for last in ("", "|> interpolate(24fps, memory: 2GB) ", "|> interpolate(24fps, memory: 1GB) ", "|> twice(3) "):
        keys.add(tuple(restored(compiled(tmp_path, f"  output film = {clip} {last}|> video()", head=HEAD))))
    assert len(keys) == 1
    assert len(next(iter(keys))) == 2


@pytest.mark.parametrize(
    ("window", "returned", "said"),
    [
        ("blend, frames: 9, overlap: 2", "frames: source.frames - 1", "8 frames of 64x48 of the 9 of number 1"),
        ("blend, frames: 9, overlap: 5", "frames: source.frames", "`frames` of a window is 10 or more, and this is 9"),
        ("blend, frames: 9, overlap: 0", "frames: source.frames", "`overlap` of a window is 1 or more, and this is 0"),
    ],
)
def test_a_window_must_fit_its_stage(tmp_path: Path, window: str, returned: str, said: str) -> None:
    head = f"""{HEAD}
stage odd(source: clip) -> clip {{
  window {{ {window} }}
  let same = node ImageScaleBy(image: source, upscale_method: "lanczos", scale_by: 1.0)
  preview pick
  return clip(same, size: source.size, {returned}, fps: source.fps)
}}
"""
    with pytest.raises(ReelError) as failed:
        compiled(tmp_path, "  output film = photo |> made(40) |> odd() |> video()", head=head)
    assert said in str(failed.value.diagnostics[0].message)


def test_a_stage_speaks_once_of_its_windows(tmp_path: Path) -> None:
    head = f"""{HEAD}
stage spoken(source: clip) -> clip {{
  window {{ blend, frames: 10, overlap: 2 }}
  note source.frames < 3 else "made of {{{{ source.frames }}}} frames"
  require source.frames >= 5 else "{{{{ source.frames }}}} are too few"
  let same = node ImageScaleBy(image: source, upscale_method: "lanczos", scale_by: 1.0)
  preview pick
  return clip(same, size: source.size, frames: source.frames, fps: source.fps)
}}
"""
    path = tmp_path / "film.reel"
    body = "  output film = photo |> made({}) |> spoken() |> video()"
    compiled(tmp_path, body.format(41), head=head)
    assert [d.message for d in reelc.compile(path).warnings] == ["made of 10 frames"]
    with pytest.raises(ReelError) as failed:
        compiled(tmp_path, body.format(44), head=head)
    (found,) = [d for d in failed.value.diagnostics if d.is_error]
    assert found.message == "4 are too few"
    assert found.help == ("this is said of a window, frames 40 to 43 of 44",)


def test_the_sound_of_a_clip_is_that_of_the_whole(tmp_path: Path) -> None:
    head = f"""{HEAD}
stage sounding(source: clip) -> clip {{
  let silence = node EmptyAudio(duration: 5.0, sample_rate: 44100, channels: 2)
  preview pick
  return clip(
    source, size: source.size, frames: source.frames, fps: source.fps, audio: audio(silence, duration: 5s),
  )
}}
stage kept(source: clip) -> clip {{
  window {{ blend, frames: 10, overlap: 2 }}
  let same = node ImageScaleBy(image: source, upscale_method: "lanczos", scale_by: 1.0)
  preview pick
  return clip(same, size: source.size, frames: source.frames, fps: source.fps, audio: source.audio)
}}
"""
    body = "  let clip = photo |> made(40) |> sounding() |> kept()\n  output film = clip |> video(audio: clip.audio)"
    (output,) = compiled(tmp_path, body, head=head).outputs
    assert output.sound is not None
    assert len(output.artifacts) == 5


def test_a_clip_that_is_needed_whole_is_put_together_once(tmp_path: Path) -> None:
    plan = compiled(tmp_path, "  output film = photo |> made(40) |> soft(13) |> fade(opening: 4) |> video()", head=HEAD)
    nodes: list[Mapping[str, Any]] = [node for job in plan.jobs for node in job.graph.values()]
    assert sum(node["class_type"] == "ImageScaleBy" for node in nodes) == 4
    assert len(plan.outputs[0].made_of) == 1

"""Stages that are split in time: the graphs are walked frame by frame, and windows must give what the whole gives."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from walking import HEAD, compiled, frames_of

import reelc
from reelc_compiler.plan import Job, Plan
from reelc_dsl.diagnostics import ReelError

STAGES = (
    st.integers(2, 30).map(lambda n: f"twice({n})"),
    st.tuples(st.integers(2, 4), st.integers(2, 30)).map(lambda v: f"between({v[0]}, {v[1]})"),
    st.integers(2, 4).map(lambda n: f"speed({n})"),
    st.tuples(st.integers(0, 9), st.integers(1, 30)).map(lambda v: f"trim(first: {v[0]}, frames: {v[1]})"),
    st.sampled_from(["crop(32x32)", "pad(300x300)", "clips.fit(48x48)", "retime(12fps)"]),
    st.integers(3, 12).map(lambda n: f"twice({n}, fps: 16fps) |> interpolate(24fps, memory: {n} * 0.15MB)"),
    st.integers(1, 9).map(lambda n: f'clips.fit(32x32) |> upscale(64x64, model: "x2.pth", memory: {n} * 0.15MB)'),
    st.integers(1, 9).map(lambda n: f'clips.fit(32x32) |> upscale(96x96, model: "x4.pth", memory: {n} * 0.8MB)'),
)


def large(stage: str) -> str:
    """The same stage with room for everything."""
    whole = stage.replace(" * 0.15MB", " * 100GB").replace(" * 0.8MB", " * 100GB")
    for name in ("twice(", "between("):
        if whole.startswith(name):
            first, *others = whole.removeprefix(name).split(")", 1)
            values = first.split(", ")
            values[1 if name == "between(" else 0] = "100000"
            whole = f"{name}{', '.join(values)}){others[0]}"
    return whole


@given(frames=st.integers(2, 60), stages=st.lists(st.one_of(*STAGES), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_windows_hold_what_the_whole_holds(frames: int, stages: list[str], tmp_path: Path) -> None:
    before = f"  output film = photo |> made({frames}) |> "
    try:
        whole = compiled(tmp_path, before + " |> ".join([*map(large, stages), "video()"]))
    except ReelError:
        # Too few frames are left, or no rate between the two.
        with pytest.raises(ReelError):
            compiled(tmp_path, before + " |> ".join([*stages, "video()"]))
        return
    assert len(whole.outputs[0].made_of) == 1
    split = compiled(tmp_path, before + " |> ".join([*stages, "video()"]))
    assert split.outputs[0].facts == whole.outputs[0].facts
    assert frames_of(split) == frames_of(whole)


def test_what_cannot_be_split_gets_the_whole(tmp_path: Path) -> None:
    body = "  output film = photo |> made(40) |> twice(10) |> fade(opening: 4, closing: 4) |> twice(9) |> video()"
    split = compiled(tmp_path, body)
    (job,) = split.jobs
    # One instance before the fade, which nothing after it can do without, and five windows behind it.
    made = [region.media_out for region in job.regions if region.stage == "twice"]
    assert [job.media[name].facts.frames for (name,) in made] == [40, 9, 9, 9, 9, 4]


def sampled(frames: int) -> str:
    return f"photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1, frames: {frames}, fps: 8fps)"


def test_windows_are_jobs_of_their_own(tmp_path: Path) -> None:
    plan = compiled(tmp_path, f"  let clip = {sampled(25)}\n  output film = clip |> between(3, 9) |> video()")
    made, *windows = plan.jobs
    assert made.id == "01-animate"
    assert [[a.facts.frames for a in job.artifacts_out] for job in windows] == [[24], [24], [25]]
    assert [[a.id for a in job.artifacts_in] for job in windows] == [[made.artifacts_out[0].id]] * 3


def keys(plan: Plan) -> list[str]:
    return [job.keys["render"] for job in plan.jobs]


def test_no_window_changes_when_a_clip_grows(tmp_path: Path) -> None:
    """The grid is the stage's: what was rendered of the shorter clip is the beginning of the longer one."""
    short = compiled(tmp_path, "  output film = photo |> made(50) |> trim(frames: 41) |> between(2, 9) |> video()")
    long = compiled(tmp_path, "  output film = photo |> made(50) |> trim(frames: 50) |> between(2, 9) |> video()")
    assert frames_of(long)[: len(frames_of(short))] == frames_of(short)
    one, other = ([a.facts.frames for j in plan.jobs for a in j.artifacts_out] for plan in (short, long))
    assert one[:4] == other[:4]


def test_joins_take_frames_of_windows(tmp_path: Path) -> None:
    """A crossfade is made of the same frames, whether the clips are split or not."""
    clip = "photo |> made(30) |> between(2, {at_once})"
    pieces = ", ".join([clip, f"{clip} |> twice(1000) |> clips.fit(64x48)", clip])
    body = f"  output film = sequence([{pieces}], joins: [crossfade(8), dip(20)]) |> video()"
    whole = compiled(tmp_path, body.format(at_once=1000))
    split = compiled(tmp_path, body.format(at_once=7))
    assert split.outputs[0].facts == whole.outputs[0].facts
    assert len(split.outputs[0].made_of) > len(whole.outputs[0].made_of)
    jobs: Callable[[Plan], list[Job]] = lambda plan: list(plan.jobs)  # noqa: E731
    assert sum(len(job.artifacts_in) for job in jobs(whole)) == sum(len(job.artifacts_in) for job in jobs(split)) == 2


def test_what_is_said_of_the_whole_is_said_when_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "film.reel"
    compiled(tmp_path, "  output film = photo |> made(40) |> video()")
    start = f'{HEAD}pipeline film {{\n  param photo: image = "photo.png"\n  let clip = photo |> made(400)'
    split = f"{start} |> interpolate(24fps, memory: 5MB)\n"
    for last, said in (("clip", []), ("clip |> fade(opening: 4)", ["this takes about 1GB of host RAM"])):
        path.write_text(f"{split}  output film = {last} |> video()\n}}\n", "utf-8")
        warnings = [d.message for d in reelc.compile(path).warnings if "RAM" in d.message]
        assert [w.split(",")[0] for w in warnings] == said


@pytest.mark.parametrize(
    ("window", "returned", "said"),
    [
        ("exact, frames: 9", "frames: source.frames - 1", "do not add up: 8 frames of the first 9, and 39 of all 40"),
        ("exact, frames: 9, overlap: 2", "frames: source.frames", "`overlap` of a window is 0 or 1, and this is 2"),
        ("exact, frames: 9, align: 0", "frames: source.frames", "`align` of a window is 1 or more, and this is 0"),
        ("exact, frames: 9", "frames: 2 * source.frames", None),
    ],
)
def test_a_window_must_fit_its_stage(tmp_path: Path, window: str, returned: str, said: str | None) -> None:
    head = f"""stage made(still: image, frames: int) -> clip {{
  let source = node RepeatImageBatch(image: still, amount: frames)
  preview repeat
  return clip(source, size: still.size, frames: frames, fps: 8fps)
}}
stage odd(source: clip) -> clip {{
  window {{ {window} }}
  let same = node ImageScale(image: source, width: 0, height: 0, upscale_method: "nearest-exact", crop: "disabled")
  preview pick
  return clip(same, size: source.size, {returned}, fps: source.fps)
}}
"""
    body = "  output film = photo |> made(40) |> odd() |> video()"
    if said is None:
        assert compiled(tmp_path, body, head=head).outputs[0].facts.frames == 80
        return
    with pytest.raises(ReelError) as failed:
        compiled(tmp_path, body, head=head)
    assert said in str(failed.value.diagnostics[0].message)


def said(folder: Path, body: str, *, head: str = HEAD) -> list[str]:
    """What compiling says, at the first window and at all others."""
    path = folder / "film.reel"
    cv2.imwrite(str(folder / "photo.png"), np.zeros((48, 64, 3), np.uint8))
    path.write_text(f'{head}pipeline film {{\n  param photo: image = "photo.png"\n{body}\n}}\n', "utf-8")
    return [d.message for d in reelc.compile(path).warnings]


SPEAKING = """
stage spoken(source: clip) -> clip {
  window { exact, frames: 10 }
  note source.frames < 3 else "made of {{ source.frames }} frames"
  warn source.frames <= 10 else "{{ source.frames }} are many"
  require source.frames >= 3 else "{{ source.frames }} are too few"
  let same = node ImageScale(image: source, width: 0, height: 0, upscale_method: "nearest-exact", crop: "disabled")
  preview pick
  return clip(same, size: source.size, frames: source.frames, fps: source.fps)
}
stage maybe(source: clip, on: bool) -> clip {
  window { exact, frames: 10 }
  let s = node ImageScale(image: source, width: 0, height: 0, upscale_method: "nearest-exact", crop: "disabled")
  preview pick
  return if on then clip(s, size: source.size, frames: source.frames, fps: source.fps) else source
}
"""


def test_a_stage_speaks_of_the_whole_and_once(tmp_path: Path) -> None:
    """What holds for windows too is said in the words for the whole, what does not when the whole is needed."""
    head = HEAD + SPEAKING
    start = "  output film = photo |> made(43) |> spoken()"
    assert said(tmp_path, f"{start} |> video()", head=head) == ["made of 43 frames"]
    assert said(tmp_path, f"{start} |> fade(opening: 4) |> video()", head=head) == [
        "made of 43 frames",
        "43 are many",
    ]
    with pytest.raises(ReelError) as failed:
        compiled(tmp_path, "  output film = photo |> made(42) |> spoken() |> video()", head=head)
    (found,) = [d for d in failed.value.diagnostics if d.is_error]
    assert found.message == "2 are too few"
    assert found.help == ("this is said of a window, frames 40 to 41 of 42",)
    # Of 41 frames the last one is a window, and one frame is left of it.
    assert said(tmp_path, "  output film = photo |> made(41) |> twice(10) |> speed(2) |> video()") == []


def test_a_stage_may_give_back_what_it_is_given(tmp_path: Path) -> None:
    head = HEAD + SPEAKING
    for stages in ("made(40) |> maybe(false)", "made(8) |> maybe(false)", "made(40) |> twice(7) |> maybe(false)"):
        plan = compiled(tmp_path, f"  output film = photo |> {stages} |> twice(3) |> video()", head=head)
        assert len(frames_of(plan)) == plan.outputs[0].facts.frames


def test_one_memory_is_no_other(tmp_path: Path) -> None:
    """Two calls that make the same pictures within different memories are the same graph, and split each for itself."""
    body = """  let clip = photo |> made(40)
  let much = clip |> interpolate(24fps, memory: 100GB)
  let little = clip |> interpolate(24fps, memory: 0.6MB)
  output {0} = {0} |> video()
  output {1} = {1} |> video()"""
    for names in (("much", "little"), ("little", "much")):
        plan = compiled(tmp_path, body.format(*names))
        parts = {output.name: len(output.made_of) for output in plan.outputs}
        assert parts["much"] == 1
        assert parts["little"] > 3
        assert said(tmp_path, body.format(*names)) == []


def test_a_clip_shorter_than_the_grid_is_whole(tmp_path: Path) -> None:
    plan = compiled(tmp_path, "  output film = photo |> made(4) |> interpolate(14fps) |> twice(3) |> video()")
    whole = compiled(tmp_path, "  output film = photo |> made(4) |> interpolate(14fps) |> twice(300) |> video()")
    assert frames_of(plan) == frames_of(whole)


def test_the_sound_of_a_clip_is_that_of_the_whole(tmp_path: Path) -> None:
    head = (
        HEAD
        + """
stage sounding(source: clip) -> clip {
  let silence = node EmptyAudio(duration: 5.0, sample_rate: 44100, channels: 2)
  let same = node ImageScale(image: source, width: 0, height: 0, upscale_method: "nearest-exact", crop: "disabled")
  preview pick
  return clip(
    same, size: source.size, frames: source.frames, fps: source.fps, audio: audio(silence, duration: 5s),
  )
}
stage kept(source: clip) -> clip {
  window { exact, frames: 10 }
  let same = node ImageScale(image: source, width: 0, height: 0, upscale_method: "nearest-exact", crop: "disabled")
  preview pick
  return clip(same, size: source.size, frames: source.frames, fps: source.fps, audio: source.audio)
}
"""
    )
    body = """  let clip = photo |> made(40) |> sounding() |> kept()
  output film = clip |> video(audio: clip.audio)"""
    (output,) = compiled(tmp_path, body, head=head).outputs
    assert output.sound is not None
    assert len(output.artifacts) == 4


def test_memory_holds_for_every_job(tmp_path: Path) -> None:
    """What the node makes, and the copy of it without the frame that the next window begins with.

    The clip that is cut lies there, too: 25 frames of 7 MB.
    """
    body = f"  let clip = {sampled(25)}\n  output film = clip |> interpolate(24fps, memory: {{}}) |> video()"
    for memory in ("250MB", "300MB", "400MB", "1GB"):
        plan = compiled(tmp_path, body.format(memory))
        limit = float(memory.removesuffix("MB")) * 1e6 if "MB" in memory else 1e9
        windows = [job for job in plan.jobs if "interpolate" in str(job.regions)]
        assert len(windows) > (memory != "1GB")
        for job in windows:
            assert job.needs.ram is not None
            assert job.needs.ram <= limit


def test_how_far_a_node_counts(tmp_path: Path) -> None:
    """Of 0.33.0 to 16384, 4096 frames at once; what is further is not split, and told to be too large."""
    body = "  output film = photo |> made(4000) |> clips.loop({}) |> between(2, 100000) |> video()"
    plan = compiled(tmp_path, body.format(4))
    assert len(frames_of(plan)) == 31999
    for job in plan.jobs:
        for node in job.graph.values():
            assert node["class_type"] != "ImageFromBatch" or node["inputs"]["length"] <= 4096
    assert len(compiled(tmp_path, body.format(5)).outputs[0].made_of) == 1
    far = "  output film = sequence([photo |> made(4000) |> clips.loop(5)], joins: []) |> video()"
    assert len(compiled(tmp_path, far).outputs[0].made_of) == 1
    with pytest.raises(ReelError, match="beyond what ImageFromBatch counts to"):
        compiled(tmp_path, far.replace("loop(5)]", "loop(5), photo |> made(99)]").replace("joins: []", "crossfade: 8"))


@pytest.mark.parametrize("kinds", ["other: clip? = none", "others: list[clip] = []", "more: Pair"])
def test_only_one_clip_comes_in(tmp_path: Path, kinds: str) -> None:
    head = "record Pair { other: clip }\n"
    head += f"stage over(source: clip, {kinds}) -> clip {{\n  window {{ exact, frames: 9 }}\n  return source\n}}\n"
    (tmp_path / "film.reel").write_text(head, "utf-8")
    assert [d.code.code for d in reelc.check(tmp_path / "film.reel")] == ["E0215"]

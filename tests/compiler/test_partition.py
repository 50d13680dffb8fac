"""Where a film is cut into jobs, what they share, and what their keys depend on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import reelc
from reelc_compiler.plan import Job, Plan
from reelc_dsl.diagnostics import ReelError

HEAD = "reel 1\nuse std.svd\nuse upscale, interpolate from std.finish\n"
SHOTS = """
  let model = svd.load()
  let clips = for n in ["one", "two", "three"] {
    "photo.png" |> fit(1024x576) |> svd.animate(using: model, seed: derive(1, n))
  }
"""
Build = Callable[..., Plan]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((900, 1600, 3), np.uint8))

    def go(body: str, head: str = HEAD, **more: Any) -> Plan:
        (tmp_path / "x.reel").write_text(f"{head}pipeline p {{\n{body}\n}}\n", "utf-8")
        return reelc.compile(tmp_path / "x.reel", **more).plan

    return go


def ids(plan: Plan) -> list[str]:
    return [job.id for job in plan.jobs]


def classes(job: Job) -> list[str]:
    return [node["class_type"] for node in job.graph.values()]


FILM = '"photo.png" |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1)'


def test_a_film_is_cut_after_the_stage_that_samples(build: Build) -> None:
    plan = build(f"output film = {FILM} |> upscale(to: 2048x1152) |> video()")
    first, second = plan.jobs
    assert ids(plan) == ["01-animate", "02-film"]
    assert "KSampler" in classes(first)
    assert "SaveAnimatedPNG" in classes(first)
    assert classes(second)[0] == "LoadImage"
    assert "KSampler" not in classes(second)
    assert second.after == ("01-animate",)
    (made,), (taken,) = first.artifacts_out, second.artifacts_in
    assert (made.id, made.container, made.codec) == (taken.id, "png", "apng")
    assert made.facts == taken.facts
    assert (made.facts.frames, made.facts.width) == (25, 1024)
    assert made.names == ("std.svd.animate",)
    assert first.graph[made.node]["inputs"]["filename_prefix"] == "reelc/01-animate"
    assert second.graph[taken.node]["inputs"]["image"] == "01-animate.png"


def test_changing_the_upscale_changes_no_key_of_the_generation(build: Build) -> None:
    body = f"output film = {FILM} |> upscale(to: %s) |> video()"
    one, other = build(body % "2048x1152").jobs, build(body % "2560x1440").jobs
    assert one[0].keys == other[0].keys
    assert one[1].keys["render"] != other[1].keys["render"]


def generated(plan: Plan) -> list[str]:
    """The keys of the jobs that sample."""
    return [job.keys["render"] for job in plan.jobs if "KSampler" in classes(job)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sequence(clips)", "sequence(clips, crossfade: 3)"),
        ("sequence(clips, crossfade: 3)", "sequence(clips, crossfade: 4)"),
        ("sequence(clips, crossfade: 3)", "sequence([clips[2], clips[0], clips[1]], crossfade: 3)"),
        ("sequence(clips, crossfade: 3)", "sequence(clips, joins: [dip(4), crossfade(2)])"),
    ],
)
def test_changing_a_join_changes_no_key_of_a_generation(build: Build, one: str, other: str) -> None:
    """The frames that a join takes are counted out of what a sampler handed over, not in its job."""
    before, after = (build(f"{SHOTS}\noutput film = {film} |> video()") for film in (one, other))
    assert sorted(generated(before)) == sorted(generated(after))
    assert len(generated(before)) == 3


def test_what_comes_before_a_shot_does_not_change_it(build: Build) -> None:
    """It has other numbers for the nodes that both need, and nothing else of them."""
    body = """
  let c = "photo.png" |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1)
  let d = "photo.png" |> fit(576x1024) |> svd.animate(using: svd.load(), seed: 2) |> crop(to: 576x320)
  output film = %s |> video()
  output other = d |> video()"""
    head = HEAD.replace("use upscale", "use crop, upscale")
    keys = [set(generated(build(body % f, head=head))) for f in ("c", "sequence([c])", "sequence([c, c])")]
    behind = build(body.replace("output film = %s |> video()\n", "").replace("d |> video()", "c |> video()"), head=head)
    assert all(key >= set(generated(behind)) for key in keys)
    turned = build(body.replace("output film = %s", "output film = d").replace("other = d", "other = c"), head=head)
    assert set(generated(turned)) == keys[0]


def test_a_longer_chain_changes_no_segment(build: Build) -> None:
    start = '"photo.png" |> fit(1024x576)'
    body = f"let parts = chain prev from {start} times %d {{ prev |> svd.animate(using: svd.load(), seed: 1) }}"
    short, long = (generated(build(f"{body % n}\noutput film = sequence(parts) |> video()")) for n in (2, 4))
    assert long[:2] == short


def test_the_ends_of_a_clip_are_taken_by_one_job(build: Build) -> None:
    plan = build(f"{SHOTS}\noutput film = sequence(clips, crossfade: 3) |> video()")
    taken = [[a.facts.frames for a in job.artifacts_out] for job in plan.jobs if job.id.endswith("end")]
    assert taken == [[3], [3, 3], [3]]


def test_changing_the_generation_changes_every_key_behind_it(build: Build) -> None:
    body = 'output film = "photo.png" |> fit(1024x576) |> svd.animate(using: svd.load(), seed: %s) |> video()'
    one, other = build(body % 1).jobs, build(body % 2).jobs
    assert one[1].graph == other[1].graph
    assert one[0].keys["render"] != other[0].keys["render"]
    assert one[1].keys["render"] != other[1].keys["render"]


def test_shots_are_jobs_of_their_own_although_they_share_models_and_stills(build: Build) -> None:
    plan = build(SHOTS + "output film = sequence(for c in clips { c |> upscale(to: 2048x1152) }) |> video()")
    assert ids(plan) == ["01-animate", "02-film", "03-animate", "04-film", "05-animate", "06-film"]
    assert [job.after for job in plan.jobs] == [(), ("01-animate",), (), ("03-animate",), (), ("05-animate",)]
    for job in plan.jobs:
        loaders = ("ImageOnlyCheckpointLoader", "UpscaleModelLoader")
        assert sum(classes(job).count(name) for name in loaders) == 1
        assert {r.stage for r in job.regions} <= {
            "load", "std.prelude.fit", "std.svd.animate", "save", "std.finish.upscale", "video",
        }  # fmt: skip
        assert all(node in job.graph for r in job.regions for node in r.nodes)


def test_takes_of_one_still_share_its_encoding_and_are_jobs_of_their_own(build: Build) -> None:
    plan = build(SHOTS + "output film = sequence(clips) |> video()")
    assert ids(plan) == ["01-animate", "02-film", "03-animate", "04-film", "05-animate", "06-film"]
    for job in plan.jobs[::2]:
        animate = next(r for r in job.regions if r.stage == "std.svd.animate")
        (start,) = animate.media_in
        assert (job.media[start].facts.kind, job.media[start].facts.width) == ("image", 1024)


def test_takes_in_one_graph_read_the_still_each(build: Build) -> None:
    plan = build(SHOTS + "output film = sequence(clips) |> video()", whole=True)
    animations = [r for r in plan.jobs[0].regions if r.stage == "std.svd.animate"]
    assert [len(r.media_in) for r in animations] == [1, 1, 1]


def test_a_sequence_is_one_film_of_several_parts(build: Build) -> None:
    plan = build(SHOTS + "output film = sequence(clips) |> video(crf: 20)")
    (output,) = plan.outputs
    assert output.artifacts == ("02-film.film-1", "04-film.film-2", "06-film.film-3")
    assert (output.facts.frames, str(output.facts.fps)) == (75, "6")
    prefixes = [j.graph[a.node]["inputs"][a.field] for j in plan.jobs for a in j.artifacts_out if a.codec == "h264"]
    assert prefixes == ["reelc/film-1", "reelc/film-2", "reelc/film-3"]


def test_a_clip_that_comes_twice_is_rendered_and_encoded_once(build: Build) -> None:
    plan = build(SHOTS + "output film = sequence([clips[0], clips[1], clips[0]]) |> video()")
    (output,) = plan.outputs
    assert output.artifacts == ("02-film.film-1", "04-film.film-2", "02-film.film-1")
    assert output.facts.frames == 75
    assert len(plan.jobs) == 4


def test_sequences_within_sequences_are_one(build: Build) -> None:
    plan = build(SHOTS + "output film = sequence([sequence([clips[0], clips[1]]), clips[2]]) |> video()")
    assert len(plan.outputs[0].artifacts) == 3


@pytest.mark.parametrize(
    ("clips", "says"),
    [
        ("[clips[0], clips[1] |> upscale(to: 2048x1152)]", "number 2 is 2048x1152"),
        ("[clips[0], clips[1] |> interpolate(to: 12fps)]", "49 frames at 12fps"),
        ("for c in clips[0..0] { c }", ""),
    ],
)
def test_clips_of_a_sequence_are_alike(build: Build, clips: str, says: str) -> None:
    with pytest.raises(ReelError) as caught:
        build(SHOTS + f"output film = sequence({clips}) |> video()")
    found = caught.value.diagnostics[0]
    assert says in found.message
    assert found.span is not None


def test_films_that_share_an_upscale_share_a_job(build: Build) -> None:
    plan = build(
        f"let large = {FILM} |> upscale(to: 2048x1152)\n"
        "output one = large |> video(crf: 10)\noutput two = large |> interpolate(to: 12fps) |> video()"
    )
    assert ids(plan) == ["01-animate", "02-one"]
    assert [a.id for a in plan.jobs[1].artifacts_out] == ["02-one.one", "02-one.two"]


def test_films_that_share_only_a_generation_are_jobs_of_their_own(build: Build) -> None:
    plan = build(
        f"let clip = {FILM}\noutput one = clip |> upscale(to: 2048x1152) |> video()\n"
        "output two = clip |> interpolate(to: 12fps) |> video()"
    )
    assert ids(plan) == ["01-animate", "02-one", "03-two"]
    assert plan.jobs[0].artifacts_out[0].names == ("clip", "std.svd.animate")
    assert [job.after for job in plan.jobs] == [(), ("01-animate",), ("01-animate",)]


CHAIN = (
    HEAD
    + """
stage still(c: clip) -> image {
  preview none
  return image(node ImageFromBatch(image: c, batch_index: 0, length: 1), size: c.size)
}
"""
)


def test_a_generation_that_starts_from_another_one_is_cut_twice(build: Build) -> None:
    plan = build(
        f"let first = {FILM}\n"
        "let second = first |> still() |> svd.animate(using: svd.load(), seed: 2)\n"
        "output film = sequence([first, second]) |> video()",
        CHAIN,
    )
    assert ids(plan) == ["01-animate", "02-film", "03-animate", "04-film"]
    assert [job.after for job in plan.jobs] == [(), ("01-animate",), ("01-animate",), ("03-animate",)]
    assert [a.names[0] for j in plan.jobs for a in j.artifacts_out if a.codec == "apng"] == ["first", "second"]


def test_a_job_never_starts_from_what_it_makes_itself(build: Build) -> None:
    """A film that shares work with a generation, and needs what another generation made of it."""
    head = HEAD + (
        "stage blend(a: clip, b: clip) -> clip {\n  preview none\n"
        '  return clip(node ImageBlend(image1: a, image2: b, blend_factor: 0.5, blend_mode: "normal"),\n'
        "    size: a.size, frames: a.frames, fps: a.fps)\n}\n"
        "stage still(c: clip) -> image {\n  preview none\n"
        "  return image(node ImageFromBatch(image: c, batch_index: 0, length: 1), size: c.size)\n}\n"
    )
    plan = build(
        f"let large = {FILM} |> upscale(to: 1024x576)\n"
        "let again = large |> still() |> svd.animate(using: svd.load(), seed: 2)\n"
        "output film = blend(large, again) |> video()",
        head,
    )
    done: set[str] = set()
    for job in plan.jobs:
        assert {a.id for a in job.artifacts_in} <= done
        done |= {a.id for a in job.artifacts_out}


def test_the_whole_film_is_one_graph_for_comfyui(build: Build) -> None:
    plan = build(SHOTS + "output film = sequence(clips) |> video()", whole=True)
    assert ids(plan) == ["01-film"]
    assert classes(plan.jobs[0]).count("KSampler") == 3
    assert "SaveAnimatedPNG" not in classes(plan.jobs[0])


def test_plans_with_hand_overs_are_read_back(build: Build) -> None:
    import json

    plan = build(SHOTS + "output film = sequence(clips) |> video()")
    files = {name: json.loads(content) for name, content in plan.to_files().items()}
    assert Plan.from_files(files).to_files() == plan.to_files()


def test_a_thousand_shots_are_a_thousand_times_two_jobs(build: Build) -> None:
    plan = build(
        'let model = svd.load()\nlet clips = for n in 1..1000 { "photo.png" |> fit(1024x576) '
        "|> svd.animate(using: model, seed: n) }\noutput film = sequence(clips) |> video()"
    )
    assert len(plan.jobs) == 2000
    assert sum(len(job.graph) for job in plan.jobs) == 1000 * (8 + 3)
    assert plan.outputs[0].facts.frames == 25000

"""What programs mean: units, facts, sharing, laziness, regions, catalogs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import reelc
from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.driver import Request, compile_plan
from reelc_compiler.loader import Project
from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import Diagnostic, ReelError, Sink

HEAD = "reel 1\nuse std.svd\nuse upscale, interpolate from std.finish\n"
Compile = Callable[..., tuple[Plan, list[str]]]
Kinds = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a program beside two pictures."""
    for name, width, height in (("photo.png", 1600, 900), ("other.png", 800, 600)):
        cv2.imwrite(str(tmp_path / name), np.zeros((height, width, 3), np.uint8))

    def go(text: str, name: str = "x.reel") -> Path:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    return go


@pytest.fixture
def build(write: Callable[[str], Path]) -> Compile:
    """Compiles a pipeline's body; gives the plan and the codes of its warnings."""

    def go(body: str, head: str = HEAD, **overrides: str) -> tuple[Plan, list[str]]:
        done = reelc.compile(write(f"{head}pipeline p {{\n{body}\n}}\n"), overrides=overrides)
        return done.plan, [d.code.code for d in done.warnings]

    return go


@pytest.fixture
def errors(write: Callable[[str], Path]) -> Callable[..., list[Diagnostic]]:
    """The errors of a pipeline's body."""

    def go(body: str, head: str = HEAD, **overrides: str) -> list[Diagnostic]:
        with pytest.raises(ReelError) as caught:
            reelc.compile(write(f"{head}pipeline p {{\n{body}\n}}\n"), overrides=overrides)
        return [d for d in caught.value.diagnostics if d.is_error]

    return go


CLIP = '"photo.png" |> start() |> svd.animate(using: svd.load(), seed: 1'
START = HEAD + "stage start(p: image) -> image { return fit(p, 1024x576) }\n"


def classes(plan: Plan) -> list[str]:
    return [node["class_type"] for job in plan.jobs for node in job.graph.values()]


def node(plan: Plan, name: str) -> dict[str, Any]:
    (found,) = [n["inputs"] for job in plan.jobs for n in job.graph.values() if n["class_type"] == name]
    return found


# -- units and exactness -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("30s * 24fps", 720),
        ("round(0.5 * 5)", 3),
        ("floor(7 / 2)", 3),
        ("ceil(7 / 2)", 4),
        ("nearest(100, 16)", 96),
        ("nearest(104, 16)", 112),
        ("nearest(80, 4, 1)", 81),
        ("nearest(1, 8)", 8),
        ("7 % 4", 3),
        ("(if 1min == 60s and 1GiB > 1GB then 1 else 2)", 1),
        ("(if 10% < 50% then 1 else 2)", 1),
        ("len([1, 2, 3]) + [4, 5][1]", 8),
        ('len("rain") + len("") + len("雨")', 5),
        ('(if contains("THUDM/CogVideoX-5b-I2V", "I2V") and contains("a", "") then 1 else 2)', 1),
        ('(if contains("i2v", "I2V") or contains("", "a") then 1 else 2)', 2),
        ("floor(48fps / 24fps)", 2),
        ("numerator(24fps / 16fps) * 10 + denominator(24fps / 16fps)", 32),
        ("numerator(7) * 10 + denominator(7)", 71),
        ("denominator(23.976fps / 24fps) - numerator(23.976fps / 24fps)", 1),
        ("floor(30fps / (15fps * 2)) + max(1, 2) + abs(-3)", 6),
        ("10.01s * 23.976fps", 240),
        ("len(for i in 1..4 { i * 2 }) + (for i in 1..4 { i * 2 })[3]", 12),
    ],
)
def test_calculation(build: Compile, expression: str, value: int) -> None:
    plan, _ = build(f"output film = {CLIP}, steps: 20, motion: 1 + {expression}) |> video()", START)
    assert node(plan, "SVD_img2vid_Conditioning")["motion_bucket_id"] == 1 + value


def test_ntsc_rates_are_exact(build: Compile) -> None:
    plan, _ = build(f"output film = {CLIP}, fps: 6fps) |> retime(23.976fps) |> video()", START + RETIME)
    assert str(plan.outputs[0].facts.fps) == "24000/1001"
    assert plan.to_json()["assembly"][0]["facts"]["fps"] == "24000/1001"


RETIME = """stage retime(c: clip, to: rate) -> clip {
  preview none
  return clip(c, size: c.size, frames: c.frames, fps: to)
}
"""


def test_one_slot_at_two_rates_is_two_media(build: Compile) -> None:
    plan, _ = build(
        f"let c = {CLIP})\noutput slow = c |> video()\noutput fast = c |> retime(12fps) |> video()", START + RETIME
    )
    assert [str(o.facts.fps) for o in plan.outputs] == ["6", "12"]
    sampling, _, job = plan.jobs
    assert classes(plan).count("KSampler") == 1
    assert [a.facts.fps for a in sampling.artifacts_out] == [6]
    retime = next(r for r in job.regions if r.stage == "retime")
    assert retime.nodes == ()
    assert job.media[retime.media_in[0]].facts.fps == 6
    assert job.media[retime.media_out[0]].facts.fps == 12
    assert retime.stand_in is None


def test_frames_that_are_not_whole(errors: Callable[..., list[Diagnostic]]) -> None:
    (found,) = errors(f"output film = {CLIP}, frames: 1s * 6.5fps) |> video()", START)
    assert found.code.code == "E0403"
    assert "6.5 frames" in found.message


# -- sharing and laziness ------------------------------------------------------------------------


def test_equal_nodes_are_shared(build: Compile) -> None:
    plan, _ = build(f"output a = {CLIP}) |> video(crf: 10)\noutput b = {CLIP}) |> video(crf: 30)", START)
    assert classes(plan).count("KSampler") == 1
    assert classes(plan).count("SaveVideo") == 2
    _, job = plan.jobs
    videos = [r for r in job.regions if r.stage == "video"]
    assert [r.media_in for r in videos] == [videos[0].media_in] * 2
    assert all(r.media_in for r in videos)


def test_independent_films_are_independent_jobs(build: Compile) -> None:
    plan, _ = build(
        """
        output a = "photo.png" |> start() |> svd.animate(using: svd.load("a.safetensors"), seed: 1) |> video()
        output b = "other.png" |> start() |> svd.animate(using: svd.load("b.safetensors"), seed: 1) |> video()
        """,
        START,
    )
    assert [j.id for j in plan.jobs] == ["01-animate", "02-a", "03-animate", "04-b"]
    assert [[u.input for u in j.uploads] for j in plan.jobs] == [["in1"], [], ["in2"], []]
    assert [j.after for j in plan.jobs] == [(), ("01-animate",), (), ("03-animate",)]
    assert len({j.keys["render"] for j in plan.jobs}) == 4


def test_what_no_output_needs_is_named_and_not_made(build: Compile) -> None:
    plan, warnings = build(f'let unused = "other.png" |> fit(64x64)\noutput film = {CLIP}) |> video()', START)
    assert warnings == ["W0201"]
    assert [i.path for i in plan.inputs] == ["photo.png"]


def test_branch_that_is_not_taken_is_not_evaluated(build: Compile) -> None:
    plan, _ = build(f"output film = (if 1 < 2 then {CLIP}) else {CLIP}, frames: 1 % 1)) |> video()", START)
    assert plan.outputs[0].facts.frames == 25


def test_same_name_in_two_folders(build: Compile, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    cv2.imwrite(str(tmp_path / "more/photo.png"), np.ones((600, 800, 3), np.uint8))
    plan, _ = build(
        """let m = svd.load()
        output a = "photo.png" |> start() |> svd.animate(using: m, seed: 1) |> video()
        output b = "more/photo.png" |> start() |> svd.animate(using: m, seed: 1) |> video()""",
        START,
    )
    assert [i.name for i in plan.inputs] == ["photo.png", "photo-2.png"]
    loads = [n["inputs"]["image"] for j in plan.jobs for n in j.graph.values() if n["class_type"] == "LoadImage"]
    assert sorted(loads) == ["01-animate.png", "03-animate.png", "photo-2.png", "photo.png"]


# -- keys ----------------------------------------------------------------------------------------


def test_key_covers_content_and_not_names(build: Compile, tmp_path: Path) -> None:
    body = f"output film = {CLIP}) |> video()"
    first = build(body, START)[0].jobs[0].keys
    renamed = build(f"# a comment\nlet same = {CLIP})\noutput film = same |> video()", START)[0].jobs[0].keys
    assert renamed == first
    assert build(body.replace("film", "other"), START)[0].jobs[0].keys == first
    assert build(body.replace("seed: 1", "seed: 2"), START)[0].jobs[0].keys != first
    cv2.imwrite(str(tmp_path / "photo.png"), np.ones((900, 1600, 3), np.uint8))
    changed = build(body.replace("output", "\noutput"), START)[0].jobs[0].keys
    assert changed != first or (tmp_path / "photo.png").read_bytes() is None
    assert first["render"] != first["preview"]


# -- stages and regions --------------------------------------------------------------------------


def test_stage_with_a_stand_in_covers_what_it_calls(build: Compile) -> None:
    head = HEAD + (
        "stage whole(p: image) -> clip {\n  preview move\n"
        "  return fit(p, 1024x576) |> svd.animate(using: svd.load(), seed: 1)\n}\n"
    )
    plan, _ = build('output film = whole("photo.png") |> video()', head)
    assert [[(r.stage, r.stand_in.kind if r.stand_in else None) for r in j.regions] for j in plan.jobs] == [
        [("load", "load"), ("whole", "move"), ("save", "keep")],
        [("load", "load"), ("video", "encode")],
    ]


def test_needs_name_models_and_memory(build: Compile) -> None:
    plan, _ = build(f"output film = {CLIP}) |> upscale(to: 2048x1152) |> video()", START)
    first, second = (job.needs for job in plan.jobs)
    assert [(m.folder, m.file) for m in first.models] == [("checkpoints", "svd_xt_1_1.safetensors")]
    assert [(m.folder, m.file) for m in second.models] == [("upscale_models", "RealESRGAN_x4plus.pth")]
    assert (first.vram, second.vram) == (16 * 10**9, 5_100_000_000)
    assert (first.ram, second.ram) == (8 * 10**9, 25 * 1024 * 576 * 12 * (16 * 2 + 1))
    assert (first.packs, second.packs) == ((), ())


def test_spans_lead_from_the_users_line_into_the_library(build: Compile) -> None:
    plan, _ = build(f"output film = {CLIP})\n  |> video()", START)
    job = plan.jobs[0]
    sampler = next(i for i, n in job.graph.items() if n["class_type"] == "KSampler")
    stack = plan.spans[job.id][sampler]
    assert [(p.file, p.name, p.library) for p in stack] == [
        ("x.reel", "animate", False),
        ("std/svd.reel", "node KSampler", True),
    ]


def test_modules_of_the_project(write: Callable[..., Path]) -> None:
    write('reel 1\nuse "./deep/look.reel" as look\nlet size = look.wide\n', "lib/shared.reel")
    write("reel 1\nlet wide = 1024x576\n", "lib/deep/look.reel")
    path = write(
        'reel 1\nuse size from "lib/shared.reel"\nuse animate as move, load from std.svd\n'
        'pipeline p { output film = "photo.png" |> fit(size) |> move(using: load(), seed: 1) |> video() }\n'
    )
    assert reelc.compile(path).plan.outputs[0].facts.width == 1024


# -- catalogs ------------------------------------------------------------------------------------

RIFE = {
    "input": {
        "required": {
            "ckpt_name": [["rife47.pth", "rife49.pth"]],
            "frames": ["IMAGE"],
            "clear_cache_after_n_frames": ["INT", {"default": 10, "min": 1, "max": 1000}],
            "multiplier": ["INT", {"default": 2, "min": 1}],
            "fast_mode": ["BOOLEAN", {"default": True}],
            "ensemble": ["BOOLEAN", {"default": True}],
            "scale_factor": [[0.25, 0.5, 1.0, 2.0, 4.0], {"default": 1.0}],
            "dtype": [["float32", "float16", "bfloat16"], {"default": "float32"}],
            "torch_compile": ["BOOLEAN", {"default": False}],
            "batch_size": ["INT", {"default": 1, "min": 1, "max": 64}],
        }
    },
    "output": ["IMAGE"],
    "output_name": ["IMAGE"],
    "output_is_list": [False],
}


def compile_for(path: Path, catalog: Catalog) -> tuple[Plan | None, Sink]:
    sink, project = Sink(), Project(path)
    request = Request(
        source=project.source(), key=project.key, catalog=catalog, provider=project.provider(), probe=project.probe
    )
    return compile_plan(request, sink), sink


def test_interpolation_by_the_catalog(write: Callable[[str], Path]) -> None:
    path = write(START + f"pipeline p {{ output film = {CLIP}) |> interpolate(to: 24fps) |> video() }}\n")
    core, _ = compile_for(path, load_catalog())
    assert core is not None
    assert "FrameInterpolate" in classes(core)
    info = json.loads((Path(__file__).parent.parent / "runtime/run/object_info.json").read_text("utf-8"))
    del info["FrameInterpolate"]
    older, sink = compile_for(path, Catalog.from_object_info({**info, "RIFE VFI": RIFE}, comfyui="0.20.0"))
    assert list(sink) == []
    assert older is not None
    assert "RIFE VFI" in classes(older)
    assert node(older, "RIFE VFI")["multiplier"] == 4
    assert older.outputs[0].facts.frames == 97
    assert len(older.jobs) == 2


def test_catalog_without_a_node_that_is_needed(write: Callable[[str], Path]) -> None:
    path = write(START + f"pipeline p {{ output film = {CLIP}) |> video() }}\n")
    info = json.loads((Path(__file__).parent.parent / "runtime/run/object_info.json").read_text("utf-8"))
    del info["KSampler"]
    plan, sink = compile_for(path, Catalog.from_object_info({**info, "RIFE VFI": RIFE}))
    assert plan is None
    (found,) = sink
    assert found.code.code == "E0501"
    assert found.span is not None
    assert found.span.text.startswith("svd.animate(")


# -- optional values, choices of files, texts from outside -----------------------------------------

OPTIONAL = START + (
    "stage maybe(p: image, size: size?) -> image {\n"
    "  return if size == none then fit(p, 1024x576) else fit(p, size)\n}\n"
)


@pytest.mark.parametrize(("size", "width"), [("none", 1024), ("512x512", 512)])
def test_optional_is_plain_where_it_was_tested(build: Compile, size: str, width: int) -> None:
    plan, _ = build(
        f'output film = maybe("photo.png", {size}) |> svd.animate(using: svd.load(), seed: 1) |> video()', OPTIONAL
    )
    assert plan.outputs[0].facts.width == width


def test_optional_is_not_plain_elsewhere(errors: Callable[..., list[Diagnostic]]) -> None:
    head = OPTIONAL.replace("else fit(p, size)", "else fit(p, 64x64)").replace("fit(p, 1024x576)\n", "fit(p, size)\n")
    found = errors(f"output film = {CLIP}) |> video()", head.replace("then fit(p, 1024x576)", "then fit(p, size)"))
    assert [d.code.code for d in found] == ["E0301"]


def test_choices_among_model_files(build: Compile, errors: Callable[..., list[Diagnostic]]) -> None:
    head = START + (
        'stage pick(file: file["checkpoints"] in ["a.safetensors", "b.safetensors"] = "a.safetensors") '
        "-> svd.SvdModel { return svd.load(file) }\n"
    )
    body = "output film = " + CLIP.replace("svd.load()", 'pick("b.safetensors")') + ") |> video()"
    assert build(body, head)[0].jobs[0].needs.models[0].file == "b.safetensors"
    (found,) = errors(body.replace('"b.', '"c.'), head)
    assert found.code.code == "E0402"


def test_text_from_outside_is_no_template(build: Compile) -> None:
    body = (
        'param file: file["checkpoints"] = "x"\n'
        "output film = " + CLIP.replace("svd.load()", "svd.load(file)") + ") |> video()"
    )
    plan, _ = build(body, START, file="{{ seed }}.safetensors")
    assert plan.jobs[0].needs.models[0].file == "{{ seed }}.safetensors"


def test_long_rows_of_names(build: Compile, errors: Callable[..., list[Diagnostic]]) -> None:
    row = "let n0 = 1\n" + "".join(f"let n{i} = n{i - 1} + 1\n" for i in range(1, 300))
    plan, _ = build(f"{row}output film = {CLIP}, motion: n299) |> video()", START)
    assert node(plan, "SVD_img2vid_Conditioning")["motion_bucket_id"] == 300
    (found,) = errors(f"output film = {CLIP}, motion: {' + '.join(['1'] * 20000)}) |> video()", START)
    assert found.code.code == "E0111"


def test_two_pipelines_share_the_command_line(write: Callable[[str], Path]) -> None:
    one = "pipeline {0} {{ param {1}: int = 1\n output film = " + CLIP + ", motion: {1}) |> video() }}\n"
    path = write(START + one.format("a", "x") + one.format("b", "y"))
    assert reelc.check(path, overrides={"x": "2"}) == ()
    assert {d.code.code for d in reelc.check(path, overrides={"z": "2"})} == {"E0212"}

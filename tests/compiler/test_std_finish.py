"""What finishes a clip: exact rates, exact sizes, and what the graphs are made of."""

import json
import math
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reelc
from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import ReelError

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
BY_HAND = SHARED / "domain" / "graphs" / "seedvr2_core_video.api.json"
HEAD = """use std.clips
use std.finish
use std.seedvr2
stage made(still: image, frames: int, fps: rate) -> clip {
  let model = node ImageOnlyCheckpointLoader(ckpt_name: "svd.safetensors")
  let cond = node SVD_img2vid_Conditioning(
    clip_vision: model.CLIP_VISION, init_image: still, vae: model.VAE, width: still.width, height: still.height,
    video_frames: frames, motion_bucket_id: 127, fps: 6, augmentation_level: 0.0,
  )
  let latent = node KSampler(
    model: model.MODEL, seed: 1, steps: 20, cfg: 2.5, sampler_name: "euler", scheduler: "karras",
    positive: cond.positive, negative: cond.negative, latent_image: cond.latent, denoise: 1.0,
  )
  let d = node VAEDecode(samples: latent, vae: model.VAE)
  preview move
  return clip(d, size: still.size, frames: frames, fps: fps)
}
pipeline film {
  param photo: image = "photo.png"
"""


def film(folder: Path, body: str, *, catalog: str = "comfyui-0.33.0") -> tuple[Plan, list[str]]:
    cv2.imwrite(str(folder / "photo.png"), np.zeros((576, 1024, 3), np.uint8))
    path = folder / "film.reel"
    path.write_text(f"{HEAD}{body}\n}}\n", "utf-8")
    done = reelc.compile(path, whole=True, catalog=catalog)
    return done.plan, [d.message for d in done.warnings]


def nodes(plan: Plan, name: str) -> list[dict[str, Any]]:
    return [n["inputs"] for job in plan.jobs for n in job.graph.values() if n["class_type"] == name]


def clip(frames: int, fps: str = "8fps", size: str = "1024x576") -> str:
    return f"output film = photo |> fit({size}) |> made(frames: {frames}, fps: {fps})"


# -- rates -----------------------------------------------------------------------------------


@given(frames=st.integers(2, 200), p=st.integers(2, 16), q=st.integers(1, 15))
@settings(max_examples=25, deadline=None)
def test_a_rate_is_exact(tmp_path_factory: pytest.TempPathFactory, frames: int, p: int, q: int) -> None:
    folder, times = tmp_path_factory.mktemp("rate"), Fraction(p, q)
    if times <= 1:
        p, q, times = q + 1, 1, Fraction(q + 1)
    before = Fraction(5 * times.denominator, 6 if times.denominator < 7 else 8)
    rate = f"{before.numerator}fps * (1 / {before.denominator})"
    body = f"output film = photo |> made(frames: {frames}, fps: {rate}) |> finish.interpolate(to: {rate} * {p} / {q})"
    plan, _ = film(folder, f"{body} |> video()")
    facts = plan.outputs[0].facts
    # Every output frame number i lies at i/to of the clip's time, and the last is not beyond the clip's end.
    assert facts.frames == ((frames - 1) * times.numerator) // times.denominator + 1
    assert facts.fps == before * times
    assert [n["multiplier"] for n in nodes(plan, "FrameInterpolate")] == [times.numerator]
    picked = [n["select_every_nth"] for n in nodes(plan, "VHS_SelectEveryNthImage")]
    assert picked == ([times.denominator] if times.denominator > 1 else [])
    (flow,) = [r.stand_in for r in plan.jobs[0].regions if r.stage == "std.finish.interpolate"]
    assert flow is not None
    assert dict(flow.settings) == {"times": times.numerator, "every": times.denominator}


def test_sixteen_to_twenty_four(tmp_path: Path) -> None:
    plan, warnings = film(tmp_path, f"{clip(81, '16fps')} |> finish.interpolate(to: 24fps) |> video()")
    assert plan.outputs[0].facts.frames == 121
    assert warnings == []


@pytest.mark.parametrize(("model", "old"), [("rife_v4.26_heavy", "RIFE VFI"), ("film_net_fp16", "FILM VFI")])
def test_the_model_chooses_the_node_of_the_pack(tmp_path: Path, model: str, old: str) -> None:
    body = f'{clip(9)} |> finish.interpolate(to: 24fps, model: "{model}.safetensors") |> video()'
    new, _ = film(tmp_path, body)
    assert nodes(new, "FrameInterpolationModelLoader") == [{"model_name": f"{model}.safetensors"}]
    before, _ = film(tmp_path, body, catalog="comfyui-0.8.0")
    assert [n["multiplier"] for n in nodes(before, old)] == [3]
    assert before.outputs[0].facts.frames == new.outputs[0].facts.frames == 25


# -- sizes and memory ------------------------------------------------------------------------


def test_a_model_whose_factor_is_right_is_not_resized(tmp_path: Path) -> None:
    exact, _ = film(
        tmp_path,
        f'{clip(4, size="1280x720")} |> finish.upscale(to: 2560x1440, model: "RealESRGAN_x2plus.pth") |> video()',
    )
    assert len(nodes(exact, "ImageUpscaleWithModel")) == 1
    assert [n["width"] for n in nodes(exact, "ImageScale")] == [1280]
    said, _ = film(tmp_path, f'{clip(4)} |> finish.upscale(to: 3072x1728, model: "m.pth", factor: 3) |> video()')
    assert [n["width"] for n in nodes(said, "ImageScale")] == [1024]
    # A name that says nothing is no promise: the resize makes sure.
    unsaid, _ = film(tmp_path, f'{clip(4)} |> finish.upscale(to: 4096x2304, model: "m.pth") |> video()')
    assert [n["width"] for n in nodes(unsaid, "ImageScale")] == [1024, 4096]


@given(frames=st.integers(1, 700), window=st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_windows_cover_every_frame_once(tmp_path_factory: pytest.TempPathFactory, frames: int, window: int) -> None:
    plan, _ = film(
        tmp_path_factory.mktemp("windows"),
        f"{clip(frames)} |> finish.upscale(to: 2560x1440, window: {window}, memory: 1MB) |> video()",
    )
    pieces = [(n["batch_index"], n["length"]) for n in nodes(plan, "ImageFromBatch")]
    if not pieces:
        assert frames <= max(window, 5)
        return
    assert [at for start, length in pieces for at in range(start, start + length)] == list(range(frames))
    (batch,) = nodes(plan, "BatchImagesNode")
    assert len(batch) == len(pieces) <= 50


def test_memory_as_estimated(tmp_path: Path) -> None:
    after = " |> finish.upscale(to: 2560x1440) |> video()"
    whole, warnings = film(tmp_path, f"{clip(81)}{after}")
    # 81 frames of 4096x2304 twice, and the clip itself; 12 bytes a pixel.
    assert whole.jobs[0].needs.ram == 81 * 12 * (4096 * 2304 * 2 + 1024 * 576)
    split, warned = film(tmp_path, f"{clip(240)}{after}")
    assert split.jobs[0].needs.ram == 240 * 12 * (2560 * 1440 * 2 + 1024 * 576)
    # An older ComfyUI keeps what the model made.
    assert warnings == warned == []


def test_what_takes_more_than_there_is_becomes_several_jobs(tmp_path: Path) -> None:
    """Every window is as long as its memory allows, but for the last one."""
    after = " |> finish.upscale(to: 2560x1440) |> video()"
    # An older ComfyUI keeps what the model made, so its windows are shorter.
    for catalog, frames, lengths in (("comfyui-0.8.0", 240, [205, 35]), ("comfyui-0.33.0", 720, [502, 218])):
        plan, warned = film(tmp_path, f"{clip(frames)}{after}", catalog=catalog)
        assert [w for w in warned if "RAM" in w] == []
        parts = [a.facts.frames for job in plan.jobs for a in job.artifacts_out if a.codec == "h264"]
        assert parts == lengths
        assert sum(parts) == frames == plan.outputs[0].facts.frames
        assert max(job.needs.ram or 0 for job in plan.jobs) <= 48 * 10**9
        assert max(job.needs.ram or 0 for job in plan.jobs) > 47 * 10**9


def test_parts_are_jobs_of_their_own(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((576, 1024, 3), np.uint8))
    (tmp_path / "film.reel").write_text(
        f"""{HEAD}
  let clip = photo |> made(frames: 24, fps: 8fps)
  let parts = for i in 0..2 {{ clip |> clips.trim(first: i * 8, frames: 8) |> finish.upscale(to: 2560x1440) }}
  output film = sequence(parts) |> video()
}}
""",
        "utf-8",
    )
    plan = reelc.compile(tmp_path / "film.reel").plan
    assert plan.outputs[0].facts.frames == 24
    rams = [job.needs.ram for job in plan.jobs if job.needs.ram is not None and "upscale" in str(job.regions)]
    assert rams == [8 * 12 * (4096 * 2304 * 2 + 1024 * 576)] * 3


# -- SeedVR2 ---------------------------------------------------------------------------------


@pytest.mark.skipif(not BY_HAND.exists(), reason="the graphs made by hand are not here")
def test_seedvr2_as_made_by_hand(tmp_path: Path) -> None:
    by_hand = json.loads(BY_HAND.read_text("utf-8"))
    plan, _ = film(
        tmp_path,
        f"{clip(9, size='640x360')} |> seedvr2.upscale(to: 1280x720, using: seedvr2.load(), seed: 0) |> video()",
    )
    wanted = {n["class_type"]: n["inputs"] for n in by_hand.values()}
    for name in ("SeedVR2Preprocess", "VAEEncodeTiled", "SeedVR2TemporalChunk", "SeedVR2Conditioning",
                 "SeedVR2TemporalMerge", "VAEDecodeTiled", "SeedVR2PostProcessing", "UNETLoader"):  # fmt: skip
        (mine,) = nodes(plan, name)
        assert mine.keys() == wanted[name].keys(), name
        literal = {k: v for k, v in wanted[name].items() if not isinstance(v, list)}
        assert {k: v for k, v in mine.items() if k in literal} == literal, name
    sampler = {**wanted["KSampler"], "model": None}
    (mine,) = [n for n in nodes(plan, "KSampler") if n["steps"] == 1]
    assert {k: v for k, v in mine.items() if not isinstance(v, list)} == {
        k: v for k, v in sampler.items() if v is not None and not isinstance(v, list)
    }
    graph = plan.jobs[0].graph
    (merge,) = nodes(plan, "SeedVR2TemporalMerge")
    assert graph[merge["temporal_overlap"][0]]["class_type"] == "SeedVR2TemporalChunk"
    assert merge["temporal_overlap"][1] == 1


def test_seedvr2_memory(tmp_path: Path) -> None:
    restore = "seedvr2.restore(using: seedvr2.load(), seed: 1"
    plan, _ = film(tmp_path, f"{clip(81, size='1280x720')} |> {restore}) |> video()")
    # 21 frames are 6 latent ones, by ComfyUI's own rule; 8 copies of the clip in host RAM, and the files.
    gpu = (5 + 0.55 * 0.9216 * 6) * 2**30
    assert plan.jobs[0].needs.vram == math.ceil(gpu / 10**8) * 10**8
    assert plan.jobs[0].needs.ram == 81 * 1280 * 720 * 12 * 8 + 4 * 10**9
    plain, _ = film(tmp_path, f'{clip(81, size="1280x720")} |> {restore}, color: "none") |> video()')
    assert plain.jobs[0].needs.ram == 81 * 1280 * 720 * 12 * 4 + 4 * 10**9


# -- other catalogs --------------------------------------------------------------------------


def test_clips_need_nothing_new(tmp_path: Path) -> None:
    body = """let clip = photo |> made(frames: 20, fps: 8fps)
  let one = clip |> clips.still(at: 19) |> made(frames: 8, fps: 8fps)
  output a = clip |> clips.trim(first: 2, frames: 10) |> clips.reverse() |> clips.speed(times: 3) |> video()
  output b = one |> clips.fade(opening: 4, closing: 4) |> clips.retime(to: 12fps) |> video()
  output c = one |> clips.pad(to: 1100x600, color: "white") |> clips.fit(to: 640x360, how: "stretch") |> video()"""
    for catalog in ("comfyui-0.8.0", "comfyui-0.33.0"):
        plan, _ = film(tmp_path, body, catalog=catalog)
        assert [(o.facts.frames, str(o.facts.fps)) for o in plan.outputs] == [(4, "8"), (8, "12"), (8, "8")]
    with pytest.raises(ReelError, match="ColorTransfer"):
        film(tmp_path, f"{clip(5)} |> clips.match_color(like: photo |> made(frames: 5, fps: 8fps)) |> video()",
             catalog="comfyui-0.8.0")  # fmt: skip

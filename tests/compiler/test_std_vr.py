"""Depth, two eyes and a sphere: exact sizes, which node gets what, and facts that are carried to the plan."""

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from command import call

import reelc
from reelc_compiler.catalog import WIDGET_TYPES, load_catalog
from reelc_compiler.facts import Facts
from reelc_compiler.plan import Job, Plan, Region
from reelc_dsl.diagnostics import Diagnostic

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
BY_HAND = SHARED / "domain" / "graphs" / "depth_da3_to_sbs_comfystereo.api.json"
EXECUTED = SHARED / "protocol" / "graphs-executed"

Graph = dict[str, dict[str, Any]]

HEAD = """use std.da3
use std.svd
use std.vda
use std.vr
use crop, interpolate from std.finish
pipeline film {
  param photo: image = "photo.png"
  let clip = photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((900, 1600, 3), np.uint8))
    return tmp_path


def program(folder: Path, body: str) -> Path:
    path = folder / "film.reel"
    path.write_text(f"{HEAD}{body}\n}}\n", "utf-8")
    return path


def whole(folder: Path, body: str) -> tuple[Plan, Job]:
    done = reelc.compile(program(folder, body), whole=True)
    assert not done.warnings
    (job,) = done.plan.jobs
    return done.plan, job


def findings(folder: Path, body: str) -> tuple[Diagnostic, ...]:
    return reelc.check(program(folder, body))


def facts(folder: Path, expr: str) -> Facts:
    plan, _ = whole(folder, f"output film = {expr} |> video()")
    return plan.outputs[0].facts


def every(graph: Graph, class_type: str) -> list[dict[str, Any]]:
    return [node["inputs"] for node in graph.values() if node["class_type"] == class_type]


@pytest.mark.parametrize(
    ("expr", "size", "layout", "projection"),
    [
        ("clip |> vr.stereo()", "2048x576", "sbs", "flat"),
        ('clip |> vr.stereo(layout: "tb")', "1024x1152", "tb", "flat"),
        ("clip |> vr.equirect()", "2048x2048", "mono", "equirect180"),
        ("clip |> vr.equirect(fov: 360)", "4096x2048", "mono", "equirect360"),
        ("clip |> vr.stereo() |> vr.equirect(fov: 180)", "4096x2048", "sbs", "equirect180"),
        ("clip |> vr.stereo() |> vr.equirect(fov: 360)", "8192x2048", "sbs", "equirect360"),
        ('clip |> vr.stereo(layout: "tb") |> vr.equirect()', "2048x4096", "tb", "equirect180"),
        ('clip |> vr.stereo(layout: "tb") |> vr.equirect(fov: 360, height: 512)', "1024x1024", "tb", "equirect360"),
        # The longer side is the one that counts, and an odd one becomes even.
        ("clip |> crop(to: 101x301) |> vr.equirect()", "604x604", "mono", "equirect180"),
        ("clip |> crop(to: 101x300) |> vr.stereo(parallax: 4%) |> vr.equirect()", "1200x600", "sbs", "equirect180"),
        ("clip |> vr.stereo() |> interpolate(to: 12fps)", "2048x576", "sbs", "flat"),
        ("clip |> vr.equirect(height: 512) |> interpolate(to: 12fps)", "512x512", "mono", "equirect180"),
        ("sequence([clip |> vr.stereo(), clip |> vr.stereo()])", "2048x576", "sbs", "flat"),
    ],
)
def test_sizes_and_views_are_exact(folder: Path, expr: str, size: str, layout: str, projection: str) -> None:
    found = facts(folder, expr)
    assert (f"{found.width}x{found.height}", found.eyes, found.projection) == (size, layout, projection)
    assert found.frames == (49 if "interpolate" in expr else 50 if "sequence" in expr else 25)


def test_what_is_stated_can_be_read(folder: Path) -> None:
    path = folder / "film.reel"
    path.write_text(
        """stage s(c: clip) -> clip {
          let two = clip(c, size: size(2 * c.width, c.height), frames: 25, fps: 6fps,
            layout: "sbs", projection: "equirect360")
          let slow = clip(two, size: two.size, frames: 25, fps: 3fps)
          require slow.layout == "sbs" and slow.projection == "equirect360"
          return slow
        }
        """
        + HEAD
        + "output film = s(clip) |> video()\n}\n",
        "utf-8",
    )
    (output,) = reelc.compile(path).plan.outputs
    assert (output.facts.eyes, output.facts.projection, output.facts.width) == ("sbs", "equirect360", 2048)
    assert Facts.from_json(output.facts.to_json()) == output.facts


def test_depth_is_made_once_for_two_films(folder: Path) -> None:
    _, job = whole(
        folder,
        """output flat = clip |> vr.stereo(layout: "tb") |> video()
        output film = clip |> vr.stereo() |> vr.equirect() |> video()""",
    )
    assert len(every(job.graph, "VideoDepthAnythingProcess")) == len(every(job.graph, "Y7_VideoSideBySide")) == 1


def regions(job: Job, kind: str) -> list[Region]:
    return [r for r in job.regions if r.stand_in is not None and r.stand_in.kind == kind]


def test_stand_ins_get_the_clip_and_its_depth(folder: Path) -> None:
    """Also where two films share all nodes but the last."""
    _, job = whole(
        folder,
        """output above = clip |> vr.stereo(layout: "tb", parallax: 2%) |> video()
        output beside = clip |> vr.stereo(parallax: 2%) |> video()
        output around = clip |> vr.stereo(parallax: 2%) |> vr.equirect() |> video()""",
    )
    (depth,), eyes, (sphere,) = regions(job, "depth"), regions(job, "stereo"), regions(job, "equirect")
    assert [job.media[r.media_out[0]].facts.eyes for r in eyes] == ["tb", "sbs"]
    for region in eyes:
        assert region.media_in == (depth.media_in[0], depth.media_out[0])
        assert region.stand_in is not None
        assert region.stand_in.settings == {"parallax": 0.02}
    assert sphere.media_in == eyes[1].media_out


def test_every_input_of_the_packs_is_said(folder: Path) -> None:
    _, job = whole(
        folder,
        """let near = clip |> da3.depth(using: da3.load())
        output a = clip |> vr.stereo(layout: "tb") |> vr.equirect() |> video()
        output b = clip |> vr.eyes(near) |> vr.equirect(fov: 360) |> video()""",
    )
    catalog, seen = load_catalog(), set[str]()
    for node in job.graph.values():
        schema = catalog.get(node["class_type"])
        assert schema is not None
        if schema.pack != "core":
            seen.add(node["class_type"])
            links = {i.name for i in schema.inputs if i.required and not i.takes_literal}
            widgets = {i.name for i in schema.inputs if i.type in WIDGET_TYPES}
            assert set(node["inputs"]) == links | widgets, node["class_type"]
    assert seen == {
        *("LoadVideoDepthAnythingModel", "VideoDepthAnythingProcess", "RemapImageRange", "Y7_VideoSideBySide"),
        *("Crop Stereo to Monoscopic", "Merge Monoscopic into Stereo"),
        *("Face to Equirectangular", "Crop 360 to 180 Equirectangular"),
    }


def test_near_is_white_for_the_whole_clip(folder: Path) -> None:
    """Distances in metres become nearness by one rule for all frames, from 1 at the camera to 0."""
    _, job = whole(folder, "output film = clip |> vr.eyes(clip |> da3.depth(using: da3.load(), far: 25)) |> video()")
    (render,), remaps = every(job.graph, "DA3Render"), every(job.graph, "RemapImageRange")
    assert render["output.normalization"] == "raw"
    assert [(r["min"], r["max"], r["clamp"]) for r in remaps] == [(1.0, 0.96, True), (0.0, 1.0, True)]


@pytest.mark.parametrize(("parallax", "scale"), [("1.2%", 25), ("0.05%", 1), ("4.88%", 100)])
def test_parallax_is_a_share_of_the_width(folder: Path, parallax: str, scale: int) -> None:
    _, job = whole(folder, f"output film = clip |> vr.stereo(parallax: {parallax}) |> video()")
    (node,) = every(job.graph, "Y7_VideoSideBySide")
    assert node["depth_scale"] == scale


@pytest.mark.parametrize(
    ("expr", "help_"),
    [
        ("clip |> vr.stereo(parallax: 5%)", "ask for a share between 0.049% and 4.883%"),
        ("clip |> vr.equirect(height: 1022)", "the nearest height is 1024"),
        ("clip |> vr.stereo() |> crop(to: 512x288)", "cut the clip before `stereo`"),
        ("clip |> vda.depth(using: vda.load(), detail: 512)", "the nearest is 518"),
        ("clip |> da3.depth(using: da3.load(), detail: 505)", "the nearest is 504"),
        ("clip |> vr.equirect() |> vr.stereo()", "make the eyes first: clip |> stereo() |> equirect()"),
    ],
)
def test_each_rule_names_the_way_out(folder: Path, expr: str, help_: str) -> None:
    (error,) = findings(folder, f"output film = {expr} |> video()")
    assert error.is_error
    assert error.help == (help_,)


def test_what_is_needed_is_said(folder: Path) -> None:
    _, job = whole(folder, "output film = clip |> vr.stereo() |> vr.equirect() |> video()")
    assert {p.name for p in job.needs.packs} == {
        *("ComfyUI-Video-Depth-Anything", "ComfyUI-Y7-SBS-2Dto3D"),
        *("ComfyUI_pytorch360convert", "ComfyUI-KJNodes"),
    }
    # 25 spheres of 4096x2048 in 32-bit floats: twice, and those of the other eye, and both together.
    assert job.needs.ram == 25 * 2048 * 4096 * 12 * 4
    _, job = whole(folder, "output film = clip |> vr.eyes(clip |> da3.depth(using: da3.load())) |> video()")
    (model,) = (m for m in job.needs.models if m.folder == "geometry_estimation")
    assert (model.file, model.licence) == ("depth_anything_3_metric_large.safetensors", "Apache-2.0")


def test_the_plan_shows_eyes_and_projection(folder: Path) -> None:
    path = program(folder, "output film = clip |> vr.stereo() |> vr.equirect(height: 512) |> video()")
    shown = call("plan", path).out
    assert "std.vr.eyes              2048x576, 25 frames at 6fps, 4.167 s, sbs\n" in shown
    assert "film.mp4         1024x512, 25 frames at 6fps, 4.167 s, sbs, equirect180, h264 crf 18" in shown
    assert "std.svd.animate          1024x576, 25 frames at 6fps, 4.167 s\n" in shown


@pytest.mark.skipif(not BY_HAND.is_file(), reason="the hand-made graphs are not here (REELC_SHARED)")
def test_depth_anything_3_is_asked_as_by_hand(folder: Path) -> None:
    """Up to the depth: the node that makes the two eyes there stretches the depth of each frame by itself."""
    _, job = whole(folder, "output film = clip |> vr.eyes(clip |> da3.depth(using: da3.load())) |> video()")
    by_hand: Graph = json.loads(BY_HAND.read_text("utf-8"))
    for class_type in ("LoadDA3Model", "DA3Inference", "DA3Render"):
        (mine,), (theirs,) = every(job.graph, class_type), every(by_hand, class_type)
        literals = {n: v for n, v in theirs.items() if not isinstance(v, list)}
        assert literals.items() <= mine.items(), class_type
        assert set(mine) == set(theirs)


@pytest.mark.skipif(not EXECUTED.is_dir(), reason="the executed graphs are not here (REELC_SHARED)")
@pytest.mark.parametrize(
    ("file", "class_type"),
    [("ok_y7_sbs.json", "Y7_VideoSideBySide"), ("ok_360convert.json", "Merge Monoscopic into Stereo")],
)
def test_the_nodes_are_those_that_were_executed(folder: Path, file: str, class_type: str) -> None:
    _, job = whole(folder, "output film = clip |> vr.stereo() |> vr.equirect() |> video()")
    executed: Graph = json.loads((EXECUTED / file).read_text("utf-8"))
    (mine,), (theirs,) = every(job.graph, class_type), every(executed, class_type)
    assert {n: type(v) for n, v in mine.items() if not isinstance(v, float)} == {
        n: type(v) for n, v in theirs.items() if not isinstance(mine[n], float)
    }
    chosen = ("method", "mode", "output_type", "merge_direction")
    assert all(mine[n] == theirs[n] for n in chosen if n in theirs)

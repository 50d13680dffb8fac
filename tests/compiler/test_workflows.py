"""Graphs as stages: which nodes a call makes, where they belong, what the plan depends on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import reelc
from reelc_compiler.plan import Job, Plan
from reelc_dsl.diagnostics import ReelError

Build = Callable[..., Plan]
GRAPH: dict[str, Any] = json.loads((Path(__file__).parent.parent / "corpus" / "graph.json").read_text("utf-8"))
SVD = """
workflow svd = "graphs/svd.json" {
  in photo: image = "2.image"
  in seed: seed = "4.seed"
  in motion: int = "3.motion_bucket_id"
  out frames: IMAGE = "5.0"
}
stage move(photo: image, seed: seed) -> clip {
  preview move
  return clip(svd(photo, seed: seed), size: 1024x576, frames: 14, fps: 6fps)
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((576, 1024, 3), np.uint8))
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "svd.json").write_text(json.dumps(GRAPH), "utf-8")
    return tmp_path


@pytest.fixture
def build(folder: Path) -> Build:
    def go(body: str, head: str = SVD, **more: Any) -> Plan:
        (folder / "x.reel").write_text(f"{head}\npipeline p {{\n{body}\n}}\n", "utf-8")
        return reelc.compile(folder / "x.reel", **more).plan

    return go


def classes(job: Job) -> list[str]:
    return sorted(node["class_type"] for node in job.graph.values())


def inputs(job: Job, class_type: str) -> dict[str, Any]:
    (found,) = [node["inputs"] for node in job.graph.values() if node["class_type"] == class_type]
    return found


def test_a_call_makes_what_its_outs_need_with_what_it_is_given(build: Build) -> None:
    plan = build('output a = node SaveImage(images: svd("photo.png", seed: 7), filename_prefix: "a")')
    (job,) = plan.jobs
    assert classes(job) == [
        *("ImageOnlyCheckpointLoader", "KSampler", "LoadImage", "SVD_img2vid_Conditioning", "SaveImage", "VAEDecode"),
    ]
    # The picture takes the loader's place; what is not given is as the graph has it, as the server reads it.
    assert inputs(job, "LoadImage") == {"image": "photo.png"}
    assert [u.input for u in job.uploads] == ["in1"]
    assert inputs(job, "KSampler")["seed"] == 7
    assert inputs(job, "KSampler")["denoise"] == 1.0
    assert inputs(job, "SVD_img2vid_Conditioning")["motion_bucket_id"] == 127


def test_a_stage_around_it_is_cut_and_previewed_as_any_other(build: Build) -> None:
    plan = build('let clip = "photo.png" |> move(seed: 7)\noutput film = clip |> video()')
    first, second = plan.jobs
    assert [job.id for job in plan.jobs] == ["01-move", "02-film"]
    assert classes(second) == ["CreateVideo", "LoadImage", "SaveVideo"]
    (region,) = [r for r in first.regions if r.stage == "move"]
    assert region.stand_in is not None
    assert region.stand_in.kind == "move"
    assert [first.graph[n]["class_type"] for n in region.nodes] == [
        *("ImageOnlyCheckpointLoader", "SVD_img2vid_Conditioning", "KSampler", "VAEDecode"),
    ]


def test_calls_share_what_is_equal(build: Build) -> None:
    save = 'output {0} = node SaveImage(images: svd("photo.png", seed: {1}), filename_prefix: "{0}")'
    (job,) = build(save.format("a", 1) + "\n" + save.format("b", 2)).jobs
    assert classes(job).count("KSampler") == 2
    assert classes(job).count("SVD_img2vid_Conditioning") == classes(job).count("LoadImage") == 1


def test_places_lead_from_the_call_to_the_workflow(build: Build) -> None:
    plan = build('output film = "photo.png" |> move(seed: 7) |> video()')
    job = plan.jobs[0]
    (node,) = [n for n, data in job.graph.items() if data["class_type"] == "KSampler"]
    stack = plan.spans[job.id][node]
    assert [(p.file, p.line, p.name) for p in stack] == [
        ("x.reel", 14, "move"),
        ("x.reel", 10, "svd"),
        ("x.reel", 2, "node 4: KSampler"),
    ]


def test_the_graph_is_part_of_what_the_plan_depends_on(build: Build, folder: Path) -> None:
    body = 'output film = "photo.png" |> move(seed: 7) |> video()'
    first = build(body)
    (folder / "graphs" / "svd.json").write_text(json.dumps(GRAPH, indent=4, sort_keys=True), "utf-8")
    assert build(body).to_files() == first.to_files()
    GRAPH["4"]["inputs"]["steps"] = 21
    (folder / "graphs" / "svd.json").write_text(json.dumps(GRAPH), "utf-8")
    GRAPH["4"]["inputs"]["steps"] = 20
    assert build(body).jobs[0].keys != first.jobs[0].keys


def test_another_file_of_the_project_uses_it(build: Build, folder: Path) -> None:
    (folder / "house").mkdir()
    (folder / "house" / "look.reel").write_text(SVD.replace("graphs/svd", "../graphs/svd"), "utf-8")
    body = 'output a = node SaveImage(images: {}("photo.png"), filename_prefix: "a")'
    by_module = build(body.format("house.svd"), 'use "./house/look.reel" as house')
    by_name = build(body.format("anim"), 'use svd as anim from "./house/look.reel"')
    assert by_module.jobs[0].graph.keys() == by_name.jobs[0].graph.keys()
    assert classes(by_module.jobs[0]) == classes(by_name.jobs[0])


def test_a_module_says_what_it_has(build: Build, folder: Path) -> None:
    (folder / "look.reel").write_text(SVD, "utf-8")
    with pytest.raises(ReelError) as caught:
        build("output a = house.sdv()", 'use "./look.reel" as house')
    assert "did you mean `svd`?" in caught.value.diagnostics[0].help
    with pytest.raises(ReelError) as caught:
        build("output a = house.svd", 'use "./look.reel" as house')
    assert "`svd` is a workflow, not a value" in caught.value.diagnostics[0].message


def test_an_optional_port_may_be_none(build: Build, folder: Path) -> None:
    graph = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
        "2": {"class_type": "CreateVideo", "inputs": {"images": ["1", 0], "fps": 8}},
        "3": {"class_type": "LoadAudio", "inputs": {"audio": "a.wav"}},
    }
    (folder / "g.json").write_text(json.dumps(graph), "utf-8")
    head = 'workflow g = "g.json" { in sound: AUDIO? = "2.audio" out video: VIDEO = "2" }'
    body = 'output a = node SaveVideo(video: g({}), filename_prefix: "a", format: {{ key: "mp4", codec: "auto" }})'
    assert "audio" not in inputs(build(body.format(""), head).jobs[0], "CreateVideo")
    assert "audio" not in inputs(build(body.format("none"), head).jobs[0], "CreateVideo")
    given = build(body.format('node LoadAudio(audio: "b.wav")'), head).jobs[0]
    assert given.graph[inputs(given, "CreateVideo")["audio"][0]]["class_type"] == "LoadAudio"


def test_a_fault_in_the_graph_shows_both_places(build: Build) -> None:
    with pytest.raises(ReelError) as caught:
        build("output a = bad()", 'workflow bad = "graphs/svd.json" { out frames: IMAGE = "8.0" }')
    found = caught.value.diagnostics[0]
    assert found.span is not None
    assert found.span.text == '"graphs/svd.json"'
    (label,) = found.labels
    assert label.span.source.name.endswith("graphs/svd.json")
    assert label.span.text == '["2", 0]'
    assert "in the graph this is $['8']['inputs']['samples']" in found.notes

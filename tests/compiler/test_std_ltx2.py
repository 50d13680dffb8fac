"""LTX-2 as the standard library makes it: the graph made by hand, the two ways, and what is rounded without a word."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from graph_equality import meaning
from test_corpus import write_pictures

import reelc
from reelc_compiler.catalog import load_catalog
from reelc_compiler.plan import Job

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
BY_HAND = SHARED / "domain" / "graphs" / "ltx25_distilled_i2v_two_stage.api.json"

Graph = dict[str, dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path)
    return tmp_path


def sampling(folder: Path, arguments: str) -> Job:
    """The job that animates a still of 1280x704."""
    path = folder / "film.reel"
    call = f"still |> ltx2.animate({arguments}, using: ltx2.load(), seed: 0)"
    head = 'param photo: image = "photo.png"\n  let still = photo |> fit(1280x704)'
    path.write_text(f"use std.ltx2\npipeline film {{\n  {head}\n  output film = {call} |> video()\n}}\n", "utf-8")
    plan = reelc.compile(path).plan
    (job,) = (j for j in plan.jobs if any(n["class_type"] == "RandomNoise" for n in j.graph.values()))
    return job


def nodes(job: Job, class_type: str) -> dict[str, dict[str, Any]]:
    return {key: node["inputs"] for key, node in job.graph.items() if node["class_type"] == class_type}


@pytest.mark.skipif(not BY_HAND.is_file(), reason="the hand-made graphs are not here (REELC_SHARED)")
def test_it_is_the_graph_that_was_made_by_hand(folder: Path) -> None:
    """Every node that makes the frames, with every value and link.

    By hand the size is 1280x736, of which ComfyUI makes 1280x704; the second noise is always 42; the picture is
    scaled first, and has its size here.
    """
    made: Graph = json.loads(json.dumps(sampling(folder, '"PROMPT", negative: "NEGATIVE"').graph))
    by_hand: Graph = json.loads(BY_HAND.read_text("utf-8"))
    assert by_hand["lat"]["inputs"]["height"] // 32 == 704 // 2 // 32
    by_hand["lat"]["inputs"]["height"] = 704 // 2
    catalog = load_catalog()
    assert meaning(frames_of(made), catalog) == meaning(frames_of(by_hand), catalog)


def frames_of(graph: Graph) -> Graph:
    """What makes the frames, up to the pictures; of a second noise only that it is another one."""
    (decoded,) = (key for key, node in graph.items() if node["class_type"] == "VAEDecodeTiled")
    out: Graph = {
        "shown": {"class_type": "PreviewImage", "inputs": {"images": [decoded, 0]}},
        "still": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
    }
    wanted = [decoded]
    while wanted:
        key = wanted.pop()
        if key in out:
            continue
        out[key] = node = {**graph[key], "inputs": dict(graph[key]["inputs"])}
        if node["class_type"] == "LTXVPreprocess":
            node["inputs"]["image"] = ["still", 0]
        if node["class_type"] == "RandomNoise" and node["inputs"]["noise_seed"] != 0:
            node["inputs"]["noise_seed"] = 42
        wanted += [value[0] for value in node["inputs"].values() if isinstance(value, list) and value[0] != "still"]
    return out


def test_the_sound_is_handed_over_whoever_wants_it(folder: Path) -> None:
    """Its latent goes through both stages, because the model looks at it; what it is is kept beside the pictures."""
    job = sampling(folder, '"rain"')
    assert len(nodes(job, "LTXVConcatAVLatent")) == 2
    assert len(nodes(job, "LTXVAudioVAEDecode")) == 1
    assert sorted(a.codec for a in job.artifacts_out) == ["apng", "flac"]
    (silence,) = nodes(job, "LTXVEmptyLatentAudio").values()
    assert (silence["frames_number"], silence["frame_rate"]) == (121, 24)


def test_an_end_is_reached_in_one_stage(folder: Path) -> None:
    job = sampling(folder, '"rain", end: photo |> fit(1280x704), seconds: 10s')
    (sampler,) = nodes(job, "SamplerCustomAdvanced").values()
    (separated,) = nodes(job, "LTXVSeparateAVLatent").values()
    assert separated["av_latent"][1] == 1
    guides = nodes(job, "LTXVAddGuide")
    assert sorted((g["frame_idx"], g["strength"]) for g in guides.values()) == [(-1, 0.7), (0, 0.7)]
    (second,) = (key for key, guide in guides.items() if guide["frame_idx"] == -1)
    assert job.graph[sampler["guider"][0]]["inputs"]["positive"] == [second, 0]
    (cropped,) = nodes(job, "LTXVCropGuides").values()
    assert (cropped["positive"], cropped["negative"]) == ([second, 0], [second, 1])
    (latent,) = nodes(job, "EmptyLTXVLatentVideo").values()
    assert (latent["width"], latent["height"], latent["length"]) == (1280, 704, 241)
    assert nodes(job, "LatentUpscaleModelLoader") == {}


def test_an_older_comfyui_says_that_it_lacks_nodes(folder: Path) -> None:
    """LTX-2.5 is newer than ComfyUI 0.8.0, which has no guider for it."""
    sampling(folder, '"rain"')
    found = reelc.check(folder / "film.reel", catalog="comfyui-0.8.0")
    assert "LTXVDualCFGGuider" in " ".join(d.message for d in found if d.is_error)

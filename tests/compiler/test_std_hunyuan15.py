"""HunyuanVideo 1.5 as the standard library makes it: the graph made by hand, its super-resolution, its licence."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from graph_equality import meaning
from test_corpus import write_pictures

import reelc
from reelc_compiler.catalog import catalog_names, load_catalog
from reelc_compiler.plan import Job

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
BY_HAND = SHARED / "domain" / "graphs" / "hunyuan15_720p_i2v.api.json"
STAGES = Path(__file__).resolve().parents[1] / "stages"

Graph = dict[str, dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path)
    return tmp_path


def sampling(folder: Path, arguments: str, load: str = "") -> Job:
    """The job that animates a still of 1280x720."""
    path = folder / "film.reel"
    call = f"hunyuan15.animate({arguments}, using: hunyuan15.load({load}), seed: 0)"
    clip = f'let still: image = "photo.png"\n  output film = still |> fit(1280x720) |> {call}'
    path.write_text(f"use std.hunyuan15\npipeline film {{\n  {clip} |> video()\n}}\n", "utf-8")
    plan = reelc.compile(path).plan
    (job,) = (j for j in plan.jobs if any(n["class_type"] == "RandomNoise" for n in j.graph.values()))
    return job


def nodes(job: Job, class_type: str) -> dict[str, dict[str, Any]]:
    return {key: node["inputs"] for key, node in job.graph.items() if node["class_type"] == class_type}


@pytest.mark.skipif(not BY_HAND.is_file(), reason="the hand-made graphs are not here (REELC_SHARED)")
def test_it_is_the_graph_that_was_made_by_hand(folder: Path) -> None:
    """Every node that makes the frames, with every value and link; how they are saved is the partition's affair."""
    made: Graph = json.loads(json.dumps(sampling(folder, '"PROMPT"').graph))
    by_hand: Graph = json.loads(BY_HAND.read_text("utf-8"))
    catalog = load_catalog()
    assert meaning(frames_of(made), catalog) == meaning(frames_of(by_hand), catalog)


def frames_of(graph: Graph) -> Graph:
    """What makes the frames, up to the pictures: by hand one of the right size is loaded, a film fits one."""
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
        for name, value in node["inputs"].items():
            if name in ("start_image", "image"):
                node["inputs"][name] = ["still", 0]
            elif isinstance(value, list):
                wanted.append(value[0])
    return out


def test_the_super_resolution_is_the_one_of_the_template(folder: Path) -> None:
    """4 steps with the small clip and shift 2, then 4 without, of one schedule; the noise is drawn once."""
    job = sampling(folder, '"rain", to: 1920x1072')
    assert [n["width"] for n in nodes(job, "HunyuanVideo15LatentUpscaleWithModel").values()] == [1920]
    (split,), (second,) = nodes(job, "SplitSigmas"), nodes(job, "HunyuanVideo15SuperResolution")
    samplers = nodes(job, "SamplerCustomAdvanced")
    (end,) = (n["samples"][0] for n in nodes(job, "VAEDecodeTiled").values())
    begun = samplers[end]["latent_image"][0]
    assert (samplers[begun]["sigmas"], samplers[end]["sigmas"]) == ([split, 0], [split, 1])
    assert samplers[begun]["latent_image"] == [second, 2]
    assert job.graph[samplers[end]["noise"][0]]["class_type"] == "DisableNoise"
    guiders = [job.graph[samplers[key]["guider"][0]]["inputs"] for key in (begun, end)]
    assert [g["cfg"] for g in guiders] == [1.0, 1.0]
    assert [g["positive"][0] == second for g in guiders] == [True, False]
    noises = {n["noise_seed"] for n in nodes(job, "RandomNoise").values()}
    assert len(noises) == 2
    assert len(nodes(job, "UNETLoader")) == 2
    assert len(nodes(sampling(folder, '"rain"'), "UNETLoader")) == 1


def test_needs(folder: Path) -> None:
    assert sampling(folder, '"rain"').needs.vram == 27 * 10**9
    small = sampling(folder, '"rain", to: 1920x1088', 'precision: "fp8"')
    assert (small.needs.vram, small.needs.ram) == (16 * 10**9, 50 * 10**9)
    assert {n["weight_dtype"] for n in nodes(small, "UNETLoader").values()} == {"fp8_e4m3fn"}


@pytest.mark.parametrize("catalog", catalog_names())
@pytest.mark.parametrize("film", sorted(STAGES.glob("hunyuan15*.reel")), ids=lambda p: p.stem)
def test_both_catalogs_have_its_nodes(film: Path, catalog: str, folder: Path) -> None:
    path = folder / film.name
    path.write_text(film.read_text("utf-8"), "utf-8")
    assert reelc.compile(path, catalog=catalog).plan.outputs

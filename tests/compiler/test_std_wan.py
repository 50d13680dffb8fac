"""Wan as the standard library makes it: the graphs that were made by hand, its defaults, LoRAs, what is needed."""

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
BY_HAND = SHARED / "domain" / "graphs"
STAGES = Path(__file__).resolve().parents[1] / "stages"

Graph = dict[str, dict[str, Any]]

HEAD = """use std.wan21
use std.wan22
use std.wan22_5b
pipeline film {
  param photo: image = "photo.png"
  param last: image = "tall.png"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path)
    return tmp_path


def sampling(folder: Path, clip: str) -> Job:
    """The job that animates."""
    path = folder / "film.reel"
    path.write_text(f"{HEAD}  output film = {clip} |> video()\n}}\n", "utf-8")
    plan = reelc.compile(path).plan
    return next(j for j in plan.jobs if any("KSampler" in n["class_type"] for n in j.graph.values()))


def nodes(job: Job, class_type: str) -> list[dict[str, Any]]:
    return [node["inputs"] for node in job.graph.values() if node["class_type"] == class_type]


def one(job: Job, class_type: str) -> dict[str, Any]:
    (found,) = nodes(job, class_type)
    return found


WIDE, END = "photo |> fit(1280x720)", "last |> fit(1280x720)"
FAST = "using: wan22.load(lightning: true)"
HANDMADE = [
    ("wan22_14b_i2v_4step", f'{WIDE} |> wan22.animate("PROMPT", {FAST}, seed: 0, negative: "NEGATIVE")'),
    (
        "wan22_14b_flf2v_4step",
        f'{WIDE} |> wan22.animate("PROMPT", {FAST}, seed: 0, negative: "NEGATIVE", end: {END})',
    ),
    (
        "wan22_5b_ti2v",
        'photo |> fit(1280x704) |> wan22_5b.animate("PROMPT", using: wan22_5b.load(), seed: 0, negative: "NEGATIVE")',
    ),
]


@pytest.mark.skipif(not BY_HAND.is_dir(), reason="the hand-made graphs are not here (REELC_SHARED)")
@pytest.mark.parametrize(("name", "clip"), HANDMADE, ids=[name for name, _ in HANDMADE])
def test_it_is_the_graph_that_was_made_by_hand(name: str, clip: str, folder: Path) -> None:
    """Every node that makes the frames, with every value and link; how they are saved is the partition's affair."""
    made: Graph = json.loads(json.dumps(sampling(folder, clip).graph))
    by_hand: Graph = json.loads((BY_HAND / f"{name}.api.json").read_text("utf-8"))
    catalog = load_catalog()
    assert meaning(frames_of(made), catalog) == meaning(frames_of(by_hand), catalog)


def frames_of(graph: Graph) -> Graph:
    """What makes the frames, up to the pictures: by hand one of the right size is loaded, a film fits one."""
    (decoded,) = (key for key, node in graph.items() if node["class_type"] == "VAEDecode")
    out: Graph = {"shown": {"class_type": "PreviewImage", "inputs": {"images": [decoded, 0]}}}
    wanted = [decoded]
    while wanted:
        key = wanted.pop()
        if key in out:
            continue
        out[key] = node = {**graph[key], "inputs": dict(graph[key]["inputs"])}
        for name, value in node["inputs"].items():
            if name in ("start_image", "end_image"):
                size = {"width": 8, "height": 8, "batch_size": 1, "color": int(name == "end_image")}
                out[name] = {"class_type": "EmptyImage", "inputs": size}
                node["inputs"][name] = [name, 0]
            elif isinstance(value, list):
                wanted.append(value[0])
    return out


def test_what_is_not_said_follows_from_the_weights(folder: Path) -> None:
    def settings(clip: str) -> tuple[Any, ...]:
        job = sampling(folder, clip)
        first, second = nodes(job, "KSamplerAdvanced")
        shifts = {n["shift"] for n in nodes(job, "ModelSamplingSD3")}
        assert first["cfg"] == second["cfg"]
        assert first["end_at_step"] == second["start_at_step"]
        return first["steps"], first["end_at_step"], first["cfg"], *shifts

    still = 'photo |> fit(832x480) |> wan22.animate("rain", seed: 1, using: '
    assert settings(f"{still} wan22.load())") == (20, 10, 3.5, 5.0)
    assert settings(f"{still} wan22.load(), end: last |> fit(832x480))") == (20, 10, 4.0, 8.0)
    assert settings(f"{still} wan22.load(lightning: true), end: last |> fit(832x480))") == (4, 2, 1.0, 5.0)
    assert settings(f"{still} wan22.load(), steps: 40, switch: 15, cfg: 3, shift: 12)") == (40, 15, 3.0, 12.0)
    assert settings(f"{still} wan22.load(), steps: 7)")[:2] == (7, 3)


def test_wan21_looks_at_the_pictures(folder: Path) -> None:
    still = sampling(folder, 'photo |> fit(832x480) |> wan21.animate("rain", using: wan21.load(), seed: 1)')
    assert one(still, "KSampler")["cfg"] == 6.0
    assert len(nodes(still, "CLIPVisionEncode")) == 1
    assert "clip_vision_output" in one(still, "WanImageToVideo")
    end = f'{WIDE} |> wan21.animate("rain", using: wan21.load("first-last"), seed: 1, end: {END})'
    both = sampling(folder, end)
    assert one(both, "KSampler")["cfg"] == 3.0
    assert len(nodes(both, "CLIPVisionEncode")) == 2
    taken = one(both, "WanFirstLastFrameToVideo")
    assert taken["clip_vision_start_image"] != taken["clip_vision_end_image"]


@pytest.mark.parametrize(
    ("load", "file", "dtype", "vram"),
    [
        ('"480p"', "wan2.1_i2v_480p_14B_fp16.safetensors", "default", 41),
        ('"480p", precision: "fp8"', "wan2.1_i2v_480p_14B_fp16.safetensors", "fp8_e4m3fn", 22),
        ('"480p", model: "mine_fp8.safetensors", precision: "fp8"', "mine_fp8.safetensors", "default", 22),
    ],
)
def test_weights_in_8_bits(load: str, file: str, dtype: str, vram: int, folder: Path) -> None:
    job = sampling(folder, f'photo |> fit(832x480) |> wan21.animate("rain", using: wan21.load({load}), seed: 1)')
    assert one(job, "UNETLoader") == {"unet_name": file, "weight_dtype": dtype}
    assert job.needs.vram == vram * 10**9


def test_loras_come_after_each_other_and_before_the_shift(folder: Path) -> None:
    model = 'wan22.load(lightning: true) |> wan22.lora(high: "a.safetensors", strength: 0.5) |> wan22.lora('
    model += 'high: "b.safetensors", low: "c.safetensors")'
    job = sampling(folder, f'photo |> fit(832x480) |> wan22.animate("rain", using: {model}, seed: 1)')
    chains: list[list[tuple[str, float]]] = []
    for shift in nodes(job, "ModelSamplingSD3"):
        chain: list[tuple[str, float]] = []
        node = job.graph[shift["model"][0]]
        while node["class_type"] == "LoraLoaderModelOnly":
            chain.append((node["inputs"]["lora_name"][:4], node["inputs"]["strength_model"]))
            node = job.graph[node["inputs"]["model"][0]]
        assert node["class_type"] == "UNETLoader"
        chains.append(chain)
    assert sorted(chains) == [
        [("b.sa", 1.0), ("a.sa", 0.5), ("wan2", 1.0)],
        [("c.sa", 1.0), ("wan2", 1.0)],
    ]


@pytest.mark.parametrize("catalog", catalog_names())
@pytest.mark.parametrize("film", sorted(STAGES.glob("wan2*.reel")), ids=lambda p: p.stem)
def test_both_catalogs_have_its_nodes(film: Path, catalog: str, folder: Path) -> None:
    path = folder / film.name
    path.write_text(film.read_text("utf-8"), "utf-8")
    assert reelc.compile(path, catalog=catalog).plan.outputs

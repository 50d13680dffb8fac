"""CogVideoX as the standard library makes it: the whole graph, the sizes, and what to do when a rule is broken."""

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import reelc
from reelc_compiler.catalog import WIDGET_TYPES, load_catalog
from reelc_compiler.plan import Job, Plan
from reelc_dsl.diagnostics import Diagnostic

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
BY_HAND = SHARED / "domain" / "graphs" / "cogvideox_5b_i2v_kijai.api.json"

Graph = dict[str, dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((900, 1600, 3), np.uint8))
    return tmp_path


HEAD = """use std.cogvideox
use crop, upscale, interpolate from std.finish
pipeline film {
  param photo: image = "photo.png"
"""


def program(folder: Path, body: str) -> Path:
    path = folder / "film.reel"
    path.write_text(f"{HEAD}{body}\n}}\n", "utf-8")
    return path


def film(after: str = "", *, load: str = "", more: str = "") -> str:
    """An output: the clip with further arguments for the loader and the animation, and what comes after it."""
    made = f'cogvideox.animate("rain", using: cogvideox.load({load}), seed: 7, negative: "blur"{more})'
    return f"output film = photo |> fit(720x480) |> {made} {after} |> video()"


def plan(folder: Path, body: str) -> Plan:
    done = reelc.compile(program(folder, body))
    assert not done.warnings
    return done.plan


def findings(folder: Path, body: str) -> tuple[Diagnostic, ...]:
    return reelc.check(program(folder, body))


def sampling(made: Plan) -> Job:
    """The job that animates, however a plan is divided."""
    (job,) = (j for j in made.jobs if any(n["class_type"] == "CogVideoSampler" for n in j.graph.values()))
    return job


def one(graph: Graph, class_type: str) -> dict[str, Any]:
    (found,) = (node["inputs"] for node in graph.values() if node["class_type"] == class_type)
    return found


def crop_of(made: Plan) -> dict[str, Any]:
    (found,) = (n["inputs"] for j in made.jobs for n in j.graph.values() if n["class_type"] == "ImageCrop")
    return found


def test_every_input_of_the_pack_is_said(folder: Path) -> None:
    """What is left to a default changes with the pack; what is written does not."""
    graph = sampling(plan(folder, film())).graph
    catalog, seen = load_catalog(), set[str]()
    for node in graph.values():
        schema = catalog.get(node["class_type"])
        assert schema is not None
        if schema.pack != "core" or node["class_type"] == "CLIPLoader":
            seen.add(node["class_type"])
            links = {i.name for i in schema.inputs if i.required and not i.takes_literal}
            widgets = {i.name for i in schema.inputs if i.type in WIDGET_TYPES}
            optional = {"image_cond_latents"} & {i.name for i in schema.inputs}
            assert set(node["inputs"]) == links | widgets | optional, node["class_type"]
    assert seen == {
        *("CLIPLoader", "DownloadAndLoadCogVideoModel", "CogVideoTextEncode", "CogVideoImageEncode"),
        *("CogVideoSampler", "CogVideoDecode"),
    }


def test_how_the_nodes_hang_together(folder: Path) -> None:
    graph = sampling(plan(folder, film())).graph
    number = {node["class_type"]: key for key, node in graph.items()}
    load, text = number["DownloadAndLoadCogVideoModel"], number["CLIPLoader"]
    first, second = (key for key, node in graph.items() if node["class_type"] == "CogVideoTextEncode")
    sampler = one(graph, "CogVideoSampler")
    assert (graph[first]["inputs"]["clip"], graph[first]["inputs"]["prompt"]) == ([text, 0], "rain")
    assert (graph[second]["inputs"]["clip"], graph[second]["inputs"]["prompt"]) == ([first, 1], "blur")
    # The text encoder leaves the GPU after the second prompt, not between the two.
    assert [graph[key]["inputs"]["force_offload"] for key in (first, second)] == [False, True]
    assert (sampler["model"], sampler["positive"], sampler["negative"]) == ([load, 0], [first, 0], [second, 0])
    assert sampler["image_cond_latents"] == [number["CogVideoImageEncode"], 0]
    assert one(graph, "CogVideoImageEncode")["vae"] == one(graph, "CogVideoDecode")["vae"] == [load, 1]
    assert one(graph, "CLIPLoader")["type"] == "sd3"


@pytest.mark.skipif(not BY_HAND.is_file(), reason="the hand-made graphs are not here (REELC_SHARED)")
def test_it_is_the_graph_that_was_made_by_hand(folder: Path) -> None:
    """Node by node; the stage says more of the optional inputs."""
    graph = sampling(plan(folder, film())).graph
    by_hand: Graph = json.loads(BY_HAND.read_text("utf-8"))

    def literals(of: Graph) -> dict[str, list[dict[str, Any]]]:
        out: dict[str, list[dict[str, Any]]] = {}
        for node in of.values():
            plain = {name: v for name, v in node["inputs"].items() if not isinstance(v, list)}
            out.setdefault(node["class_type"], []).append(plain)
        return out

    mine, theirs = literals(graph), literals(by_hand)
    free = ("prompt", "seed", "image", "filename_prefix")
    for class_type in {*theirs} - {"CreateVideo", "SaveVideo"}:  # how a clip is saved is the partition's affair
        for got, wanted in zip(mine[class_type], theirs[class_type], strict=True):
            assert {n: v for n, v in wanted.items() if n not in free}.items() <= got.items(), class_type


def test_from_three_to_two_to_exactly_1440_lines(folder: Path) -> None:
    made = plan(folder, film("|> crop(to: 720x405) |> upscale(to: 2560x1440) |> interpolate(to: 24fps)"))
    facts = made.outputs[0].facts
    assert (facts.width, facts.height, facts.frames, facts.fps) == (2560, 1440, 145, 24)
    crop = crop_of(made)
    assert (crop["x"], crop["y"], crop["width"], crop["height"]) == (0, 37, 720, 405)
    # Above 37 rows, below 38: none is left over, none is taken twice.
    assert 480 - crop["y"] - crop["height"] == 38
    stand_ins = {r.stage: r.stand_in.kind for job in made.jobs for r in job.regions if r.stand_in is not None}
    assert stand_ins["std.cogvideox.animate"] == "move"
    assert stand_ins["std.finish.crop"] == "resize"


@pytest.mark.parametrize(
    ("wide", "high", "x", "y"), [(720, 480, 0, 0), (718, 478, 1, 1), (717, 477, 1, 1), (2, 2, 359, 239)]
)
def test_a_crop_is_in_the_middle(folder: Path, wide: int, high: int, x: int, y: int) -> None:
    body = film(f"|> crop(to: {wide}x{high}) |> upscale(to: {wide * 2}x{high * 2})")
    crop = crop_of(plan(folder, body))
    assert (crop["x"], crop["y"]) == (x, y)


FIT = "fit the start image to the proportions of"


@pytest.mark.parametrize(
    ("body", "help_"),
    [
        (film().replace("fit(720x480)", "fit(1024x576)"), "resize the start image first: start |> fit(720x480)"),
        (film(more=", frames: 46"), "the nearest that it makes is 49"),
        (film(more=", frames: 12"), "the nearest that it makes is 9"),
        (film(more=", frames: 13"), "the nearest that it makes is 17"),
        (film(load='"THUDM/CogVideoX-5b"'), "load the model that does: cogvideox.load()"),
        (film(load='"kijai/CogVideoX-5b-1.5-I2V"'), "that one has a stage of its own, in std.cogvideox15"),
        (film("|> upscale(to: 2560x1440)"), f"cut the clip before, with crop(to: 720x405), or {FIT} 2560x1440"),
        (film("|> upscale(to: 1440x1440)"), f"cut the clip before, with crop(to: 480x480), or {FIT} 1440x1440"),
        (film("|> upscale(to: 1001x1009)"), f"{FIT} 1001x1009"),
        (film("|> crop(to: 722x480)"), "enlarge the clip first, with `upscale`"),
    ],
)
def test_each_rule_names_the_way_out(folder: Path, body: str, help_: str) -> None:
    (error,) = findings(folder, body)
    assert error.is_error
    assert error.help == (help_,)


def test_what_a_help_advises_compiles(folder: Path) -> None:
    for size, to in (("720x405", "2560x1440"), ("480x480", "1440x1440")):
        facts = plan(folder, film(f"|> crop(to: {size}) |> upscale(to: {to})")).outputs[0].facts
        assert f"{facts.width}x{facts.height}" == to


def test_two_shots_load_the_model_once(folder: Path) -> None:
    made = plan(
        folder,
        """let still = photo |> fit(720x480)
        let model = cogvideox.load()
        output rain = still |> cogvideox.animate("rain", using: model, seed: derive(1, "rain")) |> video()
        output snow = still |> cogvideox.animate("snow", using: model, seed: derive(1, "snow")) |> video()""",
    )
    for job in made.jobs:
        classes = [node["class_type"] for node in job.graph.values()]
        once = "CogVideoSampler" in classes
        assert [classes.count(name) for name in ("DownloadAndLoadCogVideoModel", "CLIPLoader")] == [once, once]
    samplers = [n for job in made.jobs for n in job.graph.values() if n["class_type"] == "CogVideoSampler"]
    assert len(samplers) == 2


def test_what_is_needed_is_said(folder: Path) -> None:
    needs = sampling(plan(folder, film())).needs
    (pack,) = needs.packs
    assert (pack.repo, len(pack.commit or "")) == ("kijai/ComfyUI-CogVideoXWrapper", 40)
    (text,) = needs.models
    assert (text.folder, text.file, text.bytes, text.licence) == (
        "text_encoders",
        "t5xxl_fp8_e4m3fn.safetensors",
        4893934904,
        "Apache-2.0",
    )
    assert (needs.vram, needs.ram) == (18 * 10**9, 24 * 10**9)
    small = sampling(plan(folder, film(load='quantization: "fp8_e4m3fn"')))
    assert small.needs.vram == 13 * 10**9
    assert one(small.graph, "DownloadAndLoadCogVideoModel")["quantization"] == "fp8_e4m3fn"

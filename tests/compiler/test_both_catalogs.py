"""The standard library on the catalogs of two ComfyUIs, and films in all spellings of SaveVideo."""

import json
from pathlib import Path
from typing import Any

import pytest
from test_corpus import write_pictures

import reelc
from reelc_compiler.catalog import Catalog, catalog_names, load_catalog
from reelc_compiler.target.comfyui.saving import saving

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.reel"))
ALL = catalog_names()


def test_there_are_two_catalogs() -> None:
    assert {"comfyui-0.8.0", "comfyui-0.33.0"} <= set(ALL)


@pytest.mark.parametrize("catalog", ALL)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_compiles(example: Path, catalog: str) -> None:
    compiled = reelc.compile(example, catalog=catalog)
    old = catalog == "comfyui-0.8.0"
    assert {d.code.code for d in compiled.warnings} == ({"W0502"} if old else set())
    for output in compiled.plan.outputs:
        assert (output.encode.crf, output.encode.color) == ((None, "smpte170m") if old else (18, "bt709"))
    assert compiled.plan.catalog.name == catalog


EVERYTHING = """
use std.svd
use crop, upscale, interpolate from std.finish

pipeline film {
  param photo: image = "photo.png"
  let clip = photo |> fit(576x320, how: "pad") |> fit(512x320) |> fit(512x320, how: "stretch")
    |> svd.animate(using: svd.load(), seed: 1, frames: 4)
    |> crop(384x320) |> upscale(to: 768x640) |> interpolate(to: 12fps)
  output film = clip |> video()
}
"""


@pytest.mark.parametrize("catalog", ALL)
def test_every_stage_compiles(catalog: str, tmp_path: Path) -> None:
    write_pictures(tmp_path)
    (tmp_path / "film.reel").write_text(EVERYTHING, "utf-8")
    plan = reelc.compile(tmp_path / "film.reel", catalog=catalog).plan
    classes = {node["class_type"] for job in plan.jobs for node in job.graph.values()}
    assert ("FrameInterpolate" in classes) is (catalog == "comfyui-0.33.0")
    assert ("RIFE VFI" in classes) is (catalog == "comfyui-0.8.0")


# What ComfyUI 0.8.0 does not have, and which film of a stage says so.
LACKING = {
    "clips": "ColorTransfer",
    "ltx2": "LTXVDualCFGGuider",
    "ltx2_sound": "LTXVDualCFGGuider",
    "ltx2_first_last": "LTXVDualCFGGuider",
    "seedvr2": "SeedVR2",
    "vr": "DA3_MODEL",
}
STAGES = sorted((Path(__file__).parents[1] / "stages").glob("*.reel"))


@pytest.mark.parametrize("film", STAGES, ids=lambda p: p.stem)
def test_a_stage_compiles_for_the_older_one_or_says_what_it_lacks(film: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path)
    path = tmp_path / film.name
    path.write_text(film.read_text("utf-8"), "utf-8")
    errors = [d.message for d in reelc.check(path, catalog="comfyui-0.8.0") if d.is_error]
    assert [LACKING.get(film.stem, "") in message for message in errors] == [True] * len(errors)
    assert bool(errors) is (film.stem in LACKING)


# -- SaveVideo -------------------------------------------------------------------------------


def save_video(**inputs: Any) -> Catalog:
    required = {"video": ["VIDEO", {}], "filename_prefix": ["STRING", {"default": "video/ComfyUI"}], **inputs}
    plain = {"output": [], "output_node": True, "python_module": "x"}
    pictures = {"images": ["IMAGE", {}], "fps": ["FLOAT", {"default": 30.0}]}
    return Catalog.from_object_info(
        {
            "SaveVideo": {"input": {"required": required}, **plain},
            "CreateVideo": {"input": {"required": pictures}, **plain, "output": ["VIDEO"], "output_name": ["VIDEO"]},
        }
    )


def choice(**options: Any) -> list[Any]:
    inner = [{"key": k.replace("_", "-"), "inputs": {"required": v} if v else {}} for k, v in options.items()]
    return ["COMFY_DYNAMICCOMBO_V3", {"options": inner}]


RATED = {"crf": ["FLOAT", {"default": 23.0, "min": 0.0, "max": 51.0, "step": 1.0}]}
PLAIN = {"format": ["COMBO", {"options": ["auto", "mp4"]}]}


def test_the_saves_of_three_times() -> None:
    how = saving(load_catalog(), "h264", 18)
    assert how is not None
    assert (how.crf, how.color, how.inputs["format.codec.encoding.color_space"]) == (18, "bt709", "sRGB")

    released = save_video(**PLAIN, codec=choice(auto={}, h264={"encoding": choice(auto={}, re_encode=RATED)}))
    how = saving(released, "h264", 18)
    assert how is not None
    assert (how.crf, how.color) == (18, "smpte170m")
    assert how.inputs == {
        "format": "mp4",
        "codec": "h264",
        "codec.encoding": "re-encode",
        "codec.encoding.crf": 18.0,
    }

    how = saving(save_video(**PLAIN, codec=["COMBO", {"options": ["auto", "h264"]}]), "h264", 18)
    assert how is not None
    assert (how.crf, dict(how.inputs)) == (None, {"format": "mp4", "codec": "h264"})


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {**PLAIN, "codec": ["COMBO", {"options": ["auto", "av1"]}]},
        {"format": ["COMBO", {"options": ["webm"]}], "codec": ["COMBO", {"options": ["h264"]}]},
        {**PLAIN, "codec": ["COMBO", {"options": ["h264"]}], "more": ["INT", {}]},
    ],
)
def test_a_save_that_nobody_has_seen_is_none(inputs: dict[str, Any]) -> None:
    assert saving(save_video(**inputs), "h264", 18) is None


def test_a_plan_without_a_rate_factor_is_read_back(tmp_path: Path) -> None:
    plan = reelc.compile(EXAMPLES[0], catalog="comfyui-0.8.0").plan
    files = {name: json.loads(text) for name, text in plan.to_files().items()}
    assert type(plan).from_files(files) == plan

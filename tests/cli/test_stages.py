"""``reelc stages``: the list, one stage, a module, names that do not exist."""

import json

import pytest
from command import call

from reelc_compiler.loader import std_names


def test_all_stages_in_a_list() -> None:
    lines = call("stages").out.splitlines()
    modules = [line for line in lines if line and not line.startswith(" ")]
    assert modules == ["std.prelude", *(f"std.{name}" for name in std_names())]
    at = lines.index("  fit(picture, to, how) -> image")
    assert lines[at + 1] == "      A still image in another size."
    rows = call("stages", "--json").json
    assert {"module": "std.prelude", "name": "fit", "call": lines[at].strip(), "summary": lines[at + 1].strip()} in rows
    assert len(rows) == sum(1 for line in lines if line.startswith("  ") and not line.startswith("   "))


@pytest.mark.parametrize("name", ["svd.animate", "std.svd.animate"])
def test_a_stage(name: str) -> None:
    text = call("stages", name).out
    assert text.startswith("std.svd.animate\n\nanimate(\n  start: image,\n  using: SvdModel,\n")
    for part in (
        "\n  frames: int? in 2..25 = none,\n",
        "\nA clip that starts from a still image.\n",
        "\n  require start.width % 8 == 0 and start.height % 8 == 0\n"
        "      SVD takes widths and heights in multiples of 8, this is {{ start.size }}\n"
        "      help: resize the start image first: start |> fit({{ nearest(start.size, 8) }})\n",
        "\nReturns\n  size = start.size\n  frames = count\n  fps = fps\n",
        "\nEstimate\n  vram = 16GB\n",
        "\nPreview: move\n",
        "\n  SVD_img2vid_Conditioning  core  comfyui-0.33.0, comfyui-0.8.0\n",
        "\nExample\n  reel 1\n\n  use std.svd\n\n  pipeline example {\n",
    ):
        assert part in text
    said = json.loads(call("stages", name, "--json").out)
    assert said["parameters"][3] == {"name": "frames", "kind": "int?", "among": "2..25", "default": "none"}
    assert said["facts"] == {"size": "start.size", "frames": "count", "fps": "fps"}


def test_a_stage_by_its_name_alone() -> None:
    assert call("stages", "interpolate").out == call("stages", "finish.interpolate").out


def test_stages_of_one_name_are_listed() -> None:
    lines = call("stages", "fit").out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["std.prelude", "std.clips"]
    assert lines[1] == "  fit(picture, to, how) -> image"
    assert [row["module"] for row in call("stages", "fit", "--json").json] == ["std.prelude", "std.clips"]
    assert call("stages", "prelude.fit").out.startswith("std.prelude.fit\n")


def test_model_files_with_their_licences() -> None:
    lines = call("stages", "vda.load").out.splitlines()
    (large,) = [line for line in lines if "vitl.pth" in line and "CC-BY" in line]
    assert large.split()[-2:] == ["no", "CC-BY-NC-4.0"]


def test_a_module() -> None:
    text = call("stages", "wan22").out
    assert text.startswith("std.wan22\n\nWan 2.2")
    assert "\nrecord Wan22 {" in text
    assert "\nstd.wan22.load\n" in text
    assert "\nstd.wan22.animate\n" in text
    assert [s["name"] for s in call("stages", "wan22", "--json").json["stages"]] == ["load", "lora", "animate"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("animat", "There is no stage or module `animat`. Did you mean"),
        ("svd.anmate", "Did you mean `svd.animate`?"),
        ("wan2", "Did you mean one of `wan21`, `wan22`?"),
        ("qqqqqqqq", "`reelc stages` lists them."),
        ("", "There is no stage or module"),
        ("std.", "There is no stage or module"),
    ],
)
def test_names_that_do_not_exist(name: str, said: str) -> None:
    assert said in call("stages", name, code=2).err

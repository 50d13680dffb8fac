"""Which changes of a worker's node classes a graph can tell, and which not."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_runtime.run.differences import differences

INFO: dict[str, Any] = json.loads((Path(__file__).parent / "object_info.json").read_text("utf-8"))
GRAPH: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "2": {
        "class_type": "ImageScale",
        "inputs": {"image": ["1", 0], "width": 64, "height": 64, "upscale_method": "lanczos", "crop": "disabled"},
    },
    "3": {"class_type": "CreateVideo", "inputs": {"images": ["2", 0], "fps": 24.0}},
    "4": {
        "class_type": "SaveVideo",
        "inputs": {"video": ["3", 0], "filename_prefix": "a", "format": "mp4", "format.codec": "auto"},
    },
}


def found(info: dict[str, Any]) -> list[tuple[str, str]]:
    here = Catalog.from_object_info(info, comfyui="0.33.0")
    return [(node, change.path) for node, change in differences(GRAPH, load_catalog(), here)]


@pytest.fixture
def info() -> dict[str, Any]:
    return copy.deepcopy(INFO)


def section(info: dict[str, Any], class_type: str, name: str) -> dict[str, Any]:
    return info[class_type]["input"].setdefault(name, {})


def test_the_same_server_is_equal(info: dict[str, Any]) -> None:
    assert found(info) == []


def test_files_and_prose_are_no_difference(info: dict[str, Any]) -> None:
    section(info, "LoadImage", "required")["image"][0].append("more.png")
    info["ImageScale"] |= {"display_name": "Another", "category": "x/y", "description": "prose"}
    assert found(info) == []


def test_what_only_adds_to_the_choice_is_no_difference(info: dict[str, Any]) -> None:
    section(info, "ImageScale", "required")["upscale_method"][0].append("better")
    section(info, "ImageScale", "required")["width"][1]["max"] = 99999
    info["CreateVideo"]["output"].append("MASK")
    info["CreateVideo"]["output_name"].append("mask")
    info["CreateVideo"]["output_is_list"].append(False)
    info["ImageScale"]["deprecated"] = True
    assert found(info) == []


def test_a_new_input_is_one_though_it_is_optional(info: dict[str, Any]) -> None:
    section(info, "ImageScale", "optional")["gamma"] = ["BOOLEAN", {"default": True}]
    assert found(info) == [("2", "ImageScale.gamma")]


def test_a_default_counts_where_it_is_used(info: dict[str, Any]) -> None:
    section(info, "ImageScale", "required")["width"][1]["default"] = 7
    assert found(info) == []
    section(info, "CreateVideo", "optional")["bit_depth"][1]["default"] = 10
    assert found(info) == [("3", "CreateVideo.bit_depth")]


def test_outputs_that_moved(info: dict[str, Any]) -> None:
    info["LoadImage"]["output"].reverse()
    info["LoadImage"]["output_name"].reverse()
    assert found(info)[0][0] == "1"


def test_an_input_under_a_choice_that_is_not_made(info: dict[str, Any]) -> None:
    formats = section(info, "SaveVideo", "required")["format"][1]["options"]
    for option in formats:
        if option["key"] == "webm":
            option["inputs"]["required"]["speed"] = ["INT", {"default": 1}]
    assert found(info) == []
    for option in formats:
        if option["key"] == "mp4":
            option["inputs"].setdefault("optional", {})["speed"] = ["INT", {"default": 1}]
    assert found(info) == [("4", "SaveVideo.format.speed")]

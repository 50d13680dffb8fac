"""What is found in graphs from elsewhere, under reelc's codes: each code is drawn, each type has a code."""

import json
import re
from typing import Any

import pytest

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.target.comfyui.judgement import ERRORS, WARNINGS, judge
from reelc_compiler.target.comfyui.verdict import Notice
from reelc_dsl.diagnostics.codes import CODES

Graph = dict[str, Any]


def node(class_type: str, **inputs: Any) -> Graph:
    return {"class_type": class_type, "inputs": {k.replace("__", "."): v for k, v in inputs.items()}}


IMG = node("LoadImage", image="a.png")
SAVE = node("SaveImage", images=["img", 0], filename_prefix="a")
RESIZED = {
    "img": IMG,
    "big": node(
        "ResizeImageMaskNode",
        input=["img", 0],
        resize_type="scale width",
        resize_type__width=64,
        scale_method="lanczos",
    ),
    "save": SAVE | {"inputs": SAVE["inputs"] | {"images": ["big", 0]}},
}
SAMPLED = {
    "l": node("EmptyLatentImage", width=512, height=512, batch_size=1),
    "s": node("SaveLatent", samples=["l", 0], filename_prefix="a"),
}
VIDEO = {
    "img": IMG,
    "v": node(
        "VHS_VideoCombine",
        images=["img", 0],
        frame_rate=8.0,
        loop_count=0,
        filename_prefix="a",
        format="video/h264-mp4",
        pingpong=False,
        save_output=True,
        pix_fmt="yuv420p",
        crf=19,
        save_metadata=True,
        trim_to_audio=False,
    ),
}


def changed(graph: Graph, where: str, **inputs: Any) -> Graph:
    more = {k.replace("__", "."): v for k, v in inputs.items()}
    return graph | {where: graph[where] | {"inputs": graph[where]["inputs"] | more}}


GOOD = {"img": IMG, "save": SAVE}
CASES: list[tuple[Any, str, str | None, str | None]] = [
    ([], "E0801", None, None),
    (changed(GOOD, "save", images=["nope", 0]), "E0802", "save", "images"),
    (changed(GOOD, "save", images=["img", 7]), "E0802", "save", "images"),
    ({"save": node("SaveImage", images=["save", 0], filename_prefix="a")}, "E0803", "save", None),
    ({"img": IMG}, "E0804", None, None),
    (changed(GOOD, "save", images="img"), "E0805", "save", "images"),
    (changed(RESIZED, "big", resize_type="scale by"), "E0805", "big", "resize_type"),
    (changed(GOOD, "save", more=["nope", 0]), "E0806", "save", "more"),
    (GOOD | {"x": {"class_type": "VAELoader"}}, "E0806", "x", None),
    (changed(GOOD, "save", prefix="b"), "W0801", "save", "prefix"),
    (changed(GOOD, "save", filename_prefix=None), "W0802", "save", "filename_prefix"),
    (changed(SAMPLED, "l", width=513), "W0803", "l", "width"),
    (GOOD | {"x": node("VAELoader", vae_name="a")}, "W0804", "x", None),
    (changed(RESIZED, "big", resize_type__multiplier=2.0), "W0805", "big", "resize_type.multiplier"),
    (
        {
            "img": IMG,
            "b": node("BatchImagesNode", images__image0=["img", 0], images__image2=["img", 0]),
            "save": SAVE | {"inputs": SAVE["inputs"] | {"images": ["b", 0]}},
        },
        "W0806",
        "b",
        "images.image1",
    ),
    (
        GOOD | {"v": node("LoadVideo", file="a.png"), "s": node("SaveVideo", video=["v", 0], filename_prefix="a")},
        "W0808",
        "v",
        "file",
    ),
    (changed(VIDEO, "v", crf=500), "W0809", "v", "crf"),
    (changed(RESIZED, "big", scale_method="lanczos", resize_type__width=float("inf")), "E0504", "big", None),
]


def findings(graph: Any, catalog: Catalog | None = None) -> set[tuple[str, str | None, str | None]]:
    judged = judge("g.json", json.dumps(graph).encode(), catalog or load_catalog())
    return {(f.diagnostic.code.code, f.node, f.input) for f in (*judged.errors, *judged.warnings)}


@pytest.mark.parametrize(("graph", "code", "where", "name"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_code_is_drawn(graph: Any, code: str, where: str | None, name: str | None) -> None:
    found = findings(graph)
    assert any(f[:2] == (code, where) and name in (None, f[2]) for f in found), found


def test_good_graphs_draw_nothing() -> None:
    for graph in (GOOD, RESIZED, SAMPLED, VIDEO):
        assert findings(graph) == set()


def test_what_costs_money_is_said() -> None:
    graph = {"c": node("GeminiNode", model="gemini-3-1-pro"), "p": node("PreviewAny", source=["c", 0])}
    assert ("W0807", "c", None) in findings(graph)


def test_a_file_below_a_folder_of_a_server() -> None:
    info = {
        "LoadImage": {
            "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
            "output": ["IMAGE", "MASK"],
            "python_module": "nodes",
        },
        "SaveImage": {
            "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}},
            "output": [],
            "output_node": True,
            "python_module": "nodes",
        },
    }
    server = Catalog.from_object_info(info)
    assert findings(GOOD, server) == set()
    assert findings(changed(GOOD, "img", image="b.png"), server) == {("E0601", "img", "image")}
    assert findings(changed(GOOD, "img", image="sub/b.png"), server) == {("W0811", "img", "image")}


def test_a_value_that_is_no_number() -> None:
    graph = {
        "f": node("PrimitiveFloat", value=float("nan")),
        "p": node("PreviewAny", source=["f", 0]),
    }
    assert ("W0812", "f", "value") in findings(graph)


def test_what_fails_only_where_a_switch_chooses_it_is_a_warning() -> None:
    def switched(on: bool) -> Graph:
        more = {"big": node("ImageInvert", image=["img", 0], more=["img", 0])}
        choice = node("ComfySwitchNode", switch=on, on_false=["img", 0], on_true=["big", 0])
        return {"img": IMG, **more, "sw": choice, "save": node("SaveImage", images=["sw", 0], filename_prefix="a")}

    assert ("E0805", "big", "more") in findings(switched(True))
    assert ("W0812", "big", "more") in findings(switched(False))


def test_every_code_for_graphs_is_drawn_by_some_case() -> None:
    # W0807, W0811 and W0812 above; W0810 needs two equal names: tests/cli/test_validate.py.
    drawn = {code for _, code, _, _ in CASES} | {"W0807", "W0810", "W0811", "W0812"}
    assert {c for c in CODES if c[1:3] == "08"} <= drawn


def test_every_type_has_a_code() -> None:
    """The types that the docstring lists are those that the tables know, and warnings are warnings."""
    failures, warnings = (Notice.__doc__ or "").split("Types of warnings")
    listed = re.compile(r"``(\w+)``")
    told = [listed.findall(line.split(":")[0]) for line in failures.splitlines() if line.lstrip().startswith("-")]
    assert {kind for line in told for kind in line} <= set(ERRORS)
    told = [listed.findall(line.split(":")[0]) for line in warnings.splitlines() if line.lstrip().startswith("-")]
    assert {kind for line in told for kind in line} <= set(WARNINGS)
    assert all(code.severity == "error" for code in ERRORS.values())
    assert all(code.severity == "warning" for code in WARNINGS.values())

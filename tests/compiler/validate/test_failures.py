"""What ComfyUI accepts and fails on when it runs. Each was tried on ComfyUI 0.33.0 with models left out."""

import copy
from typing import Any

import pytest

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.target.comfyui.validate import validate

GRAPH: dict[str, Any] = {
    "img": {"class_type": "LoadImage", "inputs": {"image": "start.png"}},
    "end": {"class_type": "LoadImage", "inputs": {"image": "end.png"}},
    "fit": {
        "class_type": "ImageScale",
        "inputs": {"image": ["img", 0], "upscale_method": "lanczos", "width": 64, "height": 64, "crop": "disabled"},
    },
    "half": {
        "class_type": "ResizeImageMaskNode",
        "inputs": {
            "input": ["fit", 0],
            "resize_type": "scale by multiplier",
            "resize_type.multiplier": 0.5,
            "scale_method": "area",
        },
    },
    "both": {"class_type": "BatchImagesNode", "inputs": {"images.image0": ["half", 0], "images.image1": ["end", 0]}},
    "pick": {
        "class_type": "ComfySwitchNode",
        "inputs": {"switch": True, "on_false": ["img", 0], "on_true": ["both", 0]},
    },
    "n": {"class_type": "PrimitiveInt", "inputs": {"value": 3}},
    "sum": {
        "class_type": "ComfyMathExpression",
        "inputs": {"expression": "a + b", "values.a": ["n", 0], "values.b": ["n", 0]},
    },
    "vid": {"class_type": "CreateVideo", "inputs": {"images": ["pick", 0], "fps": ["sum", 0]}},
    "text": {"class_type": "PrimitiveString", "inputs": {"value": "x"}},
    "save": {
        "class_type": "SaveVideo",
        "inputs": {"video": ["vid", 0], "filename_prefix": ["text", 0], "format": "mp4", "format.codec": "h264"},
    },
}


def changed(node: str, *, without: tuple[str, ...] = (), **inputs: Any) -> dict[str, Any]:
    graph = copy.deepcopy(GRAPH)
    for name in without:
        del graph[node]["inputs"][name]
    graph[node]["inputs"].update({key.replace("__", "."): value for key, value in inputs.items()})
    return graph


def found(graph: Any) -> tuple[set[tuple[str, str, str | None]], set[tuple[str, str, str | None]]]:
    got = validate(graph, load_catalog())
    assert (got.verdict, got.errors) == ("accepted", ())
    failures = {(n.type, n.node, n.input) for n in got.failures}
    return failures, {(n.type, n.node, n.input) for n in got.warnings} - {("experimental", "pick", None)}


def test_a_good_graph_has_none():
    assert found(GRAPH) == (set(), set())


@pytest.mark.parametrize(
    ("graph", "failure"),
    [
        (changed("fit", image=5), ("literal_for_link", "fit", "image")),
        (changed("fit", image=None), ("literal_for_link", "fit", "image")),
        (changed("fit", image={"__value__": ["img"]}), ("literal_for_link", "fit", "image")),
        (changed("fit", image={"__value__": ["img", 1]}), ("wrapped_link", "fit", "image")),
        (changed("fit", image={"__value__": ["img", 9]}), ("wrapped_link", "fit", "image")),
        (changed("fit", image={"__value__": ["no", 0]}), ("kills_server", "fit", "image")),
        (changed("vid", audio="x"), ("literal_for_link", "vid", "audio")),
        (changed("pick", on_true="x"), ("literal_for_link", "pick", "on_true")),
        (changed("img", image=""), ("unusable_value", "img", "image")),
        (changed("img", image="sub/.."), ("unusable_value", "img", "image")),
        (changed("both", images__image2=None), ("literal_for_link", "both", "images.image2")),
        (changed("both", images__image2=5), ("literal_for_link", "both", "images.image2")),
        (changed("sum", values__b=None), ("literal_for_link", "sum", "values.b")),
        (changed("sum", values__b="x"), ("literal_for_link", "sum", "values.b")),
        (changed("both", images__image99=["img", 0]), ("slot_overflow", "both", "images.image99")),
        (changed("both", images__wrong=["img", 0]), ("slot_overflow", "both", "images.wrong")),
        (changed("half", without=("resize_type",)), ("dynamic_key", "half", "resize_type")),
        (changed("half", resize_type="nope"), ("dynamic_key", "half", "resize_type")),
        (changed("half", resize_type=["text", 0]), ("dynamic_key", "half", "resize_type")),
        (changed("save", format__codec=["text", 0]), ("dynamic_key", "save", "format.codec")),
        (changed("half", resize_type__width=["n", 0]), ("stale_input", "half", "resize_type.width")),
        (changed("half", zzz=["n", 0]), ("extra_link", "half", "zzz")),
        (changed("fit", zzz=["n", 0]), ("extra_link", "fit", "zzz")),
        (changed("save", prompt=["n", 0]), ("extra_link", "save", "prompt")),
        (changed("save", prompt=["no", 0]), ("kills_server", "save", "prompt")),
        (changed("fit", zzz=["no", 0]), ("kills_server", "fit", "zzz")),
        (changed("half", resize_type=["no", 0]), ("kills_server", "half", "resize_type")),
        (changed("half", input=["text", 0]), ("match_type", "half", "input")),
        (changed("vid", fps=["pick", 0]), ("match_type", "vid", "fps")),
        (changed("pick", on_true=["n", 0], on_false=["n", 0]), ("match_type", "vid", "images")),
        (changed("vid", fps=float("nan")), ("unusable_value", "vid", "fps")),
        (changed("half", resize_type__multiplier=float("nan")), ("unusable_value", "half", "resize_type.multiplier")),
        (changed("sum", without=("values.b",)), ("expression", "sum", "expression")),
        (changed("sum", expression="a +"), ("expression", "sum", "expression")),
        (changed("sum", expression=" "), ("expression", "sum", "expression")),
        (changed("sum", expression="exp(a)"), ("expression", "sum", "expression")),
        ({**GRAPH, "z": {"class_type": "EmptyLatentImage"}}, ("kills_server", "z", None)),
    ],
)
def test_what_fails_when_it_runs(graph: Any, failure: tuple[str, str, str | None]):
    assert failure in found(graph)[0]


@pytest.mark.parametrize(
    ("graph", "warning"),
    [
        (changed("pick", on_false="x"), ("literal_for_link", "pick", "on_false")),
        (changed("fit", image={"__value__": ["img", 0]}), ("wrapped_link", "fit", "image")),
        (changed("both", images__image5=["img", 0]), ("slot_gap", "both", "images.image2")),
        (changed("both", images__wrong=5), ("slot_overflow", "both", "images.wrong")),
        (changed("sum", expression="a if a > 0 else c"), ("expression", "sum", "expression")),
        (changed("half", resize_type__width=5), ("stale_input", "half", "resize_type.width")),
        (changed("half", zzz=5), ("unknown_input", "half", "zzz")),
        (changed("save", without=("format.codec",)), ("dynamic_key", "save", "format.codec")),
        (changed("save", format__codec="nope"), ("dynamic_key", "save", "format.codec")),
        (changed("save", prompt="x"), ("hidden_input", "save", "prompt")),
        (changed("fit", image=["img", -2]), ("odd_slot", "fit", "image")),
        (changed("fit", image=["img", False]), ("odd_slot", "fit", "image")),
        ({**GRAPH, "z": {"class_type": "ImageScale", "inputs": {"image": ["no", 0]}}}, ("unreached", "z", None)),
        ({**GRAPH, "n": {**GRAPH["n"], "input": {}}}, ("unknown_key", "n", None)),
    ],
)
def test_what_runs_and_is_hardly_meant(graph: Any, warning: tuple[str, str, str | None]):
    failures, warnings = found(graph)
    assert failures == set()
    assert warning in warnings


def test_nothing_given_for_an_optional_link_is_nothing():
    assert found(changed("vid", audio=None)) == (set(), set())


def test_how_classes_are_marked():
    marks = {"deprecated": "old", "experimental": "new", "api_node": "paid"}
    dump = {
        name: {"input": {}, "output": [], "output_node": True, flag: True, "python_module": "nodes"}
        for flag, name in marks.items()
    }
    catalog = Catalog.from_object_info(dump)
    got = validate({name: {"class_type": name, "inputs": {}} for name in dump}, catalog)
    assert [(w.type, w.node) for w in got.warnings] == [
        ("deprecated", "old"),
        ("experimental", "new"),
        ("paid_service", "paid"),
    ]


def test_a_pack_that_takes_whatever_it_is_called_with():
    graph = {
        "img": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "n": {"class_type": "PrimitiveInt", "inputs": {"value": 3}},
        "vc": {
            "class_type": "VHS_VideoCombine",
            "inputs": {
                "images": ["img", 0],
                "frame_rate": 8,
                "loop_count": 0,
                "filename_prefix": "x",
                "format": "video/h264-mp4",
                "crf": ["n", 0],
                "pingpong": False,
                "save_output": True,
                "zzz": ["n", 0],
            },
        },
    }
    failures, warnings = found(graph)
    assert failures == set()
    assert warnings == {("unknown_input", "vc", "zzz")}


def test_inputs_that_only_seem_optional():
    graph = {
        "vae": {"class_type": "CogVideoXVAELoader", "inputs": {"model_name": "x.safetensors"}},
        "p": {"class_type": "PreviewAny", "inputs": {"source": ["vae", 0]}},
    }
    assert ("needed_input", "vae", "precision") in found(graph)[0]


def test_what_a_switch_does_not_choose_does_not_run():
    graph = changed("img", zzz=["n", 0])
    assert ("extra_link", "img", "zzz") in found(graph)[0]
    graph["fit"]["inputs"]["image"] = ["end", 0]
    assert found(graph) == (set(), {("extra_link", "img", "zzz")})
    graph["pick"]["inputs"]["switch"] = False
    assert ("extra_link", "img", "zzz") in found(graph)[0]


def test_a_folder_is_no_picture():
    files = {"input": ["start.png", "end.png", "sub/deep.png"]}
    for image, expected in (("sub", ["unusable_value"]), ("sub/deep.png", []), ("start.png [input]", [])):
        got = validate(changed("img", image=image), load_catalog(), files=files)
        assert (got.verdict, [f.type for f in got.failures]) == ("accepted", expected)

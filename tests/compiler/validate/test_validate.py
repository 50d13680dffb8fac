"""The validator on small graphs, without recordings, and on arbitrary JSON."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.target.comfyui.annotated import exists
from reelc_compiler.target.comfyui.validate import Verdict, validate

GRAPH: dict[str, Any] = {
    "img": {"class_type": "LoadImage", "inputs": {"image": "start.png"}},
    "up": {"class_type": "UpscaleModelLoader", "inputs": {"model_name": "RealESRGAN_x4plus.pth"}},
    "big": {"class_type": "ImageUpscaleWithModel", "inputs": {"upscale_model": ["up", 0], "image": ["img", 0]}},
    "fit": {
        "class_type": "ImageScale",
        "inputs": {"image": ["big", 0], "upscale_method": "lanczos", "width": 64, "height": 64, "crop": "disabled"},
    },
    "vid": {"class_type": "CreateVideo", "inputs": {"images": ["fit", 0], "fps": 24.0}},
    "save": {
        "class_type": "SaveVideo",
        "inputs": {"video": ["vid", 0], "filename_prefix": "a", "format": "mp4", "format.codec": "h264"},
    },
}


def changed(node: str, **inputs: Any) -> dict[str, Any]:
    graph = copy.deepcopy(GRAPH)
    graph[node]["inputs"].update({key.replace("__", "."): value for key, value in inputs.items()})
    return graph


def judge(graph: Any, **options: Any) -> Verdict:
    return validate(graph, load_catalog(), **options)


def warned(graph: Any) -> set[tuple[str, str, str | None]]:
    got = judge(graph)
    return {(n.type, n.node, n.input) for n in got.failures + got.warnings}


def test_a_good_graph_is_accepted_without_a_word():
    got = judge(GRAPH)
    assert (got.verdict, got.status, got.errors, got.warnings, got.outputs) == ("accepted", 200, (), (), ("save",))


def test_the_graph_is_not_changed():
    graph = changed("fit", width="64", height={"__value__": 64})
    before = copy.deepcopy(graph)
    assert judge(graph).coerced == {"fit": {"width": 64, "height": 64}}
    assert graph == before


def test_files_are_checked_when_they_are_known():
    assert judge(GRAPH, files={"input": ["start.png"], "upscale_models": ["RealESRGAN_x4plus.pth"]}).status == 200
    got = judge(GRAPH, files={"input": ["strat.png"], "upscale_models": ["RealESRGAN_x2plus.pth"]})
    assert {(e.type, e.node, e.suggestions) for e in got.errors} == {
        ("custom_validation_failed", "img", ("strat.png",)),
        ("value_not_in_list", "up", ("RealESRGAN_x2plus.pth",)),
    }


def test_suggestions():
    graph = copy.deepcopy(GRAPH)
    graph["fit"]["inputs"]["widht"] = graph["fit"]["inputs"].pop("width")
    assert judge(graph).errors[0].suggestions == ("widht",)
    assert "width" in next(w for w in judge(graph).warnings if w.type == "unknown_input").suggestions
    graph["fit"]["class_type"] = "ImageScael"
    assert judge(graph).errors[0].suggestions[0] == "ImageScale"
    assert "lanczos" in judge(changed("fit", upscale_method="lancsoz")).errors[0].suggestions


@pytest.mark.parametrize(
    ("graph", "warning"),
    [
        (changed("save", codecc="h264"), ("unknown_input", "save", "codecc")),
        (changed("save", format__codec="h265"), ("dynamic_key", "save", "format.codec")),
        (changed("save", prompt={}), ("hidden_input", "save", "prompt")),
        (changed("save", extra=["nope", 0]), ("kills_server", "save", "extra")),
        (changed("vid", images="x"), ("literal_for_link", "vid", "images")),
        (changed("vid", fps=float("nan")), ("unusable_value", "vid", "fps")),
        (changed("fit", width=64.5), ("rewritten", "fit", "width")),
        (changed("save", filename_prefix=None), ("rewritten", "save", "filename_prefix")),
        ({**GRAPH, "z": {"class_type": "EmptyLatentImage"}}, ("kills_server", "z", None)),
        ({**GRAPH, "z": {"class_type": "VAELoader", "inputs": {}}}, ("unreached", "z", None)),
        (
            {**GRAPH, "l": {"class_type": "EmptyLatentImage", "inputs": {"width": 13, "height": 64, "batch_size": 1}}},
            ("unreached", "l", None),
        ),
    ],
)
def test_what_comfyui_does_not_say(graph: Any, warning: tuple[str, str, str | None]):
    assert warning in warned(graph)


def cogvideox(**links: Any) -> dict[str, Any]:
    """A start image through the CogVideoX pack's own VAE, with links changed."""
    graph = copy.deepcopy(GRAPH)
    graph["cog"] = {"class_type": "CogVideoXVAELoader", "inputs": {"model_name": "cogvideox_vae_bf16.safetensors"}}
    graph["core"] = {"class_type": "VAELoader", "inputs": {"vae_name": "ae.safetensors"}}
    graph["enc"] = {"class_type": "CogVideoImageEncode", "inputs": {"vae": ["cog", 0], "start_image": ["img", 0]}}
    graph["dec"] = {
        "class_type": "CogVideoDecode",
        "inputs": {
            "vae": ["cog", 0],
            "samples": ["enc", 0],
            "enable_vae_tiling": True,
            "auto_tile_size": True,
            "tile_sample_min_height": 240,
            "tile_sample_min_width": 360,
            "tile_overlap_factor_height": 0.2,
            "tile_overlap_factor_width": 0.2,
        },
    }
    graph["plain"] = {"class_type": "VAEDecode", "inputs": {"vae": ["core", 0], "samples": ["empty", 0]}}
    graph["empty"] = {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}}
    graph["tell"] = {"class_type": "PreviewAny", "inputs": {"source": ["cog", 0]}}
    graph["vid"]["inputs"]["images"] = ["dec", 0]
    for name, link in links.items():
        node, _, field = name.partition("__")
        graph[node]["inputs"][field] = link
    return graph


def test_a_type_that_shares_only_its_name():
    """ComfyUI accepts each of these graphs; the nodes fail when they run."""
    whole = {"vid__images": ["plain", 0]}
    for graph in (cogvideox(), cogvideox(**whole)):
        assert not {w for w in warned(graph) if w[0] == "foreign_type"}
    for graph, node, field in (
        (cogvideox(enc__vae=["core", 0]), "enc", "vae"),
        (cogvideox(dec__samples=["empty", 0]), "dec", "samples"),
        (cogvideox(plain__samples=["enc", 0], **whole), "plain", "samples"),
        (cogvideox(plain__vae=["cog", 0], **whole), "plain", "vae"),
    ):
        assert judge(graph).verdict == "accepted"
        assert {w for w in warned(graph) if w[0] == "foreign_type"} == {("foreign_type", node, field)}


def test_a_step_is_counted_from_the_minimum():
    graph = {
        "l": {"class_type": "EmptyLatentImage", "inputs": {"width": 513, "height": 512, "batch_size": 1}},
        "s": {"class_type": "SaveLatent", "inputs": {"samples": ["l", 0], "filename_prefix": "a"}},
    }
    assert warned(graph) == {("off_step", "l", "width")}


def chain(length: int) -> dict[str, Any]:
    graph: dict[str, Any] = {"0": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}}
    for i in range(1, length - 1):
        graph[str(i)] = {"class_type": "ImageInvert", "inputs": {"image": [str(i - 1), 0]}}
    graph["out"] = {"class_type": "PreviewImage", "inputs": {"images": [str(length - 2), 0]}}
    return graph


def test_a_chain_may_be_as_long_as_the_servers_recursion_goes():
    """A real server takes 975 nodes in a row, and refuses more."""
    assert (judge(chain(800)).verdict, judge(chain(800)).failures) == ("accepted", ())
    near = judge(chain(950))
    assert (near.verdict, [f.type for f in near.failures]) == ("accepted", ["too_deep"])
    far = judge(chain(5000))
    assert (far.verdict, [e.type for e in far.errors]) == ("rejected", ["exception_during_inner_validation"])


def test_renamed_classes_are_replaced_as_the_server_does():
    old: dict[str, Any] = {"t2i_adapter_name": "x", "control_net_name": "y"}
    node: dict[str, Any] = {"class_type": "T2IAdapterLoader", "inputs": old, "_meta": {"title": "t"}}
    graph = {**GRAPH, "t": node}
    assert judge(graph).status == 200
    del node["inputs"]
    assert judge(graph).errors[0].type == "missing_node_type"


def test_the_server_fails_on_a_class_that_it_cannot_replace():
    old: dict[str, Any] = {"class_type": "T2IAdapterLoader", "inputs": {"t2i_adapter_name": "x"}}
    assert judge({**GRAPH, "t": old}).status == 500
    assert judge({**GRAPH, "t": {**old, "_meta": "t"}}).status == 500
    assert judge({**GRAPH, "t": {**old, "inputs": {}, "_meta": {}}}).status == 500


def test_a_replaced_class_without_a_mapping_loses_its_inputs():
    old = {"class_type": "Load3DAnimation", "inputs": {"width": 0}, "_meta": {}}
    show = {"class_type": "PreviewAny", "inputs": {"source": ["t", 0]}}
    got = judge({"t": old, "p": show})
    assert {e.type for e in got.errors} == {"exception_during_inner_validation"}


def test_a_server_without_known_validators():
    dump = {
        "PreviewAny": {
            "input": {"required": {"source": ["*", {}], "n": ["INT", {"min": 0}]}},
            "output": [],
            "output_node": True,
            "python_module": "custom_nodes.some-pack",
        }
    }
    catalog = Catalog.from_object_info(dump, name="mine")
    assert list(catalog.packs) == ["some-pack"]
    good: dict[str, Any] = {"1": {"class_type": "PreviewAny", "inputs": {"source": 1, "n": 0}}}
    assert validate(good, catalog).verdict == "accepted"
    good["1"]["inputs"]["n"] = -1
    assert validate(good, catalog).errors[0].type == "value_smaller_than_min"


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("a.png", True),
        ("A.PNG", False),
        ("./a.png", True),
        ("sub/b.png", True),
        ("sub", True),
        ("", True),
        ("b.png", False),
        ("sub/../a.png", True),
        ("../a.png", False),
        ("../../etc/passwd", False),
        ("/etc/passwd", False),
        ("/srv/comfy/input/a.png", True),
        ("/srv/comfy/input/../input/a.png", False),
        ("a.png [input]", True),
        ("a.png [output]", False),
        ("c.png [output]", True),
    ],
)
def test_names_in_the_input_folder(name: str, there: bool):
    assert exists(name, {"input": ["a.png", "sub/b.png"], "output": ["c.png"]}) is there


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
classes = st.sampled_from(
    [*GRAPH, "KSampler", "SaveVideo", "BatchImagesNode", "ResizeImageMaskNode", "VHS_VideoCombine", "VHS_LoadVideo"]
)
names = st.sampled_from(
    ["image", "images", "images.image0", "video", "format", "format.codec", "resize_type", "seed", "cfg", "crf", "x"]
)
links = st.tuples(st.sampled_from("abc"), st.integers(-2, 3)).map(list)
keys = st.sampled_from(["mp4", "h264", "scale width", "video/h264-mp4", "a.png [input]"])
values = anything | links | keys | st.fixed_dictionaries({"__value__": anything})
nodes = st.fixed_dictionaries(
    {}, optional={"class_type": classes | anything, "inputs": st.dictionaries(names, values) | anything}
)
well_formed = st.fixed_dictionaries({"class_type": classes, "inputs": st.dictionaries(names, values)})


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything | st.dictionaries(st.sampled_from("abc"), nodes | anything))
def test_any_json_gets_a_verdict(graph: Any):
    assert judge(graph).verdict in ("accepted", "partial", "rejected")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from("abc"), well_formed, min_size=1), st.booleans())
def test_any_graph_gets_the_same_verdict_twice(graph: Any, known: bool):
    files = {"input": ["a.png"]} if known else None
    first, second = judge(graph, files=files), judge(graph, files=files)
    assert repr(first) == repr(second)
    assert (first.status == 200) is bool(first.outputs)


def test_every_declared_default_is_accepted_where_it_is_a_literal():
    """Defaults out of their own range are the packs' slips; in core there is none that we know of."""
    catalog, wrong = load_catalog(), []
    for class_type in catalog.class_names():
        schema = catalog.get(class_type)
        assert schema is not None
        if schema.pack != "core" or schema.validates or schema.validates_all:
            continue
        inputs = {i.name: i.default for i in schema.inputs if i.has_default and i.takes_literal}
        graph = {"n": {"class_type": class_type, "inputs": inputs}, "p": _preview("n")}
        wrong += [
            (class_type, e.input, e.type)
            for e in judge(graph).errors
            if e.type in ("value_smaller_than_min", "value_bigger_than_max", "value_not_in_list", "invalid_input_type")
        ]
    assert wrong == []


def _preview(node: str) -> dict[str, Any]:
    return {"class_type": "PreviewAny", "inputs": {"source": [node, 0]}}


def test_messages_are_short():
    got = judge(changed("vid", images="x" * 5000))
    assert max(len(w.message) for w in got.failures + got.warnings) < 200
    assert json.dumps([w.message for w in got.failures])

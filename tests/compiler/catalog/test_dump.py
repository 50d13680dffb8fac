"""Catalogs of live servers: made, completed, written, and believed only when they are whole."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from comfy_stub import object_info, own_class
from hypothesis import given, settings
from hypothesis import strategies as st

from reelc.cli.schemas import class_json, class_lines
from reelc_compiler.catalog import Catalog, bundled_for, load_catalog
from reelc_compiler.catalog.answer import catalog_of_answer
from reelc_compiler.catalog.check import BrokenCatalog, checked
from reelc_compiler.catalog.dump import from_dump
from reelc_compiler.catalog.write import content_sha256
from reelc_compiler.target.comfyui.validate import validate

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("REELC_SHARED", ROOT.parent / "shared"))


def pulled(dump: dict[str, Any], comfyui: str = "0.33.0") -> Catalog:
    return checked(from_dump(dump, (load_catalog(),), name="mine", comfyui=comfyui).text)


def test_a_recorded_answer_gives_what_the_bundled_catalog_has():
    """Also the facts that the answer hides: validators, folders of files, links that a class takes."""
    path = SHARED / "protocol" / "verdicts" / "object_info.json"
    if not path.is_file():
        pytest.skip("the recorded answers are not here (REELC_SHARED)")
    catalog, bundled = pulled(json.loads(path.read_text("utf-8"))), load_catalog()
    same = [name for name in catalog.class_names() if name in bundled]
    assert len(same) > 80
    for name in same:
        assert catalog.get(name) == bundled.get(name), name


def test_files_are_their_folder_and_what_lies_there_changes_nothing():
    catalog = pulled(object_info())
    loader = catalog.get("ImageOnlyCheckpointLoader")
    assert loader is not None
    file = loader.input("ckpt_name")
    assert file is not None
    assert (file.files, file.choices) == ("checkpoints", ())
    other = object_info()
    other["ImageOnlyCheckpointLoader"]["input"]["required"]["ckpt_name"][0] = ["another.safetensors"]
    assert pulled(other).sha256 == catalog.sha256


def test_what_a_class_validates_itself_is_known():
    catalog = pulled(object_info())
    picture = catalog.get("LoadImage")
    assert picture is not None
    assert picture.validates == {"image"}


def test_packs_are_the_folders_and_commits_are_unknown():
    info = object_info()
    info["Own"] = own_class()
    info["RIFE VFI"] = own_class(python_module="custom_nodes.comfyui-frame-interpolation")
    info["Api"] = own_class(python_module="comfy_api_nodes.nodes_x")
    info["Extra"] = own_class(python_module="comfy_extras.nodes_x")
    del info["LoadImage"]["python_module"]
    catalog = pulled(info)
    packs = {name: (pack.repo, pack.commit) for name, pack in catalog.packs.items()}
    assert packs == {
        "core": ("comfyanonymous/ComfyUI", None),
        "Comfy.My-Pack": (None, None),
        "comfyui-frame-interpolation": ("Fannovel16/ComfyUI-Frame-Interpolation", None),
    }
    own = catalog.get("Own")
    assert own is not None
    assert (own.pack, [o.is_list for o in own.outputs]) == ("Comfy.My-Pack", [False, True])
    assert "MY_TYPE" in catalog.opaque_types()


def test_a_class_of_another_pack_borrows_nothing():
    info = {"LoadImage": own_class()}
    loader = pulled(info).get("LoadImage")
    assert loader is not None
    assert loader.validates == frozenset()


def test_renames_are_taken_from_the_same_version_only():
    assert pulled(object_info()).replacements == load_catalog().replacements != {}
    assert pulled(object_info(), "0.25.0").replacements == {}


def test_an_output_without_a_name_is_called_after_its_type():
    own = from_dump({"Own": own_class(output=["IMAGE"], output_name=[4])}, (load_catalog(),)).catalog().get("Own")
    assert own is not None
    assert [(o.name, o.type) for o in own.outputs] == [("IMAGE", "IMAGE")]


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "x",
        own_class(input={"required": {"a": [{"x": 1}]}}),
        own_class(input={"required": {"a": ["COMFY_DYNAMICCOMBO_V3", {"options": [{}]}]}}),
        own_class(input={"required": {"a": [["x"], {"default": {1, 2}}]}}),
    ],
    ids=lambda raw: type(raw).__name__,
)
def test_a_class_that_no_catalog_can_hold_is_left_out_and_named(raw: Any):
    dump = {"Odd": raw, "Own": own_class(), "a\tb": own_class(), "": own_class()}
    result = from_dump(dump, (load_catalog(),), name="mine")
    assert checked(result.text).class_names() == ("Own",)
    assert set(result.left_out) == {"Odd", "a\tb", ""}


# -- the server's own files ------------------------------------------------------------------


def graph(model: str) -> dict[str, Any]:
    return {
        "1": {"class_type": "ImageOnlyCheckpointLoader", "inputs": {"ckpt_name": model}},
        "2": {"class_type": "LoadImage", "inputs": {"image": "deep/er.png"}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
        "4": {
            "class_type": "SVD_img2vid_Conditioning",
            "inputs": {
                "clip_vision": ["1", 1],
                "init_image": ["2", 0],
                "vae": ["1", 2],
                "width": 64,
                "height": 64,
                "video_frames": 2,
                "motion_bucket_id": 1,
                "fps": 6,
                "augmentation_level": 0.0,
            },
        },
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 2], "vae": ["1", 2]}},
        "6": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}},
    }


def with_preview() -> dict[str, Any]:
    preview = own_class(input={"required": {"images": ["IMAGE"]}}, output=[], output_name=[], output_is_list=[])
    return {**object_info(), "PreviewImage": {**preview, "output_node": True, "python_module": "nodes"}}


def test_a_model_that_the_server_does_not_list_is_refused_as_the_server_would():
    catalog = Catalog.from_object_info(with_preview())
    assert validate(graph("svd_xt_1_1.safetensors"), catalog).verdict == "accepted"
    (error,) = validate(graph("svd_xt.safetensors"), catalog).errors
    assert (error.type, error.node, error.input) == ("value_not_in_list", "1", "ckpt_name")
    assert error.suggestions == ("svd_xt_1_1.safetensors",)
    # What was put there since may be said.
    files = {"checkpoints": ["svd_xt.safetensors"], "input": ["deep/er.png"]}
    assert validate(graph("svd_xt.safetensors"), catalog, files=files).verdict == "accepted"


def test_without_its_lists_a_model_can_still_be_put_there():
    catalog = Catalog.from_object_info(with_preview())
    anywhere = catalog.without_lists()
    assert validate(graph("svd_xt.safetensors"), anywhere).verdict == "accepted"
    assert (anywhere.sha256, anywhere.class_names()) == (catalog.sha256, catalog.class_names())
    assert anywhere.without_lists() is anywhere
    assert load_catalog().without_lists() is load_catalog()


def test_fixed_choices_are_told_apart_from_files():
    loader = own_class(
        input={"required": {"vae_name": [["one.safetensors", "pixel_space"], {}]}},
        output=["VAE"],
        output_name=["VAE"],
        output_is_list=[False],
        python_module="nodes",
    )
    schema = Catalog.from_object_info({"VAELoader": loader}).get("VAELoader")
    assert schema is not None
    assert (schema.inputs[0].files, schema.inputs[0].choices, schema.inputs[0].present) == (
        *("vae", ("pixel_space",)),
        ("one.safetensors",),
    )


def test_a_recorded_answer_alone_tells_what_classes_validate_themselves():
    path = SHARED / "protocol" / "verdicts" / "object_info.json"
    if not path.is_file():
        pytest.skip("the recorded answers are not here (REELC_SHARED)")
    catalog = Catalog.from_object_info(json.loads(path.read_text("utf-8")))
    for class_type, name in (("LoadImage", "image"), ("LoadVideo", "file"), ("VHS_LoadVideo", "video")):
        schema = catalog.get(class_type)
        assert schema is not None
        assert schema.validates == {name}
    checkpoints = catalog.get("CheckpointLoaderSimple")
    assert checkpoints is not None
    assert checkpoints.inputs[0].files == "checkpoints"
    assert "svd_xt_1_1.safetensors" in (checkpoints.inputs[0].present or ())


def test_a_pack_in_a_folder_of_another_name_is_known_by_its_looks():
    bundled = load_catalog()
    mine = load_catalog("comfyui-0.8.0")
    raw = own_class(
        input={"required": {"images": ["IMAGE"], "multiply_by": ["INT", {"default": 1, "min": 1}]}},
        output=["IMAGE", "INT"],
        output_name=["IMAGE", "count"],
        output_is_list=[False, False],
    )
    raw |= {"v3": True}
    described = from_dump({"VHS_DuplicateImages": raw}, (bundled, mine)).catalog().get("VHS_DuplicateImages")
    assert described is not None
    # A server without price badges does not tell; the class of the same looks does.
    assert described.v3 is False
    assert described.pack == "Comfy.My-Pack"


def test_the_version_is_unknown_and_the_same_version_is_asked_first():
    assert Catalog.from_object_info(object_info()).comfyui == ""
    assert [c.comfyui for c in bundled_for("")] == ["0.33.0", "0.8.0"]
    assert [c.comfyui for c in bundled_for("0.8.0")] == ["0.8.0", "0.33.0"]


# -- whatever a file says --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bound", "read"),
    [
        *((bound, None) for bound in (math.inf, -math.inf, math.nan, "0", True, [], 10**400)),
        *((bound, bound) for bound in (0, 0.5, 2**64 - 1)),
    ],
)
def test_a_bound_that_is_none_is_none(bound: Any, read: Any):
    dump = {"Own": own_class(input={"required": {"a": ["FLOAT", {"max": bound, "step": bound, "default": bound}]}})}
    schema = Catalog.from_object_info(dump).get("Own")
    assert schema is not None
    assert (schema.inputs[0].max, schema.inputs[0].step) == (read, read)


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: {"object_info": d, "at": 3}, lambda d: {"nodes": d}])
def test_an_answer_is_found_inside_what_people_save(wrap: Any):
    catalog = catalog_of_answer(json.dumps(wrap({"Own": own_class()})).encode(), "mine")
    assert (catalog.class_names(), catalog.name, catalog.comfyui) == (("Own",), "mine", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "no JSON"),
        (b'{"A": {"input": {}', "no JSON, or it is cut off"),
        (b"\xff", "no JSON"),
        (b"1" * 5000, "no JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "describes no node"),
        (b"{}", "describes no node"),
        (b'{"a": {"A": {"input": {}}}, "b": {"A": {"input": {}}}}', "describes no node"),
        (b'{"1": {"class_type": "A", "inputs": {}}}', "graph in API format"),
        (b'{"nodes": [], "links": []}', "workflow of ComfyUI's window"),
        (b'{"A": {"input": {"required": {"a": [{}]}}}}', "in the way that ComfyUI does"),
    ],
)
def test_what_is_no_answer_says_what_it_is(text: bytes, reason: str):
    with pytest.raises(BrokenCatalog, match=reason):
        catalog_of_answer(text, "mine")


def test_a_slot_that_repeats_without_end_costs_nothing():
    template = {"input": {"required": {"x": ["IMAGE", {}]}}, "prefix": "x", "min": 1, "max": 10**12}
    dump = {"Own": own_class(input={"required": {"a": ["COMFY_AUTOGROW_V3", {"template": template}]}})}
    assert from_dump(dump, ()).left_out == ("Own",)


def test_dynamic_inputs_nest_so_deep_and_no_deeper():
    def nested(depth: int) -> dict[str, Any]:
        inner = {"required": {"x": nested(depth - 1)["a"]} if depth else {}}
        return {"a": ["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": "k", "inputs": inner}]}]}

    assert from_dump({"Own": own_class(input={"required": nested(10)})}, ()).left_out == ()
    for depth in (30, 150):
        assert from_dump({"Own": own_class(input={"required": nested(depth)})}, ()).left_out == ("Own",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    (
        *("input", "required", "optional", "hidden", "output", "output_name", "output_is_list", "python_module"),
        *("options", "template", "default", "min", "formats", "key", "inputs", "validate", "input_order", "v3"),
        *("files", "present", "ext", "max", "step", "prefix", "names", "input", "template_id", "allowed_types"),
    )
)
TYPES = st.sampled_from(
    [
        "INT",
        "FLOAT",
        "STRING",
        "COMBO",
        "IMAGE",
        "*",
        "COMFY_DYNAMICCOMBO_V3",
        "COMFY_AUTOGROW_V3",
        "COMFY_MATCHTYPE_V3",
    ]
)


def odd(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return JSON | st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=3)


OPTIONS = st.recursive(JSON, odd, max_leaves=12)
INPUTS = st.dictionaries(
    st.sampled_from(["a", "b", "ckpt_name", "image", "format"]), st.tuples(TYPES | JSON, OPTIONS) | OPTIONS, max_size=3
)
CLASSES = st.fixed_dictionaries(
    {"input": st.dictionaries(st.sampled_from(["required", "optional", "hidden"]), INPUTS) | JSON},
    optional={
        "output": st.lists(TYPES) | JSON,
        **dict.fromkeys(("output_name", "output_is_list", "output_node", "output_matchtypes", "input_order"), JSON),
        **dict.fromkeys(("python_module", "price_badge", "v3", "deprecated", "validate", "is_input_list"), JSON),
    },
)
NAMES = st.text(max_size=6) | st.sampled_from(["LoadImage", "CheckpointLoaderSimple", "SaveVideo", "VHS_VideoCombine"])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, JSON | CLASSES | OPTIONS, max_size=3))
def test_whatever_a_server_says_makes_a_catalog_that_can_be_used(dump: dict[str, Any]):
    described = from_dump(dump, (load_catalog(),), name="mine")
    assert checked(described.text).class_names() == described.catalog().class_names()
    catalog = described.catalog()
    assert {*catalog.class_names(), *described.left_out} == set(dump)
    for name in catalog.class_names():
        schema = catalog.get(name)
        assert schema is not None
        assert class_lines(schema, catalog)
        json.dumps(class_json(schema, catalog), allow_nan=False)
        for value in ("x", 1, 0.5, None, ["1", 0]):
            inputs = dict.fromkeys([i.name for i in schema.inputs], value)
            validate({"1": {"class_type": name, "inputs": inputs}}, catalog)


@settings(max_examples=200, deadline=None)
@given(JSON | st.dictionaries(NAMES, JSON | CLASSES, max_size=3))
def test_any_json_is_an_answer_or_an_error(value: Any):
    try:
        catalog = catalog_of_answer(json.dumps(value).encode(), "mine")
    except BrokenCatalog:
        return
    assert len(catalog) > 0


# -- files from elsewhere --------------------------------------------------------------------

GOOD = from_dump({**object_info(), "Own": own_class()}, (load_catalog(),), name="mine", comfyui="0.33.0").text


def signed(change: dict[str, Any], body: bytes) -> bytes:
    """A catalog whose hash fits, whatever else is wrong with it."""
    header = json.loads(GOOD.partition(b"\n")[0]) | change
    header["sha256"] = content_sha256(header, body)
    return json.dumps(header, separators=(",", ":"), sort_keys=True).encode() + b"\n" + body


BODY = GOOD.partition(b"\n")[2]


def test_a_good_file_is_good():
    assert checked(GOOD).name == "mine"
    assert checked(signed({}, BODY)).sha256 == checked(GOOD).sha256


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "first line"),
        (b"\xff\xfe", "first line"),
        (b"{}\n", "first line"),
        (b"[1]\n", "first line"),
        (b"[" * 100_000, "first line"),
        (GOOD[:-1], "cut off"),
        (GOOD[: len(GOOD) // 2], "cut off"),
        (GOOD[: GOOD.index(b"\n") + 1], "cut off or was changed"),
        (GOOD.replace(b'"INT"', b'"FLOAT"', 1), "was changed"),
        (signed({"name": "../x"}, BODY), "first line"),
        (signed({"packs": {"core": "x"}}, BODY), "first line"),
        (signed({"packs": {"core": {"repo": 1, "commit": None}}}, BODY), "first line"),
        (signed({"types": [1]}, BODY), "first line"),
        (signed({"replacements": []}, BODY), "first line"),
        (signed({"replacements": {"A": {"class": 3}}}, BODY), "first line"),
        (signed({"replacements": {"A": {"class": "B", "inputs": {"x": {}}}}}, BODY), "first line"),
        (signed({"packs": {}}, BODY), "line 2 is of a pack"),
        (signed({}, BODY + BODY), "out of order"),
        (signed({}, b"no tab\n"), "line 2"),
        (signed({}, b"A\t{\n"), "line 2 does not describe"),
        (signed({}, b"A\t[]\n"), "line 2 does not describe"),
        (signed({}, b'A\t{"pack":"core","in":{"required":[3]}}\n'), "line 2 does not describe"),
        (signed({}, b'A\t{"pack":"core","in":{"required":[["a","INT",{"min":"0"}]]}}\n'), "line 2 does not describe"),
        (signed({}, b'A\t{"pack":"core","out":[["IMAGE",4]]}\n'), "line 2 does not describe"),
        (
            signed(
                {},
                b'A\t{"pack":"core","in":{"required":[["a","COMFY_AUTOGROW_V3",{"grow":{"in":{"required":'
                b'[["x","IMAGE"]]},"min":1,"prefix":"x","max":1000000000}}]]}}\n',
            ),
            "line 2 does not describe",
        ),
        (signed({}, b"\xff\t{}\n"), "line 2 does not describe"),
        (signed({}, b"A\t" + b"[" * 100_000 + b"\n"), "line 2 does not describe"),
    ],
)
def test_a_broken_file_says_what_is_wrong(text: bytes, reason: str):
    with pytest.raises(BrokenCatalog, match=reason):
        checked(text)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_no_byte_can_change_unseen(at: int, byte: int):
    changed = GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    if changed != GOOD:
        with pytest.raises(BrokenCatalog):
            checked(changed)

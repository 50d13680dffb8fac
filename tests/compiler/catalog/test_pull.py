"""Catalogs of live servers: made, completed, written, and believed only when they are whole."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from comfy_stub import object_info, own_class
from hypothesis import given, settings
from hypothesis import strategies as st

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.catalog.check import BrokenCatalog, checked
from reelc_compiler.catalog.pull import pull
from reelc_compiler.catalog.write import content_sha256

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("REELC_SHARED", ROOT.parent / "shared"))


def pulled(dump: dict[str, Any], comfyui: str = "0.33.0") -> Catalog:
    return checked(pull("mine", comfyui, dump, load_catalog()).text)


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


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "x",
        own_class(input={"required": {"a": [{"x": 1}]}}),
        own_class(input={"required": {"a": ["COMFY_DYNAMICCOMBO_V3", {"options": [{}]}]}}),
        own_class(output=["IMAGE"], output_name=[4]),
        own_class(input={"required": {"a": [["x"], {"default": {1, 2}}]}}),
    ],
    ids=lambda raw: type(raw).__name__,
)
def test_a_class_that_no_catalog_can_hold_is_left_out_and_named(raw: Any):
    dump = {"Odd": raw, "Own": own_class(), "a\tb": own_class(), "": own_class()}
    result = pull("mine", "0.33.0", dump, load_catalog())
    assert checked(result.text).class_names() == ("Own",)
    assert set(result.left_out) == {"Odd", "a\tb", ""}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    (
        *("input", "required", "optional", "hidden", "output", "output_name", "output_is_list", "python_module"),
        *("options", "template", "default", "min", "formats", "key", "inputs", "validate", "input_order", "v3"),
    )
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.text(max_size=6), JSON | st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON)), max_size=3)
)
def test_whatever_a_server_says_makes_a_catalog_that_can_be_read(dump: dict[str, Any]):
    result = pull("mine", "1", dump, load_catalog())
    catalog = checked(result.text)
    assert {*catalog.class_names(), *result.left_out} == set(dump)


# -- files from elsewhere --------------------------------------------------------------------

GOOD = pull("mine", "0.33.0", {**object_info(), "Own": own_class()}, load_catalog()).text


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
        (signed({"packs": {}}, BODY), "line 2 is of a pack"),
        (signed({}, BODY + BODY), "out of order"),
        (signed({}, b"no tab\n"), "line 2"),
        (signed({}, b"A\t{\n"), "line 2 does not describe"),
        (signed({}, b"A\t[]\n"), "line 2 does not describe"),
        (signed({}, b'A\t{"pack":"core","in":{"required":[3]}}\n'), "line 2 does not describe"),
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

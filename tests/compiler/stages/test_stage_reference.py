"""What is said of a stage is what its text says."""

from functools import cache

import pytest

from reelc_compiler.catalog import Catalog, catalog_names, load_catalog
from reelc_compiler.loader import std_names, std_source
from reelc_compiler.sema.resolve import SourceProvider
from reelc_compiler.stages.examples import Examples
from reelc_compiler.stages.library import PRELUDE, STD, Found, Library
from reelc_compiler.stages.reference import Reference, module_reference, reference
from reelc_compiler.stages.texts import first_sentence
from reelc_dsl.source import Source

OWN = """reel 1

# Our look, in
# two lines.

use std.finish
use interpolate as smoother from std.finish

record Look { size: size, rate: rate }

stage look(wide: bool = true) -> Look {
  return { size: if wide then 1280x720 else 720x1280, rate: 24fps }
}

stage grade(
  source: clip, like: Look, model: file["upscale_models"] = "our_own_x2.pth",
  share: float in 0..1 = 0.5,  # of the light
) -> clip {
  \"""
  Our light. It is
  warm.

  More is said here.
  \"""
  # Read in
  # the model.
  require source.width % 8 == 0
    else "8 pixels: {{ source.width }}"
    help "fit it"
  warn share > 0 else "no light"
  note share < 1 else "much light"
  let count = source.frames
  let last = count + 0
  let unused = 3
  let loaded = node UpscaleModelLoader(model_name: if share > 0.9 then "other.pth" else model)
  let lit = node NoSuchNode(images: source)
  # A guess.
  estimate { vram = 3GB, ram = last * 1MB }
  preview resize { rule = "crop" }
  return clip(lit, size: source.size, frames: last, fps: source.fps)
}

stage quick(source: clip) -> clip {
  return source |> finish.upscale(to: 2048x1152) |> smoother(to: 24fps)
}
"""


@cache
def catalogs() -> tuple[Catalog, ...]:
    return tuple(load_catalog(name) for name in catalog_names())


@cache
def library() -> Library:
    return Library(source, (PRELUDE, *(STD + name for name in std_names()), "stages.own"))


def source(module: str) -> Source | None:
    if module == "stages.own":
        return Source("stages/own.reel", OWN)
    return std_source(module.removeprefix(STD)) if module.startswith(STD) else None


def said(module: str, name: str) -> Reference:
    stage = library().stage(module, name)
    assert stage is not None
    return reference(library(), stage, catalogs())


def test_a_signature() -> None:
    grade = said("stages.own", "grade")
    assert grade.signature == (
        "grade(\n  source: clip,\n  like: Look,\n"
        '  model: file["upscale_models"] = "our_own_x2.pth",\n  share: float in 0..1 = 0.5,\n) -> clip'
    )
    assert grade.call == "own.grade(source, like, model, share) -> clip"
    assert said("stages.own", "quick").signature == "quick(source: clip) -> clip"


def test_a_description_and_its_first_sentence() -> None:
    doc = said("stages.own", "grade").doc
    assert doc == "Our light. It is\nwarm.\n\nMore is said here."
    assert first_sentence(doc) == "Our light."
    assert first_sentence("One at 2.5 x: a.safetensors\n\nMore.") == "One at 2.5 x: a.safetensors"


def test_rules_stand_as_written() -> None:
    rules = [(r.word, r.test, r.message, r.help, r.source) for r in said("stages.own", "grade").rules]
    assert rules == [
        ("require", "source.width % 8 == 0", "8 pixels: {{ source.width }}", "fit it", "Read in the model."),
        ("warn", "share > 0", "no light", None, ""),
        ("note", "share < 1", "much light", None, ""),
    ]


def test_facts_and_estimate_with_the_names_that_they_use() -> None:
    grade = said("stages.own", "grade")
    assert grade.facts == (("size", "source.size"), ("frames", "last"), ("fps", "source.fps"))
    assert grade.estimate == (("vram", "3GB"), ("ram", "last * 1MB"))
    assert grade.basis == "A guess."
    assert grade.where == (("count", "source.frames"), ("last", "count + 0"))
    assert grade.preview == 'resize { rule = "crop" }'


def test_what_another_stage_returns() -> None:
    quick = said("stages.own", "quick")
    assert (quick.like, quick.facts) == ("std.finish.interpolate", ())
    assert quick.calls == ("std.finish.interpolate", "std.finish.upscale")
    assert "FrameInterpolate" in [node.name for node in quick.nodes]
    assert "RealESRGAN_x4plus.pth" in [model.file for model in quick.models]


def test_nodes_with_their_packs_and_catalogs() -> None:
    nodes = {n.name: n for n in said("stages.own", "grade").nodes}
    assert (nodes["NoSuchNode"].pack, nodes["NoSuchNode"].catalogs) == (None, ())
    assert nodes["UpscaleModelLoader"].pack == "core"
    assert next(n for n in said("std.finish", "interpolate").nodes if n.name == "FrameInterpolate").catalogs == (
        "comfyui-0.33.0",
    )


def test_model_files_known_and_unknown() -> None:
    own = said("stages.own", "grade").models
    assert [(m.path, m.size, m.licence, m.commercial) for m in own] == [
        ("upscale_models/our_own_x2.pth", "unknown", "unknown", "unknown"),
        ("upscale_models/other.pth", "unknown", "unknown", "unknown"),
    ]
    (svd,) = said("std.svd", "load").models
    assert svd.path == "checkpoints/svd_xt_1_1.safetensors"
    assert svd.info is not None
    assert svd.commercial == svd.info.commercial
    packed = said("std.cogvideox", "load").models
    assert {m.pack for m in packed if m.path.startswith("models/CogVideo/")} == {True}


def test_a_module() -> None:
    own = module_reference(library(), "stages.own", catalogs())
    assert own.about == "Our look, in\ntwo lines."
    assert own.records == ("record Look { size: size, rate: rate }",)
    assert [s.name for s in own.stages] == ["look", "grade", "quick"]


# -- examples --------------------------------------------------------------------------------


@cache
def examples() -> Examples:
    return Examples(library(), SourceProvider(lambda _: None, std_source, std_names), load_catalog())


STAGES = [stage for stage in library().every() if stage.module != "stages.own"]


@pytest.mark.parametrize("stage", STAGES, ids=lambda s: s.qualified)
def test_an_example_compiles(stage: Found) -> None:
    text = examples().example(stage)
    assert [d for d in examples().findings(text) if d.is_error] == []
    owner = "" if stage.module == PRELUDE else f"{stage.module.removeprefix(STD)}."
    assert f"{owner}{stage.decl.name.text}(" in text


def test_what_no_film_shows_is_called_by_a_stage() -> None:
    stage = library().stage("std.lora", "lora")
    assert stage is not None
    assert examples().example(stage) == (
        'reel 1\n\nuse std.lora\n\nstage example(model: MODEL, file: file["loras"]) -> MODEL {\n'
        "  return lora.lora(model, file: file)\n}\n"
    )


def test_most_stages_are_shown_in_a_film_that_draws_no_warning() -> None:
    texts = {stage.qualified: examples().example(stage) for stage in STAGES}
    less = [name for name, text in texts.items() if "pipeline example" not in text or examples().findings(text)]
    assert len(less) <= len(STAGES) // 5, less

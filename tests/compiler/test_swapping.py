"""Another family in ``examples/harbor.reel`` is another word: it compiles, or what fails names the smallest change."""

from pathlib import Path

import pytest

import reelc
from reelc_compiler import loader
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.parser import parse

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HARBOR = (EXAMPLES / "harbor.reel").read_text("utf-8")
PICTURE = (EXAMPLES / "dandelion.jpg").read_bytes()
SVD = "use std.svd as i2v"
CROP = ("use upscale,", "use crop, upscale,")
RAISED = ("leave `interpolate` out", (("    |> interpolate(to: 24fps)\n", ""), ("upscale, interpolate", "upscale")))

Change = tuple[tuple[str, str], ...]
# For each family what its first errors advise, and the change that follows the advice.
FAMILIES: dict[str, list[tuple[str, Change]]] = {
    "std.svd": [],
    "std.cogvideox": [
        ("resize the start image first: start |> fit(720x480)", (("fit(1024x576)", "fit(720x480)"),)),
        ("crop(to: 720x405)", (CROP, ("|> upscale(", "|> crop(to: 720x405) |> upscale("))),
    ],
    "std.cogvideox15": [
        ("resize the start image first: start |> fit(1360x768)", (("fit(1024x576)", "fit(1360x768)"),)),
        ("crop(to: 1360x765)", (CROP, ("|> upscale(", "|> crop(to: 1360x765) |> upscale("))),
    ],
    "std.hunyuan15": [RAISED],
    "std.ltx2": [RAISED],
    "std.wan21": [],
    "std.wan22": [],
    "std.wan22_5b": [RAISED],
}


# What a call may say whatever the family.
COMMON = ("start", "using", "seed", "frames", "seconds")


def families() -> list[str]:
    """The library's modules that make clips of stills."""
    return [f"std.{name}" for name in loader.std_names() if "animate" in signatures(name)]


def signatures(module: str) -> dict[str, dict[str, ast.Param]]:
    source = loader.std_source(module)
    assert source is not None
    items = parse(source, Sink()).items
    return {item.name.text: {p.name.text: p for p in item.params} for item in items if isinstance(item, ast.Stage)}


def found(folder: Path, text: str) -> list[Diagnostic]:
    (folder / "dandelion.jpg").write_bytes(PICTURE)
    path = folder / "harbor.reel"
    path.write_text(text, "utf-8")
    return list(reelc.check(path))


def errors(folder: Path, text: str) -> list[Diagnostic]:
    return [d for d in found(folder, text) if d.is_error]


@pytest.mark.parametrize("family", families())
def test_another_family_is_another_word(family: str, tmp_path: Path) -> None:
    assert SVD in HARBOR
    text = HARBOR.replace(SVD, f"use {family} as i2v")
    for advice, change in FAMILIES.get(family, []):
        (error,) = errors(tmp_path, text)
        assert error.code.code == "E0401"
        assert any(advice in sentence for sentence in error.help), error
        for old, new in change:
            assert old in text
            text = text.replace(old, new)
    assert errors(tmp_path, text) == []
    assert reelc.compile(tmp_path / "harbor.reel").plan.outputs
    # A duration is taken by every family, which says what it makes of it.
    timed = found(tmp_path, text.replace("seed: seed)", "seed: seed, seconds: 4s)"))
    assert [d.code.code for d in timed if d.code.code[0] != "W"] == ["N0401"]
    assert next(d for d in timed if d.code.code == "N0401").message.startswith("4s is taken as ")


@pytest.mark.parametrize("family", families())
def test_what_all_have_in_common(family: str) -> None:
    stages = signatures(family.removeprefix("std."))
    params = stages["animate"]
    assert next(iter(params)) == "start"
    assert set(COMMON) <= params.keys()
    assert [params[name].default is None for name in ("start", "using", "seed")] == [True] * 3
    assert all(p.default is not None for name, p in params.items() if name not in ("start", "using", "seed"))
    shown = {name: f"{params[name].type.name}{'?' if params[name].type.optional else ''}" for name in params}
    wanted = {"start": "image", "prompt": "text", "negative": "text", "end": "image?", "seed": "seed"}
    wanted |= {"frames": "int?", "seconds": "duration?"}
    assert {name: shown[name] for name in wanted if name in shown} == {n: k for n, k in wanted.items() if n in shown}
    assert all(p.default is not None for p in stages["load"].values())

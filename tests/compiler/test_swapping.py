"""Another family in ``examples/harbor.reel`` is another word: it compiles, or what fails names the smallest change."""

from pathlib import Path

import pytest

import reelc
from reelc_dsl.diagnostics import Diagnostic

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HARBOR = (EXAMPLES / "harbor.reel").read_text("utf-8")
PICTURE = (EXAMPLES / "dandelion.jpg").read_bytes()
SVD = "use std.svd as i2v"
CROP = ("use upscale,", "use crop, upscale,")

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
    "std.wan21": [],
    "std.wan22": [],
    "std.wan22_5b": [
        ("leave `interpolate` out", (("    |> interpolate(to: 24fps)\n", ""), ("upscale, interpolate", "upscale"))),
    ],
}


def errors(folder: Path, text: str) -> list[Diagnostic]:
    (folder / "dandelion.jpg").write_bytes(PICTURE)
    path = folder / "harbor.reel"
    path.write_text(text, "utf-8")
    return [d for d in reelc.check(path) if d.is_error]


@pytest.mark.parametrize("family", FAMILIES)
def test_another_family_is_another_word(family: str, tmp_path: Path) -> None:
    assert SVD in HARBOR
    text = HARBOR.replace(SVD, f"use {family} as i2v")
    for advice, change in FAMILIES[family]:
        (error,) = errors(tmp_path, text)
        assert error.code.code == "E0401"
        assert any(advice in sentence for sentence in error.help), error
        for old, new in change:
            assert old in text
            text = text.replace(old, new)
    assert errors(tmp_path, text) == []
    assert reelc.compile(tmp_path / "harbor.reel").plan.outputs

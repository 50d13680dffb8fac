"""What lies over a clip: the curve that the nodes get, where it lies, what it takes, on both catalogs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_corpus import write_pictures

import reelc
from reelc_compiler.lettering import COLORS
from reelc_compiler.plan import Plan, Region
from reelc_dsl.diagnostics import ReelError
from reelc_runtime.preview import laid
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.task import Task

HEAD = """use std.titles
stage made(still: image, frames: int) -> clip {
  let many = node RepeatImageBatch(image: still, amount: frames)
  preview move
  return clip(many, size: still.size, frames: frames, fps: 24fps)
}
pipeline film {
  param photo: image = "svd.png"
"""


def film(folder: Path, body: str, frames: int = 12, **how: Any) -> Plan:
    write_pictures(folder)
    path = folder / "film.reel"
    path.write_text(f"{HEAD}  output film = photo |> made({frames}) |> titles.{body} |> video()\n}}\n", "utf-8")
    return reelc.compile(path, whole=True, **how).plan


def nodes(plan: Plan, name: str) -> list[dict[str, Any]]:
    return [n["inputs"] for job in plan.jobs for n in job.graph.values() if n["class_type"] == name]


def shown(plan: Plan) -> tuple[Region, dict[str, Any]]:
    (region,) = [r for job in plan.jobs for r in job.regions if r.stage.startswith("std.titles")]
    assert region.stand_in is not None
    return region, dict(region.stand_in.settings)


# -- when ------------------------------------------------------------------------------------------


def curve(points_string: str, frames: int) -> list[float]:
    """As KJNodes' CreateFadeMaskAdvanced draws it, read in nodes/mask_nodes.py at 3f200542."""
    points: list[tuple[int, float]] = []
    for point in points_string.rstrip(",\n").split(","):
        frame, value = point.split(":")
        points.append((int(frame.strip()), float(value.strip()[1:-1])))
    if points[-1][0] != frames - 1:
        points.append((frames - 1, points[-1][1]))
    points.sort(key=lambda point: point[0])
    assert len({frame for frame, _ in points}) == len(points), "the node divides by zero"
    assert points[0][0] == 0
    assert points[-1][0] == frames - 1
    return [float(v) for v in np.interp(range(frames), [f for f, _ in points], [v for _, v in points])]


@st.composite
def times(draw: st.DrawFn) -> tuple[int, int, int | None, int, int]:
    total = draw(st.integers(1, 30))
    first = draw(st.integers(0, total - 1))
    frames = draw(st.none() | st.integers(1, total - first))
    count = total - first if frames is None else frames
    opening = draw(st.integers(0, count - 1))
    return total, first, frames, opening, draw(st.integers(0, count - 1 - opening))


@given(when=times(), opacity=st.sampled_from(["1.0", "0.5", "0.01"]))
@settings(max_examples=60, deadline=None)
def test_the_node_and_the_preview_show_it_alike(
    tmp_path_factory: pytest.TempPathFactory, when: tuple[int, int, int | None, int, int], opacity: str
) -> None:
    total, first, frames, opening, closing = when
    body = f"first: {first}, frames: {frames or 'none'}, opening: {opening}, closing: {closing}, opacity: {opacity}"
    plan = film(tmp_path_factory.mktemp("time"), f'title("Fog", {body})', total)
    region, _ = shown(plan)
    task = Task(region=region, graph=plan.jobs[0].graph, media=plan.jobs[0].media, folders=Folders(Path()), clean=False)
    expected = laid.seen(task)
    found = nodes(plan, "CreateFadeMaskAdvanced")
    if found:
        assert found[0]["frames"] == total
        assert curve(found[0]["points_string"], total) == pytest.approx(expected, abs=2e-6)
    else:
        assert [nodes(plan, "SolidMask")[0]["value"]] * total == pytest.approx(expected)
    # Each frame that is asked for shows something, and no other does.
    last = (total if frames is None else first + frames) - 1
    assert [amount > 0 for amount in expected] == [first <= n <= last for n in range(total)]
    assert max(expected) == float(opacity)


# -- where -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "corner"),
    [
        ('at: "center"', (480, 256)),
        ('at: "top"', (480, 29)),
        ('at: "bottom"', (480, 483)),
        ('at: "lower third"', (480, 429)),
        ('at: "top left"', (51, 29)),
        ('at: "bottom right"', (909, 483)),
        ("x: 25%, y: 50%", (224, 256)),
        ('at: "top left", x: 50%', (480, 29)),
    ],
)
def test_places(tmp_path: Path, where: str, corner: tuple[int, int]) -> None:
    plan = film(tmp_path, f'overlay("tiny.png", {where})')
    (laid_over,) = nodes(plan, "ImageCompositeMasked")
    _, settings_ = shown(plan)
    assert (laid_over["x"], laid_over["y"]) == (settings_["left"], settings_["top"]) == corner


@pytest.mark.parametrize("font", ["FreeMono.ttf", "TTNorms-Black.otf"])
def test_a_line_is_not_broken(tmp_path: Path, font: str) -> None:
    text = "Fog over the harbor, 2026"
    plan = film(tmp_path, f'title("{text}", font: "{font}", size: 6%)')
    (label,) = nodes(plan, "AddLabel")
    (picture,) = [n for n in nodes(plan, "EmptyImage") if n["color"] == 0]
    _, settings_ = shown(plan)
    # What the node lets a line have, and the widest that the text can be.
    assert picture["width"] - 2 * label["text_x"] >= settings_["width"] + len(text) * 0.06 * label["font_size"]
    assert label["text_y"] + label["font_size"] <= picture["height"]
    (laid_over,) = nodes(plan, "ImageCompositeMasked")
    assert laid_over["x"] + label["text_x"] == settings_["left"]
    assert abs(settings_["left"] + settings_["width"] / 2 - 512) <= 1


@given(st.text("abcdefgh WMi.1", min_size=1, max_size=120), st.sampled_from(["FreeMono.ttf", "TTNorms-Black.otf"]))
@settings(max_examples=30, deadline=None)
def test_the_size_that_is_advised_fits(tmp_path_factory: pytest.TempPathFactory, text: str, font: str) -> None:
    folder = tmp_path_factory.mktemp("size")
    try:
        film(folder, f'title("{text}", font: "{font}", size: 12%, at: "center")')
    except ReelError as error:
        (found,) = error.diagnostics[:1]
        if not found.help[0].startswith("it fits with"):
            assert not text.strip()
            return
        size = found.help[0].split()[3].rstrip(",")
        try:
            film(folder, f'title("{text}", font: "{font}", size: {size}, at: "center")')
        except ReelError as smaller:
            assert "cannot be read" in str(smaller)  # noqa: PT017


# -- what it takes -----------------------------------------------------------------------------------


def test_memory(tmp_path: Path) -> None:
    plan = film(tmp_path, 'overlay("tiny.png", opening: 3)')
    assert plan.jobs[0].needs.ram == 12 * (1024 * 576 * 24 + 64 * 64 * 72)


def test_a_colour_is_laid_through_the_text(tmp_path: Path) -> None:
    plan = film(tmp_path, 'title("Fog", color: "#ffcc00")')
    assert sorted(n["color"] for n in nodes(plan, "EmptyImage")) == [0, 0xFFCC00]
    (label,) = nodes(plan, "AddLabel")
    assert (label["text"], label["font_color"], label["direction"]) == ("Fog", "white", "overlay")


def test_an_error_names_all_colors() -> None:
    source = (Path(reelc.__file__).parents[1] / "dsl/reelc_dsl/std/titles.reel").read_text("utf-8")
    assert source.count(f"one of the names {', '.join(COLORS)}") == 2


@pytest.mark.parametrize("catalog", ["comfyui-0.8.0", "comfyui-0.33.0"])
def test_nothing_new_is_needed(tmp_path: Path, catalog: str) -> None:
    for body in ('title("Fog", closing: 2)', 'stencil("tiny.png")', 'overlay("tiny.png", matte: "tiny.png")'):
        plan = film(tmp_path, body, catalog=catalog)
        assert json.loads(json.dumps(plan.jobs[0].graph))
        assert plan.outputs[0].facts.frames == 12

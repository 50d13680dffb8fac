"""The pages of docs/stages: written by tools/build_stages.py, and as the texts of the stages are now."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import reelc
from reelc.stages import catalogs, std_library
from reelc_compiler.loader import std_names
from reelc_compiler.stages.families import families

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "stages"


@pytest.fixture(scope="module")
def tool() -> Any:
    spec = importlib.util.spec_from_file_location("build_stages", ROOT / "tools" / "build_stages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_up_to_date(tool: Any) -> None:
    there = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md") if path.name not in tool.BY_HAND}
    wanted = tool.pages()
    stale = sorted(name for name in there | wanted if there.get(name) != wanted.get(name))
    assert stale == [], "run python tools/build_stages.py"
    assert set(wanted) == {"README.md", "prelude.md", *(f"{name}.md" for name in std_names())}


def test_the_families_side_by_side() -> None:
    found = {family.module.removeprefix("std."): family for family in families(std_library(), catalogs())}
    assert {"svd", "cogvideox", "wan21", "wan22", "wan22_5b"} <= found.keys()
    assert "finish" not in found
    svd, cogvideox, wan22 = found["svd"], found["cogvideox"], found["wan22"]
    assert svd.size[0] == "start.width % 8 == 0 and start.height % 8 == 0"
    assert (svd.frames, svd.default, svd.rate) == (("2..25",), "25", "6fps unless given")
    assert svd.vram == ("16GB",)
    assert (cogvideox.size, cogvideox.rate) == (("start.size == 720x480",), "8fps")
    # What `using.vram` is, its `load` says.
    assert cogvideox.vram == ("13GB", "18GB")
    # What `to` must be beside the still is another matter.
    assert found["hunyuan15"].size == ("start.width % 16 == 0 and start.height % 16 == 0",)
    # A size that depends on whether there is an end is one.
    assert "cell = if end == none then 64 else 32" in found["ltx2"].size[0]
    assert wan22.end
    assert not cogvideox.end
    assert (wan22.frames, wan22.default) == (("5..", "(count - 1) % 4 == 0"), "81")
    assert {model.licence for model in wan22.models} == {"Apache-2.0"}


def test_the_example_of_own_stages_is_right(tmp_path: Path) -> None:
    text = (FOLDER / "own.md").read_text("utf-8")
    grade, film = re.findall(r"```reel\n(.*?)```", text, re.DOTALL)
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "grade.reel").write_text(grade, "utf-8")
    (tmp_path / "film.reel").write_text(film, "utf-8")
    cv2.imwrite(str(tmp_path / "harbor.jpg"), np.zeros((900, 1600, 3), np.uint8))
    assert reelc.check(tmp_path / "film.reel") == ()
    for program in (grade, film):
        assert reelc.format(program) == program

"""Stages of a project's folder `stages`: `use stages.NAME`."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import reelc

GRADE = """reel 1
use std.finish
stage finished(source: clip) -> clip {
  return source |> finish.upscale(to: 2048x1152)
}
"""
FILM = """use std.svd
use stages.grade
pipeline film {
  param photo: image = "photo.png"
  output film = photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 7) |> grade.finished() |> video()
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "photo.png"), np.zeros((900, 1600, 3), np.uint8))
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "grade.reel").write_text(GRADE, "utf-8")
    return tmp_path


def film(folder: Path, text: str = FILM) -> Path:
    path = folder / "film.reel"
    path.write_text(text, "utf-8")
    return path


def said(folder: Path, text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(d.code.code, d.message, d.help) for d in reelc.check(film(folder, text))]


def test_a_module_of_the_project(folder: Path) -> None:
    plan = reelc.compile(film(folder)).plan
    assert plan.outputs[0].facts.width == 2048
    files = {p.file for nodes in plan.spans.values() for stack in nodes.values() for p in stack}
    assert "stages/grade.reel" in files


def test_it_is_the_file(folder: Path) -> None:
    named = film(folder).read_text("utf-8").replace("use stages.grade", 'use "./stages/grade.reel" as grade')
    plan = reelc.compile(film(folder)).plan
    assert reelc.compile(film(folder, named)).plan.to_files().keys() == plan.to_files().keys()
    # Both in one program are one module, not two.
    both = FILM.replace("use stages.grade", 'use stages.grade\nuse finished from "./stages/grade.reel"')
    assert said(folder, both) == []


def test_names_of_it(folder: Path) -> None:
    text = FILM.replace("use stages.grade", "use finished as ended from stages.grade").replace(
        "grade.finished", "ended"
    )
    assert said(folder, text) == []


def test_modules_use_each_other(folder: Path) -> None:
    (folder / "stages" / "more.reel").write_text(GRADE.replace("use std.finish", "use std.finish\nuse stages.grade"))
    (folder / "stages" / "grade.reel").write_text(GRADE.replace("use std.finish", "use std.finish\nuse stages.more"))
    ((code, message, _),) = said(folder, FILM)
    assert code == "E0204"
    assert "stages/grade.reel -> stages/more.reel" in message


@pytest.mark.parametrize(
    ("use", "message", "help_"),
    [
        ("use stages.grad", "there is no module `stages.grad`", "did you mean `stages.grade`?"),
        ("use stages.quite_other as grade", "there is no file `stages/quite_other.reel`", "beside the main file"),
        ("use grade", "there is no module `grade`", "`use stages.grade`"),
        ("use stages as grade", "there is no module `stages`", "std.svd"),
        ("use acme.grade", "there is no module `acme.grade`", "no package that is installed beside reelc"),
        ("use std.grade", "there is no module `std.grade`", "std.svd"),
    ],
)
def test_what_is_not_there(folder: Path, use: str, message: str, help_: str) -> None:
    found = [d for d in said(folder, FILM.replace("use stages.grade", use)) if d[0] == "E0203"]
    assert [d[0] for d in found] == ["E0203"]
    assert message in found[0][1]
    assert help_ in found[0][2][0]


def test_a_misspelt_module_is_one_error(folder: Path) -> None:
    assert [code for code, _, _ in said(folder, FILM.replace("use stages.grade", "use stages.grad"))] == ["E0203"]


def test_a_name_that_is_taken(folder: Path) -> None:
    (folder / "stages" / "svd.reel").write_text(GRADE, "utf-8")
    found = said(folder, FILM.replace("use stages.grade", "use stages.svd\nuse stages.grade"))
    assert [code for code, _, _ in found] == ["E0202"]
    assert said(folder, FILM.replace("use stages.grade", "use stages.svd as ours\nuse stages.grade")) == []


def test_a_folder_that_is_a_link_out_of_the_project(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    away = tmp_path_factory.mktemp("away")
    (folder / "stages" / "grade.reel").rename(away / "grade.reel")
    (folder / "stages").rmdir()
    try:
        (folder / "stages").symlink_to(away, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert [d.code.code for d in reelc.check(film(folder))] == ["E0604"]

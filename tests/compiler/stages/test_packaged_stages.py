"""Stages of installed packages: a wheel is built, unpacked onto the path, and never imported."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from command import call

import reelc
from reelc.locking import find_lock
from reelc_compiler.loader import Project

LOOK = """reel 1

# The look of Acme.

use std.finish
use size from acme.house

stage look(source: clip) -> clip {
  \"""As Acme ends a clip.\"""
  require source.frames >= 2 else "Acme wants two frames, this has {{ source.frames }}"
  return source |> finish.upscale(to: size)
}
"""
HOUSE = "reel 1\nlet size = 2048x1152\n"
FILM = """use std.svd
use acme.film
pipeline film {
  param photo: image = "photo.png"
  output film = photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 7) |> film.look() |> video()
}
"""
# A package that is executed is noticed.
EXECUTED = "raise SystemExit('this package was executed')\n"

Install = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    cv2.imwrite(str(project / "photo.png"), np.zeros((900, 1600, 3), np.uint8))
    (project / "film.reel").write_text(FILM, "utf-8")
    return project


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a package onto the path, as pip leaves it: its files beside a `.dist-info` folder."""

    def put(
        files: dict[str, str] | None = None,
        *,
        name: str = "acme",
        value: str = "acme_reel:stages",
        package: str = "acme-reel",
        version: str = "1.2.0",
    ) -> Path:
        site = tmp_path / f"site-{package}-{version}"
        info = site / f"{package.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[reelc.stages]\n{name} = {value}\n")
        top = site / value.partition(":")[0].partition(".")[0]
        for path, text in {"stages/film.reel": LOOK, "stages/house.reel": HOUSE, **(files or {})}.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(text, "utf-8")
        (top / "__init__.py").write_text(EXECUTED)
        monkeypatch.syspath_prepend(str(site))
        return site

    return put


def codes(folder: Path) -> list[str]:
    return [d.code.code for d in reelc.check(folder / "film.reel")]


def test_a_wheel_as_hatchling_builds_it(folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "acme_reel" / "stages").mkdir(parents=True)
    (made / "acme_reel" / "__init__.py").write_text(EXECUTED)
    (made / "acme_reel" / "stages" / "film.reel").write_text(LOOK, "utf-8")
    (made / "acme_reel" / "stages" / "house.reel").write_text(HOUSE, "utf-8")
    (made / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "acme-reel"\nversion = "1.2.0"\n'
        '[project.entry-points."reelc.stages"]\nacme = "acme_reel:stages"\n'
    )
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", build], cwd=made, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    # In a process of its own, as users have it.
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "from reelc.cli.app import app\n"
        f"app.main(['check', '--json', {str(folder / 'film.reel')!r}], standalone_mode=False)\n"
        "assert 'acme_reel' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["diagnostics"] == []


def test_it_compiles_to_the_same_bytes(folder: Path, install: Install) -> None:
    install()
    done = reelc.compile(folder / "film.reel")
    assert done.plan.outputs[0].facts.width == 2048
    assert reelc.compile(folder / "film.reel").plan.to_files() == done.plan.to_files()
    places = {(p.file, p.library) for nodes in done.plan.spans.values() for s in nodes.values() for p in s}
    assert ("acme/film.reel", True) in places
    assert sorted(done.project.packaged) == ["acme.film", "acme.house"]
    assert "acme_reel" not in sys.modules


@pytest.mark.parametrize("value", ["acme_reel", "acme_reel.data:stages", "acme_reel:data.stages"])
def test_where_files_lie(folder: Path, install: Install, value: str) -> None:
    install({"film.reel": LOOK, "house.reel": HOUSE, "data/stages/film.reel": LOOK, "data/stages/house.reel": HOUSE},
            value=value)  # fmt: skip
    assert codes(folder) == []


def test_a_rule_is_told_at_the_user_s_line(folder: Path, install: Install) -> None:
    install({"stages/film.reel": LOOK.replace(">= 2", ">= 200")})
    (found,) = reelc.check(folder / "film.reel")
    assert (found.code.code, found.message) == ("E0401", "Acme wants two frames, this has 25")
    assert found.span is not None
    assert found.span.source.name.endswith("film.reel")
    assert not found.span.source.library


# -- what goes wrong -------------------------------------------------------------------------


def one(folder: Path) -> tuple[str, str, str]:
    found = reelc.check(folder / "film.reel")[0]
    assert found.span is not None
    assert found.help
    return found.code.code, found.message, " ".join(found.help)


def test_two_packages_of_one_name(folder: Path, install: Install) -> None:
    install()
    install(package="acme-more", version="3.0", value="acme_more:stages")
    code, message, help_ = one(folder)
    assert code == "E0217"
    assert message == "acme-more 3.0 and acme-reel 1.2.0 both offer stages as `acme`"
    assert "stages/" in help_


@pytest.mark.parametrize(("name", "whose"), [("std", "the standard library"), ("stages", "a project's own stages")])
def test_reserved_names(folder: Path, install: Install, name: str, whose: str) -> None:
    install()
    install(package="greedy", name=name, value="greedy:stages")
    code, message, _ = one(folder)
    assert code == "E0217"
    assert whose in message


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("acme_reel:nowhere", "there is no folder acme_reel/nowhere in the package"),
        ("not_there_at_all", "there is no folder not_there_at_all in the package"),
        ("acme_reel:../..", "`acme_reel:../..` does not say where they lie"),
        ("acme_reel:stages [extra]", "does not say where they lie"),
        ("wave", "there is no folder"),
        ("json", "there are no .reel files"),
    ],
)
def test_files_that_are_not_where_they_should_be(folder: Path, install: Install, value: str, said: str) -> None:
    site = install()
    (entry,) = site.glob("*.dist-info/entry_points.txt")
    entry.write_text(f"[reelc.stages]\nacme = {value}\n")
    code, message, help_ = one(folder)
    assert code == "E0218"
    assert said in message
    assert "acme-reel" in help_


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LOOK + "stage {", "`acme.film` has errors: "),
        (LOOK + "#" * 1_000_000, "is larger than 1000 KB"),
        (LOOK + "\0", "zero bytes"),
    ],
)
def test_texts_that_cannot_be_used(folder: Path, install: Install, text: str, said: str) -> None:
    install({"stages/film.reel": text})
    code, message, _ = one(folder)
    assert code == "E0218"
    assert said in message


@pytest.mark.parametrize(
    "line",
    [
        'use "./other.reel" as other',
        "use stages.grade",
        'workflow flow = "flow.json" { out frames: IMAGE = "5.0" }',
    ],
)
def test_a_package_names_no_files(folder: Path, install: Install, line: str) -> None:
    install({"stages/film.reel": LOOK.replace("reel 1\n", f"reel 1\n{line}\n")})
    found = reelc.check(folder / "film.reel")[0]
    assert found.code.code == "E0219"
    assert "use acme.NAME" in found.help[0]


def test_a_package_names_no_picture(folder: Path, install: Install) -> None:
    text = LOOK.replace("  return", '  let logo = fit("photo.png", 64x64)\n  require logo.width == 64\n  return')
    install({"stages/film.reel": text})
    assert "E0219" in codes(folder)


def test_a_template_with_an_unknown_name_is_found(folder: Path, install: Install) -> None:
    install({"stages/film.reel": LOOK.replace("{{ source.frames }}", "{{ nothing }}")})
    assert "E0309" in codes(folder)


def test_another_module_of_the_package(folder: Path, install: Install) -> None:
    install()
    (folder / "film.reel").write_text(FILM.replace("use acme.film", "use acme.flim as film"), "utf-8")
    code, message, help_ = one(folder)
    assert (code, message) == ("E0203", "there is no module `acme.flim`")
    assert "did you mean `acme.film`?" in help_


# -- the lock --------------------------------------------------------------------------------


def test_a_lock_knows_the_package(folder: Path, install: Install) -> None:
    site = install()
    call("models", "lock", folder / "film.reel")
    lock = find_lock(Project(folder / "film.reel"))
    assert lock is not None
    assert [(n, s.package, s.version) for n, s in lock.stages.items()] == [("acme", "acme-reel", "1.2.0")]
    assert codes(folder) == []
    call("models", "lock", folder / "film.reel", "--check")

    (site / "acme_reel" / "stages" / "house.reel").write_text("reel 1\nlet size = 1024x576\n", "utf-8")
    (found,) = reelc.check(folder / "film.reel")
    assert found.code.code == "W0217"
    assert "acme-reel 1.2.0" in found.message
    assert "reelc models lock" in found.help[0]
    assert (
        "the package of stages acme is another" in call("models", "lock", folder / "film.reel", "--check", code=1).err
    )
    call("models", "lock", folder / "film.reel")
    assert codes(folder) == []


def test_a_lock_without_the_package(folder: Path, install: Install) -> None:
    install()
    call("models", "lock", folder / "film.reel")
    lock = folder / "reel.lock"
    head, _, tail = lock.read_text("utf-8").partition("[stages.")
    lock.write_text(head + tail[tail.index("\n[") + 1 :], "utf-8")
    (found,) = reelc.check(folder / "film.reel")
    assert found.code.code == "W0217"
    assert "are not in" in found.message


# -- reelc stages ----------------------------------------------------------------------------


def test_reelc_stages_shows_it(folder: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    monkeypatch.chdir(folder)
    assert "acme.film\n  film.look(source) -> clip\n      As Acme ends a clip.\n" in call("stages").out
    shown = call("stages", "acme.film.look").out
    assert shown.startswith("acme.film.look\n")
    assert "use acme.film\n" in shown
    assert "pipeline example" in shown


def test_reelc_stages_shows_own_stages(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "stages").mkdir()
    (folder / "stages" / "grade.reel").write_text(LOOK.replace("use size from acme.house", "let size = 2048x1152"))
    monkeypatch.chdir(folder)
    assert "stages.grade\n  grade.look(source) -> clip\n" in call("stages").out
    for name in ("stages.grade.look", "grade.look", "look"):
        assert "use stages.grade\n" in call("stages", name).out

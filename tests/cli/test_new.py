"""``reelc new``: projects that are right from the first minute, and never written over anything."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import reelc
from reelc import scaffold
from reelc.cli.new import NAMES, command
from reelc.landscape import HOURS, landscape
from reelc_dsl.diagnostics import ReelError
from reelc_runtime.preview.standins import registry
from reelc_runtime.run.faults import Locator
from reelc_runtime.run.stand_ins import without

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user is in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*args: str, code: int = 0) -> Result:
    done = CliRunner().invoke(command, args)
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize("template", scaffold.TEMPLATES)
def test_a_project_checks_clean_compiles_and_can_be_previewed(template: str, folder: Path) -> None:
    new("harbor", "--template", template)
    assert reelc.check("harbor/harbor.reel") == ()
    done = reelc.compile("harbor/harbor.reel")
    assert done.plan.pipeline == "harbor"
    assert without(done.plan, registry(), Locator(done.plan, {})) == []


def test_what_is_made_is_said(folder: Path) -> None:
    done = new("films/harbor-2")
    listed = done.stdout.splitlines()
    assert listed[0] == "films/harbor-2/harbor-2.reel"
    assert sorted(listed) == sorted(p.as_posix() for p in Path("films").rglob("*") if p.is_file())
    assert "reelc preview films/harbor-2/harbor-2.reel" in done.stderr
    value = json.loads(new("other", "--template", "shots", "--json").stdout)
    assert value["main"] == "other/other.reel"
    assert {Path(f).name for f in value["files"]} >= {"dawn.png", "noon.png", "dusk.png", ".gitignore", "README.md"}
    assert sorted(p.name for p in folder.iterdir()) == ["films", "other"]


def test_settings_are_comments_that_can_be_taken_in(folder: Path) -> None:
    new("harbor")
    text = Path("harbor/reelc.toml").read_text("utf-8")
    assert tomllib.loads(text) == {"run": {}}
    used = re.sub(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    assert tomllib.loads(used) == {"run": {"workers": ["http://127.0.0.1:8188"], "out": "out"}}


def test_the_readme_is_of_this_project(folder: Path) -> None:
    new("harbor")
    text = Path("harbor/README.md").read_text("utf-8")
    assert text.startswith("# harbor\n")
    assert "reelc check harbor.reel" in text
    assert "PROJECT" not in text + Path("harbor/harbor.reel").read_text("utf-8")


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_nothing_is_overwritten(what: str, folder: Path) -> None:
    if what == "file":
        Path("harbor").write_text("precious", "utf-8")
    elif what == "link":
        Path("harbor").symlink_to("nowhere")
    else:
        Path("harbor").mkdir()
        Path("harbor/film.reel").write_text("precious", "utf-8")
    before = sorted(p.name for p in folder.rglob("*"))
    assert "is there already" in new("harbor", code=1).stderr
    assert sorted(p.name for p in folder.rglob("*")) == before


def test_an_empty_folder_is_filled(folder: Path) -> None:
    Path("harbor").mkdir()
    new("harbor")
    assert Path("harbor/harbor.reel").is_file()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "1film", "-x", "a b", "a.reel", "films/häfen", "con", "LPT1", "x" * 65]
)
def test_bad_names(name: str, folder: Path) -> None:
    assert new("--", name, code=2).stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["node", "if", "true", "pipeline", "let", "reel", "for", "film_2", "A"])
def test_names_that_mean_something_in_reel_do_as_well(name: str, folder: Path) -> None:
    new(name)
    assert reelc.check(f"{name}/{name}.reel") == ()


def test_a_folder_that_cannot_be_made_leaves_nothing(folder: Path) -> None:
    Path("films").write_text("no folder", "utf-8")
    with pytest.raises(ReelError) as error:
        scaffold.create(Path("films/harbor"), "still")
    assert [d.code.code for d in error.value.diagnostics] == ["E0718"]
    assert [p.name for p in folder.iterdir()] == ["films"]


def test_a_write_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(name: str, template: str) -> object:
        yield "a.reel", b"x"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scaffold, "contents", full)
    with pytest.raises(ReelError) as error:
        scaffold.create(Path("harbor"), "still")
    assert [d.code.code for d in error.value.diagnostics] == ["E0711"]
    assert list(folder.iterdir()) == []


def test_the_command_knows_all_templates() -> None:
    assert tuple(scaffold.TEMPLATES) == NAMES


@pytest.mark.parametrize("hour", HOURS)
def test_pictures_are_small_whole_and_always_the_same(hour: str, folder: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    data = landscape(HOURS[hour], 320, 180)
    assert data == landscape(HOURS[hour], 320, 180)
    assert len(data) < 20_000
    Path("a.png").write_bytes(data)
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (320, 180)
    picture = cv2.imread("a.png")
    assert picture.shape == (180, 320, 3)
    assert picture[0].mean() > picture[-1].mean(), "the sky is brighter than the ground"

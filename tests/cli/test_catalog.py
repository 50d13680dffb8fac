"""``reelc catalog`` and ``--catalog FILE``: lists, classes, and catalogs of workers in use."""

import asyncio
import json
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from comfy_stub import ComfyStub, object_info, own_class
from runtime.run.worker_double import WorkerDouble

import reelc
from reelc import catalogs
from reelc.cli.app import app
from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.plan import CatalogRef, Plan
from reelc_dsl.diagnostics import ReelError

ROOT = Path(__file__).parent.parent.parent
FILM = """reel 1
use std.svd
stage slowed(c: clip) -> clip {
  let more = node Own(frames: c, mode: "slow")
  preview flow
  return clip(more.frames, size: c.size, frames: c.frames, fps: c.fps)
}
pipeline film {
  param photo: image = "dandelion.jpg"
  output film = photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1) |> slowed() |> video()
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user is in, with a film."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "examples" / "dandelion.jpg", tmp_path)
    (tmp_path / "film.reel").write_text(FILM, "utf-8")
    return tmp_path


@pytest.fixture
def worker() -> Iterator[ComfyStub]:
    with ComfyStub() as stub:
        stub.info["Own"] = own_class()
        yield stub


def run(*args: str | Path, code: int = 0) -> Result:
    """A command in this process; a diagnostic is raised and not printed."""
    done = CliRunner().invoke(app, [str(a) for a in args])
    if isinstance(done.exception, ReelError):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


def codes(*args: str | Path) -> list[str]:
    """The codes of the diagnostics that end a command."""
    with pytest.raises(ReelError) as error:
        run(*args)
    return [d.code.code for d in error.value.diagnostics]


def pulled(worker: ComfyStub, name: str = "studio.catalog") -> Path:
    run("catalog", "pull", "--worker", worker.url, "-o", name)
    return Path(name)


# -- list and show ---------------------------------------------------------------------------


def test_bundled_catalogs_are_listed() -> None:
    lines = run("catalog", "list").stdout.splitlines()
    assert lines[0] == "comfyui-0.33.0 (in reelc, the default)"
    bundled = load_catalog()
    assert lines[1] == f"  ComfyUI 0.33.0, {len(bundled)} node classes, sha256 {bundled.sha256[:12]}"
    assert any("ComfyUI-KJNodes" in line and "at 3f20054214fe" in line for line in lines)
    value, old = json.loads(run("catalog", "list", "--json").stdout)["catalogs"]
    assert (value["classes"], value["default"], value["file"]) == (len(bundled), True, None)
    assert (old["name"], old["classes"], old["default"]) == ("comfyui-0.8.0", 959, False)
    for catalog in (value, old):
        assert sum(p["classes"] for p in catalog["packs"]) == catalog["classes"]


def test_a_projects_catalogs_are_listed_and_broken_ones_said(worker: ComfyStub, folder: Path) -> None:
    pulled(worker)
    (folder / "catalogs").mkdir()
    shutil.copy("studio.catalog", "catalogs/other.catalog")
    shown = run("catalog", "list").stdout
    assert "studio (--catalog studio.catalog)" in shown
    assert "studio (--catalog catalogs/other.catalog)" in shown
    assert "Comfy.My-Pack     1  origin unknown" in shown
    Path("catalogs/other.catalog").write_text("x", "utf-8")
    done = run("catalog", "list", code=1)
    assert "studio.catalog" in done.stdout
    assert "E0508" in done.stderr
    value = json.loads(run("catalog", "list", "--json", code=1).stdout)
    assert [d["code"] for d in value["diagnostics"]] == ["E0508"]


def test_a_class_is_shown() -> None:
    shown = run("catalog", "show", "KSampler").stdout
    assert "  seed          INT           0 to 18446744073709551615, default 0\n" in shown
    assert '"dpm_fast" and 32 more' in shown
    assert shown.endswith("Outputs\n  0  LATENT  LATENT\n")
    shown = run("catalog", "show", "ImageOnlyCheckpointLoader").stdout
    assert "a file in models/checkpoints" in shown
    assert "node pack ComfyUI-Frame-Interpolation (Fannovel16/" in run("catalog", "show", "RIFE VFI").stdout


def test_inputs_that_a_choice_adds_are_shown_under_it() -> None:
    shown = run("catalog", "show", "SaveVideo").stdout
    assert '    with "mp4":\n      format.codec  ' in shown
    assert '            with "re-encode":\n              format.codec.encoding.color_space  COMBO' in shown
    shown = run("catalog", "show", "VHS_VideoCombine").stdout
    assert '    with "video/h264-mp4":\n      pix_fmt  ' in shown
    assert "`images.image0` to `images.image49`, at least 1" in run("catalog", "show", "BatchImagesNode").stdout
    assert "the type of `input`" in run("catalog", "show", "ResizeImageMaskNode").stdout


@pytest.mark.parametrize("name", load_catalog().class_names()[::7])
def test_every_class_can_be_shown(name: str) -> None:
    shown = run("catalog", "show", name).stdout
    value = json.loads(run("catalog", "show", name, "--json").stdout)
    assert value["class"] == name
    for item in (*value["inputs"], *value["outputs"]):
        assert item["name"] in shown
    for flag in ("deprecated", "experimental"):
        assert (f"  {flag}: " in shown) is value[flag]


def test_unknown_classes_and_catalogs() -> None:
    assert "Did you mean `KSampler`?" in run("catalog", "show", "KSamplr", code=2).stderr
    assert run("catalog", "show", "zzzzzzzz", code=2).stderr.endswith("has no node class `zzzzzzzz`.\n")
    assert codes("catalog", "show", "KSampler", "--catalog", "comfyui-0.1") == ["E0506"]


# -- pull ------------------------------------------------------------------------------------


def test_a_workers_catalog_is_written(worker: ComfyStub) -> None:
    count = len(worker.info)
    worker.info["Odd"] = {"input": {"required": {"a": [{}]}}}
    done = run("catalog", "pull", "--worker", worker.url, "-o", "studio.catalog")
    assert done.stdout.startswith(f"studio (--catalog studio.catalog)\n  ComfyUI 0.33.0, {count} node classes, sha256 ")
    assert "1 left out, described in a way that is not ComfyUI's: Odd" in done.stderr
    assert worker.asked == ["GET /system_stats", "GET /object_info"]
    value = json.loads(run("catalog", "pull", "--worker", worker.url, "-o", "studio.catalog", "--json").stdout)
    assert value["sha256"] == catalogs.read_catalog(Path("studio.catalog")).sha256
    assert value["left_out"] == ["Odd"]
    assert run("catalog", "show", "Own", "--catalog", "studio.catalog").stdout.startswith(
        "Own: node pack Comfy.My-Pack (origin unknown), for ComfyUI 0.33.0 (catalog studio)"
    )


@pytest.mark.parametrize("name", ["studio", "studio.json", ".catalog", "a b.catalog", "comfyui-0.33.0.catalog"])
def test_bad_file_names(name: str, worker: ComfyStub) -> None:
    run("catalog", "pull", "--worker", worker.url, "-o", name, code=2)
    assert worker.asked == []


def test_a_bad_address_is_a_wrong_command_line() -> None:
    assert "is not the URL of a worker" in run("catalog", "pull", "--worker", "host", "-o", "a.catalog", code=2).stderr


def test_other_files_are_not_overwritten(worker: ComfyStub) -> None:
    Path("notes.catalog").write_text("precious", "utf-8")
    assert codes("catalog", "pull", "--worker", worker.url, "-o", "notes.catalog") == ["E0508"]
    assert Path("notes.catalog").read_text("utf-8") == "precious"


@pytest.mark.parametrize(
    ("path", "instead", "code"),
    [
        ("/system_stats", 500, "E0712"),
        ("/system_stats", b"<html>", "E0712"),
        ("/object_info", 404, "E0712"),
        ("/object_info", b"{}", "E0712"),
        ("/object_info", b"[]", "E0712"),
        ("/object_info", b'{"A": 3}', "E0712"),
        ("/object_info", 401, "E0713"),
    ],
)
def test_a_worker_that_does_not_tell(path: str, instead: int | bytes, code: str, worker: ComfyStub) -> None:
    worker.instead[path] = instead
    assert codes("catalog", "pull", "--worker", worker.url, "-o", "studio.catalog") == [code]
    assert not Path("studio.catalog").exists()


def test_a_worker_that_is_not_there_or_previews(worker: ComfyStub) -> None:
    assert codes("catalog", "pull", "--worker", "http://127.0.0.1:1", "-o", "studio.catalog") == ["E0701"]
    worker.stats["system"]["reelc"] = {"engine": "preview"}
    assert codes("catalog", "pull", "--worker", worker.url, "-o", "studio.catalog") == ["E0712"]


def test_credentials_come_from_the_environment(worker: ComfyStub, monkeypatch: pytest.MonkeyPatch) -> None:
    worker.token = "secret"
    assert codes("catalog", "pull", "--worker", worker.url, "-o", "studio.catalog") == ["E0713"]
    monkeypatch.setenv("REELC_WORKER_TOKEN", "secret")
    pulled(worker)


def test_a_folder_that_is_not_there(worker: ComfyStub) -> None:
    assert codes("catalog", "pull", "--worker", worker.url, "-o", "nowhere/studio.catalog") == ["E0718"]


# -- use -------------------------------------------------------------------------------------


def test_a_film_compiles_against_a_workers_catalog(worker: ComfyStub, folder: Path) -> None:
    path = pulled(worker)
    assert [d.code.code for d in reelc.check("film.reel")] == ["E0501"]
    assert reelc.check("film.reel", catalog="studio.catalog") == ()
    assert reelc.check("film.reel", catalog=str(folder / "studio.catalog")) == ()
    plan = reelc.compile("film.reel", catalog="./studio.catalog").plan
    catalog = catalogs.read_catalog(path)
    assert plan.catalog == CatalogRef(name="studio", comfyui="0.33.0", sha256=catalog.sha256)
    (pack,) = plan.jobs[-1].needs.packs
    assert (pack.name, pack.repo, pack.commit) == ("Comfy.My-Pack", None, None)
    assert [m.file for job in plan.jobs for m in job.needs.models] == ["svd_xt_1_1.safetensors"]
    files = {name: json.loads(text) for name, text in plan.to_files().items()}
    assert Plan.from_files(files).to_files() == plan.to_files()


def test_every_command_takes_it(worker: ComfyStub) -> None:
    pulled(worker)
    more = ("film.reel", "--catalog", "studio.catalog")
    assert run("check", *more).stderr.endswith("no errors\n")
    assert "needs the node pack Comfy.My-Pack at an unknown commit (Own)" in run("plan", *more).stdout
    assert json.loads(run("plan", *more, "--json").stdout)["catalog"]["name"] == "studio"
    run("compile", *more)
    run("check", *more, "--fix")
    for args in (("check",), ("compile",), ("plan",), ("preview",)):
        Path("studio.catalog").write_bytes(Path("studio.catalog").read_bytes()[:-9])
        if args == ("check",):
            assert "E0508" in run("check", *more, code=1).stderr
        else:
            assert codes(*args, *more) == ["E0508"]


SMALL = (
    FILM.replace(" |> slowed()", "").replace("fit(1024x576)", "fit(256x256)").replace("seed: 1", "seed: 1, frames: 3")
)


async def test_a_worker_renders_a_film_of_a_catalog_of_its_own(worker: ComfyStub, folder: Path) -> None:
    """The worker hides that LoadImage checks its input itself; the pulled catalog knows it from the bundled one."""
    await asyncio.to_thread(pulled, worker)
    Path("small.reel").write_text(SMALL, "utf-8")
    async with WorkerDouble(folder / "worker") as double:
        command = [sys.executable, "-c", "from reelc.cli.app import main; main()", "run", "small.reel"]
        process = await asyncio.create_subprocess_exec(
            *command, "--catalog", "studio.catalog", "--worker", double.url, stdout=PIPE, stderr=PIPE
        )
        said, talk = await process.communicate()
        assert process.returncode == 0, talk.decode()
        assert said.startswith(b"out/film.mp4: 256x256, 3 frames")
        double.lacks = {"SVD_img2vid_Conditioning"}
        Path("small.reel").write_text(SMALL.replace("seed: 1", "seed: 2"), "utf-8")
        process = await asyncio.create_subprocess_exec(
            *command, "--catalog", "studio.catalog", "--worker", double.url, stderr=PIPE
        )
        assert b"E0703" in (await process.communicate())[1]
        assert process.returncode == 3


def test_a_name_without_its_ending_says_so(worker: ComfyStub) -> None:
    pulled(worker)
    (found,) = reelc.check("film.reel", catalog="studio")
    assert found.help == ("the file is named with its ending: `--catalog studio.catalog`",)


def test_too_large_and_unreadable_files(folder: Path) -> None:
    with (folder / "large.catalog").open("wb") as file:
        file.truncate(catalogs.MAX_BYTES + 1)
    (folder / "folder.catalog").mkdir()
    for name, part in (("large.catalog", "larger than 64 MiB"), ("folder.catalog", "cannot be read: is a directory")):
        (found,) = reelc.check("film.reel", catalog=name)
        assert found.code.code == "E0508"
        assert part in found.message


def test_the_catalog_for_matching_a_worker_is_the_plans(
    worker: ComfyStub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for a plan that was compiled elsewhere: its own catalog is then out of reach, the bundled one serves."""
    ref = reelc.compile("film.reel", catalog=str(pulled(worker))).plan.catalog

    def names(catalog: Catalog) -> str:
        return catalog.name

    assert names(catalogs.catalog_of(ref)) == "studio"
    monkeypatch.setattr(catalogs, "_opened", [])
    assert names(catalogs.catalog_of(ref)) == "studio"
    monkeypatch.setattr(catalogs, "_opened", [])
    Path("studio.catalog").unlink()
    assert names(catalogs.catalog_of(ref)) == "comfyui-0.33.0"
    bundled = load_catalog()
    ref = CatalogRef(name=bundled.name, comfyui="0.33.0", sha256=bundled.sha256)
    assert catalogs.catalog_of(ref).sha256 == bundled.sha256


# -- answers in files ------------------------------------------------------------------------


def test_a_servers_answer_is_a_catalog(worker: ComfyStub, folder: Path) -> None:
    """It says of node classes what the catalog says that is pulled from the same server."""
    (folder / "answer.json").write_text(json.dumps(worker.info), "utf-8")
    (folder / "answer.catalog").write_text(json.dumps(worker.info), "utf-8")
    assert [d.code.code for d in reelc.check("film.reel")] == ["E0501"]
    for name in ("answer.json", "./answer.json", "answer.catalog"):
        assert reelc.check("film.reel", catalog=name) == ()
    plan = reelc.compile("film.reel", catalog="answer.json").plan
    assert (plan.catalog.name, plan.catalog.comfyui) == ("answer", "")
    mine = catalogs.open_catalog("answer.json")
    assert plan.catalog.sha256 == mine.sha256 == catalogs.catalog_of(plan.catalog).sha256
    theirs = catalogs.read_catalog(pulled(worker))
    assert {n: mine.record(n) for n in mine.class_names()} == {n: theirs.record(n) for n in theirs.class_names()}
    assert (
        "film, for a ComfyUI of an unknown version (catalog answer)\n"
        in run("plan", "film.reel", "--catalog", "answer.json").stdout
    )


def test_a_model_that_a_server_lacks_does_not_keep_a_film_from_compiling(worker: ComfyStub, folder: Path) -> None:
    worker.info["ImageOnlyCheckpointLoader"]["input"]["required"]["ckpt_name"][0] = ["another.safetensors"]
    (folder / "answer.json").write_text(json.dumps(worker.info), "utf-8")
    plan = reelc.compile("film.reel", catalog="answer.json").plan
    assert [m.file for job in plan.jobs for m in job.needs.models] == ["svd_xt_1_1.safetensors"]
    shown = run("catalog", "show", "ImageOnlyCheckpointLoader", "--catalog", "answer.json").stdout
    assert 'a file in models/checkpoints, of which there is "another.safetensors"' in shown
    assert "a ComfyUI of an unknown version" in shown
    value = json.loads(run("catalog", "show", "ImageOnlyCheckpointLoader", "--catalog", "answer.json", "--json").stdout)
    assert value["inputs"][0]["present"] == ["another.safetensors"]


def test_files_that_are_no_answers(folder: Path) -> None:
    for text, part in (
        ("", "it is no JSON, or it is cut off"),
        ('{"1": {"class_type": "A", "inputs": {}}}', "it is a graph in API format"),
        ("[" * 100_000, "nested too deeply"),
    ):
        (folder / "odd.json").write_text(text, "utf-8")
        (found,) = reelc.check("film.reel", catalog="odd.json")
        assert found.code.code == "E0510"
        assert part in found.message
        assert "curl http://HOST:8188/object_info" in found.help[0]
    (found,) = reelc.check("film.reel", catalog="nowhere.json")
    assert (found.code.code, "curl" in found.help[0]) == ("E0506", True)
    with (folder / "large.json").open("wb") as file:
        file.truncate(catalogs.MAX_BYTES + 1)
    (found,) = reelc.check("film.reel", catalog="large.json")
    assert "larger than 64 MiB" in found.message


def test_an_answer_for_some_classes_is_a_small_catalog(folder: Path) -> None:
    """What `/object_info/CLASS` answers; reelc's own nodes may then be missing, too."""
    info = {**object_info(), "Own": own_class()}
    del info["LoadImage"]
    (folder / "some.json").write_text(json.dumps(info), "utf-8")
    (found,) = reelc.check("film.reel", catalog="some.json")
    assert found.code.code == "E0501"
    assert found.message == "the catalog some has no LoadImage, with which an input file is loaded"
    assert found.span is not None
    (folder / "one.json").write_text(json.dumps({"Own": own_class()}), "utf-8")
    # The library's stages speak of types that no class of it has.
    assert {d.code.code for d in reelc.check("film.reel", catalog="one.json")} == {"E0206"}


def test_what_no_catalog_can_hold_is_said_where_it_is_asked_for(folder: Path) -> None:
    info = {**object_info(), "Odd": {"input": {"required": {"a": [{}]}}}}
    (folder / "answer.json").write_text(json.dumps(info), "utf-8")
    done = run("catalog", "show", "Odd", "--catalog", "answer.json", code=2)
    assert "described in a way that is not ComfyUI's" in done.stderr


def test_a_paid_service_is_called_one() -> None:
    shown = run("catalog", "show", "KlingTextToVideoNode").stdout
    assert "  calls a paid service over the internet: it costs money, and needs an account at Comfy.org\n" in shown
    assert json.loads(run("catalog", "show", "KlingTextToVideoNode", "--json").stdout)["paid_service"] is True

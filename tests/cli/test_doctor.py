"""``reelc doctor``: every question has its good and its bad answer, and no secret and no traceback is shown."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from comfy_stub import ComfyStub, own_class

from reelc.cli.doctor import command
from reelc.doctor import machine, worker
from reelc.doctor.check import guarded
from reelc_compiler.catalog import load_catalog
from reelc_runtime import comfy

ROOT = Path(__file__).parent.parent.parent
VARIABLES = (*machine.SHOWN, *machine.SECRET, *machine.PROXIES, *(p.lower() for p in machine.PROXIES))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the user is in, and an environment without surprises."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def stub() -> Iterator[ComfyStub]:
    with ComfyStub() as server:
        yield server


def doctor(*args: str, code: int = 0) -> Result:
    done = CliRunner().invoke(command, args)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done


def findings(*args: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """All checks by name, the workers' over this machine's."""
    value = json.loads(doctor(*args, "--json", code=code).stdout)
    assert value["ok"] is (code == 0)
    for group in value["groups"]:
        assert group["ok"] is not any(c["state"] == "fail" for c in group["checks"])
        for check in group["checks"]:
            assert check["state"] in ("ok", "warn", "fail")
            # Every worry has a way out.
            assert bool(check["help"]) is (check["state"] != "ok"), check
    return {c["name"]: c for group in value["groups"] for c in group["checks"]}


def states(found: dict[str, dict[str, Any]], *names: str) -> list[str]:
    return [found[name]["state"] for name in names]


# -- this machine ----------------------------------------------------------------------------


def test_a_sound_machine(folder: Path) -> None:
    found = findings()
    assert (
        states(found, "python", "reelc", "system", "av", "numpy", "cv2", "aiohttp", "h264", "disk", "state")
        == ["ok"] * 10
    )
    assert found["h264"]["text"] == "H.264 is encoded and decoded (12 frames of 64x64)"
    assert list(folder.iterdir()) == [], "the doctor leaves nothing behind"
    shown = doctor().stdout
    assert shown.startswith("this machine\n  ok    Python 3.")
    assert len(shown.splitlines()) > len(found)


def test_without_the_extra(folder: Path) -> None:
    """In a process where none of its packages can be imported."""
    code = (
        "import sys\n"
        "for name in ('av', 'numpy', 'cv2', 'aiohttp', 'dbos'): sys.modules[name] = None\n"
        "from importlib import metadata\n"
        "def absent(name): raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = absent\n"
        "from reelc.cli.app import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor", "--json", "--worker", "http://127.0.0.1:1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    checks = {c["name"]: c for g in json.loads(done.stdout)["groups"] for c in g["checks"]}
    assert states(checks, "av", "numpy", "cv2", "aiohttp", "dbos", "h264") == ["warn"] * 6
    assert {checks[n]["help"] for n in ("av", "numpy", "cv2", "h264")} == {"pip install 'reelc[run]'"}


def test_a_package_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    real = machine.import_module

    def broken(name: str) -> Any:
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return real(name)

    monkeypatch.setattr(machine, "import_module", broken)
    found = findings(code=1)
    assert found["cv2"]["state"] == "fail"
    assert "libGL.so.1" in found["cv2"]["text"]


def test_encoding_that_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from reelc_runtime.media import encode
    from reelc_runtime.media.errors import WriteFailed

    def fails(*args: Any, **more: Any) -> int:
        raise WriteFailed("there is no encoder libx264")

    monkeypatch.setattr(encode, "encode", fails)
    found = findings(code=1)
    assert "there is no encoder libx264" in found["h264"]["text"]


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine.tempfile, "TemporaryDirectory", full)
    found = findings()
    assert found["h264"]["state"] == "warn"
    assert "no space left on device" in found["h264"]["text"]


@pytest.mark.parametrize(("free", "state", "code"), [(10**8, "fail", 1), (2 * 10**9, "warn", 0), (10**11, "ok", 0)])
def test_disk(free: int, state: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def usage(path: Path) -> Any:
        asked.append(path)
        return shutil._ntuple_diskusage(10**12, 10**12 - free, free)  # type: ignore[attr-defined]

    monkeypatch.setattr(machine.shutil, "disk_usage", usage)
    found = findings("--out", "films/new", code=code)
    assert found["disk"]["state"] == state
    assert "films/new" in found["disk"]["text"]
    assert asked == [Path.cwd()], "the nearest folder that is there"


def test_a_state_that_cannot_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "out").write_text("a file", "utf-8")
    assert findings(code=1)["state"]["text"].startswith(f"{folder / 'out'} is a file")
    (folder / "out").unlink()
    (folder / "out" / ".reelc").mkdir(parents=True)
    assert findings()["state"]["text"].endswith("can be written")

    def refuse(*args: Any, **more: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine.tempfile, "TemporaryFile", refuse)
    found = findings(code=1)["state"]
    assert found["text"].endswith("cannot be written: permission denied")
    assert str(folder / "out" / ".reelc") in found["help"]


def test_variables_are_named_and_secrets_never_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELC_WORKER", "http://me:hush1@127.0.0.1:1/comfy")
    monkeypatch.setenv("REELC_WORKER_TOKEN", "hush2")
    monkeypatch.setenv("REELC_WORKER_HEADERS", "X-Key: hush3")
    monkeypatch.setenv("HTTPS_PROXY", "http://hush4@proxy")
    monkeypatch.setenv("all_proxy", "hush5")
    monkeypatch.setenv("FORCE_COLOR", "")
    found = findings(code=3)
    assert found["REELC_WORKER"]["text"] == "REELC_WORKER is http://127.0.0.1:1/comfy"
    assert found["REELC_WORKER_TOKEN"]["text"] == "REELC_WORKER_TOKEN is set (its value is not shown)"
    assert found["FORCE_COLOR"]["text"] == "FORCE_COLOR is empty"
    assert found["NO_COLOR"]["text"] == "NO_COLOR is not set"
    assert found["proxy"]["state"] == "warn"
    assert found["proxy"]["text"].startswith("HTTPS_PROXY, all_proxy are set")
    for shown in (doctor(code=3).stdout, doctor("--json", code=3).stdout):
        assert "hush" not in shown


def test_variables_that_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELC_WORKER_HEADERS", "no header")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certs.pem")
    found = findings()
    assert states(found, "REELC_WORKER_HEADERS", "SSL_CERT_FILE") == ["warn", "warn"]


def test_every_variable_that_reelc_reads_is_looked_at() -> None:
    named: set[str] = set()
    for folder in ("reelc", "runtime", "compiler", "dsl"):
        for path in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r"\"(REELC_[A-Z_]+|(?:NO|FORCE)_COLOR)\"", path.read_text("utf-8")))
    assert not named - {*machine.SHOWN, *machine.SECRET}


def test_settings(folder: Path, stub: ComfyStub) -> None:
    assert findings()["settings"]["text"] == "there is no reelc.toml here or above"
    settings = folder / "reelc.toml"
    settings.write_text(f'[run]\nworkers = ["{stub.url}"]\nout = "films"\n', "utf-8")
    (folder / "deep").mkdir()
    os.chdir(folder / "deep")
    found = findings()
    assert found["settings"]["text"] == f"{settings} names 1 worker"
    assert f"({folder / 'films'})" in found["disk"]["text"]
    assert found["answers"]["state"] == "ok"


def test_a_worker_of_the_settings_with_a_token_of_its_own(
    folder: Path, stub: ComfyStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.token = "hush"
    line = f'{{ url = "{stub.url}", token_env = "MY_TOKEN" }}'
    (folder / "reelc.toml").write_text(f"[run]\nworkers = [{line}]\n", "utf-8")
    assert "(E0713)" in findings(code=3)["answers"]["text"]
    monkeypatch.setenv("MY_TOKEN", "hush")
    assert findings()["answers"]["state"] == "ok"


@pytest.mark.parametrize("text", [b"[run", b"\xff", b"x" * (2**20 + 1), b"run = 3", b"[other]", b"[run]\nworkers = 3"])
def test_settings_that_cannot_be_used(text: bytes, folder: Path) -> None:
    (folder / "reelc.toml").write_bytes(text)
    found = findings(code=1)["settings"]
    assert found["text"].startswith(f"`{folder / 'reelc.toml'}` cannot be used: ")


def test_settings_that_say_nothing(folder: Path) -> None:
    (folder / "reelc.toml").write_text("", "utf-8")
    assert findings()["settings"]["text"].endswith("names no workers")


def test_a_state_folder_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "out").write_text("a file", "utf-8")
    monkeypatch.setenv("REELC_STATE", str(folder / "state"))
    assert findings()["state"]["text"] == f"{folder / 'state'} is not there yet, and can be made"


def test_a_question_that_fails_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode() -> Any:
        raise RuntimeError("boom")
        yield

    monkeypatch.setattr(machine, "_python", explode)
    found = findings(code=1)
    assert "RuntimeError: boom" in found["python"]["text"]
    assert found["disk"]["state"] == "ok"
    assert [c.name for c in guarded("x", explode)] == ["x"]


# -- workers ---------------------------------------------------------------------------------


def test_a_sound_worker(stub: ComfyStub) -> None:
    stub.queue = {"queue_running": [[0, "a"]], "queue_pending": [[1, "b"], [2, "c"]]}
    stub.info["Own"] = own_class()
    found = findings("--worker", stub.url)
    assert re.fullmatch(r"answers in \d+ ms", found["answers"]["text"])
    assert found["comfyui"]["text"] == "ComfyUI 0.33.0, as the bundled catalog"
    assert found["gpu"]["text"] == "cuda:0 Test GPU : native: 24 GB, 23 GB free"
    assert found["ram"]["text"] == "64 GB of host memory, 50 GB free"
    assert found["queue"]["text"] == "1 running, 2 waiting in its queue"
    assert found["schemas"]["state"] == "ok"
    assert found["classes"]["text"] == f"{len(stub.info)} node classes, 1 of which the catalog lacks"
    assert "upload" not in found
    assert stub.uploads == {}
    assert not [a for a in stub.asked if not a.startswith("GET")]


def test_packs_that_are_there_or_not(stub: ComfyStub) -> None:
    catalog = load_catalog()
    stub.info = {}
    for name in catalog.class_names():
        schema = catalog.get(name)
        assert schema is not None
        if schema.pack == "ComfyUI-KJNodes" and name != "AddLabel":
            stub.info[name] = own_class(python_module="custom_nodes.comfyui-kjnodes")
        if schema.pack == "ComfyUI-VideoHelperSuite":
            stub.info[name] = own_class(python_module="custom_nodes.VHS")
    found = findings("--worker", stub.url)
    assert found["pack ComfyUI-KJNodes"]["text"].startswith(
        "has 248 of 249 node classes of ComfyUI-KJNodes; `AddLabel` are"
    )
    assert found["pack ComfyUI-VideoHelperSuite"]["text"] == "has all 40 node classes of ComfyUI-VideoHelperSuite"
    assert "pack ComfyUI-CogVideoXWrapper" not in found
    count = len(catalog.packs)
    assert found["packs"]["text"].startswith(
        f"does not have {count - 2} of the catalog's {count} node packs: ComfyStereo"
    )
    assert ", ComfyUI-CogVideoXWrapper, " in found["packs"]["text"]
    assert re.match(
        r"\d+ of the classes that both have differ from the catalog: `.+` and \d+ more", found["schemas"]["text"]
    )


def test_another_version_without_a_gpu(stub: ComfyStub) -> None:
    stub.stats["system"]["comfyui_version"] = "0.25.0"
    stub.stats["devices"] = [{"name": "cpu", "type": "cpu", "vram_total": 8 * 10**9, "vram_free": 10**9}]
    stub.info["KSampler"]["input"]["required"]["steps"][1]["max"] = 5
    found = findings("--worker", stub.url)
    assert states(found, "comfyui", "gpu", "schemas") == ["warn", "warn", "warn"]
    assert found["schemas"]["text"].startswith("1 of the classes that both have differ from the catalog: `KSampler`")
    del stub.stats["system"]["comfyui_version"]
    assert "does not tell its version" in findings("--worker", stub.url)["comfyui"]["text"]


def test_a_preview_worker_is_known_as_one(stub: ComfyStub) -> None:
    stub.stats["system"]["reelc"] = {"engine": "preview"}
    found = findings("--worker", stub.url)
    assert found["comfyui"]["state"] == "warn"
    assert "classes" not in found
    assert "GET /object_info" not in stub.asked


def test_an_upload_when_asked_for(stub: ComfyStub) -> None:
    found = findings("--worker", stub.url, "--write")
    assert found["upload"]["state"] == "ok"
    assert list(stub.uploads) == ["reelc_doctor.txt"]
    stub.instead["/view"] = 404
    assert findings("--worker", stub.url, "--write", code=3)["upload"]["state"] == "fail"
    stub.instead["/upload/image"] = 500
    assert "(E0712)" in findings("--worker", stub.url, "--write", code=3)["upload"]["text"]


@pytest.mark.parametrize(
    ("path", "instead", "name"),
    [
        ("/system_stats", 502, "answers"),
        ("/system_stats", b"<html>", "answers"),
        ("/system_stats", b"{}", "answers"),
        ("/queue", 404, "queue"),
        ("/queue", b"[]", "queue"),
        ("/object_info", 500, "classes"),
        ("/object_info", b"{}", "classes"),
        ("/object_info", b'{"A": {"input": 3}}', "schemas"),
    ],
)
def test_a_worker_that_answers_oddly(path: str, instead: int | bytes, name: str, stub: ComfyStub) -> None:
    stub.instead[path] = instead
    found = findings("--worker", stub.url, code=0 if name == "schemas" else 3)
    assert found[name]["state"] == ("ok" if name == "schemas" else "fail")
    if name in ("queue", "classes"):
        assert found["answers"]["state"] == "ok", "the other questions are asked all the same"
        assert "gpu" in found


def test_a_worker_behind_a_login(stub: ComfyStub, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.token = "hush"
    found = findings("--worker", stub.url, code=3)
    assert "(E0713)" in found["answers"]["text"]
    assert "REELC_WORKER_TOKEN" in found["answers"]["help"]
    monkeypatch.setenv("REELC_WORKER_TOKEN", "hush")
    assert findings("--worker", stub.url)["answers"]["state"] == "ok"


def test_a_worker_that_never_answers(stub: ComfyStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "TIMEOUTS", comfy.Timeouts(connect=1, read=0.2, answer=0.3))
    stub.slow = {"/system_stats"}
    assert "(E0702)" in findings("--worker", stub.url, code=3)["answers"]["text"]


def test_several_workers_are_each_told_of(stub: ComfyStub, monkeypatch: pytest.MonkeyPatch) -> None:
    done = doctor("--worker", stub.url, "--worker", "http://127.0.0.1:1", code=3)
    assert f"\n\n{stub.url}\n  ok    answers in " in done.stdout
    assert (
        "\n\nhttp://127.0.0.1:1\n  fail  http://127.0.0.1:1 cannot be reached: nothing listens there (E0701)\n"
        in done.stdout
    )
    assert "        is ComfyUI running there, and is the address right?" in done.stdout
    monkeypatch.setenv("REELC_WORKER", f"{stub.url} ftp://x")
    value = json.loads(doctor("--json", code=3).stdout)
    assert [g["worker"] for g in value["groups"]] == [None, stub.url, "something that is no address"]
    assert [g["ok"] for g in value["groups"]] == [True, True, False]


def test_the_worker_outweighs_this_machine(folder: Path) -> None:
    (folder / "reelc.toml").write_text("[", "utf-8")
    doctor(code=1)
    doctor("--worker", "http://127.0.0.1:1", code=3)


def test_a_bad_address_is_a_wrong_command_line() -> None:
    assert "is not the URL of a worker" in doctor("--worker", "host:8188", code=2).stderr


def test_a_fault_of_the_doctor_itself_is_a_line(stub: ComfyStub, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*args: Any, **_: Any) -> Any:
        raise RuntimeError("boom")

    monkeypatch.setattr(worker, "from_dump", explode)
    assert "RuntimeError: boom" in findings("--worker", stub.url, code=3)["classes"]["text"]
    monkeypatch.setattr(worker, "_hardware", explode)
    assert "RuntimeError: boom" in findings("--worker", stub.url, code=3)["worker"]["text"]


def test_colours_when_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    done = CliRunner().invoke(command, [], color=True)
    assert "\x1b[32mok  \x1b[0m" in done.stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in CliRunner().invoke(command, [], color=True).stdout

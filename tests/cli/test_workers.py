"""``reelc workers``: the table that runs read, and what a worker says of itself."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from comfy_stub import ComfyStub
from command import call

from reelc.workers import registry
from reelc_runtime.workers.leases import ACTIVE, DRAINING, TTL

NOBODY = "http://127.0.0.1:9"


@pytest.fixture(params=["sqlite", "postgres"])
def state(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user stands, and a state folder; with either database."""
    monkeypatch.chdir(tmp_path)
    for variable in ("REELC_WORKER", "REELC_WORKER_TOKEN", "REELC_WORKER_HEADERS", "REELC_STATE", "REELC_DB"):
        monkeypatch.delenv(variable, raising=False)
    if request.param == "postgres":
        monkeypatch.setenv("REELC_DB", request.getfixturevalue("postgres"))
    return tmp_path / "out" / ".reelc"


@pytest.fixture
def stub() -> Iterator[ComfyStub]:
    with ComfyStub() as server:
        yield server


def lease(state: Path, worker: str, run: str = "run1", job: str = "01-film", *, until: float = TTL) -> None:
    """A run holds a worker."""
    with registry(state) as table:
        table.run(
            "INSERT INTO reelc_leases (worker, run, job, until) VALUES (:worker, :run, :job, :until)",
            worker=worker,
            run=run,
            job=job,
            until=time.time() + until,
        )


def table(state: Path) -> dict[str, str]:
    with registry(state) as found:
        return found.workers()


def test_looking_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REELC_DB", raising=False)
    assert "there are no workers" in call("workers", "ls").err
    assert "E0726" in call("workers", "rm", NOBODY, code=3).err
    assert list(tmp_path.iterdir()) == []


def test_a_worker_is_added_without_its_credentials(state: Path, stub: ComfyStub) -> None:
    address = stub.url.replace("http://", "http://me:secret@")
    done = call("workers", "add", address + "/")
    assert done.out.startswith(f"{stub.url} is added: ComfyUI ")
    assert "secret" not in done.out + done.err
    assert "user and password are not stored" in done.err
    assert table(state) == {stub.url: ACTIVE}
    again = call("workers", "add", stub.url, "--json").json
    assert (again["before"], again["state"], again["probe"]["trouble"]) == (ACTIVE, ACTIVE, "")


def test_one_that_does_not_answer_is_added_with_a_warning(state: Path) -> None:
    done = call("workers", "add", NOBODY)
    assert done.out == f"{NOBODY} is added\n"
    assert done.err.startswith("warning: it does not answer as a worker now: ")
    assert table(state) == {NOBODY: ACTIVE}


@pytest.mark.parametrize("url", ["x", "ftp://a", "http://", "http://a:b@c:d", "http://a:8188/?token=geheim"])
def test_what_is_no_address_is_not_added(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("add", "drain", "rm"):
        done = call("workers", command, url, code=2)
        assert "is not the URL of a worker" in done.err
        assert "geheim" not in done.err
        assert "b@c" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_preview_worker_is_called_one(state: Path, stub: ComfyStub) -> None:
    stub.stats["system"]["reelc"] = {"engine": "preview"}
    assert "it is a preview worker" in call("workers", "add", stub.url).err


def test_drained_workers_get_no_jobs_until_they_are_added_again(state: Path) -> None:
    call("workers", "add", NOBODY)
    assert call("workers", "drain", NOBODY).out == f"{NOBODY} gets no new jobs; no run holds it\n"
    assert table(state) == {NOBODY: DRAINING}
    lease(state, NOBODY)
    held = call("workers", "drain", NOBODY)
    assert held.out == f"{NOBODY} gets no new jobs; still on it: 01-film of run1\n"
    assert call("workers", "drain", NOBODY, "--json").json["holders"] == [{"run": "run1", "job": "01-film"}]
    assert call("workers", "add", NOBODY).out.startswith(f"{NOBODY} takes jobs again")
    assert table(state) == {NOBODY: ACTIVE}


def test_a_runs_own_worker_can_be_drained(state: Path) -> None:
    call("workers", "add", "http://127.0.0.1:8188")
    done = call("workers", "drain", "http://127.0.0.1:8189")
    assert "it had not been added; did you mean `http://127.0.0.1:8188`?" in done.err
    assert table(state)["http://127.0.0.1:8189"] == DRAINING


def test_a_worker_is_taken_away(state: Path) -> None:
    call("workers", "add", NOBODY)
    lease(state, NOBODY)
    assert call("workers", "rm", NOBODY).out == f"{NOBODY} is removed; still on it: 01-film of run1\n"
    assert table(state) == {}
    gone = call("workers", "rm", NOBODY, "--json", code=3)
    assert gone.json["diagnostics"][0]["code"] == "E0726"
    assert gone.err == ""


def test_the_list_says_what_workers_are_and_who_has_them(
    state: Path, stub: ComfyStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("workers", "add", stub.url)
    call("workers", "drain", stub.url)
    (tmp_path / "reelc.toml").write_text(f'[run]\nworkers = ["{stub.url}", "http://127.0.0.1:19"]\n', "utf-8")
    lease(state, stub.url)
    lease(state, NOBODY, "run2", "02-other")
    lease(state, "http://127.0.0.1:29", until=-1.0)
    found = {worker["url"]: worker for worker in call("workers", "ls", "--json").json["workers"]}
    assert set(found) == {stub.url, "http://127.0.0.1:19", NOBODY}
    own = found[stub.url]
    assert (own["state"], own["from"], own["reachable"]) == ("draining", ["added", "reelc.toml", "runs"], True)
    assert own["probe"]["vram"] == 24 * 10**9
    assert own["probe"]["queued"] == 0
    assert own["lease"] == {"run": "run1", "job": "01-film"}
    assert (found[NOBODY]["from"], found[NOBODY]["reachable"]) == (["runs"], False)
    shown = call("workers", "ls")
    lines = shown.out.splitlines()
    assert lines[0].split() == ["WORKER", "STATE", "FROM", "COMFYUI", "DEVICE", "VRAM", "QUEUE", "HELD", "BY"]
    assert "24 GB" in shown.out
    assert "01-film of run1" in shown.out
    assert f"{NOBODY}: {NOBODY} cannot be reached" in shown.err


def test_a_token_comes_from_the_configuration(tmp_path: Path, stub: ComfyStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REELC_DB", raising=False)
    stub.token = "geheim"
    call("workers", "add", stub.url)
    (tmp_path / "reelc.toml").write_text(
        f'[run]\nworkers = [{{ url = "{stub.url}", token_env = "MY_TOKEN" }}]\n', "utf-8"
    )
    assert not call("workers", "ls", "--json").json["workers"][0]["reachable"]
    monkeypatch.setenv("MY_TOKEN", "geheim")
    assert call("workers", "ls", "--json").json["workers"][0]["reachable"]


def test_a_database_that_cannot_be_used_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REELC_DB", "postgresql://me:secret@127.0.0.1:9/reelc")
    for args in (("ls",), ("add", NOBODY), ("drain", NOBODY), ("rm", NOBODY)):
        done = call("workers", *args, code=3)
        assert "error[E0723]" in done.err
        assert "secret" not in done.err
    monkeypatch.setenv("REELC_DB", "mysql://a/b")
    assert "reelc knows postgresql and sqlite" in call("workers", "ls", code=3).err

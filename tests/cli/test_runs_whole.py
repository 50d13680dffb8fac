"""``reelc runs`` on runs that are killed, cancelled and taken up again."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from command import START, Done, call
from runtime.run.worker_double import WorkerDouble

from reelc_runtime.preview.execution import Execution

SOURCE = """reel 1
use std.svd
pipeline small {
  param photo: image = "photo.png"
  let clip = photo |> fit(256x256) |> svd.animate(using: svd.load(), seed: 1, frames: 3)
  output film = clip |> video()
}
"""


class Held:
    """The worker holds each prompt until it may go on; an interrupt ends it all the same."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_go_on = False
        run = Execution.run

        def held(execution: Execution) -> None:
            while not self.may_go_on and not execution._stop.wait(0.01):
                pass
            run(execution)

        monkeypatch.setattr(Execution, "run", held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


both = pytest.mark.parametrize("project", ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small film, in which the user stands."""
    picture = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "photo.png"), picture)
    (tmp_path / "small.reel").write_text(SOURCE, "utf-8")
    monkeypatch.chdir(tmp_path)
    for variable in ("REELC_STATE", "REELC_DB", "REELC_WORKER", "REELC_WORKER_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    if getattr(request, "param", "sqlite") == "postgres":
        monkeypatch.setenv("REELC_DB", request.getfixturevalue("postgres"))
    return tmp_path


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[WorkerDouble]:
    async with WorkerDouble(tmp_path / "worker") as double:
        yield double


async def reelc(*args: str, code: int = 0) -> Done:
    """A command, while the worker goes on answering."""
    return await asyncio.to_thread(call, *args, code=code)


async def rendering(worker: WorkerDouble, *, job: str = "01-animate") -> Process:
    """``reelc run``, as a process of its own, whose first job is on the worker."""
    process = await asyncio.create_subprocess_exec(
        *START, "run", "small.reel", "--worker", worker.url, "--json", stdout=PIPE, stderr=PIPE, env=dict(os.environ)
    )
    assert process.stdout is not None
    async for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "job-submitted" and event["job"] == job:
            return process
    raise AssertionError((await process.communicate())[1].decode())


async def killed(process: Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.communicate()


def jobs(worker: WorkerDouble) -> list[str]:
    """The jobs of all prompts that the worker took."""
    return [sent["extra_data"]["reelc"]["job"] for sent in worker.prompts]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def job_of(shown: dict[str, Any], name: str) -> dict[str, Any]:
    return next(job for job in shown["jobs"] if job["job"] == name)


# -- resume ------------------------------------------------------------------------------------


@both
async def test_a_run_that_died_goes_on_where_it_was(project: Path, worker: WorkerDouble, held: Held) -> None:
    await killed(await rendering(worker))
    (project / "small.reel").unlink()  # its own folder is all that it needs
    (found,) = (await reelc("runs", "ls", "--json")).json["runs"]
    assert (found["state"], found["pipeline"], found["workers"]) == ("died", "small", [worker.url])
    shown = (await reelc("runs", "show", "last", "--json")).json
    job = job_of(shown, "01-animate")
    assert (job["state"], job["worker"], [s["name"] for s in job["steps"]][:3]) == (
        "left off",
        worker.url,
        ["look-up", "lease", "upload"],
    )
    assert job_of(shown, "02-film")["state"] == "not begun"
    held.may_go_on = True
    done = await reelc("runs", "resume", "last")
    assert "film.mp4: 256x256, 3 frames" in done.out
    assert "going on rendering" in done.err
    assert jobs(worker) == ["01-animate", "02-film"]
    shown = (await reelc("runs", "show", "last", "--json")).json
    assert (shown["state"], shown["generation"], shown["films"][0]["path"]) == (
        "done",
        1,
        str(project / "out" / "film.mp4"),
    )
    assert [(j["state"], j["how"], j["files"][0]["kept"]) for j in shown["jobs"]] == [("done", "rendered", True)] * 2
    assert "is done" in (await reelc("runs", "resume", "last")).err


async def test_two_take_up_the_same_run(project: Path, worker: WorkerDouble, held: Held) -> None:
    await killed(await rendering(worker))
    first = await asyncio.create_subprocess_exec(
        *START, "runs", "resume", "last", "--json", stdout=PIPE, stderr=PIPE, env=dict(os.environ)
    )
    assert first.stdout is not None
    assert json.loads(await first.stdout.readline())["event"] == "run-started"
    assert "error[E0721]" in (await reelc("runs", "resume", "last", code=3)).err
    held.may_go_on = True
    await first.communicate()
    assert first.returncode == 0
    assert jobs(worker) == ["01-animate", "02-film"]


async def test_faults_are_shown_at_the_lines_of_the_program_as_it_was(
    project: Path, worker: WorkerDouble, held: Held
) -> None:
    await killed(await rendering(worker))
    (project / "small.reel").write_text("nothing\n", "utf-8")
    worker.models["checkpoints"] = []
    await reelc("runs", "cancel", "last")
    done = await reelc("runs", "resume", "last", code=3)
    assert "error[E0704]" in done.err
    assert "--> small.reel:5:" in done.err
    assert 'let clip = photo |> fit(256x256)' in done.err  # fmt: skip
    assert "E0704" in (await reelc("runs", "show", "last")).err


# -- cancel ------------------------------------------------------------------------------------


@both
async def test_a_run_that_died_is_taken_off_its_worker(project: Path, worker: WorkerDouble, held: Held) -> None:
    await killed(await rendering(worker))
    done = await reelc("runs", "cancel", "last")
    assert done.out.endswith(": had died, and is cancelled; 1 job is off the workers\n")
    assert worker.requests["POST /interrupt"] == 1
    assert (await reelc("runs", "ls", "--json")).json["runs"][0]["state"] == "cancelled"
    assert not (await reelc("workers", "ls", "--json")).json["workers"]  # its lease has ended, too
    assert "nothing of it is left on workers" in (await reelc("runs", "cancel", "last")).out
    held.may_go_on = True
    await reelc("runs", "resume", "last", "-q")
    shown = (await reelc("runs", "show", "last", "--json")).json
    assert (shown["state"], shown["generation"]) == ("done", 2)
    assert jobs(worker) == ["01-animate", "01-animate", "02-film"]
    assert job_of(shown, "01-animate")["generation"] == 2


async def test_what_a_worker_does_not_confirm_ends_with_3(project: Path, worker: WorkerDouble, held: Held) -> None:
    await killed(await rendering(worker))
    worker.token = "changed"
    done = (await reelc("runs", "cancel", "last", "--json", code=3)).json
    assert (done["before"], done["state"]) == ("died", "cancelled")
    assert [(p["job"], p["worker"], p["confirmed"]) for p in done["prompts"]] == [("01-animate", worker.url, False)]
    worker.token = None
    again = await reelc("runs", "cancel", "last")
    assert "1 job is off the workers" in again.out


async def test_a_live_run_is_cancelled_and_followed(project: Path, worker: WorkerDouble, held: Held) -> None:
    process = await rendering(worker)
    following = await asyncio.create_subprocess_exec(
        *START, "runs", "logs", "-f", "last", stdout=PIPE, stderr=PIPE, env=dict(os.environ)
    )
    assert following.stdout is not None
    await following.stdout.readline()
    done = await reelc("runs", "cancel", "last")
    assert done.out.endswith(": cancelled; 1 job is off the workers\n")
    out, err = await process.communicate()
    assert process.returncode == 130
    assert json.loads(out.splitlines()[-1])["event"] == "cancelled"
    assert b"Traceback" not in err
    told = (await following.communicate())[0].decode()
    assert following.returncode == 0
    assert "stopped on" in told
    assert told.splitlines()[-1].endswith("cancelled")
    assert worker.requests["POST /interrupt"] == 1


async def test_a_run_whose_database_is_gone_is_taken_off_as_far_as_the_log_knows(
    project: Path, worker: WorkerDouble, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    await killed(await rendering(worker))
    monkeypatch.setenv("REELC_DB", "postgresql://reelc@127.0.0.1:9/reelc")
    done = await reelc("runs", "cancel", "last", code=3)
    assert "1 job is off the workers" in done.out
    assert "error[E0723]" in done.err
    assert "only jobs that the run's log names" in done.err
    await until(lambda: worker.requests["POST /interrupt"] == 1)

"""Several jobs, several workers, the store: nothing is rendered twice, nothing is lost with a worker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from runtime.run.conftest import Ran, RunIt
from runtime.run.worker_double import WorkerDouble, hang, history_of, status

from reelc_dsl.diagnostics import ReelError
from reelc_runtime.engine.durable import database_url, recorded
from reelc_runtime.run import events, job
from reelc_runtime.run.request import Address
from reelc_runtime.workers.leases import ACTIVE, DRAINING, Registry

JOBS = ("01-animate", "02-film")


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[WorkerDouble]:
    async with WorkerDouble(tmp_path / "other") as double:
        yield double


def both(*workers: WorkerDouble) -> dict[str, Any]:
    return {"workers": tuple(Address(url=w.url) for w in workers)}


def jobs_of(worker: WorkerDouble) -> list[str]:
    """The jobs that were sent to a worker, in order."""
    return [prompt["extra_data"]["reelc"]["job"] for prompt in worker.prompts]


def rewrite(project: Path, old: str, new: str) -> None:
    path = project / "small.reel"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


# -- hand-overs ----------------------------------------------------------------------------------


async def test_jobs_follow_each_other(render: RunIt, worker: WorkerDouble) -> None:
    ran = await render(whole=False)
    assert [e.job for e in ran.of(events.JobDone)] == list(JOBS)
    assert jobs_of(worker) == list(JOBS)
    whole = await render(run="run2", whole=True)
    assert ran.films[0].frames == whole.films[0].frames == 9


async def test_a_hand_over_stays_on_the_worker_that_made_it(render: RunIt, worker: WorkerDouble) -> None:
    ran = await render(whole=False)
    first, second = worker.prompts
    prefix = first["prompt"]["8"]["inputs"]["filename_prefix"]
    assert second["prompt"]["1"]["inputs"]["image"] == f"{prefix}_00001_.png [output]"
    assert worker.requests["POST /upload/image"] == 1  # the photograph
    assert [(e.input, e.sent) for e in ran.of(events.InputUploaded)] == [("photo.png", True), ("01-animate", False)]


async def test_a_hand_over_goes_to_another_worker_by_its_content(
    render: RunIt, worker: WorkerDouble, other: WorkerDouble
) -> None:
    worker.lacks.add("FrameInterpolate")
    other.models["checkpoints"] = []
    ran = await render(whole=False, **both(worker, other))
    assert jobs_of(worker) == ["01-animate"]
    assert jobs_of(other) == ["02-film"]
    (made,) = [e for e in ran.of(events.ArtifactDownloaded) if e.artifact == "01-animate"]
    assert other.prompts[0]["prompt"]["1"]["inputs"]["image"] == f"reelc_{made.sha256}.png"


async def test_a_hand_over_that_is_gone_from_its_worker_is_sent_again(render: RunIt, worker: WorkerDouble) -> None:
    async def sweep(request: Any, double: WorkerDouble) -> None:
        """Somebody empties the output folder after the first job."""
        if request.method in ("HEAD", "GET") and request.query.get("type") == "output" and len(double.prompts) == 1:
            for file in (double.workdir / "output").rglob("*.png"):
                if swept.setdefault(str(file), 0) == 1:
                    file.unlink()
                swept[str(file)] += 1

    swept: dict[str, int] = {}
    worker.faults["/view"] = sweep
    ran = await render(whole=False)
    assert ran.films
    assert [e.sent for e in ran.of(events.InputUploaded) if e.input == "01-animate"] == [True]


async def test_an_upload_that_is_too_large_says_what_to_do(
    render: RunIt, worker: WorkerDouble, other: WorkerDouble
) -> None:
    worker.lacks.add("FrameInterpolate")
    other.models["checkpoints"] = []
    other.faults["/upload"] = status(413)
    with pytest.raises(ReelError) as caught:
        await render(whole=False, **both(worker, other))
    (found,) = caught.value.diagnostics
    assert found.code.code == "E0712"
    assert "--max-upload-size" in found.help[0]


# -- the store -----------------------------------------------------------------------------------


async def test_nothing_is_rendered_twice(render: RunIt, worker: WorkerDouble) -> None:
    first = await render(whole=False)
    again = await render(run="run2", whole=False, fresh=False)
    assert len(worker.prompts) == 2
    assert [e.made_by for e in again.of(events.JobReused)] == ["run1", "run1"]
    assert again.films[0].sha256 == first.films[0].sha256


async def test_changing_the_upscale_repeats_no_generation(render: RunIt, project: Path, worker: WorkerDouble) -> None:
    await render(whole=False)
    rewrite(project, "320x320", "384x384")
    again = await render(run="run2", whole=False, fresh=False)
    assert jobs_of(worker) == ["01-animate", "02-film", "02-film"]
    assert again.films[0].width == 384


async def test_a_damaged_result_is_rendered_again(render: RunIt, project: Path, worker: WorkerDouble) -> None:
    first = await render(whole=False)
    (kept,) = (project / "out/.reelc/store").glob("*/*/*/0.mp4")
    kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    again = await render(run="run2", whole=False, fresh=False)
    assert jobs_of(worker)[2:] == ["02-film"]
    assert again.films[0].sha256 == first.films[0].sha256


async def test_results_count_for_the_worker_that_made_them(
    render: RunIt, worker: WorkerDouble, other: WorkerDouble
) -> None:
    await render(whole=False)
    await render(run="run2", whole=False, fresh=False, **both(other))
    assert jobs_of(other) == list(JOBS)


async def test_results_of_workers_that_are_alike_count_for_all(
    render: RunIt, worker: WorkerDouble, other: WorkerDouble
) -> None:
    await render(whole=False, alike=True)
    await render(run="run2", whole=False, fresh=False, alike=True, **both(other))
    assert not other.prompts


# -- takes ---------------------------------------------------------------------------------------


async def test_until_stops_before_the_rest_and_shows_what_there_is(
    render: RunIt, project: Path, worker: WorkerDouble
) -> None:
    ran = await render(whole=False, until="animate")
    assert jobs_of(worker) == ["01-animate"]
    (look,) = ran.films
    assert Path(look.path) == project / "out" / "01-animate.mp4"
    assert (look.width, look.height, look.frames, look.fps) == (256, 256, 5, "6")
    done = await render(run="run2", whole=False, fresh=False)
    assert jobs_of(worker) == list(JOBS)
    assert done.films[0].output == "film"


@pytest.mark.parametrize("name", ["svd.animate", "std.svd.animate", "01-animate"])
async def test_until_takes_a_stage_by_any_of_its_names(render: RunIt, name: str) -> None:
    assert [f.output for f in (await render(whole=False, until=name)).films] == ["01-animate"]


async def test_until_an_output_makes_that_one(render: RunIt) -> None:
    assert [f.output for f in (await render(whole=False, until="film")).films] == ["film"]


async def test_until_something_unknown_names_what_there_is(render: RunIt, worker: WorkerDouble) -> None:
    with pytest.raises(ReelError) as caught:
        await render(whole=False, until="animated")
    (found,) = caught.value.diagnostics
    assert found.code.code == "E0724"
    assert "`animate`" in " ".join(found.help)
    assert not worker.prompts


# -- workers that fail ---------------------------------------------------------------------------


async def test_a_worker_that_is_down_is_passed_over(render: RunIt, worker: WorkerDouble) -> None:
    ran = await render(whole=False, workers=(Address(url="http://127.0.0.1:1"), Address(url=worker.url)))
    assert jobs_of(worker) == list(JOBS)
    assert [e.worker for e in ran.of(events.WorkerLost)] == ["http://127.0.0.1:1"]


async def test_a_worker_that_dies_with_a_job_is_replaced(render: RunIt, tmp_path: Path, other: WorkerDouble) -> None:
    ran = Ran()
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(WorkerDouble(tmp_path / "first"))

        async def stuck(request: Any, double: WorkerDouble) -> Any:
            return await hang(request, double) if double.prompts else None

        first.faults["/history/"] = stuck

        async def die() -> None:
            while not ran.of(events.JobSubmitted):
                await asyncio.sleep(0.01)
            await stack.aclose()

        dying = asyncio.ensure_future(die())
        await render(ran, whole=False, lost=0.3, **both(first, other))
        await dying
    assert ran.films
    assert jobs_of(other) == list(JOBS)
    (retried,) = ran.of(events.JobRetried)
    assert (retried.job, retried.worker, retried.attempt) == ("01-animate", first.url, 2)
    assert ran.of(events.WorkerLost)[0].worker == first.url


async def test_the_last_worker_may_come_back(render: RunIt, worker: WorkerDouble) -> None:
    """It answers a few times, is gone for a while, and has forgotten everything."""
    gone = {"left": 3}

    async def away(request: Any, double: WorkerDouble) -> Any:
        from aiohttp import web

        if double.prompts and gone["left"] > 0:
            gone["left"] -= 1
            return web.Response(status=503)
        return None

    worker.faults["/history"] = worker.faults["/queue"] = worker.faults["/system_stats"] = away
    worker.faults["/ws"] = status(404)
    ran = await render(whole=False, lost=0.05, patience=60.0)
    assert ran.films
    assert ran.of(events.WorkerLost)
    assert ran.of(events.WorkerBack)


async def test_a_job_that_is_lost_everywhere_ends(render: RunIt, worker: WorkerDouble, other: WorkerDouble) -> None:
    for double in (worker, other):
        double.faults["/history"] = status(200, {})
        double.faults["/queue"] = status(200, {"queue_running": [], "queue_pending": []})
    with pytest.raises(ReelError) as caught:
        await render(whole=False, **both(worker, other))
    (found,) = caught.value.diagnostics
    assert found.code.code == "E0716"
    assert len(found.notes) == job.ATTEMPTS
    assert len(worker.prompts) + len(other.prompts) == job.ATTEMPTS


async def test_what_fails_for_good_is_not_tried_elsewhere(
    render: RunIt, worker: WorkerDouble, other: WorkerDouble
) -> None:
    def change(entry: dict[str, Any]) -> None:
        error = {
            "prompt_id": entry["prompt"][1], "node_id": "7", "node_type": "KSampler", "executed": [],
            "exception_message": "Allocation on device", "exception_type": "torch.OutOfMemoryError", "traceback": [],
        }  # fmt: skip
        entry["outputs"] = {}
        entry["status"] = {"status_str": "error", "completed": False, "messages": [["execution_error", error]]}

    worker.faults["/history/"] = other.faults["/history/"] = history_of(change)
    with pytest.raises(ReelError) as caught:
        await render(whole=False, **both(worker, other))
    assert [d.code.code for d in caught.value.diagnostics] == ["E0707"]
    assert len(worker.prompts) + len(other.prompts) == 1


async def test_what_no_worker_has_is_named_for_all(render: RunIt, worker: WorkerDouble, other: WorkerDouble) -> None:
    worker.models["checkpoints"] = []
    other.lacks.add("KSampler")
    with pytest.raises(ReelError) as caught:
        await render(whole=False, **both(worker, other))
    assert sorted(d.code.code for d in caught.value.diagnostics) == ["E0703", "E0704"]
    assert not worker.prompts + other.prompts


async def test_what_is_missing_for_a_later_job_is_found_before_the_first_is_sent(
    render: RunIt, worker: WorkerDouble
) -> None:
    worker.models["upscale_models"] = []
    worker.lacks.add("FrameInterpolate")
    with pytest.raises(ReelError) as caught:
        await render(whole=False)
    assert {d.code.code for d in caught.value.diagnostics} == {"E0703"}
    worker.lacks.clear()
    with pytest.raises(ReelError) as caught:
        await render(whole=False)
    assert {d.code.code for d in caught.value.diagnostics} == {"E0704"}
    assert not worker.prompts
    assert worker.requests["POST /upload/image"] == 0


async def test_what_is_kept_already_needs_no_worker_that_could_make_it(render: RunIt, worker: WorkerDouble) -> None:
    await render(whole=False, until="animate")
    worker.models["checkpoints"] = []
    ran = await render(run="run2", whole=False, fresh=False)
    assert ran.films
    assert jobs_of(worker) == list(JOBS)


async def test_ending_early_is_said_at_once(render: RunIt, worker: WorkerDouble) -> None:
    ran = Ran()
    task = asyncio.ensure_future(render(ran))
    while not ran.of(events.JobSubmitted):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    told = [type(e) for e in ran.told]
    assert told.index(events.RunStopping) < told.index(events.PromptStopped)


async def test_a_gpu_that_is_large_enough_comes_first(render: RunIt, worker: WorkerDouble, other: WorkerDouble) -> None:
    worker.vram = 8 * 10**9
    await render(whole=False, **both(worker, other))
    assert jobs_of(other)[0] == "01-animate"


# -- durable -------------------------------------------------------------------------------------


async def test_steps_are_recorded_as_json(render: RunIt, project: Path) -> None:
    state = project / "out" / ".reelc"
    url = database_url(state, None)
    ran = await render(whole=False, database=url)
    found = await asyncio.to_thread(recorded, url, "run1")
    assert [(e["job"], e["state"]) for e in found] == [(j, "SUCCESS") for j in JOBS]
    names = [s["name"] for s in found[0]["steps"]]
    assert names == ["look-up", "lease", "upload", "submit", "follow", "collect"]
    (file,) = found[1]["steps"][-1]["result"]["files"]
    assert (state / "store" / file["path"]).is_file()
    assert ran.films


async def test_an_ended_run_is_taken_up_as_a_new_generation(render: RunIt, project: Path, worker: WorkerDouble) -> None:
    url = database_url(project / "out" / ".reelc", None)
    worker.faults["/view"] = status(404)
    with pytest.raises(ReelError):
        await render(whole=False, database=url)
    del worker.faults["/view"]
    ran = await render(whole=False, fresh=False, database=url)
    assert ran.films
    assert ran.of(events.RunStarted)[0].resumed
    info = json.loads((project / "out/.reelc/runs/run1/run.json").read_text("utf-8"))
    assert (info["generation"], info["state"]) == (2, "done")
    assert len({p["prompt_id"] for p in worker.prompts}) == len(worker.prompts)


async def test_a_database_that_cannot_be_used_is_said(render: RunIt, project: Path) -> None:
    (project / "file").write_text("not a database", "utf-8")
    with pytest.raises(ReelError) as caught:
        await render(whole=False, database=f"sqlite:///{project / 'file'}")
    assert [d.code.code for d in caught.value.diagnostics] == ["E0723"]


async def test_a_worker_joins_and_another_is_drained(
    render: RunIt, project: Path, worker: WorkerDouble, other: WorkerDouble
) -> None:
    url = database_url(project / "out" / ".reelc", None)
    (project / "out" / ".reelc").mkdir(parents=True)
    registry = Registry(url, lambda: 1000.0)
    registry.set_worker(worker.url, DRAINING)
    registry.set_worker(other.url, ACTIVE)
    ran = await render(whole=False, database=url)
    registry.close()
    assert not worker.prompts
    assert jobs_of(other) == list(JOBS)
    assert [e.worker for e in ran.of(events.WorkerJoined)] == [other.url]
    assert [e.worker for e in ran.of(events.WorkerDraining)] == [worker.url]


async def test_a_worker_that_joins_has_its_own_credentials(
    render: RunIt, project: Path, worker: WorkerDouble, other: WorkerDouble
) -> None:
    worker.token, other.token = "first", "second"
    url = database_url(project / "out" / ".reelc", None)
    (project / "out" / ".reelc").mkdir(parents=True)
    registry = Registry(url, lambda: 1000.0)
    registry.set_worker(worker.url, DRAINING)
    registry.set_worker(other.url, ACTIVE)

    def joined(url: str) -> Address:
        assert url == other.url
        return Address(url=url, token="second")

    await render(whole=False, database=url, token="first", joined=joined)
    registry.close()
    assert jobs_of(other) == list(JOBS)


async def test_a_run_that_is_carried_out_is_left_alone(render: RunIt) -> None:
    ran = Ran()
    first = asyncio.ensure_future(render(ran))
    while not ran.of(events.JobSubmitted):
        await asyncio.sleep(0.01)
    with pytest.raises(ReelError) as caught:
        await render(fresh=False)
    assert [d.code.code for d in caught.value.diagnostics] == ["E0721"]
    await first
    assert ran.films


async def test_a_wish_to_cancel_ends_the_run(render: RunIt, project: Path, worker: WorkerDouble) -> None:
    ran = Ran()
    task = asyncio.ensure_future(render(ran))
    while not ran.of(events.JobSubmitted):
        await asyncio.sleep(0.01)
    (project / "out/.reelc/runs/run1/cancel").touch()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ran.of(events.PromptStopped)[0].confirmed
    info = json.loads((project / "out/.reelc/runs/run1/run.json").read_text("utf-8"))
    assert info["state"] == "cancelled"

"""A whole run, decoded and counted, and what stands on the way."""

import asyncio
import json
from pathlib import Path

import av
import pytest
from runtime.run.conftest import Ran, RunIt
from runtime.run.worker_double import WorkerDouble

from reelc_runtime.run import events
from reelc_runtime.run.ids import Attempt


def decoded(path: Path) -> tuple[int, int, int, str]:
    """Frames, width, height and rate of a file, by decoding it."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        return frames, stream.width, stream.height, str(stream.average_rate)


async def test_the_film_is_what_the_plan_says(render: RunIt, project: Path, worker: WorkerDouble) -> None:
    ran = await render()
    (film,) = ran.films
    assert Path(film.path) == project / "out" / "film.mp4"
    assert decoded(Path(film.path)) == (9, 320, 320, "12")
    with av.open(film.path) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        assert "prompt" not in container.metadata
    content = Path(film.path).read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert sorted(p.name for p in (project / "out").iterdir()) == [".reelc", "film.manifest.json", "film.mp4"]


async def test_submission_substitutes_uploads_and_prefix_only(render: RunIt, worker: WorkerDouble) -> None:
    await render()
    (sent,) = worker.prompts
    attempt = Attempt(install="abc", run="run1", job="01-film", number=1)
    assert sent["prompt_id"] == attempt.prompt_id
    assert sent["prompt"]["14"]["inputs"]["filename_prefix"] == "reelc/abc/run1/01-film-a1"
    assert sent["prompt"]["1"]["inputs"]["image"].startswith("reelc_")
    assert set(sent["extra_data"]["reelc"]) == {"job", "regions", "media"}


async def test_the_record_says_what_was_done(render: RunIt, project: Path) -> None:
    ran = await render()
    folder = project / "out/.reelc/runs/run1"
    info = json.loads((folder / "run.json").read_text("utf-8"))
    assert (info["run"], info["state"], info["films"]) == ("run1", "done", [ran.films[0].path])
    told = [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text("utf-8").splitlines()]
    assert told == [
        "run-started", "worker-matched", "input-uploaded", "job-submitted", "nodes-cached", "artifact-downloaded",
        "artifact-verified", "job-done", "output-written", "run-finished",
    ]  # fmt: skip
    assert (folder / "plan/plan.json").is_file()


async def test_an_input_is_sent_once(render: RunIt, worker: WorkerDouble) -> None:
    await render()
    again = await render(run="run2")
    assert worker.requests["POST /upload/image"] == 1
    assert [e.sent for e in again.of(events.InputUploaded)] == [False]


async def test_progress_is_told(render: RunIt) -> None:
    ran = await render()
    assert {e.node for e in ran.of(events.NodeFinished)} <= {str(n) for n in range(1, 15)}
    assert ran.of(events.NodeProgress)
    titles = {e.title for e in ran.of(events.NodeStarted)}
    assert "fit: ImageScale" in titles


async def test_cancelling_stops_the_prompt_on_the_worker(render: RunIt, project: Path, worker: WorkerDouble) -> None:
    ran = Ran()
    task = asyncio.ensure_future(render(ran))
    while not ran.of(events.JobSubmitted):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (stopped,) = ran.of(events.PromptStopped)
    assert stopped.confirmed
    assert worker.requests["POST /interrupt"] == 1
    assert not (project / "out" / "film.mp4").exists()
    info = json.loads((project / "out/.reelc/runs/run1/run.json").read_text("utf-8"))
    assert info["state"] == "interrupted"

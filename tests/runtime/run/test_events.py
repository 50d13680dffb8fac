"""Events as they are read back from a log."""

import json
from typing import Any

import pytest

from reelc_runtime.run import events
from reelc_runtime.run.events import Event, event_from_json

SAMPLES: tuple[Event, ...] = (
    events.RunStarted(run="r", engine="render", workers=("a", "b"), jobs=(), state="s", resumed=True),
    events.WorkerJoined(worker="a"),
    events.WorkerDraining(worker="a", jobs=1),
    events.WorkerLost(worker="a", reason="gone"),
    events.WorkerBack(worker="a"),
    events.JobReused(job="j", made_by="r"),
    events.JobDone(job="j", worker="a", seconds=1.5),
    events.JobRetried(job="j", worker="a", reason="gone", attempt=2),
    events.WorkerMatched(job="j", worker="a", comfyui="0.33.0", device="cpu", vram=None),
    events.InputUploaded(job="j", input="i", name="n", bytes=1, sent=False),
    events.JobSubmitted(job="j", worker="a", prompt="p", attempt=1, nodes=2, attached=True),
    events.JobQueued(job="j", position=0),
    events.NodesCached(job="j", nodes=("1", "2")),
    events.NodeStarted(job="j", node="1", title="t"),
    events.NodeProgress(job="j", node="1", title="t", value=1, max=2.5),
    events.NodeFinished(job="j", node="1"),
    events.StepRetried(job="j", step="submit", reason="r", seconds=2),
    events.PromptStopped(job="j", worker="a", prompt="p", confirmed=True, reason=""),
    events.ArtifactDownloaded(job="j", artifact="f", bytes=3, sha256="0"),
    events.ArtifactVerified(job="j", artifact="f", width=1, height=1, frames=1, fps=None),
    events.OutputWritten(output="f", path="p", bytes=1, sha256="0", width=1, height=1, frames=1, fps="24", seconds=1.0),
    events.FileWritten(output="f", path="p", bytes=1, sha256="0"),
    events.RunStopping(jobs=2),
    events.RunFinished(run="r", seconds=0.5),
)


def test_there_is_a_sample_of_each() -> None:
    kinds = [k for k in vars(events).values() if isinstance(k, type) and issubclass(k, Event) and k is not Event]
    assert {type(sample).__name__ for sample in SAMPLES} == {kind.__name__ for kind in kinds}


@pytest.mark.parametrize("event", SAMPLES, ids=lambda e: type(e).__name__)
def test_an_event_is_read_back(event: Event) -> None:
    assert event_from_json(json.loads(json.dumps({"time": 1.0, **event.to_json()}))) == event


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"event": None},
        {"event": "no-such"},
        {"event": "event"},
        {"event": "worker-back"},
        {"event": "worker-back", "worker": 1},
        {"event": "worker-draining", "worker": "a", "jobs": "1"},
        {"event": "worker-draining", "worker": "a", "jobs": True},
        {"event": "worker-draining", "worker": "a", "jobs": 1.5},
        {"event": "nodes-cached", "job": "j", "nodes": [1]},
        {"event": "nodes-cached", "job": "j", "nodes": "12"},
        {"event": "worker-matched", "job": "j", "worker": "a", "comfyui": None, "device": "cpu", "vram": None},
    ],
    ids=str,
)
def test_what_is_no_event_is_none(value: dict[str, Any]) -> None:
    assert event_from_json(value) is None

"""The client's protocol against what real servers sent (0.8.0 and 0.25.0), message by message."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from reelc_runtime import comfy
from reelc_runtime.comfy import answers, protocol
from reelc_runtime.comfy.follower import Follower

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).parents[4] / "shared")) / "protocol"
FOLDERS = ("transcripts-0.8.0", "transcripts-0.25.0")
TRANSCRIPTS = [p for folder in FOLDERS for p in sorted((SHARED / folder).glob("*.jsonl"))]
VERDICTS = [p for folder in FOLDERS for p in sorted((SHARED / folder).glob("validation_*.json"))]
needs_recordings = pytest.mark.skipif(not TRANSCRIPTS, reason="needs the shared recordings (../shared or REELC_SHARED)")


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read(path: Path) -> list[dict[str, Any]]:
    """A transcript's lines; two of the recordings have one line each that was cut off."""
    lines: list[dict[str, Any]] = []
    for line in path.read_text("utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return lines


def prompts(lines: list[dict[str, Any]]) -> list[str]:
    """The prompts that were accepted whole."""
    return [
        line["response"]["prompt_id"]
        for line in lines
        if line.get("path") == "/prompt"
        and line.get("status") == 200
        and not line["response"].get("node_errors")
        and "prompt_id" in line["response"]
    ]


def follow(lines: list[dict[str, Any]], prompt: str) -> tuple[Follower, list[comfy.Event]]:
    """Feed everything that the recording client saw to a follower of one prompt."""
    follower, events = Follower(prompt), list[comfy.Event]()
    for line in lines:
        if line.get("dir") == "ws":
            events += follower.message(protocol.parse(json.dumps(line["msg"])))
        elif line.get("path") == f"/history/{prompt}" and line.get("response"):
            entry = answers.history(line["response"], prompt, "http://recorded")
            if entry is not None:
                events += follower.found(comfy.Found(state="done", history=entry, position=None))
    return follower, events


def recorded(lines: list[dict[str, Any]], prompt: str, kind: str) -> list[dict[str, Any]]:
    messages = [line["msg"] for line in lines if line.get("dir") == "ws"]
    return [m["data"] for m in messages if m["type"] == kind and m["data"].get("prompt_id") == prompt]


@needs_recordings
@pytest.mark.parametrize("path", TRANSCRIPTS, ids=name)
def test_follower_tells_what_happened(path: Path) -> None:
    lines = read(path)
    for prompt in prompts(lines):
        follower, events = follow(lines, prompt)
        nodes = [m["node"] for m in recorded(lines, prompt, "executing") if m["node"] is not None]
        started = [e.node for e in events if isinstance(e, comfy.NodeStarted)]
        assert started == list(dict.fromkeys(nodes)) or set(started) >= set(nodes)
        for event in events[:-1]:
            assert not isinstance(event, comfy.Succeeded | comfy.Failed | comfy.Interrupted | comfy.Lost)
        failed = recorded(lines, prompt, "execution_error")
        stopped = recorded(lines, prompt, "execution_interrupted")
        if failed:
            assert isinstance(events[-1], comfy.Failed)
            assert events[-1].node_id == failed[0]["node_id"]
            assert events[-1].exception_type == failed[0]["exception_type"]
        elif stopped:
            assert events[-1] == comfy.Interrupted(node_id=stopped[0]["node_id"])
        elif any(line.get("path") == f"/history/{prompt}" and line.get("response") for line in lines):
            assert isinstance(events[-1], comfy.Succeeded)
        elif any(m["node"] is None for m in recorded(lines, prompt, "executing")):
            # The end was announced: now, and not before, the history is to be read.
            assert follower.wants_poll
            assert not follower.done


@needs_recordings
@pytest.mark.parametrize("path", [p for p in TRANSCRIPTS if p.stem.startswith("ok_")], ids=name)
def test_outputs_of_recorded_histories(path: Path) -> None:
    lines = read(path)
    found = 0
    for prompt in prompts(lines):
        for line in lines:
            if line.get("path") == f"/history/{prompt}" and line.get("response"):
                entry = answers.history(line["response"], prompt, "http://recorded")
                assert entry is not None
                assert entry.status == "success"
                for node in entry.outputs:
                    files = comfy.outputs_of(entry, node)
                    found += len(files)
                    assert all("/" not in f.filename and f.type in ("output", "temp") for f in files)
    assert found or not any(line.get("path", "").startswith("/history/") for line in lines)


@needs_recordings
@pytest.mark.parametrize("path", VERDICTS, ids=name)
def test_refusals_name_the_nodes(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    status, value = case["status"], case["response"]
    if status not in (200, 400):
        return
    sent = value.get("prompt_id", "") if isinstance(value, dict) else ""
    answer = answers.submission(status, value, sent, "http://recorded")
    node_errors = value.get("node_errors") or {}
    if status == 200 and not node_errors:
        assert answer == comfy.Accepted(prompt_id=sent, number=value["number"])
        return
    assert isinstance(answer, comfy.Rejected)
    assert answer.queued == (status == 200)
    expected = sorted((node, e["type"]) for node, data in node_errors.items() for e in data["errors"])
    assert sorted((e.node, e.type) for e in answer.node_errors) == expected
    if not node_errors:
        assert answer.error_type == value["error"]["type"]


@needs_recordings
def test_queue_is_sorted() -> None:
    for path in TRANSCRIPTS:
        for line in read(path):
            if line.get("path") == "/queue" and line.get("method") == "GET":
                queue = answers.queue(line["response"], "http://recorded")
                numbers = [item.number for item in queue.pending]
                assert numbers == sorted(numbers)
                assert len(numbers) == len(line["response"]["queue_pending"])


# -- a run as a real server tells it, kept here so that it is checked everywhere ------------------

PROMPT = "4890ab70-e551-48be-a4e6-f96e2a086d52"


def said(kind: str, **data: Any) -> str:
    return json.dumps({"type": kind, "data": {**data, "prompt_id": PROMPT}})


def state(**nodes: tuple[float, float, str]) -> str:
    return said(
        "progress_state",
        nodes={
            node.lstrip("n"): {
                "value": value, "max": most, "state": how, "node_id": node.lstrip("n"), "prompt_id": PROMPT,
                "display_node_id": node.lstrip("n"), "parent_node_id": None, "real_node_id": node.lstrip("n"),
            }
            for node, (value, most, how) in nodes.items()
        },
    )  # fmt: skip


RUN = [
    json.dumps({"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 1}}}}),
    said("execution_start", timestamp=1),
    said("execution_cached", nodes=["1"], timestamp=2),
    state(n2=(0, 1, "running")),
    said("executing", node="2", display_node="2"),
    state(n2=(1, 4, "running")),
    said("progress", value=1, max=4, node="2"),
    state(n2=(4, 4, "finished")),
    state(n2=(4, 4, "finished"), n5=(0, 1, "running")),
    said("executing", node="5", display_node="5"),
    said("executed", node="5", display_node="5", output={"images": [], "animated": [True]}),
    state(n2=(4, 4, "finished"), n5=(1, 1, "finished")),
    said("execution_success", timestamp=9),
    said("executing", node=None),
]


def test_a_run_in_order() -> None:
    follower, events = Follower(PROMPT), list[comfy.Event]()
    follower.wants_poll = False
    for message in RUN[:-1]:
        events += follower.message(protocol.parse(message))
    assert not follower.wants_poll, "the history is written between execution_success and the end"
    events += follower.message(protocol.parse(RUN[-1]))
    assert follower.wants_poll
    kinds = [type(e).__name__ for e in events]
    assert kinds[:4] == ["Started", "Cached", "NodeStarted", "NodeProgress"]
    assert [e.node for e in events if isinstance(e, comfy.NodeFinished)] == ["2", "5"]


def test_previews_in_both_forms() -> None:
    picture = b"\xff\xd8\xff picture"
    old = protocol.parse((1).to_bytes(4) + (1).to_bytes(4) + picture)
    assert isinstance(old, protocol.PreviewFrame)
    assert (old.node, old.mime, old.data) == (None, "image/jpeg", picture)
    head = json.dumps({"node_id": "6", "prompt_id": PROMPT, "image_type": "image/png"}).encode()
    new = protocol.parse((4).to_bytes(4) + len(head).to_bytes(4) + head + picture)
    assert isinstance(new, protocol.PreviewFrame)
    assert (new.node, new.prompt_id, new.mime, new.data) == ("6", PROMPT, "image/png", picture)


def test_events_of_others_and_nonsense_mean_nothing() -> None:
    follower = Follower("00000000-0000-0000-0000-000000000000")
    for message in RUN:
        assert not follower.message(protocol.parse(message))
    for nonsense in ("", "{", "[]", "null", '{"type": 3}', '{"type": "executing"}', '{"type":"progress","data":[]}'):
        assert not follower.message(protocol.parse(nonsense))
    for frame in (b"", b"\0\0\0\1", b"\0\0\0\4\xff\xff\xff\xff", b"\0\0\0\x09abc"):
        assert not follower.message(protocol.parse(frame))

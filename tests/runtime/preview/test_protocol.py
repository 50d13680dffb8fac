"""The worker's side of the conversation, compared with what real servers said."""

import asyncio
import json
import os
import struct
import time
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from jobs import Client, Job, clip, film, image, png, still

from reelc_runtime.preview import PreviewWorker

SHARED = Path(os.environ.get("REELC_SHARED", Path(__file__).parents[4] / "shared"))
REAL = SHARED / "protocol" / "transcripts-0.25.0"
needs_transcripts = pytest.mark.skipif(not REAL.is_dir(), reason="the recorded transcripts are not here (REELC_SHARED)")

LONG = clip(640, 480, 2000)


def endless(**job: Any) -> Job:
    return Job(**job).load(image(160, 120)).stage("a.long", "move", LONG).encode()


def recorded(name: str) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, Any]]:
    """The WebSocket events and the history entry of a transcript."""
    lines = [json.loads(line) for line in (REAL / f"{name}.jsonl").read_text().splitlines()]
    events = [(line["msg"]["type"], line["msg"]["data"]) for line in lines if line["dir"] == "ws"]
    (history,) = (line["response"] for line in lines if line.get("path", "").startswith("/history/"))
    return events, next(iter(history.values()))


def shape(value: Any) -> Any:
    """Keys and types, without what names nodes or counts."""
    if isinstance(value, dict):
        if value and all(str(key).isdigit() for key in value):
            return {"<node>": shape(next(iter(value.values())))}
        return {key: "inputs" if key == "current_inputs" else shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return ["list"]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def shapes(events: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """One shape for each type of event; the last status and the last executing are told apart."""
    found: dict[str, Any] = {}
    for kind, data in events:
        if kind == "status" and "sid" in data:
            kind = "status on connect"
        if kind == "executing" and data["node"] is None:
            kind = "executing nothing"
        found.setdefault(kind, shape(data))
    return found


@needs_transcripts
async def test_a_run_sounds_like_a_real_one(client: Client):
    _, history = await client.run(film())
    real_events, real_history = recorded("ok_core")
    ours = client.events()
    real, mine = shapes(real_events), shapes(ours)
    assert mine.pop("progress") == {"value": "number", "max": "number", "prompt_id": "str", "node": "str"}
    assert mine == real
    assert shape(history["status"]) == shape(real_history["status"])
    assert set(history) == set(real_history)
    assert shape(history["meta"]) == shape(real_history["meta"])
    assert shape(history["outputs"]) == shape(real_history["outputs"])
    assert [m[0] for m in history["status"]["messages"]] == [m[0] for m in real_history["status"]["messages"]]
    # The order of the first and last events, where it carries meaning.
    quiet = ("progress", "progress_state")
    order = [kind for kind, _ in ours if kind not in quiet]
    real_order = [kind for kind, _ in real_events if kind not in quiet]
    assert order[:5] == real_order[:5]
    assert order[-4:] == real_order[-4:] == ["executed", "execution_success", "status", "executing"]


@needs_transcripts
@pytest.mark.parametrize(
    ("name", "event"), [("interrupt_running", "execution_interrupted"), ("error_execution", "execution_error")]
)
async def test_an_end_that_is_not_well_sounds_like_a_real_one(client: Client, name: str, event: str):
    job = endless() if name == "interrupt_running" else Job().load(image(1, 1)).stage("a", "move", LONG).encode()
    answer = await client.submit(job)
    if name == "interrupt_running":
        await client.hear_until("progress")
        await client.http.post("/interrupt", json={"prompt_id": answer.json()["prompt_id"]})
    await client.hear_until("executing", node=None)
    real_events, real_history = recorded(name)
    assert shapes(client.events())[event] == shapes(real_events)[event]
    entry = next(iter((await client.http.get("/history")).json().values()))
    assert shape(entry["status"]) == shape(real_history["status"])
    assert [k for k, _ in client.events()][-3:] == [k for k, _ in real_events][-3:] == [event, "status", "executing"]


async def test_history_is_there_when_nothing_is_executing_any_more(client: Client):
    prompt_id, history = await client.run(film())
    assert history["status"] == {"status_str": "success", "completed": True, "messages": history["status"]["messages"]}
    queue = (await client.http.get("/queue")).json()
    assert queue == {"queue_running": [], "queue_pending": []}
    assert (await client.http.get("/history/unknown")).json() == {}
    assert list((await client.http.get("/history?max_items=1")).json()) == [prompt_id]


async def test_progress_is_told_for_every_region_and_frame(client: Client):
    await client.run(film(frames=4, steps=2))
    seen: dict[str, list[float]] = {}
    for kind, data in client.events():
        if kind == "progress":
            seen.setdefault(data["node"], []).append(data["value"])
            assert data["value"] <= data["max"]
    counts = [len(values) for values in seen.values()]
    assert counts == [1, 1, 4, 4, 7, 7]
    assert all(values == sorted(values) for values in seen.values())
    executing = [data["node"] for kind, data in client.events() if kind == "executing"]
    firsts = [node for node in executing if node in seen]
    assert firsts == list(seen)
    assert executing[-1] is None
    last = [data for kind, data in client.events() if kind == "progress_state"][-1]
    assert {entry["state"] for entry in last["nodes"].values()} == {"finished"}


async def test_nodes_outside_all_regions_are_told_as_not_needed(client: Client):
    job = film()
    job.graph["77"] = {"class_type": "CheckpointLoaderSimple", "inputs": {}}
    await client.run(job)
    (cached,) = (data for kind, data in client.events() if kind == "execution_cached")
    assert cached["nodes"] == ["77"]


async def test_interrupt_takes_effect_at_once_and_leaves_no_file(tmp_path: Path, client: Client):
    answer = await client.submit(endless())
    prompt_id = answer.json()["prompt_id"]
    await client.hear_until("progress", node="2")
    await client.http.post("/interrupt", json={"prompt_id": "another"})
    await client.hear_until("progress")
    begun = time.monotonic()
    assert (await client.http.post("/interrupt", json={"prompt_id": prompt_id})).status_code == 200
    await client.hear_until("execution_interrupted")
    assert time.monotonic() - begun < 1.0
    await client.hear_until("executing", node=None)
    history = (await client.http.get(f"/history/{prompt_id}")).json()[prompt_id]
    assert (history["status"]["status_str"], history["status"]["completed"], history["outputs"]) == ("error", False, {})
    assert [p for p in (tmp_path / "worker").rglob("*") if p.is_file()] == [tmp_path / "worker" / "input" / "in.png"]
    # An idle interrupt does not hurt the next run.
    assert (await client.http.post("/interrupt")).status_code == 200
    _, history = await client.run(film())
    assert history["status"]["completed"] is True


async def test_one_at_a_time_in_order_and_pending_ones_can_be_deleted(client: Client):
    first = (await client.submit(endless())).json()
    await client.hear_until("progress")
    second, third = [(await client.submit(film())).json()["prompt_id"] for _ in range(2)]
    queue = (await client.http.get("/queue")).json()
    assert [item[1] for item in queue["queue_running"]] == [first["prompt_id"]]
    assert sorted(item[1] for item in queue["queue_pending"]) == sorted([second, third])
    assert [len(item) for item in queue["queue_pending"]] == [5, 5]
    assert (await client.http.get("/prompt")).json() == {"exec_info": {"queue_remaining": 3}}
    await client.http.post("/queue", json={"delete": [second, "unknown", first["prompt_id"]]})
    await client.http.post("/interrupt", json={})
    await client.hear_until("executing", node=None, prompt_id=third)
    history = (await client.http.get("/history")).json()
    assert list(history) == [first["prompt_id"], third]
    await client.http.post("/history", json={"delete": [third]})
    assert list((await client.http.get("/history")).json()) == [first["prompt_id"]]
    await client.http.post("/history", json={"clear": True})
    assert (await client.http.get("/history")).json() == {}


async def test_the_loop_answers_while_frames_are_made(client: Client):
    await client.submit(endless())
    await client.hear_until("progress")
    slowest = 0.0
    for _ in range(20):
        begun = time.monotonic()
        assert (await client.http.get("/queue")).status_code == 200
        slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 1.0
    await client.http.post("/interrupt", json={})
    await client.hear_until("execution_interrupted")


async def test_stopping_the_worker_stops_the_prompt(tmp_path: Path):
    begun = 0.0
    async with PreviewWorker(tmp_path) as worker, Client(worker.url) as client:
        await client.upload(png(still()))
        await client.submit(endless())
        await client.hear_until("progress", node="2")
        begun = time.monotonic()
        await worker.__aexit__(None, None, None)
        assert time.monotonic() - begun < 3
        await worker.__aenter__()
    assert not [path for path in (tmp_path / "output").rglob("*") if path.is_file()]


@pytest.mark.parametrize("flags", [False, True])
async def test_pictures_come_when_asked_for(client: Client, flags: bool):
    if flags:
        await client.socket.send(json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}))
        assert (await client.hear_until("feature_flags"))["supports_preview_metadata"] is True
    prompt_id, _ = await client.run(film(frames=9, factor=4), preview_method="auto")
    pictures = [message for message in client.heard if isinstance(message, bytes)]
    assert pictures
    (event, second) = struct.unpack(">II", pictures[0][:8])
    if flags:
        meta = json.loads(pictures[0][8 : 8 + second])
        assert (event, meta["prompt_id"], meta["image_type"]) == (4, prompt_id, "image/jpeg")
        jpeg = pictures[0][8 + second :]
    else:
        assert (event, second) == (1, 1)
        jpeg = pictures[0][8:]
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert max(picture.shape) <= 512
    client.heard.clear()
    await client.run(film())
    assert not [message for message in client.heard if isinstance(message, bytes)]


async def test_others_hear_only_the_status(worker: PreviewWorker, client: Client):
    async with Client(worker.url) as other:
        await client.run(film())
        await asyncio.sleep(0.1)
        while True:
            try:
                other.heard.append(json.loads(await asyncio.wait_for(other.socket.recv(), 0.1)))
            except TimeoutError:
                break
        assert {kind for kind, _ in other.events()} == {"status"}


async def test_coming_back_tells_where_it_stands(worker: PreviewWorker, client: Client):
    await client.submit(endless())
    await client.hear_until("progress", node="2")
    again = Client(worker.url)
    again.id = client.id
    async with again:
        await again.hear()
        await again.hear_until("executing")
        first, second = again.events()[:2]
        assert first == ("status", {"status": {"exec_info": {"queue_remaining": 1}}, "sid": client.id})
        assert set(second[1]) == {"node"}
        await again.http.post("/interrupt", json={})
        await again.hear_until("execution_interrupted")


async def test_what_the_worker_says_of_itself(tmp_path: Path):
    schemas = {"LoadImage": {"input": {"required": {}}, "output": ["IMAGE"]}}
    async with (
        PreviewWorker(tmp_path, object_info=schemas.get) as worker,
        httpx.AsyncClient(base_url=worker.url, trust_env=False) as http,
    ):
        stats = (await http.get("/system_stats")).json()
        assert stats["system"]["comfyui_version"] == "0.33.0"
        assert stats["system"]["reelc"] == {"engine": "preview"}
        assert stats["devices"][0]["type"] == "cpu"
        assert stats["devices"][0]["vram_total"] > 0
        assert (await http.get("/object_info/LoadImage")).json() == schemas
        assert (await http.get("/api/object_info/Nope")).json() == {}
        assert (await http.get("/features")).json()["supports_preview_metadata"] is True

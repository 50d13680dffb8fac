"""What the worker does not take: by name, before anything starts, and never with a stack trace."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jobs import Client, Job, clip, film, image, png, still

from reelc_runtime.preview import PreviewWorker
from reelc_runtime.preview.errors import Refusal
from reelc_runtime.preview.folders import BadName, Folders
from reelc_runtime.preview.intake import read_prompt
from reelc_runtime.preview.prompts import Prompts


async def refused(client: Client, job: Job | dict[str, Any]) -> dict[str, Any]:
    body = job.body(client.id) if isinstance(job, Job) else job
    answer = await client.http.post("/prompt", json=body)
    assert answer.status_code == 400, answer.text
    assert (await client.http.get("/queue")).json() == {"queue_running": [], "queue_pending": []}
    value = answer.json()
    assert set(value) == {"error", "node_errors"}
    assert set(value["error"]) == {"type", "message", "details", "extra_info"}
    return value


@pytest.mark.parametrize(
    ("kind", "words"), [(None, "declares no stand-in"), ("melt", "'melt', which this worker does not have")]
)
async def test_a_region_without_a_stand_in_is_refused_by_name(client: Client, kind: str | None, words: str):
    job = Job().load(image(160, 120)).stage("std.svd.animate", "move", clip(64, 48, 3))
    job.stage("std.vr.stereo", kind, clip(128, 48, 3)).encode()
    value = await refused(client, job)
    assert value["error"]["type"] == "prompt_outputs_failed_validation"
    assert "std.vr.stereo" in value["error"]["message"]
    assert list(value["node_errors"]) == ["3"]
    entry = value["node_errors"]["3"]
    assert (entry["class_type"], entry["dependent_outputs"]) == ("StdVrStereo", ["5"])
    (error,) = entry["errors"]
    assert (error["type"], error["message"]) == (
        "custom_validation_failed",
        "The preview cannot act for std.vr.stereo",
    )
    assert words in error["details"]


JOBS: dict[str, tuple[Job, str]] = {
    "count": (film().stage("b", "flow", clip(320, 240, 14)).encode(), "whole multiplier"),
    "odd": (Job().load(image(160, 120)).stage("a", "move", clip(65, 48, 3)).encode(), "even width"),
    "codec": (
        film().encode(codec="hevc"),
        "h264 in mp4, h265 in mp4, av1 in mp4, prores in mov, ffv1 in mkv, png in png, not hevc",
    ),
    "crf": (film().encode(crf=99), "crf is a number"),
    "rule": (Job().load(image(160, 120)).stage("a", "resize", image(8, 8), {"rule": "melt"}).encode(), "'melt'"),
    "file": (film(file="other.png"), "Invalid image file: other.png"),
    "path": (film(file="../../etc/passwd"), "not a file name"),
    "prefix": (film(prefix="../../outside"), "not a file name"),
    "absolute": (film(prefix="/etc/cron.d/x"), "not a file name"),
    "upscale": (film().stage("b", "upscale", clip(640, 480, 12)).encode(), "keeps the number of frames"),
    "still": (Job().load(image(160, 120)).encode(), "made from a clip"),
    "twice": (film().stage("b", "move", clip(64, 48, 4)).encode(), "starts from an image"),
}


@pytest.mark.parametrize("name", JOBS)
async def test_what_cannot_come_out_is_refused_before_it_starts(client: Client, name: str):
    job, words = JOBS[name]
    value = await refused(client, job)
    assert words in json.dumps(value["node_errors"])


async def test_prompts_that_are_not_reelcs(client: Client):
    plain = {"prompt": {"1": {"class_type": "LoadImage", "inputs": {}}}, "client_id": client.id}
    assert (await refused(client, plain))["error"]["type"] == "reelc_view_missing"
    assert (await refused(client, {}))["error"]["type"] == "no_prompt"
    assert (await refused(client, {"prompt": {}}))["error"]["type"] == "prompt_no_outputs"
    assert (await refused(client, Job().load(image(160, 120))))["error"]["type"] == "prompt_no_outputs"
    for bad in ("not a uuid", "0F0E0D0C-0B0A-4908-8706-050403020101", 7, "0f0e0d0c0b0a49088706050403020101"):
        assert (await refused(client, film().body() | {"prompt_id": bad}))["error"]["type"] == "invalid_prompt_id"


@pytest.mark.parametrize("body", [b"", b"{bad", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"prompt": [1]}'])
async def test_garbage_bodies(client: Client, body: bytes):
    for path in ("/prompt", "/queue", "/interrupt", "/history"):
        answer = await client.http.post(path, content=body)
        assert answer.status_code == 400 or (body == b"" and path != "/prompt") or b"prompt" in body
    assert (await client.http.get("/system_stats")).status_code == 200


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["r1", "m1", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_view_is_a_refusal_and_never_an_exception(tmp_path: Path, data: st.DataObject):
    """One value anywhere in a good prompt is replaced by anything."""
    (tmp_path / "input").mkdir(exist_ok=True)
    (tmp_path / "input" / "in.png").write_bytes(png(still(8, 8)))
    body = json.loads(json.dumps(film().body()))
    place: Any = body
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.integers(0, 5)) == 0:
            break
        place = place[key]
    place[key] = data.draw(anything)
    try:
        prompt = read_prompt(json.dumps(body).encode(), Prompts(), Folders(tmp_path), clean=False)
    except Refusal as refusal:
        json.dumps(refusal.body, allow_nan=False)
    else:
        assert prompt.view.tasks


@pytest.mark.parametrize(
    "name", ["../x.png", "a/b.png", "..", ".", "", "/etc/x", "a\\b.png", "c:x.png", "x\x00.png", "n" * 300]
)
def test_names_are_never_paths(tmp_path: Path, name: str):
    with pytest.raises(BadName):
        Folders(tmp_path).place("input", "", name)
    if name not in ("", "a/b.png"):
        with pytest.raises(BadName):
            Folders(tmp_path).place("input", name, "x.png")


def test_links_do_not_lead_out(tmp_path: Path):
    folders = Folders(tmp_path / "w")
    (tmp_path / "secret").mkdir()
    (tmp_path / "w" / "output" / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(BadName):
        folders.place("output", "link", "x.png")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("..", {}), ("x.png", {"subfolder": "../.."}), ("x.png", {"subfolder": "/etc"}), ("x.png", {"type": "root"}),
        ("x.png", {"type": "output"}), ("x.png", {"subfolder": "a/../../b"}),
    ],
)  # fmt: skip
async def test_uploads_stay_inside(tmp_path: Path, client: Client, name: str, fields: dict[str, str]):
    before = sorted(tmp_path.rglob("*"))
    answer = await client.upload(b"x", name, **fields)
    assert answer.status_code == 400
    assert sorted(tmp_path.rglob("*")) == before


async def test_a_path_in_an_upload_is_not_followed(tmp_path: Path, client: Client):
    raw = b'--b\r\nContent-Disposition: form-data; name="image"; filename="../../../evil.png"\r\n\r\nx\r\n--b--\r\n'
    answer = await client.http.post(
        "/upload/image", content=raw, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 400
    assert not list(tmp_path.rglob("evil*"))


async def test_uploads_as_on_comfyui(tmp_path: Path, client: Client):
    async def upload(content: bytes, name: str, **fields: str) -> dict[str, Any]:
        return (await client.http.post("/upload/image", files={"image": (name, content)}, data=fields)).json()

    assert await upload(b"1", "a.png") == {"name": "a.png", "subfolder": "", "type": "input"}
    assert (await upload(b"1", "a.png"))["name"] == "a.png"
    assert (await upload(b"2", "a.png"))["name"] == "a (1).png"
    assert (await upload(b"3", "a.png", overwrite="true"))["name"] == "a.png"
    assert (tmp_path / "worker/input/a.png").read_bytes() == b"3"
    placed = await upload(b"4", "a.png", subfolder="jobs/a", type="input")
    assert placed == {"name": "a.png", "subfolder": "jobs/a", "type": "input"}
    view = await client.http.get("/view", params={"filename": "a.png", "subfolder": "jobs/a", "type": "input"})
    assert view.content == b"4"
    for bad in ({"filename": "../x"}, {"filename": "a.png", "subfolder": "../input"}, {}):
        assert (await client.http.get("/view", params=bad)).status_code == 400
    assert (await client.http.get("/view", params={"filename": "none.png"})).status_code == 404


async def test_oversized_and_malformed_uploads(tmp_path: Path):
    async with (
        PreviewWorker(tmp_path, max_upload=1000) as worker,
        httpx.AsyncClient(base_url=worker.url, trust_env=False) as http,
    ):
        assert (await http.post("/upload/image", files={"image": ("a.png", bytes(5000))})).status_code == 413
        assert (await http.post("/upload/image", files={"other": ("a.png", b"x")})).status_code == 400
        assert (await http.post("/upload/image", content=b"x")).status_code == 400
        for body in (b"garbage", b"--b\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\nx", b""):
            head = {"Content-Type": "multipart/form-data; boundary=b"}
            assert (await http.post("/upload/image", content=body, headers=head)).status_code == 400
        head = {"Content-Type": "multipart/form-data"}
        assert (await http.post("/upload/image", content=b"x", headers=head)).status_code == 400
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_only_this_machine(worker: PreviewWorker):
    port = worker.url.rsplit(":", 1)[1]
    async with httpx.AsyncClient(base_url=worker.url, trust_env=False) as http:
        for host in (f"evil.example:{port}", "evil.example", "127.0.0.1.evil.example", "", "[bad"):
            assert (await http.get("/queue", headers={"Host": host})).status_code in (400, 403)
        assert (await http.get("/queue", headers={"Origin": "https://evil.example"})).status_code == 403
        assert (await http.get("/queue", headers={"Host": f"localhost:{port}"})).status_code == 200

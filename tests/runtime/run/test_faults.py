"""Everything that a worker, a disk or a picture can do wrong: one clear diagnostic, nothing lost."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from runtime.run.conftest import Ran, RunIt
from runtime.run.worker_double import WorkerDouble, answer, hang, history_of, lose_answer, status, times

from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.render import text as render_text
from reelc_runtime.run import events, job


async def fault(render: RunIt, **more: Any) -> Diagnostic:
    """The one diagnostic that a run ends with."""
    with pytest.raises(ReelError) as caught:
        await render(**more)
    (found,) = caught.value.diagnostics
    assert "Traceback" not in render_text.render(found)
    return found


def line(found: Diagnostic) -> str:
    """The line of the user's program that a diagnostic points at."""
    assert found.span is not None
    source = found.span.source
    assert source.name.endswith("small.reel")
    return source.line(source.position(found.span.start)[0]).strip()


def record(project: Path) -> dict[str, Any]:
    return json.loads((project / "out/.reelc/runs/run1/run.json").read_text("utf-8"))


# -- the worker cannot be talked to --------------------------------------------------------------


async def test_worker_is_down(render: RunIt) -> None:
    assert (await fault(render, worker_url="http://127.0.0.1:1")).code.code == "E0701"


async def test_worker_hangs(render: RunIt, worker: WorkerDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "DEADLINES", {**job.DEADLINES, "match": 0.3})
    worker.faults["/system_stats"] = hang
    found = await fault(render)
    assert found.code.code == "E0702"
    assert not worker.prompts


async def test_worker_wants_a_token(render: RunIt, worker: WorkerDouble) -> None:
    worker.token = "s3cret-token"
    found = await fault(render, token="wrong-token")
    assert found.code.code == "E0713"
    assert "token" not in found.message.replace("REELC_WORKER_TOKEN", "")
    assert "wrong-token" not in render_text.render(found)
    assert (await render(token="s3cret-token")).films


async def test_worker_is_no_comfyui(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/system_stats"] = answer(b"<html>hello</html>", "text/html")
    assert (await fault(render)).code.code == "E0712"


async def test_preview_worker_is_not_taken_for_a_render(render: RunIt, worker: WorkerDouble) -> None:
    stats = {"system": {"comfyui_version": "0.33.0", "reelc": {"engine": "preview"}}, "devices": []}
    worker.faults["/system_stats"] = answer(json.dumps(stats).encode())
    assert (await fault(render)).code.code == "E0709"


async def test_passing_faults_are_tried_again(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/system_stats"] = times(2, status(502))
    worker.faults["/history"] = times(2, status(503))
    ran = await render()
    assert ran.films
    assert ran.of(events.StepRetried)


# -- the worker does not match -------------------------------------------------------------------


async def test_worker_lacks_a_node(render: RunIt, worker: WorkerDouble) -> None:
    worker.lacks.add("FrameInterpolate")
    found = await fault(render)
    assert found.code.code == "E0703"
    assert line(found) == "|> interpolate(to: 12fps)"
    assert not worker.prompts
    assert worker.requests["POST /upload/image"] == 0


async def test_worker_lacks_a_model(render: RunIt, worker: WorkerDouble) -> None:
    worker.models["upscale_models"] = ["other.pth"]
    found = await fault(render)
    assert found.code.code == "E0704"
    assert line(found) == "|> upscale(to: 320x320)"
    said = " ".join(found.help)
    for part in ("https://github.com/xinntao/Real-ESRGAN", "67.04 MB", "BSD-3-Clause", "models/upscale_models"):
        assert part in said
    assert not worker.prompts


async def test_worker_has_other_schemas(render: RunIt, worker: WorkerDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    from runtime.run import worker_double

    changed = json.loads(json.dumps(worker_double.INFO))
    changed["ImageScale"]["input"]["required"]["upscale_method"][0].remove("lanczos")
    monkeypatch.setattr(worker_double, "INFO", changed)
    with pytest.raises(ReelError) as caught:
        await render()
    assert {d.code.code for d in caught.value.diagnostics} == {"E0715"}
    assert len(caught.value.diagnostics) == 2  # in fit and in upscale


async def test_worker_would_take_a_graph_and_fail_at_its_end(
    render: RunIt, worker: WorkerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SaveVideo as ComfyUI 0.33.0 was released: `format` is a plain list there, and `codec` a choice of its own. That
    # server accepts a graph with `format.codec`, renders all of it, and then fails in SaveVideo.
    from runtime.run import worker_double

    crf = ["FLOAT", {"default": 23.0, "min": 0.0, "max": 51.0, "step": 1.0}]
    encoding = [
        {"key": "auto", "inputs": {"required": {}}},
        {"key": "re-encode", "inputs": {"required": {"crf": crf}}},
    ]
    codecs = [
        {"key": "auto", "inputs": {"required": {}}},
        {
            "key": "h264",
            "inputs": {"required": {}, "optional": {"encoding": ["COMFY_DYNAMICCOMBO_V3", {"options": encoding}]}},
        },
    ]
    changed = json.loads(json.dumps(worker_double.INFO))
    changed["SaveVideo"]["input"] = {
        "required": {
            "video": ["VIDEO", {}],
            "filename_prefix": ["STRING", {"default": "video/ComfyUI", "multiline": False}],
            "format": ["COMBO", {"default": "auto", "multiselect": False, "options": ["auto", "mp4"]}],
            "codec": ["COMFY_DYNAMICCOMBO_V3", {"options": codecs}],
        },
        "hidden": {"prompt": ["PROMPT"], "extra_pnginfo": ["EXTRA_PNGINFO"]},
    }
    monkeypatch.setattr(worker_double, "INFO", changed)
    found = await fault(render)
    assert found.code.code == "E0715"
    assert "another `SaveVideo` than was planned for" in found.message
    assert "catalog pull" in found.help[0]
    assert not worker.prompts


async def test_small_gpu_is_a_warning(render: RunIt, worker: WorkerDouble) -> None:
    worker.vram = 8 * 10**9
    ran = await render()
    assert [w.code.code for w in ran.warnings] == ["W0701"]
    assert ran.films


# -- the graph is refused or fails ---------------------------------------------------------------


NODE_ERRORS = {
    "error": {"type": "prompt_outputs_failed_validation", "message": "failed", "details": "", "extra_info": {}},
    "node_errors": {
        "6": {
            "class_type": "KSampler",
            "dependent_outputs": ["14"],
            "errors": [
                {
                    "type": "value_bigger_than_max",
                    "message": "Value 9 bigger than max",
                    "details": "cfg",
                    "extra_info": {"input_name": "cfg"},
                }
            ],
        }
    },
}


async def test_graph_is_refused(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/prompt"] = status(400, NODE_ERRORS)
    found = await fault(render)
    assert found.code.code == "E0705"
    assert line(found) == "|> svd.animate(using: model, seed: 1, frames: 5)"
    assert "Value 9 bigger than max" in found.message


async def test_partly_accepted_is_refused_and_stopped(render: RunIt, worker: WorkerDouble) -> None:
    async def partly(request: web.Request, double: WorkerDouble) -> web.StreamResponse:
        asked = json.loads(await request.read())
        return web.json_response(
            {"prompt_id": asked["prompt_id"], "number": 1, "node_errors": NODE_ERRORS["node_errors"]}
        )

    worker.faults["/prompt"] = partly
    ran = Ran()
    with pytest.raises(ReelError) as caught:
        await render(ran)
    assert caught.value.diagnostics[0].code.code == "E0705"
    assert ran.of(events.PromptStopped)


def failing(kind: str, message: str) -> Callable[[dict[str, Any]], None]:
    """A history entry of a run that failed in the upscale."""

    def change(entry: dict[str, Any]) -> None:
        error = {
            "prompt_id": entry["prompt"][1],
            "node_id": "9",
            "node_type": "ImageUpscaleWithModel",
            "executed": [],
            "exception_message": message,
            "exception_type": kind,
            "traceback": ["Traceback (most recent call last):\n"],
        }
        entry["outputs"] = {}
        entry["status"] = {"status_str": "error", "completed": False, "messages": [["execution_error", error]]}

    return change


async def test_node_fails(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/history/"] = history_of(failing("RuntimeError", "shapes do not fit"))
    found = await fault(render)
    assert found.code.code == "E0706"
    assert line(found) == "|> upscale(to: 320x320)"
    assert "shapes do not fit" in found.message


async def test_out_of_memory(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/history/"] = history_of(failing("torch.OutOfMemoryError", "Allocation on device"))
    found = await fault(render)
    assert found.code.code == "E0707"
    assert line(found) == "|> upscale(to: 320x320)"
    assert len(worker.prompts) == 1  # what failed for memory is not tried again


async def test_stopped_on_the_worker(render: RunIt, worker: WorkerDouble) -> None:
    def change(entry: dict[str, Any]) -> None:
        stop = {"prompt_id": entry["prompt"][1], "node_id": "6", "node_type": "KSampler", "executed": []}
        entry["outputs"] = {}
        entry["status"] = {"status_str": "error", "completed": False, "messages": [["execution_interrupted", stop]]}

    worker.faults["/history/"] = history_of(change)
    assert (await fault(render)).code.code == "E0714"


async def test_lost_answer_is_found_again(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/prompt"] = times(1, lose_answer)
    ran = await render()
    assert ran.films
    assert len(worker.prompts) == 1  # submitted once, though the answer never came
    assert [e.attached for e in ran.of(events.JobSubmitted)] == [True]


async def test_broken_event_stream_is_taken_up_again(render: RunIt, worker: WorkerDouble) -> None:
    worker.drop_events_after = 6
    ran = await render()
    assert ran.films
    assert worker.requests["GET /ws"] >= 2
    assert len(worker.prompts) == 1


async def test_worker_without_an_event_stream(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/ws"] = status(404)
    assert (await render()).films


async def test_nonsense_in_the_event_stream_is_passed_over(render: RunIt, worker: WorkerDouble) -> None:
    worker.on_message = lambda message: {"type": message["type"], "data": None}
    assert (await render()).films


async def test_worker_falls_silent(render: RunIt, worker: WorkerDouble) -> None:
    """It has taken the prompt, says that it runs, and nothing ever comes of it."""

    async def running(request: web.Request, double: WorkerDouble) -> web.StreamResponse:
        queue = [[1, double.prompts[-1]["prompt_id"], {}, {}, []]] if double.prompts else []
        return web.json_response({"queue_running": queue, "queue_pending": []})

    worker.on_message = lambda message: None
    worker.faults["/history"] = status(200, {})
    worker.faults["/queue"] = running
    ran = Ran()
    with pytest.raises(ReelError) as caught:
        await render(ran, stall=0.5)
    assert caught.value.diagnostics[0].code.code == "E0702"


async def test_lost_prompt_is_sent_again_under_another_name(render: RunIt, worker: WorkerDouble) -> None:
    first: list[str] = []

    async def forget(request: web.Request, double: WorkerDouble) -> web.StreamResponse | None:
        """The server has restarted: it knows nothing of the first prompt."""
        if double.prompts and not first:
            first.append(double.prompts[0]["prompt_id"])
        if first and first[0] in request.path:
            return web.json_response({})
        return None

    async def empty(request: web.Request, double: WorkerDouble) -> web.StreamResponse | None:
        if request.method == "GET" and len(double.prompts) == 1:
            return web.json_response({"queue_running": [], "queue_pending": []})
        return None

    worker.faults["/history/"] = forget
    worker.faults["/queue"] = empty
    ran = await render()
    assert ran.films
    assert [p["prompt"]["14"]["inputs"]["filename_prefix"][-2:] for p in worker.prompts] == ["a1", "a2"]


async def test_prompt_that_is_lost_for_ever(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/history"] = status(200, {})
    worker.faults["/queue"] = status(200, {"queue_running": [], "queue_pending": []})
    found = await fault(render)
    assert found.code.code == "E0716"


# -- the result is not what it should be ---------------------------------------------------------


async def test_success_without_a_file(render: RunIt, worker: WorkerDouble) -> None:
    worker.faults["/history/"] = history_of(lambda entry: entry.update(outputs={}))
    found = await fault(render)
    assert found.code.code == "E0708"
    assert "no file" in found.message


async def test_file_is_too_short(render: RunIt, worker: WorkerDouble, project: Path) -> None:
    ran = await render(run="before")
    film = Path(ran.films[0].path).read_bytes()

    async def shortened(request: web.Request, double: WorkerDouble) -> web.StreamResponse | None:
        if request.query.get("type") == "input":
            return None
        return web.Response(body=film[: len(film) * 2 // 3], content_type="video/mp4")

    worker.faults["/view"] = shortened
    found = await fault(render)
    assert found.code.code == "E0708"
    assert line(found) == "output film = clip |> video()"
    kept = project / "out/.reelc/runs/run1/files/01-film.film.mp4"
    assert kept.is_file()
    assert str(kept) in found.notes[0]
    assert Path(ran.films[0].path).read_bytes() == film  # the older film is untouched


async def test_file_has_other_facts(render: RunIt, worker: WorkerDouble, project: Path) -> None:
    (project / "other").mkdir()
    source = (project / "small.reel").read_text("utf-8")
    (project / "small.reel").write_text(source.replace("frames: 5", "frames: 4"), "utf-8")
    other = Path((await render(run="before", out=project / "other")).films[0].path).read_bytes()
    (project / "small.reel").write_text(source, "utf-8")

    async def wrong(request: web.Request, double: WorkerDouble) -> web.StreamResponse | None:
        return None if request.query.get("type") == "input" else web.Response(body=other, content_type="video/mp4")

    worker.faults["/view"] = wrong
    found = await fault(render)
    assert found.code.code == "E0708"
    assert "frames is 7 instead of 9" in found.message


async def test_file_name_that_is_a_path(render: RunIt, worker: WorkerDouble, project: Path) -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["outputs"]["14"]["images"][0]["filename"] = "../../../etc/passwd"

    worker.faults["/history/"] = history_of(change)
    assert (await fault(render)).code.code == "E0712"


# -- this side -----------------------------------------------------------------------------------


async def test_picture_is_gone(render: RunIt, project: Path, worker: WorkerDouble) -> None:
    async def remove(request: web.Request, double: WorkerDouble) -> None:
        (project / "photo.png").unlink(missing_ok=True)

    worker.faults["/system_stats"] = remove
    assert (await fault(render)).code.code == "E0601"
    assert not worker.prompts


async def test_picture_was_changed(render: RunIt, project: Path, worker: WorkerDouble) -> None:
    async def change(request: web.Request, double: WorkerDouble) -> None:
        (project / "photo.png").write_bytes(b"other")

    worker.faults["/system_stats"] = change
    assert (await fault(render)).code.code == "E0720"
    assert not worker.prompts


async def test_no_room_for_the_download(
    render: RunIt, project: Path, worker: WorkerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reelc_runtime import comfy

    async def full(*args: Any, **more: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(comfy.ComfyClient, "view", full)
    found = await fault(render)
    assert found.code.code == "E0711"
    assert record(project)["state"] == "failed"


async def test_no_room_for_the_film(render: RunIt, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from reelc_runtime.media import assemble, errors

    def full(*args: Any, **more: Any) -> None:
        raise errors.DiskFull("no room left on the disk for film.mp4")

    monkeypatch.setattr(assemble, "assemble", full)
    found = await fault(render)
    assert found.code.code == "E0711"
    (kept,) = (project / "out/.reelc/store").glob("*/*/*/0.mp4")
    assert str(kept) in found.notes[0]


async def test_folder_that_is_a_file(render: RunIt, project: Path) -> None:
    (project / "out").write_text("in the way", "utf-8")
    assert (await fault(render)).code.code == "E0718"
    assert (project / "out").read_text("utf-8") == "in the way"


async def test_unusable_address(render: RunIt) -> None:
    assert (await fault(render, token="a\nb")).code.code == "E0712"

"""Outputs that nodes of the user's own save: whatever they saved is checked, kept and put in its place."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from aiohttp import web
from runtime.run.conftest import RunIt
from runtime.run.worker_double import WorkerDouble

import reelc
from reelc_dsl.diagnostics import ReelError
from reelc_runtime.preview.standins import registry
from reelc_runtime.run import events
from reelc_runtime.run.faults import Locator
from reelc_runtime.run.stand_ins import without

SOURCE = """reel 1
pipeline small {
  let picture = node EmptyImage(width: 64, height: 48, batch_size: 2, color: 0)
  output stills = node SaveImage(images: picture, filename_prefix: "mine/a")
  output look = node PreviewImage(images: picture)
}
"""


def whole(default: int, low: int, high: int) -> list[Any]:
    return ["INT", {"default": default, "min": low, "max": high}]


# What a server says of the classes.
INFO: dict[str, Any] = {
    "EmptyImage": {
        "width": whole(512, 1, 16384),
        "height": whole(512, 1, 16384),
        "batch_size": whole(1, 1, 4096),
        "color": whole(0, 0, 0xFFFFFF),
    },
    "SaveImage": {"images": ["IMAGE", {}], "filename_prefix": ["STRING", {"default": "ComfyUI"}]},
    "PreviewImage": {"images": ["IMAGE", {}]},
}


def png(seed: int) -> bytes:
    picture = np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    return cv2.imencode(".png", picture)[1].tobytes()


class Saver:
    """A worker that has run whatever graph it is sent, and has these files.

    Args:
        files: by node, names to contents.
        values: what else the history says of nodes.
    """

    def __init__(self, double: WorkerDouble, files: Mapping[str, Mapping[str, bytes]], **values: Any) -> None:
        self.files = files
        self.values = values
        self.sent: dict[str, Any] = {}
        double.faults |= {
            "/object_info/": self.info,
            "/prompt": self.prompt,
            "/history": self.history,
            "/view": self.view,
        }

    async def info(self, request: web.Request, double: WorkerDouble) -> web.StreamResponse:
        name = request.path.rsplit("/", 1)[-1]
        info = {"input": {"required": INFO[name]}, "input_order": {"required": list(INFO[name])}}
        saves = name != "EmptyImage"
        outputs = {"output": ["IMAGE"], "output_is_list": [False], "output_name": ["images" if saves else "IMAGE"]}
        return web.json_response({name: info | outputs | {"is_input_list": False, "output_node": saves}})

    async def prompt(self, request: web.Request, double: WorkerDouble) -> web.StreamResponse | None:
        if request.method != "POST":
            return None
        body = await request.json()
        self.sent[body["prompt_id"]] = body["prompt"]
        return web.json_response({"prompt_id": body["prompt_id"], "number": 1, "node_errors": {}})

    async def history(self, request: web.Request, double: WorkerDouble) -> web.StreamResponse:
        outputs: dict[str, Any] = {
            node: {"images": [{"filename": name, "subfolder": "mine", "type": "output"} for name in names]}
            for node, names in self.files.items()
        }
        status = {"status_str": "success", "completed": True, "messages": []}
        entry = {"prompt": [], "outputs": outputs | self.values, "status": status}
        return web.json_response({prompt: entry for prompt in self.sent if request.path.endswith(prompt)})

    async def view(self, request: web.Request, double: WorkerDouble) -> web.StreamResponse:
        known = {name: data for names in self.files.values() for name, data in names.items()}
        return web.Response(body=known[request.query["filename"]], content_type="application/octet-stream")


@pytest.fixture
def saving(project: Path) -> Path:
    (project / "small.reel").write_text(SOURCE, "utf-8")
    return project


async def test_files_are_put_under_the_outputs_name(render: RunIt, worker: WorkerDouble, saving: Path) -> None:
    saver = Saver(worker, {"2": {"a_00001_.png": png(1), "a_00002_.png": png(2)}, "3": {"temp_1.PNG": png(3)}})
    ran = await render(whole=False)
    out = saving / "out"
    assert [(w.output, Path(w.path).name) for w in ran.files] == [
        *(("stills", "stills-1.png"), ("stills", "stills-2.png"), ("look", "look.png")),
    ]
    assert (out / "stills-2.png").read_bytes() == png(2)
    assert sorted(p.name for p in out.iterdir()) == [".reelc", "look.png", "stills-1.png", "stills-2.png"]
    (graph,) = saver.sent.values()
    # The new prefix makes a worker that has cached the graph save again.
    assert graph["2"]["inputs"]["filename_prefix"] == "reelc/abc/run1/01-stills-a1"
    assert graph["3"]["inputs"] == {"images": ["1", 0]}
    info = json.loads((out / ".reelc/runs/run1/run.json").read_text("utf-8"))
    assert info["films"] == [w.path for w in ran.files]


async def test_nothing_is_rendered_twice(render: RunIt, worker: WorkerDouble, saving: Path) -> None:
    saver = Saver(worker, {"2": {"a_00001_.png": png(1), "a_00002_.png": png(2)}, "3": {"t.png": png(3)}})
    await render(whole=False)
    (saving / "out" / "stills-1.png").unlink()
    (saving / "small.reel").write_text(SOURCE.replace("mine/a", "mine/b"), "utf-8")
    ran = await render(whole=False, fresh=False, run="run2")
    assert [e.job for e in ran.of(events.JobReused)] == ["01-stills"]
    assert len(saver.sent) == 1
    assert (saving / "out" / "stills-1.png").read_bytes() == png(1)
    assert len(ran.files) == 3


async def test_one_output_can_be_asked_for(render: RunIt, worker: WorkerDouble, saving: Path) -> None:
    Saver(worker, {"2": {"a.png": png(1)}, "3": {"t.png": png(3)}})
    ran = await render(whole=False, until="look")
    assert [Path(w.path).name for w in ran.files] == ["look.png"]
    with pytest.raises(ReelError) as caught:
        await render(whole=False, until="lok")
    assert "did you mean `look`?" in caught.value.diagnostics[0].help


async def test_a_film_a_model_and_a_file_without_an_ending(render: RunIt, worker: WorkerDouble, saving: Path) -> None:
    film = saving / "made.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(4):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    Saver(worker, {"2": {"a.mp4": film.read_bytes(), "b.safetensors": b"weights"}, "3": {"plain": b"x"}})
    ran = await render(whole=False)
    assert [Path(w.path).name for w in ran.files] == ["stills-1.mp4", "stills-2.safetensors", "look.bin"]


@pytest.mark.parametrize(
    ("files", "values", "part"),
    [
        ({"2": {"a.png": b""}, "3": {"t.png": png(1)}}, {}, "is empty"),
        ({"2": {"a.png": png(1)[:200]}, "3": {"t.png": png(1)}}, {}, "cannot be used"),
        ({"2": {"a.mp4": b"no film at all"}, "3": {"t.png": png(1)}}, {}, "cannot be used"),
        ({"3": {"t.png": png(1)}}, {}, "saved no file for the output `stills`"),
        ({"2": {"a.png": png(1)}}, {"3": {"text": ["512x512"]}}, "saved no file for the output `look`"),
    ],
)
async def test_what_cannot_be_used_is_a_fault_at_its_line(
    render: RunIt, worker: WorkerDouble, saving: Path, files: Any, values: Any, part: str
) -> None:
    Saver(worker, files, **values)
    with pytest.raises(ReelError) as caught:
        await render(whole=False)
    found = caught.value.diagnostics[0]
    assert found.code.code == "E0708"
    assert part in found.message
    assert found.span is not None
    assert found.span.source.position(found.span.start)[0] in (4, 5)
    assert [p.name for p in (saving / "out").iterdir()] == [".reelc"]


def test_a_preview_is_refused_by_name_before_it_starts(saving: Path) -> None:
    plan = reelc.compile(saving / "small.reel").plan
    found = without(plan, registry(), Locator(plan, {}))
    assert [d.code.code for d in found] == ["E0710", "E0710"]
    assert "the output `stills`" in found[0].message
    assert "the output `look`" in found[1].message

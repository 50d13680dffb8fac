"""Runs with films and sounds that are given, and films that are delivered with sound and as pictures."""

import hashlib
import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from aiohttp import web
from command import call
from recordings import write_film, write_sound
from runtime.run.conftest import Ran, RunIt
from runtime.run.worker_double import WorkerDouble

import reelc
from reelc_compiler.inputs import Unmeasured
from reelc_dsl.diagnostics import ReelError
from reelc_runtime.engine.durable import database_url
from reelc_runtime.media import assemble as assembling
from reelc_runtime.media.errors import DiskFull
from reelc_runtime.media.measure import measure
from reelc_runtime.run import events

BELL = """
stage bell() -> audio {
  preview silence
  return audio(node EmptyAudio(duration: 2.0, sample_rate: 48000, channels: 2), duration: 2s)
}
"""


def _info(inputs: dict[str, Any], outputs: dict[str, str], *, saves: bool = False) -> dict[str, Any]:
    return {
        "input": {"required": inputs},
        "input_order": {"required": list(inputs)},
        "is_input_list": False,
        "output": list(outputs.values()),
        "output_is_list": [False] * len(outputs),
        "output_name": list(outputs),
        "output_node": saves,
    }


NUMBER: dict[str, Any] = {"min": 0, "max": 1 << 40}
INFO = {
    "LoadVideo": _info({"file": ["COMBO", {"options": [], "video_upload": True}]}, {"VIDEO": "VIDEO"}),
    "GetVideoComponents": _info(
        {"video": ["VIDEO", {}]},
        {"images": "IMAGE", "audio": "AUDIO", "fps": "FLOAT", "bit_depth": "INT", "color_space": "COMBO"},
    ),
    "EmptyAudio": _info(
        {"duration": ["FLOAT", NUMBER], "sample_rate": ["INT", NUMBER], "channels": ["INT", NUMBER]}, {"AUDIO": "AUDIO"}
    ),
    "SaveAudio": _info(
        {"audio": ["AUDIO", {}], "filename_prefix": ["STRING", {"default": "audio/ComfyUI"}]},
        {"audio": "AUDIO"},
        saves=True,
    ),
}


@pytest.fixture
def worker(worker: WorkerDouble) -> WorkerDouble:
    """A worker that has the nodes for films and sounds as well."""

    async def info(request: web.Request, double: WorkerDouble) -> web.StreamResponse | None:
        name = request.path.rsplit("/", 1)[-1]
        return web.json_response({name: INFO[name]}) if name in INFO else None

    worker.faults["/object_info/"] = info
    return worker


Write = Callable[..., None]


@pytest.fixture
def program(project: Path) -> Write:
    """Writes the small program anew, with a film of 24 frames and a song of two seconds beside it."""
    write_film(project / "walk.mp4", 24)
    write_sound(project / "song.wav", Fraction(2), at=0.5)

    def write(output: str, head: str = "") -> None:
        body = f'pipeline small {{\n  param walk: clip = "walk.mp4"\n  {output}\n}}\n'
        (project / "small.reel").write_text(f"reel 1\n{head}{body}", "utf-8")

    return write


def codes(error: ReelError) -> list[str]:
    return [d.code.code for d in error.diagnostics if d.code.code.startswith("E")]


@pytest.fixture
def later(project: Path) -> Path:
    """The project's files as they are when the run starts, after the plan was made."""
    folder = project / "later"
    folder.mkdir()
    return folder


def sent(worker: WorkerDouble) -> tuple[int, int]:
    """Uploads and prompts that a worker got."""
    return worker.requests["POST /upload/image"], len(worker.prompts)


def heard(path: str) -> np.ndarray:
    with av.open(path) as source:
        return np.concatenate([frame.to_ndarray() for frame in source.decode(audio=0)], axis=1)


# -- films that are delivered -------------------------------------------------------------------


async def test_a_film_with_a_song(render: RunIt, program: Write, worker: WorkerDouble) -> None:
    program('output film = walk |> video(audio: "song.wav")')
    ran = await render()
    (film,) = ran.films
    assert (film.frames, film.fps, film.seconds) == (24, "24", 1.0)
    facts = measure(Path(film.path)).facts
    assert (facts.frames, facts.fps) == (24, Fraction(24))
    samples = heard(film.path)
    assert np.abs(samples[:, : 24000 - 2048]).max() < 0.01
    assert np.abs(samples[:, 26000:46000]).max() > 0.3
    # The song never leaves this machine.
    assert [e.input for e in ran.of(events.InputUploaded)] == ["walk.mp4"]
    assert sent(worker) == (1, 1)


async def test_a_new_song_renders_nothing(render: RunIt, program: Write, project: Path, worker: WorkerDouble) -> None:
    program('output film = walk |> video(audio: "song.wav")')
    await render()
    write_sound(project / "song.wav", Fraction(1))
    ran = await render(run="run2", fresh=False)
    assert sent(worker) == (1, 1)
    assert np.abs(heard(ran.films[0].path)[:, :20000]).max() > 0.3


async def test_a_film_with_the_sound_of_a_node(render: RunIt, program: Write, worker: WorkerDouble) -> None:
    program("output film = walk |> video(audio: bell())", BELL)
    ran = await render()
    assert len(worker.prompts) == len(ran.of(events.JobDone))
    verified = [e.artifact for e in ran.of(events.ArtifactVerified)]
    assert any(name.endswith("film-sound") for name in verified)
    assert not heard(ran.films[0].path).any()


async def test_a_sequence_of_pictures(render: RunIt, program: Write, project: Path) -> None:
    program('output film = walk |> video(codec: "png")')
    ran = await render()
    (film,) = ran.films
    folder = project / "out" / "film"
    assert Path(film.path) == folder
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == [f"film.{number:05}.png" for number in range(1, 25)]
    assert film.bytes == sum(file.stat().st_size for file in files)
    hashes = "".join(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    assert film.sha256 == hashlib.sha256(hashes.encode()).hexdigest()
    info = json.loads((project / "out/.reelc/runs/run1/run.json").read_text("utf-8"))
    assert info["films"] == [str(folder)]
    again = await render(run="run2", fresh=False)
    assert again.films[0].sha256 == film.sha256


async def test_a_folder_of_somebody_elses_is_left_alone(
    render: RunIt, program: Write, project: Path, worker: WorkerDouble
) -> None:
    program('output film = walk |> video(codec: "png")')
    (project / "out" / "film").mkdir(parents=True)
    (project / "out" / "film" / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(ReelError) as caught:
        await render()
    assert "left alone" in caught.value.diagnostics[0].message
    assert [p.name for p in (project / "out" / "film").iterdir()] == ["thesis.txt"]
    # What was rendered is kept, and is not rendered again.
    (project / "out" / "film").rename(project / "thesis")
    await render(run="run2", fresh=False)
    assert len(worker.prompts) == 1


@pytest.mark.parametrize("codec", ["h265", "av1", "prores", "ffv1"])
def test_each_codec_is_delivered_in_its_container(program: Write, project: Path, codec: str) -> None:
    """On the preview worker: the packs' nodes are not in the double."""
    program(f'output film = walk |> video(codec: "{codec}", audio: "song.wav")')
    call("preview", project / "small.reel", "--out", project / "out", "--quiet")
    (film,) = [p for p in (project / "out").iterdir() if p.name.startswith("film.preview.") and p.suffix != ".json"]
    facts = measure(film).facts
    assert (facts.frames, facts.fps, facts.width) == (24, Fraction(24), 64)
    assert facts.seconds is not None
    assert abs(facts.seconds - 1) < Fraction(1, 40)


# -- what is found before anything is sent ------------------------------------------------------


async def test_a_song_that_is_gone_or_another(
    render: RunIt, program: Write, project: Path, later: Path, worker: WorkerDouble
) -> None:
    program('output film = walk |> video(audio: "song.wav")')
    shutil.copy(project / "walk.mp4", later)
    write_sound(later / "song.wav", Fraction(1))
    with pytest.raises(ReelError) as caught:
        await render(input_path=later.joinpath)
    assert codes(caught.value) == ["E0720"]
    (later / "song.wav").unlink()
    with pytest.raises(ReelError) as caught:
        await render(input_path=later.joinpath, run="run2")
    assert codes(caught.value) == ["E0601"]
    assert sent(worker) == (0, 0)


async def test_a_film_that_is_damaged_in_its_middle(
    render: RunIt, program: Write, project: Path, worker: WorkerDouble
) -> None:
    """Measuring does not decode it, and is content."""
    program("output film = walk |> video()")
    content = bytearray((project / "walk.mp4").read_bytes())
    with av.open(str(project / "walk.mp4")) as source:
        packets = [p for p in source.demux(video=0) if p.size]
    at = packets[len(packets) // 2]
    assert at.pos is not None
    content[at.pos : at.pos + at.size] = b"\xff" * at.size
    (project / "walk.mp4").write_bytes(content)
    with pytest.raises(ReelError) as caught:
        await render()
    assert codes(caught.value) == ["E0613"]
    assert "`walk.mp4` does not hold what it announces" in caught.value.diagnostics[0].message
    assert sent(worker) == (0, 0)


async def test_a_song_that_cannot_be_decoded_here(
    render: RunIt, program: Write, project: Path, later: Path, worker: WorkerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan made with a lock: the file is the same, and another libav gets something else out of it."""
    program('output film = walk |> video(audio: "song.wav")')
    shutil.copy(project / "walk.mp4", later)
    write_sound(later / "song.wav", Fraction(1))
    monkeypatch.setattr("reelc_runtime.run.given.unchanged", lambda *_: None)
    with pytest.raises(ReelError) as caught:
        await render(input_path=later.joinpath)
    assert codes(caught.value) == ["E0613"]
    assert "1.000 s instead of 2.000 s" in caught.value.diagnostics[0].message
    assert sent(worker) == (0, 0)


async def test_a_film_that_is_cut_off_is_refused_when_compiling(program: Write, project: Path) -> None:
    program("output film = walk |> video()")
    content = (project / "walk.mp4").read_bytes()
    (project / "walk.mp4").write_bytes(content[: len(content) // 2])
    with pytest.raises(Unmeasured):
        measure(project / "walk.mp4")
    with pytest.raises(ReelError) as caught:
        reelc.compile(project / "small.reel")
    assert codes(caught.value) == ["E0613"]


# -- results and resuming -----------------------------------------------------------------------


async def test_a_sound_of_the_wrong_length_is_no_result(
    render: RunIt, program: Write, project: Path, worker: WorkerDouble
) -> None:
    program("output film = walk |> video(audio: bell())", BELL)
    write_sound(project / "short.flac", Fraction(1))

    async def short(request: web.Request, double: WorkerDouble) -> web.StreamResponse | None:
        if request.query.get("filename", "").endswith(".flac"):
            return web.Response(body=(project / "short.flac").read_bytes())
        return None

    worker.faults["/view"] = short
    with pytest.raises(ReelError) as caught:
        await render()
    assert codes(caught.value) == ["E0708"]
    assert "the sound lasts 1.000 s instead of 2.000 s" in caught.value.diagnostics[0].message


async def test_a_run_whose_delivery_failed_goes_on_where_it_was(
    render: RunIt, program: Write, project: Path, worker: WorkerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    program('output film = walk |> video(audio: "song.wav")')
    url = database_url(project / "out" / ".reelc", None)

    def full(*_: Any, **__: Any) -> None:
        raise DiskFull("no room left on the disk for film.mp4")

    with monkeypatch.context() as patch:
        patch.setattr(assembling, "assemble", full)
        with pytest.raises(ReelError) as caught:
            await render(database=url)
    assert "no room left" in caught.value.diagnostics[0].message
    assert not (project / "out" / "film.mp4").exists()
    ran: Ran = await render(database=url, fresh=False)
    assert ran.of(events.RunStarted)[0].resumed
    assert len(worker.prompts) == 1
    assert measure(Path(ran.films[0].path)).facts.frames == 24


async def test_stopping_before_the_film_needs_no_song(
    render: RunIt, project: Path, later: Path, worker: WorkerDouble
) -> None:
    (project / "small.reel").write_text(
        "reel 1\nuse std.svd\npipeline small {\n"
        '  let clip = "photo.png" |> fit(256x256) |> svd.animate(using: svd.load(), seed: 1, frames: 5)\n'
        '  output film = clip |> video(audio: "song.wav")\n}\n',
        "utf-8",
    )
    write_sound(project / "song.wav", Fraction(5, 6))
    shutil.copy(project / "photo.png", later)
    with pytest.raises(ReelError) as caught:
        await render(input_path=later.joinpath, whole=False)
    assert codes(caught.value) == ["E0601"]
    assert sent(worker) == (0, 0)
    ran = await render(input_path=later.joinpath, whole=False, until="animate", run="run2")
    assert [Path(film.path).name for film in ran.films] == ["01-animate.mp4"]
    # And the film needs no more than the song then.
    shutil.copy(project / "song.wav", later)
    await render(input_path=later.joinpath, whole=False, fresh=False, run="run3")
    assert len(worker.prompts) == 2

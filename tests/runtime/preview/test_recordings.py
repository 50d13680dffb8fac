"""Films that are loaded, sound that stands in as silence, and every codec, on the preview worker."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from jobs import Client, Job, clip, image
from recordings import turn, write_film, write_shifted, write_sound

from reelc_compiler.codecs import CODECS
from reelc_compiler.plan import Facts, Medium, Region
from reelc_runtime.media.lossless import read_frames
from reelc_runtime.media.verify import probe_video
from reelc_runtime.preview import PreviewWorker


def loaded(facts: Facts, name: str = "walk.mp4") -> Job:
    """A film that is loaded, by two nodes as in ComfyUI."""
    return Job().stage("load", "load", facts, {"node": "1", "field": "file"}, {"file": name}, nodes=2)


def kept(job: Job, container: str = "png") -> Job:
    node = str(len(job.graph) + 1)
    settings = {"node": node, "field": "filename_prefix", "container": container}
    return job.stage("save", "keep", None, settings, {"filename_prefix": job.prefix})


def sounding(seconds: Fraction = Fraction(5, 4)) -> Job:
    """A stage that makes sound, and where it is saved."""
    return kept(Job().stage("bell", "silence", Facts(kind="audio", seconds=seconds)), "flac")


async def result(client: Client, worker: PreviewWorker, job: Job, folder: Path) -> Path:
    """The one file that a job makes."""
    _, history = await client.run(job)
    assert history["status"]["status_str"] == "success", history["status"]
    (output,) = history["outputs"].values()
    (file,) = next(files for files in output.values() if isinstance(files[0], dict))
    answer = await client.http.get("/view", params=file)
    assert answer.status_code == 200
    path = folder / file["filename"]
    path.write_bytes(answer.content)
    return path


def pixels(path: Path) -> np.ndarray:
    return np.stack([frame for frame, _ in read_frames(path)])


async def refusal(client: Client, job: Job) -> str:
    answer = await client.submit(job)
    assert answer.status_code == 400
    return answer.text


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "ts"])
async def test_every_frame_of_a_film_is_as_in_its_file(
    tmp_path: Path, client: Client, worker: PreviewWorker, ending: str
):
    write_film(tmp_path / f"walk.{ending}", 24)
    await client.upload((tmp_path / f"walk.{ending}").read_bytes(), f"walk.{ending}")
    out = await result(client, worker, kept(loaded(clip(64, 48, 24), f"walk.{ending}")), tmp_path)
    assert np.array_equal(pixels(out), pixels(tmp_path / f"walk.{ending}"))


@pytest.mark.parametrize("quarters", [1, 2, 3])
async def test_a_turned_film_is_shown_as_players_show_it(
    tmp_path: Path, client: Client, worker: PreviewWorker, quarters: int
):
    path = tmp_path / "walk.mp4"
    # The left half is bright.
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:, :32] = 200
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(4):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        output.mux(stream.encode(None))
    turn(path, quarters)
    await client.upload(path.read_bytes(), "walk.mp4")
    size = (64, 48) if quarters == 2 else (48, 64)
    out = await result(client, worker, kept(loaded(clip(*size, 4))), tmp_path)
    wanted = np.rot90(picture, quarters)
    assert pixels(out).shape == (4, size[1], size[0], 3)
    assert np.abs(pixels(out)[0].astype(int) - wanted).mean() < 8


async def test_a_film_that_was_cut_begins_with_the_frame_that_is_shown(
    tmp_path: Path, client: Client, worker: PreviewWorker
):
    write_film(tmp_path / "whole.mp4", 24, sound=False)
    write_shifted(tmp_path / "walk.mp4", tmp_path / "whole.mp4", video=-Fraction(5, 24))
    await client.upload((tmp_path / "walk.mp4").read_bytes(), "walk.mp4")
    out = await result(client, worker, kept(loaded(clip(64, 48, 19))), tmp_path)
    assert np.array_equal(pixels(out), pixels(tmp_path / "whole.mp4")[5:])


@pytest.mark.parametrize(("frames", "size"), [(11, (64, 48)), (13, (64, 48)), (12, (48, 64))])
async def test_a_film_that_is_not_as_planned_fails(tmp_path: Path, client: Client, frames: int, size: tuple[int, int]):
    write_film(tmp_path / "walk.mp4", 12)
    await client.upload((tmp_path / "walk.mp4").read_bytes(), "walk.mp4")
    _, history = await client.run(kept(loaded(clip(*size, frames))))
    assert history["status"]["status_str"] == "error"
    assert history["outputs"] == {}


async def test_a_film_that_is_none_fails(client: Client):
    await client.upload(b"not a film" * 100, "walk.mp4")
    _, history = await client.run(kept(loaded(clip(64, 48, 12))))
    assert "is not a clip that can be decoded" in str(history["status"])


async def test_files_that_were_not_uploaded(client: Client):
    assert "Invalid video file: nowhere.mp4" in await refusal(client, kept(loaded(clip(64, 48, 12), "nowhere.mp4")))
    sound = Job().stage(
        "load", "load", Facts(kind="audio", seconds=Fraction(1)), {"node": "1", "field": "audio"}, {"audio": "no.wav"}
    )
    assert "Invalid audio file: no.wav" in await refusal(client, kept(sound, "flac"))


# -- sound --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [Fraction(5, 4), Fraction(1001, 24000), Fraction(1, 7)])
async def test_what_a_model_would_be_heard_of_is_silence(
    tmp_path: Path, client: Client, worker: PreviewWorker, seconds: Fraction
):
    out = await result(client, worker, sounding(seconds), tmp_path)
    assert out.suffix == ".flac"
    with av.open(str(out)) as source:
        samples = np.concatenate([frame.to_ndarray() for frame in source.decode(audio=0)], axis=1)
        rate, channels = source.streams.audio[0].sample_rate, source.streams.audio[0].channels
    assert samples.size // channels == int(seconds * rate + Fraction(1, 2))
    assert not samples.any()


async def test_a_sound_that_is_loaded_is_silent_behind_a_stage(tmp_path: Path, client: Client, worker: PreviewWorker):
    write_sound(tmp_path / "song.wav", Fraction(1))
    await client.upload((tmp_path / "song.wav").read_bytes(), "song.wav")
    job = Job().stage(
        "load", "load", Facts(kind="audio", seconds=Fraction(1)), {"node": "1", "field": "audio"}, {"audio": "song.wav"}
    )
    job.stage("louder", "silence", Facts(kind="audio", seconds=Fraction(1)))
    out = await result(client, worker, kept(job, "flac"), tmp_path)
    with av.open(str(out)) as source:
        assert sum(frame.samples for frame in source.decode(audio=0)) == 48000


async def test_pictures_and_sound_of_one_stage(tmp_path: Path, client: Client, worker: PreviewWorker):
    """What `ltx2.animate` is: the pictures move, and the sound is silent."""
    job = Job().load(image(160, 120)).stage("animate", "move", clip(160, 120, 5))
    job.media["m9"] = Medium(node="2", slot=1, facts=Facts(kind="audio", seconds=Fraction(5, 24)))
    made = job.regions[-1]
    job.regions[-1] = Region(
        id=made.id, stage=made.stage, nodes=made.nodes, media_in=made.media_in,
        media_out=(*made.media_out, "m9"), stand_in=made.stand_in,
    )  # fmt: skip
    job.encode()
    job.last, job.prefix = "m9", "reelc/test/run/01-film-a1-2"
    kept(job, "flac")
    _, history = await client.run(job)
    assert history["status"]["status_str"] == "success", history["status"]
    names = sorted(
        file["filename"].rpartition(".")[2]
        for output in history["outputs"].values()
        for files in output.values()
        for file in files
        if isinstance(file, dict)
    )
    assert names == ["flac", "mp4"]


async def test_sound_where_pictures_are_wanted_is_refused(client: Client):
    moving = Job().load(image(160, 120)).stage("bell", "move", Facts(kind="audio", seconds=Fraction(1)))
    assert "makes sound, and its stand-in makes pictures" in await refusal(client, kept(moving, "flac"))
    assert "the preview keeps audio as flac, not png" in await refusal(
        client, kept(Job().stage("bell", "silence", Facts(kind="audio", seconds=Fraction(1))))
    )
    job = Job().load(image(160, 120)).stage("mute", "silence", clip(160, 120, 5))
    assert "silence stands in for sound" in await refusal(client, kept(job))


@pytest.mark.parametrize("seconds", ["0", "-1", "1/0", "forever", 3, str(10**9)])
async def test_lengths_that_no_sound_has_are_refused(client: Client, seconds: Any):
    job = sounding()
    body = job.body(client.id)
    (medium,) = body["extra_data"]["reelc"]["media"].values()
    medium["facts"]["seconds"] = seconds
    answer = await client.http.post("/prompt", json=body)
    assert answer.status_code == 400
    assert "extra_data.reelc cannot be used" in answer.text


# -- codecs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", list(CODECS))
async def test_a_film_in_each_codec(tmp_path: Path, client: Client, worker: PreviewWorker, codec: str):
    known = CODECS[codec]
    job = Job().load(image(160, 120)).stage("a", "move", clip(160, 96, 5))
    job.encode(codec=codec, container=known.container, crf=known.crf)
    out = await result(client, worker, job, tmp_path)
    assert out.suffix == f".{known.container}"
    found = probe_video(out)
    assert (found.frames, found.width, found.height, found.codec) == (5, 160, 96, known.stream)
    if codec != "ffv1":
        assert abs(found.fps - 24) < Fraction(1, 100)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"codec": "h265", "container": "mkv"}, "not h265 in mkv"),
        ({"codec": "prores", "container": "mov", "crf": 18}, "prores takes no crf"),
        ({"codec": "av1", "container": "mp4", "crf": 64}, "crf is a number from 0 to 63"),
        ({"codec": "h264", "container": "mp4", "crf": None}, "crf is a number from 0 to 51"),
        ({"codec": "h264", "container": "mp4", "crf": True}, "crf is a number from 0 to 51"),
        ({"codec": 1, "container": "mp4"}, "not 1 in mp4"),
    ],
)
async def test_what_no_codec_can_be_asked_for(client: Client, changes: dict[str, Any], problem: str):
    job = Job().load(image(160, 120)).stage("a", "move", clip(160, 96, 5))
    assert problem in await refusal(client, job.encode(**changes))


@pytest.mark.parametrize("codec", ["h265", "av1", "ffv1"])
async def test_what_an_encoder_does_not_take_is_not_tried(client: Client, codec: str):
    known = CODECS[codec]
    job = Job().load(image(160, 120)).stage("a", "move", clip(160, 2, 5))
    job.encode(codec=codec, container=known.container, crf=known.crf)
    assert f"{codec} needs {known.least} pixels a side at least" in await refusal(client, job)


async def test_odd_sizes_only_become_pictures(tmp_path: Path, client: Client, worker: PreviewWorker):
    def odd(**how: Any) -> Job:
        return (
            Job()
            .load(image(160, 120))
            .stage("a", "resize", image(65, 47), {"rule": "stretch"})
            .stage("b", "move", clip(65, 47, 3))
            .encode(**how)
        )

    for codec in ("h265", "av1", "prores", "ffv1"):
        known = CODECS[codec]
        answer = await refusal(client, odd(codec=codec, container=known.container, crf=known.crf))
        assert f"{codec} needs an even width and height" in answer
    # Pictures need none.
    job = kept(Job().load(image(160, 120)).stage("a", "resize", image(65, 47), {"rule": "stretch"}))
    out = await result(client, worker, job, tmp_path)
    assert pixels(out).shape == (1, 47, 65, 3)

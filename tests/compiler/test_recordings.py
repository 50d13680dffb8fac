"""Films and sounds as inputs, sound over films, codecs: what becomes nodes, jobs, keys and outputs."""

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from command import call
from recordings import write_film, write_record, write_sound
from test_corpus import write_pictures

import reelc
from reelc import locking
from reelc_compiler.catalog import load_catalog
from reelc_compiler.codecs import CODECS
from reelc_compiler.elaborate import inputs
from reelc_compiler.facts import AUDIO, Facts
from reelc_compiler.inputs import InputFault
from reelc_compiler.loader import Project
from reelc_compiler.plan import Job, Plan, PlanError
from reelc_compiler.target.comfyui.validate import validate
from reelc_dsl.diagnostics import ReelError

Build = Callable[..., Plan]

HEAD = "reel 1\nuse trim from std.clips\nuse upscale from std.finish\n"
WALK = '  param walk: clip = "walk.mp4"\n'
BELL = """
stage bell(length: duration) -> audio {
  preview silence
  return audio(node EmptyAudio(duration: 2.0, sample_rate: 48000, channels: 2), duration: length)
}
"""
SHOOT = """
use std.ltx2
pipeline p {
  let model = ltx2.load()
  let shot = "photo.png" |> fit(1280x704) |> ltx2.animate("rain on a roof", using: model, seed: 1, frames: 9)
  %s
}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films, sounds and pictures."""
    folder = tmp_path_factory.mktemp("files")
    write_pictures(folder)
    return folder


@pytest.fixture
def build(files: Path, tmp_path: Path) -> Build:
    for path in files.iterdir():
        if path.is_file() and path.name != "heavy.mp4":
            shutil.copyfile(path, tmp_path / path.name)

    def go(body: str, head: str = HEAD, **more: Any) -> Plan:
        text = body if "pipeline" in body else f"pipeline p {{\n{WALK}{body}\n}}\n"
        (tmp_path / "x.reel").write_text(head + text, "utf-8")
        return reelc.compile(tmp_path / "x.reel", **more).plan

    return go


def classes(job: Job) -> list[str]:
    return [node["class_type"] for node in job.graph.values()]


def written(plan: Plan) -> dict[str, Any]:
    """The plan's files, as they are read from a disk."""
    return {name: json.loads(content) for name, content in plan.to_files().items()}


def faults(build: Build, body: str, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(ReelError) as caught:
        build(body, **more)
    return [(d.code.code, d.message) for d in caught.value.diagnostics]


# -- what is loaded -----------------------------------------------------------------------------


def test_a_film_is_loaded_by_two_nodes_and_uploaded_once(build: Build) -> None:
    plan = build("output film = walk |> trim(first: 2, frames: 20) |> video()")
    (job,) = plan.jobs
    assert classes(job)[:2] == ["LoadVideo", "GetVideoComponents"]
    assert [(u.node, u.field, u.input) for u in job.uploads] == [("1", "file", plan.inputs[0].id)]
    assert job.graph["1"]["inputs"] == {"file": "walk.mp4"}
    assert job.graph["2"]["inputs"] == {"video": ["1", 0]}
    (item,) = plan.inputs
    assert item.facts.seconds is not None
    assert (item.path, item.facts.kind, item.facts.frames, item.facts.fps) == ("walk.mp4", "clip", 30, Fraction(24))
    (medium,) = [m for m in job.media.values() if m.node == "2"]
    # What is heard is not part of what is seen.
    assert medium.facts == Facts(kind="clip", width=64, height=48, frames=30, fps=Fraction(24))
    assert validate(job.graph, load_catalog()).verdict == "accepted"
    assert job.needs.ram == 30 * 64 * 48 * 12


def test_one_file_as_clip_and_as_sound_is_one_input_and_no_node(build: Build) -> None:
    plan = build('output film = walk |> video(audio: "walk.mp4")')
    (job,) = plan.jobs
    (item,) = plan.inputs
    assert "LoadAudio" not in classes(job)
    (output,) = plan.outputs
    assert output.sound is not None
    assert (output.sound.input, output.sound.artifact) == (item.id, None)
    assert output.sound.facts == Facts(kind=AUDIO, seconds=item.facts.seconds)


def test_a_sound_that_a_node_reads_is_uploaded(build: Build) -> None:
    head = HEAD + (
        "stage louder(sound: audio) -> audio {\n  preview silence\n"
        "  return audio(node AudioAdjustVolume(audio: sound, volume: 3), duration: sound.duration)\n}\n"
    )
    plan = build('output film = walk |> video(audio: louder("song.wav"))', head=head)
    sounding = next(job for job in plan.jobs if "LoadAudio" in classes(job))
    upload = next(u for u in sounding.uploads if u.field == "audio")
    assert next(i.path for i in plan.inputs if i.id == upload.input) == "song.wav"
    assert "SaveAudio" in classes(sounding)
    (output,) = plan.outputs
    assert output.sound is not None
    assert output.sound.artifact in {a.id for a in sounding.artifacts_out}


def test_a_record_with_a_cover_is_a_sound(build: Build, tmp_path: Path) -> None:
    write_record(tmp_path / "record.mp3")
    plan = build('output film = walk |> video(audio: "record.mp3")')
    assert {i.path: i.facts.kind for i in plan.inputs} == {"walk.mp4": "clip", "record.mp3": AUDIO}


# -- jobs and keys ------------------------------------------------------------------------------


def test_takes_of_one_film_are_jobs_of_their_own(build: Build) -> None:
    plan = build(
        'output a = walk |> trim(frames: 10) |> upscale(to: 128x96, model: "4x.pth") |> video()\n'
        'output b = walk |> trim(first: 10, frames: 10) |> upscale(to: 128x96, model: "4x.pth") |> video()'
    )
    assert [job.id for job in plan.jobs] == ["01-a", "02-b"]
    for job in plan.jobs:
        assert "LoadVideo" in classes(job)
        assert len(job.uploads) == 1
        assert job.needs.ram is not None
    assert len(plan.inputs) == 1


def test_changing_the_music_changes_no_key(build: Build, tmp_path: Path) -> None:
    body = 'output film = walk |> video(audio: "song.wav")'
    before = build(body)
    write_sound(tmp_path / "song.wav", Fraction(2))
    after = build(body)
    other = build('output film = walk |> video(audio: "song.flac")')
    silent = build("output film = walk |> video()")
    assert before.inputs != after.inputs
    assert [j.keys for j in before.jobs] == [j.keys for j in after.jobs]
    assert [j.keys for j in before.jobs] == [j.keys for j in other.jobs] == [j.keys for j in silent.jobs]
    assert [j.graph for j in before.jobs] == [j.graph for j in silent.jobs]


def test_changing_the_film_changes_the_key(build: Build, tmp_path: Path) -> None:
    body = "output film = walk |> video()"
    before = build(body)
    write_film(tmp_path / "walk.mp4", 30, size=(64, 48), sound=False)
    assert build(body).jobs[0].keys["render"] != before.jobs[0].keys["render"]


def test_the_sound_of_a_shot_goes_straight_into_its_file(build: Build) -> None:
    plan = build(SHOOT % "output film = shot |> video(audio: shot.audio)")
    (job,) = [j for j in plan.jobs if "SaveAudio" in classes(j)]
    assert "KSampler" in classes(job) or any("Sampler" in name for name in classes(job))
    (output,) = plan.outputs
    assert output.sound is not None
    sound = next(a for a in job.artifacts_out if a.id == output.sound.artifact)
    assert (sound.container, sound.codec, sound.facts.kind) == ("flac", "flac", AUDIO)
    assert sound.facts.seconds == Fraction(9, 24)
    assert sound.id in output.made_of
    assert sound.id not in output.artifacts


def test_a_film_with_its_sound_samples_nothing_again(build: Build) -> None:
    """The job of a shot is the same with and without: what it makes is kept, whoever wants it."""
    films = ("shot |> video()", "shot |> video(audio: shot.audio)", 'shot |> video(codec: "ffv1", audio: shot.audio)')
    plans = [build(SHOOT % f"output film = {film}", head="reel 1\n") for film in films]
    assert len({plan.jobs[0].keys["render"] for plan in plans}) == 1
    assert [output.sound is not None for plan in plans for output in plan.outputs] == [False, True, True]
    (output,) = plans[1].outputs
    assert output.sound is not None
    assert output.sound.artifact in [a.id for a in plans[1].jobs[0].artifacts_out]


def test_sound_is_handed_to_a_stage_in_another_job(build: Build) -> None:
    stage = (
        "stage louder(sound: audio) -> audio {\n  preview silence\n"
        "  return audio(node AudioAdjustVolume(audio: sound, volume: 3), duration: sound.duration)\n}\n"
    )
    plan = build(stage + SHOOT % "output film = shot |> video(audio: louder(shot.audio))")
    maker = plan.jobs[0]
    handed = [a for a in maker.artifacts_out if a.facts.kind == AUDIO]
    assert [(a.container, a.codec, a.field) for a in handed] == [("flac", "flac", "filename_prefix")]
    taker = next(j for j in plan.jobs if any(a.id == handed[0].id for a in j.artifacts_in))
    assert maker.id in taker.after
    (taken,) = [a for a in taker.artifacts_in if a.id == handed[0].id]
    assert taker.graph[taken.node]["class_type"] == "LoadAudio"
    assert (taken.field, taker.graph[taken.node]["inputs"]["audio"]) == ("audio", f"{taken.id}.flac")
    assert taken.facts == handed[0].facts
    whole = build(stage + SHOOT % "output film = shot |> video(audio: louder(shot.audio))", whole=True)
    assert len(whole.jobs) == 1
    assert "LoadAudio" not in classes(whole.jobs[0])


def test_a_clip_twice_in_a_film_is_rendered_once(build: Build) -> None:
    plan = build(
        'let a = walk |> trim(frames: 8)\noutput film = sequence([a, a]) |> video(codec: "h265", audio: "song.wav")'
    )
    (output,) = plan.outputs
    assert len(output.artifacts) == 2
    assert len(set(output.artifacts)) == 1
    assert output.facts.frames == 16


# -- outputs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", list(CODECS))
def test_each_codec_is_a_graph_that_comfyui_takes(build: Build, codec: str) -> None:
    plan = build(f'output film = walk |> video(codec: "{codec}")')
    (job,) = plan.jobs
    judged = validate(job.graph, load_catalog())
    assert judged.verdict == "accepted"
    (output,), known = plan.outputs, CODECS[codec]
    assert output.file == ("film" if codec == "png" else f"film.{known.container}")
    assert output.join == ("split" if codec == "png" else "copy")
    assert (output.encode.codec, output.encode.container, output.encode.crf) == (codec, known.container, known.crf)
    (made,) = job.artifacts_out
    assert (made.codec, made.container) == (known.stream, known.container)
    # The plan that is written is the plan that is read.
    assert Plan.from_files(written(plan)).outputs == plan.outputs


def test_the_plan_is_told_with_its_sound(build: Build, tmp_path: Path) -> None:
    build('output film = walk |> video(codec: "prores", audio: "song.wav")')
    done = call("plan", tmp_path / "x.reel")
    assert "prores, bt709, with song.wav" in " ".join(done.out.split())
    told = call("plan", tmp_path / "x.reel", "--json").json
    assert "song.wav" in json.dumps(told)


@pytest.mark.parametrize("change", ["input", "artifact", "both", "none", "part"])
def test_a_plan_whose_sound_is_nowhere_is_not_used(build: Build, change: str) -> None:
    files = written(build('output film = walk |> video(audio: "song.wav")'))
    (film,) = files["plan.json"]["assembly"]
    sound = film["sound"]
    match change:
        case "input":
            sound["input"] = "elsewhere"
        case "artifact":
            sound["input"], sound["artifact"] = None, "elsewhere"
        case "both":
            sound["artifact"] = film["artifacts"][0]
        case "none":
            sound["input"] = None
        case _:
            film["artifacts"] = ["elsewhere"]
    with pytest.raises(PlanError, match="of what is not there"):
        Plan.from_files(files)


# -- without the media library ------------------------------------------------------------------


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An install without the extra."""
    monkeypatch.setattr(locking, "media_library", lambda: None)


@pytest.mark.usefixtures("bare")
def test_a_film_cannot_be_measured_without_the_extra(build: Build) -> None:
    ((code, message),) = faults(build, "output film = walk |> video()")
    assert code == "E0614"
    assert "walk.mp4" in message
    # A file that is not there is that, whatever is installed.
    body = 'output film = "nowhere.mp4" |> video()'
    assert {code for code, _ in faults(build, f"pipeline p {{ {body} }}")} == {"E0601"}


def test_a_lock_knows_the_file(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = 'output film = walk |> trim(frames: 9) |> video(audio: "song.wav")'
    plan = build(body)
    call("models", "lock", tmp_path / "x.reel")
    monkeypatch.setattr(locking, "media_library", lambda: None)
    assert build(body).inputs == plan.inputs
    # Another file of the same name is not the one that was measured.
    write_sound(tmp_path / "song.wav", Fraction(3))
    ((code, message),) = faults(build, body)
    assert code == "E0614"
    assert "song.wav" in message


def test_a_lock_stands_in_for_files_that_are_not_there(build: Build, tmp_path: Path) -> None:
    body = 'output film = walk |> trim(frames: 9) |> video(audio: "song.wav")'
    plan = build(body)
    call("models", "lock", tmp_path / "x.reel")
    for name in ("walk.mp4", "song.wav"):
        (tmp_path / name).unlink()
    assert build(body).inputs == plan.inputs
    assert "N0605" in call("check", tmp_path / "x.reel").err
    with pytest.MonkeyPatch.context() as patch:
        # As in CI, where neither the files nor the extra are.
        patch.setattr(locking, "media_library", lambda: None)
        assert build(body).inputs == plan.inputs
    # It stands in for what it measured, and nothing else.
    assert {code for code, _ in faults(build, "output film = walk |> video(audio: walk2)\n", head=HEAD)} != set()
    assert {code for code, _ in faults(build, 'pipeline p { output film = "song.wav" |> video() }')} == {"E0601"}


def test_facts_that_no_file_can_have_stand_in_for_none(build: Build, tmp_path: Path) -> None:
    body = "output film = walk |> video()"
    build(body)
    call("models", "lock", tmp_path / "x.reel")
    text = (tmp_path / "reel.lock").read_text("utf-8")
    assert 'fps = "24"' in text
    assert "seconds = " in text
    (tmp_path / "walk.mp4").unlink()
    for changed in ('fps = "0"', 'fps = "-24"'):
        (tmp_path / "reel.lock").write_text(text.replace('fps = "24"', changed), "utf-8")
        assert {code for code, _ in faults(build, body)} == {"E0601"}
    (tmp_path / "reel.lock").write_text(text.replace('fps = "24"', 'fps = "fast"'), "utf-8")
    assert {code for code, _ in faults(build, body)} == {"E0605"}


# -- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["clips\\walk.mp4", "clips/walk.mp4", "./clips/../clips/walk.mp4"])
def test_a_path_of_another_system_names_the_same_film(tmp_path: Path, path: str) -> None:
    (tmp_path / "clips").mkdir()
    write_film(tmp_path / "clips" / "walk.mp4", 4)
    measure = locking.media_library()
    info = Project(tmp_path / "x.reel").probe(path, "x.reel", "clip", measure)
    assert (info.path, info.facts.frames) == ("clips/walk.mp4", 4)


def test_capitals_are_as_on_the_disk_and_the_folder_is_the_projects(tmp_path: Path) -> None:
    write_film(tmp_path / "Walk.mp4", 4)
    (tmp_path / "project").mkdir()
    measure = locking.media_library()
    project = Project(tmp_path / "project" / "x.reel")
    with pytest.raises(InputFault, match="outside the project"):
        project.probe("../Walk.mp4", "x.reel", "clip", measure)
    with pytest.raises(InputFault, match="there is no file"):
        Project(tmp_path / "x.reel").probe("walk.mp4", "x.reel", "clip", measure)


def test_a_film_is_measured_once(build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = locking.media_library()
    assert measure is not None
    asked: list[str] = []

    def counted(path: Path) -> Any:
        asked.append(path.name)
        return measure(path)

    monkeypatch.setattr(locking, "media_library", lambda: counted)
    build(
        "output a = walk |> trim(frames: 8) |> video()\n"
        'output b = walk |> trim(first: 8, frames: 8) |> video(audio: "walk.mp4")'
    )
    assert asked == ["walk.mp4"]


# -- long films are loaded in stretches ---------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A film of more than ten frames is a long one."""
    monkeypatch.setattr(inputs, "STRETCH", 10 * 64 * 48 * 12)


def slices(plan: Plan) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """How each job loads its film: what is sliced, and which frames are taken of that."""
    found: list[tuple[dict[str, Any], dict[str, Any] | None]] = []
    for job in plan.jobs:
        by_class = {node["class_type"]: node["inputs"] for node in job.graph.values()}
        found.append((by_class.get("Video Slice", {}), by_class.get("ImageFromBatch")))
    return found


@pytest.mark.usefixtures("small")
def test_a_long_film_is_loaded_in_stretches(build: Build) -> None:
    plan = build("output film = walk |> video()")
    assert [a.facts.frames for job in plan.jobs for a in job.artifacts_out] == [10, 10, 10]
    assert plan.inputs[0].facts.seekable
    first, second, third = slices(plan)
    # From half a frame before the first one to half a frame before the one that is no longer wanted.
    assert first == ({"video": ["1", 0], "start_time": 0.0, "duration": 9.5 / 24, "strict_duration": False}, None)
    # Earlier by 32 frames, so here from the beginning; and counted from the end.
    assert second[0]["start_time"] == third[0]["start_time"] == 0.0
    assert (second[0]["duration"], third[0]["duration"]) == (19.5 / 24, 29.5 / 24)
    assert second[1] == third[1] == {"image": ["3", 0], "batch_index": -10, "length": 10}
    for job in plan.jobs:
        assert validate(job.graph, load_catalog()).verdict == "accepted"
        assert classes(job).count("LoadVideo") == 1


@pytest.mark.usefixtures("small")
def test_a_part_of_a_long_film_is_all_that_is_loaded(build: Build) -> None:
    head = "use trim, still, freeze from std.clips\n"
    plan = build("output film = walk |> trim(first: 7, frames: 9) |> video()", head=head)
    ((_, taken),) = slices(plan)
    assert taken == {"image": ["3", 0], "batch_index": -9, "length": 9}
    plan = build("output film = walk |> still(at: 29) |> freeze(frames: 3, fps: 8fps) |> video()", head=head)
    (job,) = plan.jobs
    assert [n["inputs"]["batch_index"] for n in job.graph.values() if n["class_type"] == "ImageFromBatch"] == [-1, 0]
    # What is longer than a stretch goes on in stretches.
    plan = build("output film = walk |> trim(first: 7, frames: 22) |> trim(first: 1, frames: 21) |> video()", head=head)
    assert [a.facts.frames for job in plan.jobs for a in job.artifacts_out] == [2, 10, 9]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("whole", ["a part of a film", "not seekable", "reverse"])
def test_what_is_loaded_whole(build: Build, whole: str, tmp_path: Path) -> None:
    head = "use reverse, trim from std.clips\n"
    body = "output film = walk |> trim(first: 7, frames: 9) |> video()"
    if whole == "a part of a film":
        plan = build(body, head=head, catalog="comfyui-0.8.0")
    elif whole == "not seekable":
        write_film(tmp_path / "walk.ts", 30, sound=False)
        plan = build(f'pipeline p {{ param walk: clip = "walk.ts"\n{body} }}', head=head)
        assert not plan.inputs[0].facts.seekable
    else:
        plan = build("output film = walk |> reverse() |> video()", head=head)
    assert slices(plan)[0][0] == {}
    assert plan.jobs[0].needs.ram is not None
    assert plan.jobs[0].needs.ram >= 30 * 64 * 48 * 12


@pytest.mark.usefixtures("small")
def test_a_lock_knows_that_a_film_can_be_loaded_in_parts(build: Build, tmp_path: Path) -> None:
    body = "output film = walk |> video()"
    plan = build(body)
    call("models", "lock", tmp_path / "x.reel")
    assert "seekable = true" in (tmp_path / "reel.lock").read_text("utf-8")
    (tmp_path / "walk.mp4").unlink()
    assert build(body).to_files() == plan.to_files()


@pytest.mark.usefixtures("small")
def test_a_stretch_of_a_film_has_the_memory_that_it_takes(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "EARLIER", 4)
    frame = 64 * 48 * 12
    plan = build("output film = walk |> trim(first: 12, frames: 5) |> video()")
    # What is loaded with the frames before it, and the copy of what is wanted.
    assert plan.jobs[0].needs.ram == (5 + 4 + 5) * frame
    (found, _) = slices(plan)[0]
    assert found["start_time"] == 7.5 / 24

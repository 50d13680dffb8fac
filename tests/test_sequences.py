"""Long films, to the frame: what a plan counts is what a preview shows, and cuts lie where they must."""

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from command import call
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordings import write_film

import reelc
from reelc_compiler.elaborate import inputs
from reelc_runtime.media.verify import probe_video

# A family, how a shot is made at its own rate and brought to 24 fps, and how many make 30 seconds: the recipes of
# docs/language.md. Segments that share a frame make k(N-1)m+1, one more than the target, which cuts it off.
RECIPES = {
    "svd": ("std.svd", "1024x576", "using: m, seed: 1, fps: 8fps", 25, 10),
    "cogvideox": ("std.cogvideox", "720x480", 'using: m, prompt: "fog", seed: 1', 49, 5),
    "cogvideox15": ("std.cogvideox15", "1360x768", 'using: m, prompt: "fog", seed: 1', 81, 6),
    "wan22": ("std.wan22", "832x480", 'using: m, prompt: "fog", seed: 1', 81, 6),
    "wan22_5b": ("std.wan22_5b", "1280x704", 'using: m, prompt: "fog", seed: 1', 121, 6),
    "hunyuan15": ("std.hunyuan15", "1280x720", 'using: m, prompt: "fog", seed: 1', 121, 6),
    "ltx2": ("std.ltx2", "1280x704", 'using: m, prompt: "fog", seed: 1', 121, 6),
    "ltx2_long": ("std.ltx2", "1280x704", 'using: m, prompt: "fog", seed: 1, seconds: 10s', 241, 3),
}


@pytest.mark.parametrize("name", RECIPES)
def test_thirty_seconds_are_720_frames(name: str, tmp_path: Path) -> None:
    module, size, how, frames, count = RECIPES[name]
    (tmp_path / "photo.png").write_bytes((Path(__file__).parent.parent / "examples" / "rocket.jpg").read_bytes())
    smooth = "part" if frames in (121, 241) else "part |> interpolate(to: 24fps)"
    program = f"""
use {module} as i2v
use interpolate from std.finish
pipeline film {{
  target {{ duration = 30s, policy = "trim" }}
  param photo: image = "photo.png"
  let m = i2v.load()
  let parts = chain prev from photo |> fit({size}) times {count} {{ prev |> i2v.animate({how}) }}
  let smooth = for part in parts {{ {smooth} }}
  let all = sequence(smooth, shared: true)
  require parts[0].frames == {frames} and all.frames == 721 else "{{{{ all.frames }}}}"
  output film = all |> video()
}}
"""
    file = tmp_path / "film.reel"
    file.write_text(program, "utf-8")
    plan = reelc.compile(file).plan
    (output,) = plan.outputs
    assert output.facts.frames == 720
    assert output.facts.duration == 30
    made = {a.id: a.facts.frames for job in plan.jobs for a in job.artifacts_out}
    assert sum(made[a] for a in output.artifacts) == 720


def test_no_job_of_half_an_hour_takes_more_than_a_worker_has(tmp_path: Path) -> None:
    """360 shots of five seconds: each job holds one shot, whatever the film's length."""
    rows = "".join(f"shot {n},a pier in fog number {n}\n" for n in range(360))
    (tmp_path / "shots.csv").write_text("name,moves\n" + rows, "utf-8")
    (tmp_path / "photo.png").write_bytes((Path(__file__).parent.parent / "examples" / "rocket.jpg").read_bytes())
    file = tmp_path / "film.reel"
    file.write_text(
        """
use std.wan22 as i2v
use interpolate, upscale from std.finish
pipeline film {
  target { duration = 1800s, policy = "trim" }
  param photo: image = "photo.png"
  let m = i2v.load(lightning: true)
  let clips = for shot in table("shots.csv", { name: text, moves: text }) {
    photo
      |> fit(1280x720)
      |> i2v.animate(prompt: shot.moves, using: m, seed: derive(1, shot.name))
      |> upscale(to: 2560x1440, model: "RealESRGAN_x2plus.pth")
      |> interpolate(to: 24fps)
  }
  output film = sequence(clips) |> video()
}
""",
        "utf-8",
    )
    plan = reelc.compile(file).plan
    assert plan.outputs[0].facts.frames == 43200
    # 357 shots and 3 frames of another are seen; what is cut off is not rendered.
    assert len(plan.jobs) == 2 * 358
    assert max(job.needs.vram or 0 for job in plan.jobs) <= 24 * 10**9
    assert max(job.needs.ram or 0 for job in plan.jobs) <= 48 * 10**9


# -- to the frame -----------------------------------------------------------------------------

FPS = Fraction(24)
SOURCE = 16
STEP = 16


WINDOWS = ["exact, frames: 3", "exact, frames: 5", "blend, frames: 4, overlap: 2", "exact, frames: 100"]


@st.composite
def films(draw: st.DrawFn) -> tuple[list[tuple[int, int]], list[tuple[str, int]], bool]:
    """Clips as (first frame, number of frames) of the source, the joins between them, and whether frames are shared."""
    clips = draw(st.lists(st.integers(6, SOURCE), min_size=2, max_size=4))
    clips = [(draw(st.integers(0, SOURCE - frames)), frames) for frames in clips]
    joins = [
        draw(st.one_of(st.just(("cut", 0)), st.tuples(st.just("crossfade"), st.integers(1, 2)), st.just(("dip", 2))))
        for _ in clips[1:]
    ]
    return clips, joins, draw(st.booleans())


def expected(clips: Sequence[tuple[int, int]], joins: Sequence[tuple[str, int]], shared: bool) -> list[float]:
    """The brightness of each frame, worked out from what the language promises and not from how it is made."""
    shots = [[float((first + i) * STEP) for i in range(frames)] for first, frames in clips]
    if shared:
        shots = [shot[int(number > 0) :] for number, shot in enumerate(shots)]
    for number, (kind, n) in enumerate(joins):
        if kind == "dip":
            end, begin = shots[number], shots[number + 1]
            for i in range(n):
                level = i / (n - 1)
                end[len(end) - n + i] *= 1 - level
                begin[i] *= level
    out = shots[0]
    for (kind, n), shot in zip(joins, shots[1:], strict=True):
        if kind == "crossfade":
            tail = out[len(out) - n :]
            mixed = [a + (b - a) * (i + 1) / (n + 1) for i, (a, b) in enumerate(zip(tail, shot[:n], strict=True))]
            out = out[: len(out) - n] + mixed + shot[n:]
        else:
            out = out + shot
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sequences")
    write_film(folder / "walk.mkv", SOURCE, size=(32, 32), fps=FPS, sound=False, codec="ffv1")
    return folder


def shown(path: Path) -> list[float]:
    """The brightness of each frame of a film."""
    with av.open(path.as_posix()) as source:
        frames: Any = source.decode(video=0)
        return [float(np.mean(frame.to_ndarray(format="rgb24"))) for frame in frames]


@pytest.mark.media
@given(film=films(), window=st.sampled_from(WINDOWS))
@settings(max_examples=16, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_preview_shows_what_the_plan_counts(
    film: tuple[list[tuple[int, int]], list[tuple[str, int]], bool], window: str, folder: Path
) -> None:
    clips, joins, shared = film
    pieces = ", ".join(f"walk |> trim(first: {first}, frames: {frames}) |> same()" for first, frames in clips)
    said = ", ".join(f"{kind}({n or ''})" for kind, n in joins)
    program = f"""
use trim from std.clips
stage same(source: clip) -> clip {{
  window {{ {window} }}
  let kept = node ImageScale(image: source, width: 0, height: 0, upscale_method: "nearest-exact", crop: "disabled")
  preview pick
  return clip(kept, size: source.size, frames: source.frames, fps: source.fps)
}}
pipeline film {{
  param walk: clip = "walk.mkv"
  output film = sequence([{pieces}], joins: [{said}], shared: {str(shared).lower()}) |> video(codec: "ffv1")
}}
"""
    (folder / "film.reel").write_text(program, "utf-8")
    wanted = expected(clips, joins, shared)
    (output,) = reelc.compile(folder / "film.reel").plan.outputs
    assert output.facts.frames == len(wanted)
    call("preview", folder / "film.reel", "--out", folder / "out", "--clean", "--quiet")
    found = shown(folder / "out" / "film.preview.mkv")
    assert len(found) == len(wanted)
    # The source and two conversions are rounded to whole steps of brightness.
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 2


@pytest.mark.media
@pytest.mark.parametrize("joins", ["", ", joins: [cut(), none]", ", joins: [crossfade(1), cut()]", ", crossfade: 2"])
def test_segments_that_overlap_show_each_frame_once(joins: str, folder: Path) -> None:
    """Each segment holds what the one before it would have gone on to: the film is one walk, however it is joined."""
    program = f"""
use trim, still from std.clips
pipeline film {{
  param walk: clip = "walk.mkv"
  let segments = chain prev, n from walk |> still() times 3 overlap 2 {{
    if n == 1 then walk |> trim(frames: 7) else walk |> trim(first: (n - 1) * 4, frames: 7)
  }}
  output film = sequence(segments{joins}) |> video(codec: "ffv1")
}}
"""
    (folder / "overlapping.reel").write_text(program, "utf-8")
    (output,) = reelc.compile(folder / "overlapping.reel").plan.outputs
    assert output.facts.frames == 15
    call("preview", folder / "overlapping.reel", "--out", folder / "overlapping", "--clean", "--quiet")
    found = shown(folder / "overlapping" / "film.preview.mkv")
    assert [round(level / STEP) for level in found] == list(range(15))


@pytest.mark.media
@pytest.mark.parametrize(
    ("module", "size", "load"),
    [("wan22", "832x480", ""), ("wan21", "832x480", 'weights: "first-last"'), ("ltx2", "832x448", "")],
)
def test_a_film_between_stills_shows_each_of_them(module: str, size: str, load: str, folder: Path) -> None:
    """A shot ends with the still that the next one begins with, so that a cut in the preview is one in the film."""
    for name, color in (("one", 40), ("two", 120), ("three", 200)):
        cv2.imwrite(str(folder / f"{name}.png"), np.full((48, 64, 3), color, np.uint8))
    program = f"""
use std.{module} as i2v
pipeline film {{
  param stills: list[image] = ["one.png", "two.png", "three.png"]
  let keys = for still in stills {{ still |> fit({size}) }}
  let shots = for n in 1..2 {{
    keys[n - 1] |> i2v.animate(prompt: "x", using: i2v.load({load}), seed: 1, end: keys[n], frames: 9)
  }}
  output film = sequence(shots, shared: true) |> video(codec: "ffv1")
}}
"""
    (folder / "between.reel").write_text(program, "utf-8")
    call("preview", folder / "between.reel", "--out", folder / module, "--scale", "1/8", "--clean", "--quiet")
    found = shown(folder / module / "film.preview.mkv")
    assert len(found) == 17
    assert [round(found[n]) for n in (0, 8, 16)] == [40, 120, 200]
    assert found == sorted(found)


@pytest.mark.media
def test_clips_that_share_a_node_are_shown_each(folder: Path) -> None:
    """Stages that take the same frame have one node, which belongs to the first of them."""
    program = """
use hold, trim, still, freeze, retime from std.clips
pipeline film {
  param walk: clip = "walk.mkv"
  let a = walk |> trim(frames: 3)
  let last = walk |> trim(first: 15, frames: 1)
  let held = walk |> still(at: 15) |> freeze(frames: 2, fps: 24fps)
  let slow = a |> retime(to: 12fps) |> retime(to: 24fps)
  let slower = a |> retime(to: 8fps) |> retime(to: 24fps)
  let cut = sequence([walk |> hold(frames: 3), last, held, slow, slower]) |> video(codec: "ffv1")
  require cut.frames == 28 and cut.duration == 28 / 24fps and cut.fps == 24fps and cut.size == 32x32
    else "{{ cut }} lasts {{ cut.duration }}"
  output film = cut
}
"""
    (folder / "shared.reel").write_text(program, "utf-8")
    call("preview", folder / "shared.reel", "--out", folder / "shared", "--clean", "--quiet")
    found = shown(folder / "shared" / "film.preview.mkv")
    assert [round(level / STEP) for level in found] == [*range(16), *[15] * 6, 0, 1, 2, 0, 1, 2]


@pytest.mark.media
@pytest.mark.parametrize(("codec", "ending"), [("libx264", "mp4"), ("libx265", "mkv"), ("ffv1", "mkv")])
def test_a_long_film_is_shown_to_the_frame(
    codec: str, ending: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loaded in stretches of five frames, with frames that are decoded in another order than they are shown."""
    monkeypatch.setattr(inputs, "STRETCH", 5 * 32 * 32 * 12)
    write_film(folder / f"long.{ending}", SOURCE, size=(32, 32), fps=FPS, sound=False, codec=codec)
    program = f"""
use trim from std.clips
pipeline film {{
  param walk: clip = "long.{ending}"
  output film = sequence([walk, walk |> trim(first: 3, frames: 9), walk |> trim(first: 11, frames: 2)])
    |> video(codec: "ffv1")
}}
"""
    (folder / "long.reel").write_text(program, "utf-8")
    call("preview", folder / "long.reel", "--out", folder / f"long-{codec}", "--clean", "--quiet")
    found = shown(folder / f"long-{codec}" / "film.preview.mkv")
    assert [round(level / STEP) for level in found] == [*range(SOURCE), *range(3, 12), 11, 12]


@pytest.mark.media
@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [("1.0", [*range(16), *[15] * 8]), ("0.75", [*range(16), 15, 15]), ("0.5", range(12))],
)
def test_a_film_made_to_fit(seconds: str, wanted: Sequence[int], folder: Path) -> None:
    program = f"""
pipeline film {{
  target {{ duration = {seconds}s, policy = "fit" }}
  param walk: clip = "walk.mkv"
  output film = walk |> video(codec: "ffv1")
}}
"""
    (folder / "fitted.reel").write_text(program, "utf-8")
    call("preview", folder / "fitted.reel", "--out", folder / "fitted", "--clean", "--quiet")
    found = shown(folder / "fitted" / "film.preview.mkv")
    assert [round(level / STEP) for level in found] == list(wanted)


@pytest.mark.media
@pytest.mark.parametrize(
    ("speeds", "wanted"),
    [
        # The frame at which the integral of the speed has come: from 1 to 3 in 8 frames, n + n * n / 8.
        ("from: 1, to: 3", [0, 1, 2, 4, 6, 8, 10, 13]),
        ("from: 3, to: 1", [0, 2, 5, 7, 10, 11, 13, 14]),
        ("from: 2, to: 2", [0, 2, 4, 6, 8, 10, 12, 14]),
    ],
)
def test_a_speed_ramp(speeds: str, wanted: list[int], folder: Path) -> None:
    program = f"""
use ramp from std.clips
pipeline film {{
  param walk: clip = "walk.mkv"
  output film = walk |> ramp({speeds}) |> video(codec: "ffv1")
}}
"""
    (folder / "ramped.reel").write_text(program, "utf-8")
    call("preview", folder / "ramped.reel", "--out", folder / "ramped", "--clean", "--quiet")
    assert [round(level / STEP) for level in shown(folder / "ramped" / "film.preview.mkv")] == wanted


@pytest.mark.media
@pytest.mark.parametrize("scale", ["1/2", "0.25"])
def test_a_smaller_preview_has_the_same_frames(scale: str, folder: Path) -> None:
    program = """
use interpolate, upscale from std.finish
use title from std.titles
pipeline film {
  param walk: clip = "walk.mkv"
  let large = walk |> upscale(to: 128x128, model: "x4.pth") |> interpolate(to: 48fps)
  output film = sequence([large, large |> title("A", size: 20%, at: "center", first: 3, frames: 2)], crossfade: 3)
    |> video(codec: "ffv1")
}
"""
    (folder / "scaled.reel").write_text(program, "utf-8")
    films: list[list[float]] = []
    for size in ("1", scale):
        call(
            "preview",
            folder / "scaled.reel",
            "--out",
            folder / size.replace("/", "-"),
            "--clean",
            "--quiet",
            "--scale",
            size,
        )
        films.append(shown(folder / size.replace("/", "-") / "film.preview.mkv"))
    assert len(films[0]) == len(films[1]) == 31 + 31 - 3
    assert max(abs(a - b) for a, b in zip(*films, strict=True)) < 6
    with av.open((folder / scale.replace("/", "-") / "film.preview.mkv").as_posix()) as source:
        assert source.streams.video[0].width == 128 * Fraction(scale)


@pytest.mark.parametrize("scale", ["2", "0", "x", "1/0", "1/17", "-1/4"])
def test_a_scale_is_a_share(scale: str, folder: Path) -> None:
    done = call("preview", folder / "scaled.reel", "--scale", scale, code=2)
    assert "1/4" in done.err or "1/16 to 1" in done.err


EXAMPLE = Path(__file__).parent.parent / "examples" / "thirty_seconds" / "film.reel"


@pytest.mark.media
def test_the_thirty_seconds(tmp_path: Path) -> None:
    """The example as a user previews it: every frame, sound as long, the tags and the index as players want them."""
    (planned,) = reelc.compile(EXAMPLE).plan.outputs
    assert (planned.facts.width, planned.facts.height, planned.facts.frames) == (2560, 1440, 720)
    call("preview", EXAMPLE, "--scale", "1/16", "--out", tmp_path, "--quiet")
    film = tmp_path / "film.preview.mp4"
    found = probe_video(film)
    assert (found.frames, found.fps, found.duration) == (720, 24, 30)
    assert (found.color.primaries, found.color.transfer, found.color.matrix) == (1, 1, 1)
    content = film.read_bytes()
    assert content.find(b"moov") < content.find(b"mdat")
    with av.open(film.as_posix()) as source:
        sound = source.streams.audio[0]
        assert sound.duration is not None
        assert sound.time_base is not None
        assert sound.duration * sound.time_base == 30
        assert sound.start_time == 0
    manifest = json.loads((tmp_path / "film.preview.manifest.json").read_text("utf-8"))
    assert manifest["film"]["facts"]["frames"] == 720
    assert manifest["film"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert {m["licence"] for m in manifest["models"]} == set(manifest["licences"]) - {"unknown"} | {
        None for _ in range("unknown" in manifest["licences"])
    }

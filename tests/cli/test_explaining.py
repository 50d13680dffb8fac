"""``reelc plan --explain``: why each job is one of its own."""

from pathlib import Path

import pytest
from command import call
from recordings import write_recordings

PHOTO = Path(__file__).parents[2] / "examples" / "rocket.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_recordings(tmp_path)
    (tmp_path / "photo.png").write_bytes(PHOTO.read_bytes())
    return tmp_path


def explained(folder: Path, body: str) -> dict[str, list[str]]:
    """What is said of each job."""
    (folder / "film.reel").write_text(
        f"use std.svd\nuse std.finish\nuse std.ltx2\nuse std.seedvr2\npipeline film {{\n{body}\n}}\n", "utf-8"
    )
    found: dict[str, list[str]] = {}
    for line in call("plan", folder / "film.reel", "--explain").out.split("\n"):
        if line.startswith("Job "):
            found[line.split()[1].rstrip(":")] = []
        elif line.startswith("  - "):
            found[list(found)[-1]].append(line.removeprefix("  - "))
    return found


SHOT = '"photo.png" |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1)'


def test_what_samples_is_kept(folder: Path) -> None:
    assert explained(folder, f"output film = {SHOT} |> video()") == {
        "01-animate": ["keeps what std.svd.animate makes, so that a change of what follows repeats none of it"],
        "02-film": [
            "encodes its part of the film by itself; parts are joined without encoding again",
            "starts from what 01-animate kept",
        ],
    }


def test_where_clips_meet(folder: Path) -> None:
    said = explained(folder, 'output film = sequence(["walk.mp4", "silent.mp4"], crossfade: 4) |> video()')
    ends = [job for job, told in said.items() if "keeps the frames of a clip that are mixed" in " ".join(told)]
    (join,) = [
        told for told in said.values() if told[0].startswith("mixes and encodes the frames where two clips meet")
    ]
    assert join[1] == f"starts from what {', '.join(ends)} kept"


def test_what_is_split(folder: Path) -> None:
    said = explained(folder, f"output film = {SHOT} |> finish.interpolate(to: 24fps, memory: 300MB) |> video()")
    # Of 25 frames 5 are made into 17 at once.
    windows = ["makes and encodes one window of a clip that would take too much memory at once"]
    assert list(said.values())[1:] == [[*windows, "starts from what 01-animate kept"]] * 6


def test_what_blends(folder: Path) -> None:
    restored = "seedvr2.restore(using: seedvr2.load(), seed: 1, memory: 5GB)"
    said = explained(folder, f"output film = {SHOT} |> {restored} |> video()")
    assert "mixes the frames that two windows share, and encodes them with what follows" in list(said.values())[-1]


def test_a_chain_and_a_sound(folder: Path) -> None:
    chain = (
        'let still = "photo.png" |> fit(1024x576)\n'
        "let parts = chain prev from still times 2 { prev |> svd.animate(using: svd.load(), seed: 1) }"
    )
    said = explained(folder, f"{chain}\noutput film = sequence(parts) |> video()")
    (last,) = [job for job in said if job.endswith("-last")]
    assert said[last] == [
        "keeps the frame of a segment from which the next one starts", "starts from what 01-animate kept"
    ]  # fmt: skip
    talk = 'let shot = "photo.png" |> fit(1280x704) |> ltx2.animate("rain", using: ltx2.load(), seed: 1, frames: 9)'
    said = explained(folder, f"{talk}\noutput film = shot |> video(audio: shot.audio)")
    assert "keeps a film's sound, which is put in when the film is assembled" in said["01-animate"]


def test_nodes_of_the_users_own(folder: Path) -> None:
    body = (
        "let plain = node EmptyImage(width: 64, height: 64, batch_size: 1, color: 0)\n"
        'output a = node SaveImage(images: plain, filename_prefix: "a")'
    )
    (told,) = explained(folder, body).values()
    assert told == ["the node SaveImage saves the output `a`; nothing is cut between nodes of your own"]

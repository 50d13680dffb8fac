"""Notes: shown wherever warnings are, never a fault, never counted as a warning."""

import json
from pathlib import Path

import pytest
from command import call
from test_corpus import write_pictures

FILM = """use std.svd
pipeline film {
  param photo: image = "svd.png"
  let note = 4s
  note note < 1s else "{{ note }} is a while" help "so be it"
  output film = photo |> svd.animate(using: svd.load(), seed: 1, seconds: note, fps: 6fps) |> video()
}
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    write_pictures(tmp_path)
    path = tmp_path / "film.reel"
    path.write_text(FILM, "utf-8")
    return path


def test_people_see_them(film: Path) -> None:
    # 25 frames draw no warning.
    film.write_text(FILM.replace("6fps", "7fps"), "utf-8")
    done = call("check", film)
    assert done.err.count("note[N0401]") == 2
    assert "4s is a while" in done.err
    assert "help: so be it" in done.err
    assert "4s is taken as 25 frames" in done.err
    assert done.err.endswith("2 notes\n")
    for command in (("plan",), ("compile", "--output", film.parent / "plan")):
        assert call(command[0], film, *command[1:]).err.count("note[N0401]") == 2


def test_they_are_no_warnings(film: Path) -> None:
    done = call("check", film)
    assert done.err.endswith("1 warning, 2 notes\n")


def test_programs_see_them(film: Path) -> None:
    found = json.loads(call("check", film, "--format", "json").out)
    assert found["ok"] is True
    assert [d["severity"] for d in found["diagnostics"]] == ["note", "note", "warning"]
    (run,) = json.loads(call("check", film, "--format", "sarif").out)["runs"]
    assert [result["level"] for result in run["results"]] == ["note", "note", "warning"]
    lines = call("check", film, "--format", "github").out.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::notice", "::notice", "::warning"]


@pytest.mark.media
def test_a_run_tells_them(film: Path) -> None:
    done = call("preview", film, "--out", film.parent / "out", "--json")
    events = [json.loads(line)["event"] for line in done.out.splitlines()]
    assert events[:3] == ["note", "note", "warning"]
    assert events[-1] == "run-finished"

"""The command line: exit codes, what goes to stdout and stderr, and files that are written."""

import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reelc.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent.parent
HARBOR = ROOT / "examples" / "harbor.reel"
SMALL = """reel 1
use std.svd
pipeline small {
  param photo: image = "dandelion.jpg"
  param frames: int in 2..25 = 3
  output film = photo |> fit(256x256) |> svd.animate(using: svd.load(), seed: 1, frames: frames) |> video()
}
"""


def reelc(*args: str | Path, cwd: Path | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, as a user does."""
    done = subprocess.run(
        [sys.executable, "-c", "from reelc.cli.app import main; main()", *map(str, args)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "dandelion.jpg").write_bytes((ROOT / "examples" / "dandelion.jpg").read_bytes())
    (tmp_path / "small.reel").write_text(SMALL, "utf-8")
    return tmp_path / "small.reel"


def test_help_names_every_command() -> None:
    shown = reelc("--help").stdout
    for name in COMMANDS:
        assert name in shown
        assert reelc(name, "--help").stdout.startswith("Usage")


def test_misspelt_command() -> None:
    assert "Did you mean `check`?" in reelc("chekc", code=2).stderr


@pytest.mark.parametrize("args", [["check"], ["run", "x.reel", "--no-such"], ["check", "x.reel", "--set", "a"]])
def test_wrong_command_lines(args: list[str]) -> None:
    reelc(*args, code=2)


def test_check_is_silent_when_asked() -> None:
    done = reelc("check", HARBOR, "--quiet")
    assert (done.stdout, done.stderr) == ("", "")


def test_check_as_json(small: Path) -> None:
    small.write_text(SMALL.replace("fit(256x256)", "fti(256x256)"), "utf-8")
    done = reelc("check", small, "--json", code=1)
    value = json.loads(done.stdout)
    assert value["ok"] is False
    (found,) = value["diagnostics"]
    assert (found["code"], found["span"]["line"], found["help"]) == ("E0201", 6, ["did you mean `fit`?"])


def test_check_as_sarif_and_for_github(small: Path) -> None:
    small.write_text(SMALL.replace("fit(256x256)", "fti(256x256)"), "utf-8")
    log = json.loads(reelc("check", "small.reel", "--format", "sarif", cwd=small.parent, code=1).stdout)
    (result,) = log["runs"][0]["results"]
    assert result["ruleId"] == "E0201"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "small.reel"}
    done = reelc("check", "small.reel", "--format", "github", cwd=small.parent, code=1)
    assert done.stdout.startswith("::error file=small.reel,line=6,col=26,endLine=6,endColumn=29,title=reelc E0201")
    assert done.stderr == ""
    reelc("check", "small.reel", "--json", "--format", "github", cwd=small.parent, code=2)


def test_other_formats_say_nothing_of_a_good_file(small: Path) -> None:
    text = SMALL.replace("fit(256x256)", "fit(1024x576)").replace("= 3", "= 25")
    small.write_text(text, "utf-8")
    assert reelc("check", small, "--format", "github").stdout == ""
    assert json.loads(reelc("check", small, "--format", "sarif").stdout)["runs"][0]["results"] == []


SLIPS = SMALL.replace("fit(256x256)", "fti(1024x576)").replace("svd.load()", "svd.laod()").replace("= 3", "= 33")


def test_check_fixes_and_shows_what_remains(small: Path) -> None:
    small.write_text(SLIPS, "utf-8")
    done = reelc("check", "small.reel", "--fix", cwd=small.parent, code=1)
    assert done.stdout == ""
    assert "fixed small.reel:6:26: change `fti` to `fit`" in done.stderr
    assert "error[E0402]" in done.stderr
    assert done.stderr.endswith("\n1 error\n")
    assert small.read_text("utf-8") == SLIPS.replace("fti", "fit").replace("laod", "load")
    small.write_text(SLIPS.replace("33", "25"), "utf-8")
    done = reelc("check", "small.reel", "--fix", "-q", cwd=small.parent)
    assert len(done.stderr.splitlines()) == 3
    assert "fixed" not in reelc("check", small, "--fix").stderr


def test_check_shows_fixes_without_writing(small: Path) -> None:
    small.write_text(SLIPS, "utf-8")
    done = reelc("check", "small.reel", "--fix", "--diff", cwd=small.parent, code=1)
    assert done.stdout.startswith("--- small.reel\n+++ small.reel\n@@")
    assert "+  output film = photo |> fit(1024x576) |> svd.animate(using: svd.load()," in done.stdout
    assert small.read_text("utf-8") == SLIPS
    reelc("check", small, "--diff", code=2)
    reelc("check", small, "--fix", "--diff", "--format", "sarif", code=2)


def test_fixes_as_json(small: Path) -> None:
    small.write_text(SLIPS, "utf-8")
    (first, second) = json.loads(reelc("check", "small.reel", "--json", cwd=small.parent, code=1).stdout)["diagnostics"]
    assert first["fix"] == {
        "title": "change `fti` to `fit`",
        "safe": True,
        "edits": [
            {"file": "small.reel", "line": 6, "column": 26, "end_line": 6, "end_column": 29, "replacement": "fit"}
        ],
    }
    value = json.loads(reelc("check", small, "--json", "--fix", "--diff", code=1).stdout)
    assert [f["code"] for f in value["fixed"]] == ["E0201", "E0205"]
    assert value["diffs"][0]["diff"].startswith("--- ")
    value = json.loads(reelc("check", small, "--json", "--fix", code=1).stdout)
    assert [f["title"] for f in value["fixed"]] == [first["fix"]["title"], second["fix"]["title"]]
    assert [d["code"] for d in value["diagnostics"]] == ["E0402"]
    assert "diffs" not in value


def test_a_file_that_cannot_be_written_is_said(small: Path, tmp_path: Path) -> None:
    small.write_text(SLIPS, "utf-8")
    code = (
        "import pathlib, reelc.files\n"
        "def no(*a): raise OSError(30, 'Read-only file system')\n"
        "pathlib.Path.replace = no\n"
        "from reelc.cli.app import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "check", str(small), "--fix"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "E0718" in done.stderr
    assert "read-only file system" in done.stderr
    assert small.read_text("utf-8") == SLIPS
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dandelion.jpg", "small.reel"]


def test_missing_file_is_an_input_error() -> None:
    assert "E0101" in reelc("check", "no-such.reel", code=1).stderr
    assert "E0101" in reelc("compile", "no-such.reel", code=1).stderr


def test_compile_writes_the_plan_and_leaves_nothing_old(small: Path) -> None:
    reelc("compile", small)
    folder = small.with_suffix(".plan")
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.json")) == [
        "jobs/01-animate.json",
        "jobs/02-film.json",
        "plan.json",
        "spans.json",
    ]
    (folder / "jobs" / "03-old.json").write_text("{}", "utf-8")
    reelc("compile", small)
    assert not (folder / "jobs" / "03-old.json").exists()


def test_compile_does_not_write_over_other_folders(small: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x", "utf-8")
    reelc("compile", small, "-o", tmp_path / "precious", code=1)
    assert [p.name for p in (tmp_path / "precious").iterdir()] == ["file"]


def limited(*args: str | Path, most: int) -> subprocess.CompletedProcess[str]:
    """Run the command where no file may grow beyond ``most`` bytes: as near to a full disk as a test gets."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return subprocess.run(
        [sys.executable, "-B", "-c", "from reelc.cli.app import main; main()", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        preexec_fn=limit,
    )


@pytest.mark.parametrize("most", [100, 3000])
def test_a_plan_that_cannot_be_written_leaves_what_was_there(small: Path, most: int) -> None:
    folder = small.with_suffix(".plan")
    done = limited("compile", small, most=most)
    assert done.returncode == 3
    assert "E0718" in done.stderr
    assert "with `-o`" in done.stderr
    assert not folder.exists()

    reelc("compile", small)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    done = limited("compile", small, "--set", "frames=9", most=most)
    assert done.returncode == 3
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_a_plan_in_place_of_a_file_is_refused(small: Path) -> None:
    done = reelc("compile", small, "-o", small, code=3)
    assert "E0718" in done.stderr
    assert small.read_text("utf-8") == SMALL


def test_compile_to_stdout_is_the_graph(small: Path) -> None:
    graph = json.loads(reelc("compile", small, "-o", "-").stdout)
    assert {n["class_type"] for n in graph.values()} >= {"LoadImage", "KSampler", "SaveVideo"}


def test_plan_says_size_frames_rate() -> None:
    shown = reelc("plan", HARBOR).stdout
    assert "2560x1440, 97 frames at 24fps, 4.042 s, h264 crf 18, bt709" in shown
    assert json.loads(reelc("plan", HARBOR, "--json").stdout)["assembly"][0]["facts"]["frames"] == 97


def test_set_overrides(small: Path) -> None:
    assert "7 frames at 6fps" in reelc("plan", small, "--set", "frames=7").stdout
    assert "E0402" in reelc("plan", small, "--set", "frames=99", code=1).stderr
    assert "E0212" in reelc("plan", small, "--set", "frmes=9", code=1).stderr
    assert "E0601" in reelc("plan", small, "--set", "photo=none.png", code=1).stderr


def test_an_empty_setting_names_no_picture(small: Path) -> None:
    done = reelc("check", small, "--set", "photo=", code=1)
    assert "E0601" in done.stderr
    assert "no file is named here" in done.stderr


def test_run_without_a_worker_names_preview(small: Path) -> None:
    done = reelc("run", small, code=3)
    assert "E0709" in done.stderr
    assert "reelc preview" in done.stderr


def test_preview_writes_what_the_plan_says(small: Path, tmp_path: Path) -> None:
    done = reelc("preview", small, "-o", tmp_path / "out", "-q")
    assert done.stdout.startswith(f"{tmp_path / 'out' / 'film.preview.mp4'}: 256x256, 3 frames at 6 fps, 0.50 s")
    assert done.stderr.count("warning[W0401]") == 2
    assert not list((tmp_path / "out" / ".reelc").glob("preview-*"))


def test_preview_as_json_is_lines_of_events(small: Path, tmp_path: Path) -> None:
    done = reelc("preview", small, "-o", tmp_path / "out", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [e["event"] for e in events]
    assert kinds[:3] == ["warning", "warning", "run-started"]
    assert kinds[-2:] == ["output-written", "run-finished"]
    assert done.stderr == ""


def test_errors_as_json_are_an_event(small: Path, tmp_path: Path) -> None:
    small.write_text(SMALL.replace("fit(", "fti("), "utf-8")
    done = reelc("preview", small, "-o", tmp_path / "out", "--json", code=1)
    (event,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (event["event"], event["diagnostics"][0]["code"]) == ("failed", "E0201")
    assert done.stderr == ""


def test_termination_in_a_script_stops_the_job_too(tmp_path: Path) -> None:
    """A script's background job has SIGINT ignored; SIGTERM must stop the worker's job all the same."""
    script = (
        f'"{sys.executable}" -c "from reelc.cli.app import main; main()" preview "{HARBOR}" -o "{tmp_path}/out" '
        f'2> "{tmp_path}/log" & P=$!; while ! grep -q submitted "{tmp_path}/log"; do sleep 0.1; done; '
        "kill -TERM $P; wait $P; echo code=$?"
    )
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=90, check=False)
    assert "code=130" in done.stdout
    assert "the job was stopped on the worker" in (tmp_path / "log").read_text("utf-8")


def test_stage_without_a_stand_in_is_refused_by_name(small: Path, tmp_path: Path) -> None:
    text = SMALL.replace("|> fit(256x256)", "|> flip() |> fit(256x256)").replace(
        "pipeline",
        "stage flip(p: image) -> image {\n"
        '  return image(node ImageFlip(image: p, flip_method: "x-axis: vertically"), size: p.size)\n'
        "}\npipeline",
    )
    small.write_text(text, "utf-8")
    done = reelc("preview", small, "-o", tmp_path / "out", code=3)
    assert "E0710" in done.stderr
    assert "`flip`" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_compiled_plan_is_refused_when_it_was_changed(small: Path) -> None:
    reelc("compile", small)
    job = small.with_suffix(".plan") / "jobs" / "01-animate.json"
    job.write_text(job.read_text("utf-8").replace('"steps": 20', '"steps": 2'), "utf-8")
    done = reelc("run", small.with_suffix(".plan"), "--worker", "http://127.0.0.1:1", code=1)
    assert "E0719" in done.stderr
    assert "key does not match" in done.stderr


def test_broken_plans_are_refused(tmp_path: Path) -> None:
    for name, content in (("a", "{"), ("b", "[]"), ("c", '{"schema": 1}'), ("d", "\ud7ff" * 10)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "plan.json").write_text(content, "utf-8")
        assert "E0719" in reelc("run", folder, "--worker", "http://127.0.0.1:1", code=1).stderr


def test_interrupt_ends_with_130_and_a_clear_state(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", "from reelc.cli.app import main; main()", "preview", str(HARBOR), "-o", str(out)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "submitted" in line:
            break
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "interrupted: the job was stopped on the worker" in rest
    assert time.monotonic() - started < 30
    assert not list(out.glob("*.mp4"))
    assert not list((out / ".reelc").glob("preview-*"))
    (record,) = (out / ".reelc" / "runs").glob("*/run.json")
    assert json.loads(record.read_text("utf-8"))["state"] == "interrupted"

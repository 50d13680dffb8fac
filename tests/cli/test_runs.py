"""``reelc runs`` on records: what is shown of runs, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import call
from runtime.run.test_record import info

from reelc.cli.runs import ls
from reelc_runtime.run import events
from reelc_runtime.run.record import CANCELLED, DONE, FAILED, Info, RunFolder


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of the folder in which the user stands."""
    monkeypatch.chdir(tmp_path)
    for variable in ("REELC_STATE", "REELC_DB", "REELC_WORKER"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "out" / ".reelc"


def record(state: Path, one: Info) -> RunFolder:
    folder = RunFolder(state / "runs" / one.run, lambda: 1_795_600_000.0)
    folder.write(one)
    return folder


# -- ls ----------------------------------------------------------------------------------------


def test_runs_are_listed_the_newest_last(state: Path) -> None:
    record(state, info("b", DONE, 1.0, films=("/out/film.mp4", "/out/other.mp4")))
    record(state, info("a", FAILED, 2.0, codes=("E0701", "E0701")))
    record(state, info("c", created=3.0, engine="preview"))
    alive = record(state, info("d", created=4.0))
    alive.lock()
    lines = [line.split() for line in call("runs", "ls").out.splitlines()]
    alive.unlock()
    assert lines[0] == ["RUN", "STATE", "ENGINE", "PIPELINE", "JOBS", "STARTED", "FILMS"]
    assert [line[:2] for line in lines[1:]] == [["b", "done"], ["a", "failed"], ["c", "died"], ["d", "running"]]
    assert lines[1][-2:] == ["film.mp4,", "other.mp4"]
    assert lines[2][2] == "(E0701)"
    assert lines[3][2] == "preview"


def test_the_last_ones_are_listed(state: Path) -> None:
    for number in range(ls.SHOWN + 3):
        record(state, info(f"r{number:02}", DONE, float(number)))
    done = call("runs", "ls")
    assert len(done.out.splitlines()) == ls.SHOWN + 1
    assert "r22" in done.out
    assert "r02" not in done.out
    assert "3 older runs are not shown" in done.err
    assert len(call("runs", "ls", "--all").out.splitlines()) == ls.SHOWN + 4
    value = call("runs", "ls", "--json").json
    assert (len(value["runs"]), value["left_off"]) == (ls.SHOWN, 3)
    assert value["runs"][-1]["state"] == "done"


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert "there are no runs" in call("runs", "ls").err
    for command in ("show", "resume", "cancel", "logs"):
        assert "E0722" in call("runs", command, "last", code=3).err
    assert list(tmp_path.iterdir()) == []


def test_other_places_are_found_as_a_run_finds_them(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / "films" / ".reelc", info("there", DONE))
    assert "there" in call("runs", "ls", "-o", "films").out
    (tmp_path / "reelc.toml").write_text('[run]\nout = "films"\n', "utf-8")
    assert "there" in call("runs", "ls").out
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert "there" in call("runs", "ls").out
    monkeypatch.setenv("REELC_STATE", str(state))
    assert "there are no runs" in call("runs", "ls").err


def test_listing_loads_neither_the_database_nor_a_client() -> None:
    script = (
        "import sys; from reelc.cli.app import app; app(['runs', 'ls'], standalone_mode=False); "
        "print([m for m in ('dbos', 'sqlalchemy', 'httpx', 'websockets', 'av', 'networkx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["show", "resume", "cancel", "logs"])
def test_a_name_that_stands_for_no_run(state: Path, command: str) -> None:
    record(state, info("20261124-165845-acad", DONE))
    done = call("runs", command, "20261124-165845-acda", code=3)
    assert "error[E0722]" in done.err
    assert "did you mean `20261124-165845-acad`?" in done.err


def test_faults_as_json(state: Path) -> None:
    record(state, info("aa", DONE))
    record(state, info("ab", DONE))
    for args in (("show", "a"), ("cancel", "a"), ("resume", "a"), ("logs", "a")):
        done = call("runs", *args, "--json", code=3)
        assert done.json["event"] == "failed" if args[0] == "resume" else done.json["ok"] is False
        assert done.json["diagnostics"][0]["message"] == "2 runs begin with `a`"
        assert done.err == ""


def test_a_misspelt_command() -> None:
    assert "Did you mean `resume`?" in call("runs", "resmue", code=2).err


# -- show --------------------------------------------------------------------------------------


def test_what_is_unknown_is_said_to_be(state: Path, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"x" * 1500)
    films = (str(tmp_path / "film.mp4"), str(tmp_path / "gone.mp4"))
    record(state, info("one", DONE, films=films, until="animate", generation=2))
    done = call("runs", "show", "one")
    assert done.out.startswith("one: done\n")
    assert "render, until animate" in done.out
    assert "begun 2 times" in done.out
    assert "Jobs: unknown" in done.out
    assert f"{films[0]}  1.5 KB" in done.out
    assert f"{films[1]}  no longer there" in done.out
    assert "error[E0719]" in done.err  # the plan is not there
    value = call("runs", "show", "one", "--json").json
    assert [d["code"] for d in value["unread"]] == ["E0719"]
    assert [f["bytes"] for f in value["films"]] == [1500, None]


def test_a_failed_run_says_why(state: Path) -> None:
    folder = record(state, info("one", FAILED, codes=("E0706",)))
    fault = {"code": "E0706", "message": "KSampler failed", "notes": ["the line is a.reel:3:1"], "help": ["try less"]}
    folder.tell({"event": "failed", "diagnostics": [{"code": "E0701", "message": "old", "notes": [], "help": []}]})
    folder.tell({"event": "failed", "diagnostics": [fault, fault, "?", {"code": 1}]})
    done = call("runs", "show", "one")
    assert done.err.count("error[E0706]: KSampler failed") == 1
    assert "the line is a.reel:3:1" in done.err
    assert "try less" in done.err
    assert "E0701" not in done.err
    assert call("runs", "show", "one", "--json").json["diagnostics"] == [fault]


def test_a_database_that_cannot_be_read_does_not_hide_the_rest(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = record(state, info("one"))
    told = events.JobReused(job="01-film", made_by="earlier")
    folder.tell(told.to_json())
    monkeypatch.setenv("REELC_DB", "postgresql://me:secret@127.0.0.1:9/reelc")
    done = call("runs", "show", "one")
    assert "01-film: done, made by run earlier" in done.out
    assert "error[E0723]" in done.err
    assert "secret" not in done.err


# -- logs --------------------------------------------------------------------------------------


def entries() -> list[dict[str, Any]]:
    return [
        events.RunStarted(
            run="one", engine="render", workers=("http://a",), jobs=("01-film",), state="s", resumed=False
        ).to_json(),
        events.NodesCached(job="01-film", nodes=()).to_json(),
        events.PromptStopped(job="01-film", worker="http://a", prompt="p", confirmed=False, reason="gone").to_json(),
        {"event": "warning", "diagnostics": [{"code": "W0701", "message": "small", "notes": [], "help": []}]},
        {"event": "failed", "diagnostics": [{"code": "E0706", "message": "it failed", "notes": [], "help": []}]},
        {"event": "made-up-later"},
    ]


def test_the_log_as_sentences(state: Path) -> None:
    folder = record(state, info("one", FAILED))
    for entry in entries():
        folder.tell(entry)
    with (folder.folder / "events.jsonl").open("a") as log:
        log.write('[1]\nnonsense\n{"event": "cancelled"}\n{"event": "run-fini')
    lines = call("runs", "logs", "one").out.splitlines()
    assert [line[:4] for line in lines[:-1]] == ["2026"] * 6
    assert [line[19:].strip() if line[0] == "2" else line for line in lines] == [
        "rendering on http://a (run one)",
        "01-film: not confirmed that p stopped on http://a: gone",
        "warning W0701: small",
        "failed",
        "E0706: it failed",
        "made-up-later",
        "unknown  cancelled",
    ]


def test_the_logs_own_lines(state: Path) -> None:
    folder = record(state, info("one", FAILED))
    for entry in entries():
        folder.tell(entry)
    lines = call("runs", "logs", "one", "--json").out.splitlines()
    assert lines == (folder.folder / "events.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["time"] == 1_795_600_000.0


def test_following_a_run_that_is_over_ends(state: Path) -> None:
    record(state, info("one", CANCELLED)).tell({"event": "cancelled"})
    assert call("runs", "logs", "-f", "one").out.endswith("cancelled\n")
    record(state, info("two"))
    assert "the run died" in call("runs", "logs", "-f", "two").err


# -- resume, cancel ----------------------------------------------------------------------------


def test_a_preview_is_made_anew(state: Path) -> None:
    record(state, info("one", FAILED, engine="preview", source="a/film.reel"))
    assert "`reelc preview a/film.reel`" in call("runs", "resume", "one", code=2).err


def test_a_finished_run_is_not_touched(state: Path) -> None:
    folder = record(state, info("one", DONE, films=("/out/film.mp4",)))
    before = sorted((p, p.stat().st_mtime_ns) for p in state.rglob("*"))
    assert call("runs", "resume", "one").err == "the run one is done: /out/film.mp4\n"
    value = call("runs", "resume", "one", "--json").json
    assert value == {"event": "already-done", "run": "one", "films": ["/out/film.mp4"]}
    assert sorted((p, p.stat().st_mtime_ns) for p in state.rglob("*")) == before
    assert folder.read() == info("one", DONE, films=("/out/film.mp4",), changed=1_795_600_000.0)


def test_a_live_run_is_not_resumed(state: Path) -> None:
    folder = record(state, info("one"))
    folder.lock()
    assert "error[E0721]" in call("runs", "resume", "one", code=3).err
    folder.unlock()


def test_a_run_without_its_plan_cannot_go_on(state: Path) -> None:
    record(state, info("one", FAILED))
    assert "E0719" in call("runs", "resume", "one", code=3).err
    (event,) = [json.loads(line) for line in call("runs", "resume", "one", "--json", code=3).out.splitlines()]
    assert (event["event"], event["diagnostics"][0]["code"]) == ("failed", "E0719")


def test_cancelling_what_is_over_says_so(state: Path) -> None:
    record(state, info("one", FAILED))
    done = call("runs", "cancel", "one")
    assert done.out == "one: had ended before (failed); nothing of it is left on workers\n"
    assert call("runs", "cancel", "one", "--json").json == {
        "run": "one",
        "before": "failed",
        "state": "failed",
        "prompts": [],
        "unread": [],
    }


def test_a_dead_preview_is_cancelled(state: Path) -> None:
    folder = record(state, info("one", engine="preview"))
    assert call("runs", "cancel", "one").out == "one: had died, and is cancelled; nothing of it was on workers\n"
    found = folder.read()
    assert found is not None
    assert found.state == CANCELLED


def test_a_run_that_does_not_end_in_time(state: Path) -> None:
    folder = record(state, info("one"))
    folder.lock()
    done = call("runs", "cancel", "one", "--wait", "0", code=3)
    folder.unlock()
    assert "asked to end, and has not ended yet" in done.out
    assert folder.cancel_requested

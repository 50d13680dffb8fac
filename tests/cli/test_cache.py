"""``reelc cache``: results that are kept, checked, cleared away."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from command import call
from runtime.run.test_record import info

from reelc_runtime.run.record import DONE, RUNNING, RunFolder
from reelc_runtime.store import RECORD, Entry, Store

DAY = 86_400.0


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of a folder in which the user stands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REELC_STATE", raising=False)
    return Store(tmp_path / "out" / ".reelc" / "store", time.time)


def put(store: Store, name: str, size: int = 1000, *, days: float = 0.0, engine: str = "render") -> Entry:
    """A result of so many bytes that was used so many days ago."""
    path = store.root.parent / "film.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = name.encode() * size
    path.write_bytes(content)
    file = (path, hashlib.sha256(content).hexdigest(), size)
    made: dict[str, Any] = {"job": f"01-{name}", "pipeline": "p", "run": "run1", "worker": "http://a:8188"}
    entry = store.put(name * 8, "shared", engine, [file], **made)
    used = time.time() - days * DAY
    os.utime(entry.folder / RECORD, (used, used))
    return entry


def names(store: Store) -> list[str]:
    return [entry.identity[0] for entry in store.entries()]


def run(store: Store, *, days: float, state: str = RUNNING, engine: str = "render") -> RunFolder:
    """A run that began so many days ago."""
    folder = RunFolder(store.root.parent / "runs" / "run1", time.time)
    folder.write(info("run1", state, time.time() - days * DAY, engine=engine))
    return folder


# -- ls ----------------------------------------------------------------------------------------


def test_nothing_is_made_by_looking(store: Store, tmp_path: Path) -> None:
    assert "there are no results" in call("cache", "ls").err
    assert "there are no results" in call("cache", "verify").err
    assert call("cache", "gc", "--max-size", "1KB").out.startswith("0 results thrown away, 0 bytes freed")
    assert list(tmp_path.iterdir()) == []


def test_results_are_listed_the_last_used_last(store: Store) -> None:
    put(store, "a", 2_500_000, days=3)
    put(store, "b", days=40, engine="preview")
    lines = call("cache", "ls").out.splitlines()
    assert lines[0].split() == ["SIZE", "AGE", "USED", "ENGINE", "PIPELINE", "JOB", "RUN", "WORKER"]
    assert lines[1].split()[-6:] == ["d", "preview", "p", "01-b", "run1", "here"]
    assert lines[2].startswith("2.5 MB")
    assert lines[2].split()[4:6] == ["3", "d"]
    assert lines[3] == "2 results, 2.5 MB"
    value = call("cache", "ls", "--json").json
    assert [r["job"] for r in value["results"]] == ["01-b", "01-a"]
    assert (value["count"], value["bytes"], value["left_over"]) == (2, 2_501_000, 0)


# -- verify ------------------------------------------------------------------------------------


def test_damaged_results_are_named_and_removed_on_demand(store: Store) -> None:
    put(store, "a")
    file = put(store, "b").folder.relative_to(Path.cwd()) / "0.mp4"
    stray = put(store, "c").folder.relative_to(Path.cwd())
    assert call("cache", "verify").err == "3 results are whole\n"
    file.write_bytes(b"x" * 1000)
    (stray / RECORD).write_text("{", "utf-8")
    done = call("cache", "verify", code=3)
    assert f"damaged: {file.parent}: 01-b of run1 (0.mp4)" in done.out
    assert f"damaged: {stray}: its record cannot be read" in done.out
    assert "--remove" in done.err
    value = call("cache", "verify", "--json", code=3).json
    assert [(d["folder"], d["removed"]) for d in value["damaged"]] == [(str(file.parent), False), (str(stray), False)]
    assert call("cache", "verify", "--remove").out.count("damaged and removed: ") == 2
    assert names(store) == ["a"]
    call("cache", "verify")


def test_a_result_without_its_file_is_damaged(store: Store) -> None:
    (put(store, "a").folder / "0.mp4").unlink()
    call("cache", "verify", code=3)


# -- gc ----------------------------------------------------------------------------------------


def test_old_ones_go(store: Store) -> None:
    put(store, "a", days=40)
    put(store, "b", days=20)
    assert call("cache", "gc", "--older-than", "30d", "--dry-run").out == (
        "1 result would be thrown away, 1 KB would be free; 1 KB left\n"
    )
    assert names(store) == ["a", "b"]
    assert call("cache", "gc", "--older-than", "30d").out == "1 result thrown away, 1 KB freed; 1 KB left\n"
    assert names(store) == ["b"]


@pytest.mark.parametrize(
    ("time_", "left"), [("25d", ["b", "c"]), ("36h", ["c"]), ("90min", []), ("1500000s", ["b", "c"])]
)
def test_durations_are_those_of_reel_and_days(store: Store, time_: str, left: list[str]) -> None:
    put(store, "a", days=40)
    put(store, "b", days=2)
    put(store, "c", days=0.5)
    call("cache", "gc", "--older-than", time_)
    assert names(store) == left


def test_the_largest_size_counts_for_one_engine_when_it_is_named(store: Store) -> None:
    put(store, "a", 3000, days=3)
    put(store, "b", 3000, days=2, engine="preview")
    put(store, "c", 3000, days=1, engine="preview")
    done = call("cache", "gc", "--max-size", "4KB", "--engine", "preview", "--json").json
    assert [r["job"] for r in done["removed"]] == ["01-b"]
    assert (done["freed"], done["left"]) == (3000, 3000)
    assert names(store) == ["a", "c"]
    call("cache", "gc", "--max-size", "0.004MB")
    assert names(store) == ["c"]


def test_what_a_run_may_need_stays(store: Store) -> None:
    put(store, "a", days=5)
    put(store, "b", days=1)
    folder = run(store, days=2)
    done = call("cache", "gc", "--max-size", "0KB")  # it died, and may be taken up again
    assert names(store) == ["b"]
    assert "more may go when these runs are over: run1" in done.err
    folder.write(info("run1", DONE))
    call("cache", "gc", "--max-size", "0KB")
    assert names(store) == []


def test_what_a_live_run_uses_stays(store: Store) -> None:
    put(store, "a", days=1)
    folder = run(store, days=2, engine="preview")
    folder.lock()
    assert call("cache", "gc", "--older-than", "1h", "--json").json["needed_by"] == ["run1"]
    folder.unlock()
    assert names(store) == ["a"]
    call("cache", "gc", "--older-than", "1h")  # a preview that died is made anew
    assert names(store) == []


def test_what_crashes_have_left_goes_after_a_day(store: Store) -> None:
    parts: list[Path] = []
    for number, hours in enumerate((2, 30)):
        part = put(store, "a").folder.with_name(f"shared.part-{number}")
        part.mkdir()
        left = time.time() - hours * 3600
        os.utime(part, (left, left))
        parts.append(part)
    done = call("cache", "gc")
    assert done.out.startswith("0 results and 1 left by crashes thrown away")
    assert "without --older-than or --max-size" in done.err
    assert [part.exists() for part in parts] == [True, False]


@pytest.mark.parametrize(
    "args",
    [
        ("--older-than", "30"),
        ("--older-than", "3GB"),
        ("--older-than", "-1d"),
        ("--older-than", "d"),
        ("--max-size", "50"),
        ("--max-size", "5h"),
        ("--max-size", "50XB"),
        ("--engine", "both"),
    ],
)
def test_what_is_no_limit_is_refused(store: Store, args: tuple[str, str]) -> None:
    put(store, "a", days=100)
    assert args[0] in call("cache", "gc", *args, code=2).err
    assert names(store) == ["a"]

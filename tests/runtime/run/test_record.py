"""A run's record: how it stands while others look, what its name may be, and what a damaged one says."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from reelc_runtime.run import record
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.record import DIED, DONE, RUNNING, Info, RunFolder, Runs


def info(run: str, state: str = RUNNING, created: float = 1.0, **more: Any) -> Info:
    """A run's record."""
    asked: dict[str, Any] = {
        "engine": "render",
        "pipeline": "film",
        "source": "film.reel",
        "digest": "d",
        "out": "/out",
        "inputs": "/in",
        "workers": ("http://a:8188",),
        "until": "",
        "alike": False,
        "jobs": 2,
        "generation": 1,
        "changed": 1.0,
        "host": "here",
        "pid": 1,
        **more,
    }
    return Info(run=run, state=state, created=created, **asked)


def folder(state: Path, run: str, now: float = 5.0) -> RunFolder:
    """Where a run is recorded."""
    return RunFolder(state / "runs" / run, lambda: now)


def make(state: Path, *runs: Info) -> Runs:
    """Records that are there."""
    for one in runs:
        folder(state, one.run).write(one)
    return Runs(state, lambda: 5.0)


# -- how it stands -----------------------------------------------------------------------------


def test_a_run_that_nobody_carries_out_has_died(tmp_path: Path) -> None:
    run = folder(tmp_path, "one")
    assert run.standing() is None
    run.lock()
    run.write(info("one"))
    looking = folder(tmp_path, "one").standing()
    assert looking is not None
    assert looking[1] == RUNNING
    run.unlock()
    looking = folder(tmp_path, "one").standing()
    assert looking is not None
    assert looking[1] == DIED


def test_a_run_that_ends_between_two_looks_has_not_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = folder(tmp_path, "one")
    run.write(info("one"))

    def ends(self: RunFolder) -> bool:
        run.write(info("one", DONE))
        return False

    monkeypatch.setattr(RunFolder, "alive", ends)
    standing = folder(tmp_path, "one").standing()
    assert standing is not None
    assert standing[1] == DONE


@contextmanager
def somebody_looks(state: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[], None]]:
    """Somebody is in the middle of looking whether the run is carried out, until the function is called."""
    inside, on = threading.Event(), threading.Event()
    try_lock = record.try_lock

    def slowly(handle: int) -> bool:
        got = try_lock(handle)
        if threading.current_thread() is looker:
            inside.set()
            on.wait(10)
        return got

    monkeypatch.setattr(record, "try_lock", slowly)
    looker = threading.Thread(target=folder(state, "one").alive)
    looker.start()
    inside.wait(10)
    yield on.set
    on.set()
    looker.join()


def in_a_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Work that may have to wait, and what comes of it."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(work())
        except RunFault as fault:
            result.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, result


@pytest.fixture
def ended(tmp_path: Path) -> RunFolder:
    """A run that nobody carries out."""
    run = folder(tmp_path, "one")
    run.lock()
    run.unlock()
    return run


def test_who_looks_is_not_taken_for_who_carries_it_out(
    tmp_path: Path, ended: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with somebody_looks(tmp_path, monkeypatch) as go_on:
        thread, alive = in_a_thread(ended.alive)
        thread.join(0.2)
        go_on()
        thread.join()
    assert alive == [False]


def test_looking_does_not_keep_a_run_from_beginning(
    tmp_path: Path, ended: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with somebody_looks(tmp_path, monkeypatch) as go_on:
        thread, refused = in_a_thread(ended.lock)
        thread.join(0.2)
        assert refused == []  # it waits, and is not refused
        go_on()
        thread.join()
    assert refused == [None]
    ended.unlock()


def test_a_run_is_carried_out_once(tmp_path: Path) -> None:
    run = folder(tmp_path, "one")
    run.lock()
    run.write(info("one", pid=77))
    with pytest.raises(RunFault, match="already being carried out \\(process 77 on here\\)"):
        folder(tmp_path, "one").lock()
    run.unlock()
    again = folder(tmp_path, "one")
    again.lock()
    again.unlock()


def test_a_log_that_was_cut_off_is_mended_by_the_next_process(tmp_path: Path) -> None:
    run = folder(tmp_path, "one")
    run.lock()
    run.tell({"event": "a"})
    run.unlock()
    with (run.folder / "events.jsonl").open("a") as log:
        log.write('{"event": "b", "jo')
    again = folder(tmp_path, "one")
    again.lock()
    again.tell({"event": "c"})
    again.unlock()
    assert [entry["event"] for entry in again.told()] == ["a", "c"]


def test_two_may_wish_the_end_at_the_same_time(tmp_path: Path) -> None:
    run = folder(tmp_path, "one")
    run.write(info("one"))
    wishes = [threading.Thread(target=folder(tmp_path, "one").request_cancel) for _ in range(8)]
    for wish in wishes:
        wish.start()
    for wish in wishes:
        wish.join()
    assert run.cancel_requested
    run.forget_cancel()
    assert not run.cancel_requested


# -- what is written ---------------------------------------------------------------------------


def test_what_a_newer_reelc_has_added_is_passed_over(tmp_path: Path) -> None:
    run = folder(tmp_path, "one")
    value = {"schema": 1, **asdict(info("one")), "colour": "blue"}
    run.keep("run.json", json.dumps(value).encode())
    assert run.read() == info("one")


def test_the_folders_name_counts(tmp_path: Path) -> None:
    copied = folder(tmp_path, "copy")
    copied.write(info("one"))
    found = copied.read()
    assert found is not None
    assert found.run == "copy"


@pytest.mark.parametrize(
    "change",
    [
        {"created": "yesterday"},
        {"created": True},
        {"pid": 1.5},
        {"workers": "http://a"},
        {"workers": [1]},
        {"state": None},
        {"alike": 1},
        {"schema": 2},
    ],
    ids=str,
)
def test_a_record_of_another_kind_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    run = folder(tmp_path, "one")
    run.keep("run.json", json.dumps({"schema": 1, **asdict(info("one")), **change}).encode())
    assert run.read() is None
    assert Runs(tmp_path, lambda: 1.0).all() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"schema": 1}'])
def test_a_damaged_record_is_none(tmp_path: Path, content: bytes) -> None:
    run = folder(tmp_path, "one")
    run.keep("run.json", content)
    assert run.read() is None


# -- names -------------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    names = ("20261124-165845-acad", "20261124-165845-beef", "20261125-080000-0001")
    return make(tmp_path, *(info(name, DONE, float(i)) for i, name in enumerate(names)))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("20261124-165845-acad", "20261124-165845-acad"),
        ("20261124-165845-b", "20261124-165845-beef"),
        ("20261125", "20261125-080000-0001"),
        ("last", "20261125-080000-0001"),
    ],
)
def test_a_run_is_named_by_its_beginning(runs: Runs, name: str, meant: str) -> None:
    assert runs.named(name).name == meant


def test_a_whole_name_wins_over_beginnings(tmp_path: Path) -> None:
    runs = make(tmp_path, info("a"), info("ab"))
    assert runs.named("a").name == "a"


@pytest.mark.parametrize(
    ("name", "message", "help_"),
    [
        ("20261124", "2 runs begin with `20261124`", "20261124-165845-beef"),
        ("20261124-165845-bef", "there is no run", "did you mean `20261124-165845-beef`?"),
        ("../../etc", "there is no run", "the newest is `20261125-080000-0001`"),
        ("", "there is no run", "the newest is"),
    ],
)
def test_a_name_that_stands_for_no_run(runs: Runs, name: str, message: str, help_: str) -> None:
    with pytest.raises(RunFault) as found:
        runs.named(name)
    (diagnostic,) = found.value.diagnostics
    assert diagnostic.code.code == "E0722"
    assert message in diagnostic.message
    assert help_ in " ".join(diagnostic.help)


def test_where_there_are_no_runs(tmp_path: Path) -> None:
    with pytest.raises(RunFault, match="there are no runs"):
        Runs(tmp_path, lambda: 1.0).named("last")


def test_the_last_is_the_one_that_began_last(tmp_path: Path) -> None:
    runs = make(tmp_path, info("z", created=1.0), info("a", created=2.0))
    assert runs.named("last").name == "a"
    folder(tmp_path, "z").write(replace(info("z"), changed=9.0))
    assert runs.named("last").name == "a"

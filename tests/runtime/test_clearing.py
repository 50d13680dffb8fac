"""The store while it is cleared: what goes, what stays, and what others do at the same time."""

import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from runtime.run.test_record import info

from reelc_runtime.clearing import Needed, chosen, needed
from reelc_runtime.run.record import DIED, DONE, RUNNING
from reelc_runtime.store import RECORD, Entry, Store

DAY = 86_400.0


class Shelf:
    """A store, and a clock that a test sets."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.work = folder / "work"
        self.work.mkdir()
        self.store = Store(folder / "store", lambda: self.now)

    def put(self, name: str, content: bytes = b"film", *, engine: str = "render", used: float | None = None) -> Entry:
        """A result that is there."""
        import hashlib

        path = self.work / "film.mp4"
        path.write_bytes(content)
        file = (path, hashlib.sha256(content).hexdigest(), len(content))
        made: dict[str, Any] = {"job": "01-film", "pipeline": "p", "run": "r", "worker": "w"}
        entry = self.store.put(name * 8, "shared", engine, [file], **made)
        if used is not None:
            os.utime(entry.folder / RECORD, (used, used))
        return self.one(name)

    def one(self, name: str) -> Entry:
        (found,) = self.store.find(name * 8, None)
        return found

    def names(self) -> list[str]:
        return [entry.identity[0] for entry in self.store.entries()]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


# -- choosing ----------------------------------------------------------------------------------


def going(shelf: Shelf, keep: Needed = Needed(), **limits: Any) -> list[str]:  # noqa: B008 - it is a value
    asked = {"older_than": None, "max_bytes": None, **limits}
    return [e.identity[0] for e in chosen(list(shelf.store.entries()), keep, 10 * DAY, **asked)]


@pytest.fixture
def three(shelf: Shelf) -> Shelf:
    """Used five days, one day and no time ago; 10, 20 and 30 bytes."""
    shelf.put("a", b"x" * 10, used=5 * DAY)
    shelf.put("c", b"x" * 20, used=9 * DAY)
    shelf.put("b", b"x" * 30, used=10 * DAY)
    return shelf


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, []),
        ({"older_than": 2 * DAY}, ["a"]),
        ({"older_than": 0.0}, ["a", "c"]),
        ({"older_than": 30 * DAY}, []),
        ({"max_bytes": 60.0}, []),
        ({"max_bytes": 59.0}, ["a"]),
        ({"max_bytes": 49.0}, ["a", "c"]),
        ({"max_bytes": 0.0}, ["a", "c", "b"]),
        ({"older_than": 2 * DAY, "max_bytes": 30.0}, ["a", "c"]),
    ],
    ids=str,
)
def test_the_least_recently_used_go_first(three: Shelf, limits: Any, expected: list[str]) -> None:
    assert going(three, **limits) == expected


def test_what_a_run_may_need_stays(three: Shelf) -> None:
    assert going(three, Needed(since=9 * DAY, runs=("r",)), max_bytes=0.0) == ["a"]


@pytest.mark.parametrize(
    ("standings", "since"),
    [
        ([], None),
        ([(info("a", DONE, 1.0), DONE)], None),
        ([(info("a", created=5.0), RUNNING), (info("b", created=3.0), RUNNING)], 3.0),
        ([(info("a", created=5.0), DIED)], 5.0),
        ([(info("a", created=5.0, engine="preview"), DIED)], None),
        ([(info("a", created=5.0, engine="preview"), RUNNING)], 5.0),
    ],
)
def test_runs_that_are_not_over_need_their_results(standings: Any, since: float | None) -> None:
    assert needed(standings).since == since


# -- removing ----------------------------------------------------------------------------------


def test_what_is_removed_leaves_no_folders(shelf: Shelf) -> None:
    entry = shelf.put("a")
    assert shelf.store.remove(entry)
    assert list(shelf.store.root.iterdir()) == []
    assert shelf.store.remove(entry)  # somebody was faster


async def test_what_was_used_since_it_was_listed_stays(shelf: Shelf) -> None:
    listed = shelf.put("a", used=5.0)
    shelf.now = 7.0
    taken = await shelf.store.take("a" * 8, "render", None)
    assert taken is not None
    assert not shelf.store.remove(listed)
    assert shelf.one("a").used == 7.0
    assert shelf.store.damaged(shelf.one("a")) == []
    assert list(shelf.store.parts()) == []


def test_what_was_made_anew_since_it_was_listed_stays(shelf: Shelf) -> None:
    listed = shelf.put("a", b"old", used=5.0)
    listed.path(listed.files[0]).write_bytes(b"odd")  # one that is whole would stay as it is
    shelf.put("a", b"new", used=6.0)
    assert not shelf.store.remove(listed)
    assert not shelf.store.holds(listed)
    assert shelf.one("a").path(shelf.one("a").files[0]).read_bytes() == b"new"


async def test_a_use_that_begins_before_the_removal_keeps_the_result(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is touched before its files are read, so that whoever clears at this moment sees it."""
    listed = shelf.put("a", used=5.0)
    removed: list[bool] = []
    whole = Store._whole

    def while_read(self: Store, entry: Entry) -> bool:
        removed.append(self.remove(listed))
        return whole(self, entry)

    monkeypatch.setattr(Store, "_whole", while_read)
    taken = await shelf.store.take("a" * 8, "render", None)
    assert removed == [False]
    assert taken is not None
    assert shelf.store.damaged(taken) == []


# -- leftovers ---------------------------------------------------------------------------------


def test_what_crashes_leave_is_listed_and_removed(shelf: Shelf) -> None:
    entry = shelf.put("a")
    part = entry.folder.with_name("shared.part-0123abcd")
    part.mkdir()
    (part / "0.mp4").write_bytes(b"x" * 9)
    for path in (part, part / "0.mp4"):
        os.utime(path, (50.0, 50.0))
    assert list(shelf.store.parts()) == [(part, 50.0, 9)]
    assert shelf.names() == ["a"]
    shelf.store.remove_part(part)
    assert list(shelf.store.parts()) == []
    shelf.store.remove_part(part)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff", json.dumps({"schema": 1, "files": [{"name": "../x"}]}).encode()],
)
def test_a_result_whose_record_is_damaged_is_a_stray(shelf: Shelf, content: bytes) -> None:
    entry = shelf.put("a")
    (entry.folder / RECORD).write_bytes(content)
    assert shelf.names() == []
    assert list(shelf.store.strays()) == [entry.folder]


def test_a_record_whose_files_lead_elsewhere_is_none(shelf: Shelf) -> None:
    entry = shelf.put("a")
    record = json.loads((entry.folder / RECORD).read_text())
    record["files"][0]["name"] = "../../../secret"
    (entry.folder / RECORD).write_text(json.dumps(record))
    assert shelf.names() == []


# -- several at once ---------------------------------------------------------------------------


def test_many_make_and_remove_the_same_at_the_same_time(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        own = tmp_path / str(number)
        own.mkdir()
        shelf = Shelf(own)
        shelf.store = Store(tmp_path / "store", lambda: 1000.0)
        try:
            for _ in range(40):
                path = shelf.work / "film.mp4"
                path.write_bytes(b"film")
                made: dict[str, Any] = {"job": "j", "pipeline": "p", "run": "r", "worker": "w"}
                entry = shelf.store.put("a" * 8, "shared", "render", [(path, "0", 4)], **made)
                if number % 2:
                    shelf.store.remove(entry)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    store = Store(tmp_path / "store", lambda: 1000.0)
    assert list(store.parts()) == []
    assert list(store.strays()) == []


def test_what_vanishes_while_it_is_listed_is_passed_over(shelf: Shelf) -> None:
    shelf.put("a")
    shelf.put("b")
    entries = shelf.store.entries()
    assert next(entries).identity[0] == "a"
    shutil.rmtree(shelf.store.root)
    assert list(entries) == []

"""Results that several runs put into the store."""

import hashlib
from pathlib import Path

import pytest

from reelc_runtime.store import SHARED, Entry, Store

NAME = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", lambda: 1000.0)


def put(store: Store, folder: Path, content: bytes, run: str) -> Entry:
    path = folder / "film.mp4"
    path.write_bytes(content)
    files = [(path, hashlib.sha256(content).hexdigest(), len(content))]
    return store.put(NAME, SHARED, "render", files, job="01-film", pipeline="film", run=run, worker="http://a:8188")


async def test_what_a_run_works_with_stays_when_another_makes_the_same(store: Store, tmp_path: Path) -> None:
    """Two renders of one thing are equal to the eye, and seldom to the byte."""
    first = put(store, tmp_path, b"first", "run1")
    second = put(store, tmp_path, b"second", "run2")
    assert second.files == first.files
    assert second.run == "run1"
    assert second.path(second.files[0]).read_bytes() == b"first"
    assert await store.take(NAME, "render", {SHARED}) is not None
    assert [place.name for place in first.folder.parent.iterdir()] == [SHARED]


async def test_what_is_damaged_makes_room(store: Store, tmp_path: Path) -> None:
    first = put(store, tmp_path, b"first", "run1")
    first.path(first.files[0]).write_bytes(b"damaged")
    second = put(store, tmp_path, b"second", "run2")
    assert second.run == "run2"
    assert second.path(second.files[0]).read_bytes() == b"second"
    assert await store.take(NAME, "render", {SHARED}) is not None
    assert [place.name for place in first.folder.parent.iterdir()] == [SHARED]

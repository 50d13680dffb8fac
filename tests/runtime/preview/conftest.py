"""A running worker and a plain client for it; the helper module beside the tests is made importable."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from jobs import Client, png, still

from reelc_runtime.preview import PreviewWorker


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[PreviewWorker]:
    async with PreviewWorker(tmp_path / "worker") as running:
        yield running


@pytest.fixture
async def client(worker: PreviewWorker) -> AsyncIterator[Client]:
    async with Client(worker.url) as connected:
        assert (await connected.upload(png(still()))).status_code == 200
        yield connected

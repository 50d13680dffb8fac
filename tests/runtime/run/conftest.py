"""A small film, and a way to run it on a worker."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from runtime.run.worker_double import WorkerDouble

import reelc
from reelc_compiler.catalog import load_catalog
from reelc_dsl.diagnostics import Diagnostic
from reelc_runtime import comfy
from reelc_runtime.run import events
from reelc_runtime.run.driver import run
from reelc_runtime.run.request import Address, RunRequest
from reelc_runtime.run.until import goal_of

SOURCE = """reel 1
use std.svd
use upscale, interpolate from std.finish
pipeline small {
  param photo: image = "photo.png"
  let model = svd.load()
  let clip = photo
    |> fit(256x256)
    |> svd.animate(using: model, seed: 1, frames: 5)
    |> upscale(to: 320x320)
    |> interpolate(to: 12fps)
  output film = clip |> video()
}
"""


class FastClock(comfy.SystemClock):
    """The machine's clock, with no real waiting between tries."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


@dataclass
class Ran:
    """What a run told."""

    told: list[events.Event] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    films: list[events.OutputWritten] = field(default_factory=list)
    files: list[events.FileWritten] = field(default_factory=list)

    def of(self, kind: type[Any]) -> list[Any]:
        return [e for e in self.told if isinstance(e, kind)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a small program and its picture."""
    picture = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "photo.png"), picture)
    (tmp_path / "small.reel").write_text(SOURCE, "utf-8")
    return tmp_path


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[WorkerDouble]:
    async with WorkerDouble(tmp_path / "worker") as double:
        yield double


RunIt = Callable[..., Awaitable[Ran]]


@pytest.fixture
def render(project: Path, worker: WorkerDouble) -> RunIt:
    """Runs the small film on the double; keywords override the request's.

    One job for the whole film, unless ``whole`` is false; no memory between processes, unless ``database`` is given.
    ``fresh`` (the default) throws the store away first, so that every run renders.
    """

    async def go(
        ran: Ran | None = None,
        *,
        whole: bool = True,
        fresh: bool = True,
        token: str | None = None,
        worker_url: str | None = None,
        until: str | None = None,
        **more: Any,
    ) -> Ran:
        ran = ran if ran is not None else Ran()
        done = reelc.compile(project / "small.reel", whole=whole)
        if fresh:
            shutil.rmtree(project / "out" / ".reelc" / "store", ignore_errors=True)
        sources = dict(done.project.sources)
        asked: dict[str, Any] = {
            "plan": done.plan,
            "workers": (Address(url=worker_url or worker.url, token=token),),
            "goal": goal_of(done.plan, until),
            "engine": "render",
            "input_path": done.project.input_path,
            "sources": sources,
            "out": project / "out",
            "state": project / "out" / ".reelc",
            "install": "abc",
            "run": "run1",
            "report": ran.told.append,
            "warn": ran.warnings.append,
            "clock": FastClock(),
            "catalog": load_catalog(),
            "stall": 5.0,
            "now": lambda: 1000.0,
            **more,
        }
        written = await run(RunRequest(**asked))
        ran.films = [w for w in written if isinstance(w, events.OutputWritten)]
        ran.files = [w for w in written if isinstance(w, events.FileWritten)]
        return ran

    return go

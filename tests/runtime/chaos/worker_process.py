"""A preview worker as a process of its own, that writes down what it executes and can be made to die."""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.chaos.timeline import Timeline

from reelc_runtime.preview import PreviewWorker
from reelc_runtime.preview.execution import Execution
from reelc_runtime.preview.prompts import Prompt
from reelc_runtime.preview.runner import Runner


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """One life of a worker.

    Args:
        worker, life: which.
        folder: its files; they may be there from an earlier life.
        port: of 127.0.0.1.
        cost: seconds that each prompt takes at least.
        timeline: the file that it writes to.
        dies: ``begin`` or ``end``: it kills itself when a prompt begins, or has ended; empty: it does not.
        nth: at which prompt of this life.
    """

    worker: int
    life: int
    folder: str
    port: int
    cost: float
    timeline: str
    dies: str = ""
    nth: int = 1


def serve(config: WorkerConfig) -> None:
    """Serve until killed."""
    asyncio.run(_serve(config))


async def _serve(config: WorkerConfig) -> None:
    timeline = Timeline(Path(config.timeline))
    _watch(config, timeline)
    async with PreviewWorker(Path(config.folder), port=config.port):
        timeline.tell("worker-ready", worker=config.worker, life=config.life)
        await asyncio.Event().wait()


def _watch(config: WorkerConfig, timeline: Timeline) -> None:
    """Write down each prompt as it begins and ends. This process is a test's own, so classes may be changed."""
    run, execute = Runner._run, Execution.run
    seen = 0

    def tell(what: str, prompt: Prompt, **more: Any) -> None:
        where = {"worker": config.worker, "life": config.life, "prompt": prompt.id, "job": prompt.view.job}
        timeline.tell(what, **where, **more)
        if config.dies == what and seen == config.nth:
            timeline.tell("worker-dies", worker=config.worker, life=config.life, at=what)
            os.kill(os.getpid(), signal.SIGKILL)

    async def watched(self: Runner, prompt: Prompt, pool: Any) -> None:
        nonlocal seen
        seen += 1
        tell("begin", prompt)
        await run(self, prompt, pool)
        tell("end", prompt, state=self._prompts.history(prompt.id)[prompt.id]["status"]["status_str"])

    def costly(self: Execution) -> None:
        self._stop.wait(config.cost)
        execute(self)

    Runner._run = watched
    Execution.run = costly

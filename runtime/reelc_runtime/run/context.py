"""What the jobs of a run share, and what they leave for each other."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelc_compiler.plan import Job, Plan
from reelc_runtime import comfy
from reelc_runtime.run.steps import Handed, Report, Steps
from reelc_runtime.store import Store
from reelc_runtime.workers.pool import Pool, Worker

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What all jobs of a run share.

    Args:
        plan: what is carried out.
        engine, clean: how.
        install, run: names that prompt ids and prefixes derive from.
        alike: whether one worker's results count for the others.
        pool, store: where workers and results are.
        steps: makes the steps of a job on a worker.
        files: the folder for downloads.
        stopping: set when the run is to end.
        failing: set when it will fail: jobs on workers go on, and no more begin.
        report: is told.
        clock: time, injected.
    """

    plan: Plan
    engine: str
    clean: bool
    install: str
    run: str
    alike: bool
    pool: Pool
    store: Store
    steps: Callable[[Job, Worker, Mapping[str, Handed]], Steps]
    files: Path
    stopping: asyncio.Event
    failing: asyncio.Event
    report: Report
    clock: comfy.Clock


@dataclass(slots=True)
class Result:
    """What a job left: its files by artifact."""

    files: dict[str, Handed]


def read_result(value: Json, store: Store) -> Result:
    """A job's files, from what its body returned."""
    worker, names = value["worker"], value["outputs"]
    files: dict[str, Handed] = {}
    for file in value["files"]:
        made = names.get(file["artifact"])
        files[file["artifact"]] = Handed(
            path=store.root / file["path"],
            sha256=file["sha256"],
            bytes=file["bytes"],
            on=None if made is None else (worker, comfy.OutputFile(**made)),
        )
    return Result(files)

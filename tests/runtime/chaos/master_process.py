"""A master as a process of its own, as `reelc run` is one, that can be made to die at a named point."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.chaos.film import plan_of
from runtime.chaos.timeline import Timeline

from reelc_runtime import comfy, store
from reelc_runtime.comfy import http
from reelc_runtime.engine import durable
from reelc_runtime.media import assemble
from reelc_runtime.run import delivery
from reelc_runtime.run.driver import run
from reelc_runtime.run.faults import RunFault, to_json
from reelc_runtime.run.follow import Follower
from reelc_runtime.run.job import JobBody
from reelc_runtime.run.record import DONE, RUNNING, Info, RunFolder, Runs
from reelc_runtime.run.request import Address, RunRequest, request_digest
from reelc_runtime.run.steps import Steps
from reelc_runtime.run.until import goal_of
from reelc_runtime.workers.leases import Shared

Trigger = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class MasterConfig:
    """One start of the same command.

    Args:
        program: the .reel file.
        out, state: folders.
        database: the engine's.
        workers: their addresses.
        run: the run's name, if there is no unfinished run of this film.
        timeline: the file that it writes to.
        point: where it kills itself; empty for nowhere.
        nth: at which time that it comes by there.
        lost, patience: as in RunRequest.
        speed: how much faster its clock goes than the machine's.
    """

    program: str
    out: str
    state: str
    database: str
    workers: list[str]
    run: str
    timeline: str
    point: str = ""
    nth: int = 1
    lost: float = 3.0
    patience: float = 60.0
    speed: float = 3.0


class QuickClock:
    """A clock that goes faster than the machine's, for delays and deadlines alike."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def monotonic(self) -> float:
        return time.monotonic() * self._speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


def carry_out(config: MasterConfig) -> None:
    """Carry the film out, or on; the process ends with 0, or with 1 when the run has failed."""
    if config.point:
        POINTS[config.point](_trigger(config))
    plan, out, state = plan_of(Path(config.program)), Path(config.out), Path(config.state)
    goal = goal_of(plan, None)
    # As the command line does: an unfinished run of the same thing goes on.
    unfinished = Runs(state, time.time).unfinished(request_digest(plan, "preview", False, out, goal.until))
    request = RunRequest(
        plan=plan,
        workers=tuple(Address(url=url) for url in config.workers),
        engine="preview",
        input_path=lambda name: Path(config.program).parent / name,
        out=out,
        state=state,
        install="chaos",
        run=config.run if unfinished is None else unfinished.name,
        report=lambda event: None,
        warn=lambda diagnostic: None,
        clock=QuickClock(config.speed),
        goal=goal,
        database=config.database,
        lost=config.lost,
        patience=config.patience,
    )
    try:
        asyncio.run(run(request))
    except RunFault as fault:
        print(json.dumps([to_json(d) for d in fault.diagnostics], indent=1))
        sys.exit(1)


def _trigger(config: MasterConfig) -> Trigger:
    timeline, passed = Timeline(Path(config.timeline)), 0

    def reached() -> None:
        nonlocal passed
        passed += 1
        if passed == config.nth:
            timeline.tell("master-dies", at=config.point)
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


# -- the points, put in from outside -------------------------------------------------------------


def _before(owner: Any, name: str, when: Callable[..., bool] = lambda *args: True) -> Callable[[Trigger], None]:
    """Just before a function does something."""

    def put(reached: Trigger) -> None:
        inner = getattr(owner, name)

        def wrapped(*args: Any, **more: Any) -> Any:
            if when(*args):
                reached()
            return inner(*args, **more)

        setattr(owner, name, wrapped)

    return put


def _after(owner: Any, name: str, when: Callable[..., bool] = lambda *args: True) -> Callable[[Trigger], None]:
    """Just after a function has done something, and before anybody knows."""

    def put(reached: Trigger) -> None:
        inner = getattr(owner, name)

        def wrapped(*args: Any, **more: Any) -> Any:
            done = inner(*args, **more)
            if when(*args):
                reached()
            return done

        setattr(owner, name, wrapped)

    return put


def _awaited(owner: Any, name: str) -> Callable[[Trigger], None]:
    """Just after an async function has done something, and before anybody knows."""

    def put(reached: Trigger) -> None:
        inner = getattr(owner, name)

        async def wrapped(*args: Any, **more: Any) -> Any:
            done = await inner(*args, **more)
            reached()
            return done

        setattr(owner, name, wrapped)

    return put


def _half_written(reached: Trigger) -> None:
    """In the middle of a download."""
    inner = http._Part.write

    def write(self: http._Part, chunk: bytes) -> int:
        half = len(chunk) // 2
        inner(self, chunk[:half])
        self._file.flush()
        reached()
        return inner(self, chunk[half:])

    http._Part.write = write


def _step_recorded(reached: Trigger) -> None:
    """Between a step that is recorded and the next."""
    inner = durable.DBOS.run_step_async

    async def step(*args: Any, **more: Any) -> Any:
        done = await inner(*args, **more)
        reached()
        return done

    durable.DBOS.run_step_async = staticmethod(step)


def _writes(state: str) -> Callable[[RunFolder, Info], bool]:
    return lambda folder, info: info.state == state


POINTS: dict[str, Callable[[Trigger], None]] = {
    "begun": _after(RunFolder, "write", _writes(RUNNING)),
    "launched": _awaited(durable.Durable, "launch"),
    "looked-up": _awaited(JobBody, "look_up"),
    "leased": _awaited(Shared, "take"),
    "uploaded": _awaited(Steps, "upload"),
    "found": _before(comfy.ComfyClient, "submit"),
    "accepted": _awaited(comfy.ComfyClient, "submit"),
    "following": _before(Follower, "pass_on"),
    "followed": _awaited(Steps, "follow"),
    "downloading": _half_written,
    "downloaded": _awaited(Steps, "download"),
    "verified": _awaited(Steps, "verify"),
    "keeping": _before(store, "_write_whole"),
    "kept": _after(store.Store, "put"),
    "freeing": _before(Shared, "free"),
    "recorded": _step_recorded,
    "assembling": _before(assemble._Film, "append"),
    "assembled": _after(delivery, "_assemble"),
    "ending": _before(RunFolder, "write", _writes(DONE)),
    "ended": _after(RunFolder, "write", _writes(DONE)),
}
# How often a run of the film without faults comes by; those that are not named come by once a job.
TIMES = {"begun": 1, "launched": 1, "recorded": 24, "assembling": 2, "assembled": 1, "ending": 1, "ended": 1}

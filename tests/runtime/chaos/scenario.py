"""One seeded run of the film with deaths of masters and workers, and what must hold afterwards."""

import asyncio
import random
import secrets
import shutil
import socket
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from runtime.chaos.film import FILM, plan_of
from runtime.chaos.master_process import POINTS, TIMES, MasterConfig
from runtime.chaos.nursery import Child, Nursery
from runtime.chaos.timeline import Timeline
from runtime.chaos.worker_process import WorkerConfig

from reelc_runtime.engine.durable import recorded
from reelc_runtime.run.record import DONE, Runs
from reelc_runtime.store import Store
from reelc_runtime.workers.leases import Registry

# Below what systems hand out as ports of outgoing connections: one of those could take a dead worker's place.
PORTS = range(20_000, 30_000)
# Seconds that one start of a master may take; more is a hang.
MASTER_DEADLINE = 60.0
NOTHING, OUTPUTS, ALL = "nothing", "outputs", "all"


@dataclass(frozen=True, kw_only=True)
class Death:
    """How a process ends.

    Args:
        after: seconds after its start; None when it dies at a point.
        point: a master's, see POINTS; a worker's: ``begin`` or ``end`` of a prompt.
        nth: at which time that it comes by there.
        pause: seconds until it is started again.
        wiped: which of a worker's files are gone then: ``nothing``, ``outputs``, ``all``.
    """

    after: float | None = None
    point: str = ""
    nth: int = 1
    pause: float = 0.1
    wiped: str = NOTHING


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What happens in a run.

    Args:
        name: for people.
        masters: how its masters die, one after the other; the last one, after them, lives.
        workers: for each worker, how it dies, one life after the other.
        cost: seconds that a prompt takes.
    """

    name: str
    masters: tuple[Death, ...] = ()
    workers: tuple[tuple[Death, ...], ...] = ((),)
    cost: float = 0.15


def seeded(seed: int) -> Scenario:
    """The scenario of a seed."""
    choose = random.Random(seed)
    workers: list[list[Death]] = [[] for _ in range(choose.randint(1, 3))]
    for _ in range(choose.randint(0, 2)):
        choose.choice(workers).append(_worker_death(choose))
    return Scenario(
        name=f"seed {seed}",
        masters=tuple(_master_death(choose) for _ in range(choose.randint(0, 3))),
        workers=tuple(tuple(deaths) for deaths in workers),
        cost=choose.choice([0.02, 0.1, 0.3]),
    )


def _master_death(choose: random.Random) -> Death:
    pause = choose.uniform(0, 0.6)
    if choose.random() < 0.4:
        return Death(after=choose.uniform(0.05, 2.5), pause=pause)
    point = choose.choice(list(POINTS))
    return Death(point=point, nth=choose.randint(1, TIMES.get(point, 4)), pause=pause)


def _worker_death(choose: random.Random) -> Death:
    pause, wiped = choose.uniform(0, 1.5), choose.choice([NOTHING, NOTHING, OUTPUTS, ALL])
    if choose.random() < 0.5:
        return Death(after=choose.uniform(0.05, 3.0), pause=pause, wiped=wiped)
    return Death(point=choose.choice(["begin", "end"]), nth=choose.randint(1, 3), pause=pause, wiped=wiped)


@dataclass
class Outcome:
    """What became of a scenario.

    Args:
        scenario: which.
        wrong: what did not hold; empty when all is well.
        timeline: what happened, in order.
        starts: how many masters there were.
        deaths: how many masters and workers were killed.
        film: the film's SHA-256.
    """

    scenario: Scenario
    wrong: list[str] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)
    starts: int = 0
    deaths: dict[str, int] = field(default_factory=lambda: {"master": 0, "worker": 0})
    film: str = ""

    def told(self) -> str:
        """Everything that somebody needs who looks into it."""
        start = self.timeline[0]["time"] if self.timeline else 0.0
        lines = [f"{self.scenario}", *(f"WRONG: {what}" for what in self.wrong)]
        for entry in self.timeline:
            rest = " ".join(f"{k}={v}" for k, v in entry.items() if k not in ("time", "what"))
            lines.append(f"{entry['time'] - start:8.3f}  {entry['what']:<20} {rest}")
        return "\n".join(lines)


class Stage:
    """Where a scenario takes place.

    Args:
        nursery: starts processes.
        program: the film's .reel file.
        folder: empty.
        scenario: what happens.
        database: the engine's; None for a SQLite file in the folder.
    """

    def __init__(
        self, nursery: Nursery, program: Path, folder: Path, scenario: Scenario, database: str | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.nursery = nursery
        self.program = program
        self.folder = folder
        self.scenario = scenario
        self.state = folder / "out" / ".reelc"
        self.state.mkdir(parents=True)
        self.database = database or f"sqlite:///{self.state / 'engine.sqlite'}"
        self.timeline = Timeline(folder / "timeline.jsonl")
        self.ports = [_port() for _ in scenario.workers]
        self.outcome = Outcome(scenario)
        # Runs of several scenarios may share a database.
        self.name = secrets.token_hex(4)

    async def play(self) -> Outcome:
        """Carry the scenario out, and check what is left."""
        workers = [asyncio.create_task(self._worker(number)) for number in range(len(self.ports))]
        try:
            await self._masters()
        finally:
            for task in workers:
                task.cancel()
            for ended in await asyncio.gather(*workers, return_exceptions=True):
                if isinstance(ended, Exception):
                    self.outcome.wrong.append(f"a worker's task failed: {ended!r}")
            self.timeline.close()
        self.outcome.timeline = self.timeline.entries() + self._told()
        self.outcome.timeline.sort(key=lambda entry: entry["time"])
        if not self.outcome.wrong:
            self._check()
        return self.outcome

    # -- masters ------------------------------------------------------------------------------

    async def _masters(self) -> None:
        for death in [*self.scenario.masters, None]:
            self.outcome.starts += 1
            child = await self.nursery.start(self._master(death), self.folder / "masters.log")
            self.timeline.tell("master-started", pid=child.pid, start=self.outcome.starts)
            status = await self._master_end(child, death)
            self.timeline.tell("master-ended", pid=child.pid, status=status)
            if status == 0:
                return
            if status != -9 or death is None:
                said = (self.folder / "masters.log").read_text("utf-8", "replace")
                self.outcome.wrong.append(f"the master ended with {status}\n{said}")
                return
            self.outcome.deaths["master"] += 1
            await self._pause(death)

    async def _pause(self, death: Death) -> None:
        """Between two masters."""
        await asyncio.sleep(death.pause)

    def _master(self, death: Death | None) -> MasterConfig:
        return MasterConfig(
            program=str(self.program),
            out=str(self.folder / "out"),
            state=str(self.state),
            database=self.database,
            workers=[f"http://127.0.0.1:{port}" for port in self.ports],
            run=f"{self.name}-{self.outcome.starts}",
            timeline=str(self.timeline.path),
            point=death.point if death is not None else "",
            nth=death.nth if death is not None else 1,
        )

    async def _master_end(self, child: Child, death: Death | None) -> int:
        deadline = MASTER_DEADLINE
        if death is not None and death.after is not None:
            try:
                return await asyncio.wait_for(asyncio.shield(child.ended), death.after)
            except TimeoutError:
                self.timeline.tell("master-killed", pid=child.pid)
                child.kill()
        try:
            return await asyncio.wait_for(asyncio.shield(child.ended), deadline)
        except TimeoutError:
            self.outcome.wrong.append(f"the master still runs after {deadline:g} seconds")
            child.kill()
            return await child.ended

    # -- workers ------------------------------------------------------------------------------

    async def _worker(self, number: int) -> None:
        """A worker's lives."""
        for life, death in enumerate([*self.scenario.workers[number], None]):
            child = await self.nursery.start(self._life(number, life, death), self.folder / f"worker-{number}.log")
            try:
                await self._until_dead(child, number, life, death)
            finally:
                child.kill()
                await asyncio.shield(child.ended)
            if death is not None:
                self.outcome.deaths["worker"] += 1
                self._wipe(number, death.wiped)
                await asyncio.sleep(death.pause)

    async def _until_dead(self, child: Child, number: int, life: int, death: Death | None) -> None:
        if death is not None and death.after is not None:
            await asyncio.wait({child.ended}, timeout=death.after)
            if not child.ended.done():
                self.timeline.tell("worker-dies", worker=number, life=life, at="some time")
                return
        status = await asyncio.shield(child.ended)
        if death is None or death.after is not None or status != -9:
            said = (self.folder / f"worker-{number}.log").read_text("utf-8", "replace")
            raise RuntimeError(f"worker {number} ended by itself with {status}\n{said}")

    def _life(self, number: int, life: int, death: Death | None) -> WorkerConfig:
        return WorkerConfig(
            worker=number,
            life=life,
            folder=str(self.folder / f"worker-{number}"),
            port=self.ports[number],
            cost=self.scenario.cost,
            timeline=str(self.timeline.path),
            dies=death.point if death is not None else "",
            nth=death.nth if death is not None else 1,
        )

    def _wipe(self, number: int, what: str) -> None:
        self.timeline.tell("wiped", worker=number, files=what)
        if what == OUTPUTS:
            shutil.rmtree(self.folder / f"worker-{number}" / "output", ignore_errors=True)
        elif what == ALL:
            shutil.rmtree(self.folder / f"worker-{number}", ignore_errors=True)

    # -- afterwards ---------------------------------------------------------------------------

    def _told(self) -> list[dict[str, Any]]:
        """What the masters told, for the timeline."""
        return [
            {**entry, "what": f"> {entry['event']}"}
            for folder, _ in Runs(self.state, _never).all()
            for entry in folder.told()
        ]

    def _check(self) -> None:
        wrong = self.outcome.wrong
        wrong.extend(self._executed())
        self.outcome.film = sha256((self.folder / "out" / FILM).read_bytes()).hexdigest()
        states = [info.state for _, info in Runs(self.state, _never).all()]
        if not states or set(states) != {DONE}:
            wrong.append(f"the runs are {states}")
        registry = Registry(self.database, _never)
        leases = registry.rows("SELECT worker, run, job FROM reelc_leases WHERE run LIKE :run", run=f"{self.name}%")
        registry.close()
        if leases:
            wrong.append(f"leases are left: {leases}")
        store = Store(self.state / "store", _never)
        entries = list(store.entries())
        jobs = {job.id for job in plan_of(self.program).jobs}
        if {entry.job for entry in entries} != jobs:
            wrong.append(f"the store has {sorted(entry.job for entry in entries)}, not {sorted(jobs)}")
        wrong.extend(f"{entry.folder} is damaged" for entry in entries if store.damaged(entry))
        wrong.extend(f"{path} is left" for path in self.state.glob("runs/*/files/*"))
        if self.database.startswith("sqlite:") and not sqlite_is_whole(self.state / "engine.sqlite"):
            wrong.append("the database is damaged")
        for run in {info.run for _, info in Runs(self.state, _never).all()}:
            wrong.extend(
                f"the engine has {job['job']} as {job['state']}"
                for job in recorded(self.database, run)
                if job["state"] != "SUCCESS"
            )

    def _executed(self) -> list[str]:
        return executed_twice(self.outcome.timeline)


def executed_twice(timeline: Iterable[dict[str, Any]]) -> list[str]:
    """Jobs that were begun again although the worker that had them lived on.

    A job may begin again only when the worker process in which it began before is dead by then.
    """
    wrong: list[str] = []
    dead: set[tuple[int, int]] = set()
    begun: dict[str, tuple[int, int]] = {}
    for entry in timeline:
        match entry["what"]:
            case "worker-dies":
                dead.add((entry["worker"], entry["life"]))
            case "begin":
                before = begun.get(entry["job"])
                if before is not None and before not in dead:
                    wrong.append(f"{entry['job']} began again, and worker {before[0]} still had it")
                begun[entry["job"]] = (entry["worker"], entry["life"])
            case _:
                pass
    return wrong


def sqlite_is_whole(path: Path) -> bool:
    """Whether a database says of itself that it is undamaged."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _never() -> float:
    return 0.0


def _port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port

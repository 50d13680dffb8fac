"""Masters and workers are killed with SIGKILL, at named points and at random moments; `make chaos` does it for long.

Whatever happens, the film is the undisturbed one, and no job is executed twice unless its worker died with it.
"""

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from runtime.chaos.film import make_project
from runtime.chaos.master_process import POINTS
from runtime.chaos.nursery import Nursery
from runtime.chaos.scenario import ALL, OUTPUTS, Death, Outcome, Scenario, Stage, seeded

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, which this system does not do"),
]

QUICK = 0.02


class Theatre:
    """Plays scenarios, and compares their films with the undisturbed one."""

    def __init__(self, nursery: Nursery, program: Path, film: str) -> None:
        self.nursery = nursery
        self.program = program
        self.film = film

    async def play(self, folder: Path, scenario: Scenario) -> Outcome:
        outcome = await Stage(self.nursery, self.program, folder, scenario).play()
        assert not outcome.wrong, outcome.told()
        assert outcome.film == self.film, outcome.told()
        return outcome


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theatre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    program = make_project(tmp_path_factory.mktemp("project"))
    async with Nursery(program) as nursery:
        undisturbed = Stage(nursery, program, tmp_path_factory.mktemp("undisturbed") / "run", Scenario(name="none"))
        outcome = await undisturbed.play()
        assert not outcome.wrong, outcome.told()
        yield Theatre(nursery, program, outcome.film)


@pytest.mark.parametrize("point", list(POINTS))
async def test_master_is_killed_at(point: str, theatre: Theatre, tmp_path: Path) -> None:
    death = Death(point=point, nth=2 if point in ("recorded", "assembling", "found", "accepted") else 1)
    scenario = Scenario(name=point, masters=(death,), workers=((), ()), cost=QUICK)
    outcome = await theatre.play(tmp_path, scenario)
    assert outcome.deaths["master"] == 1, "the point was not reached"


@pytest.mark.parametrize("wiped", [OUTPUTS, ALL])
@pytest.mark.parametrize("point", ["begin", "end"])
async def test_worker_is_killed_at(point: str, wiped: str, theatre: Theatre, tmp_path: Path) -> None:
    death = Death(point=point, nth=2, wiped=wiped, pause=0.2)
    outcome = await theatre.play(tmp_path, Scenario(name=point, workers=((death,),), cost=QUICK))
    assert outcome.deaths["worker"] == 1


async def test_worker_comes_back_after_the_master(theatre: Theatre, tmp_path: Path) -> None:
    """Both die at the same time, as in a power cut, and the worker takes its time: the run waits for it."""
    scenario = Scenario(
        name="power cut",
        masters=(Death(point="accepted"),),
        workers=((Death(point="end", pause=4.0, wiped=ALL),),),
        cost=QUICK,
    )
    outcome = await theatre.play(tmp_path, scenario)
    assert outcome.deaths == {"master": 1, "worker": 1}


@pytest.mark.parametrize("seed", [3, 6, 11, 19, 42, 77])
async def test_seeded(seed: int, theatre: Theatre, tmp_path: Path) -> None:
    await theatre.play(tmp_path, seeded(seed))


async def test_a_run_that_was_begun_hundreds_of_times_goes_on(theatre: Theatre, tmp_path: Path) -> None:
    """DBOS gives a workflow up after a hundred starts, unless it is told not to."""

    class Counted(Stage):
        async def _pause(self, death: Death) -> None:
            with closing(sqlite3.connect(self.state / "engine.sqlite")) as connection, connection:
                changed = connection.execute(
                    "UPDATE workflow_status SET recovery_attempts = 500 WHERE status = 'PENDING'"
                )
                assert changed.rowcount

    scenario = Scenario(name="hundreds", masters=(Death(point="following"),), cost=QUICK)
    outcome = await Counted(theatre.nursery, theatre.program, tmp_path, scenario).play()
    assert not outcome.wrong, outcome.told()
    assert outcome.film == theatre.film


async def test_two_workers_are_busy_at_the_same_time(theatre: Theatre, tmp_path: Path) -> None:
    outcome = await theatre.play(tmp_path, Scenario(name="two", workers=((), ()), cost=0.3))
    assert overlap(outcome), outcome.told()


async def test_one_worker_does_one_thing_at_a_time(theatre: Theatre, tmp_path: Path) -> None:
    outcome = await theatre.play(tmp_path, Scenario(name="one", workers=((),), cost=QUICK))
    assert not overlap(outcome), outcome.told()


class TwoMasters(Stage):
    """Two runs of the film at the same time, to different folders, with one state and the same workers."""

    outs = ("out", "other")

    async def _masters(self) -> None:
        configs = [
            replace(self._master(None), out=str(self.folder / out), run=f"{self.name}-{out}") for out in self.outs
        ]
        children = [await self.nursery.start(config, self.folder / "masters.log") for config in configs]
        statuses = [await child.ended for child in children]
        if statuses != [0, 0]:
            self.outcome.wrong.append(f"{statuses} {(self.folder / 'masters.log').read_text('utf-8')}")

    def _executed(self) -> list[str]:
        return []  # the runs have jobs of the same names


async def test_two_runs_share_workers(theatre: Theatre, tmp_path: Path) -> None:
    """A worker does one job at a time, whoever asks: nobody queues behind the other on it."""
    scenario = Scenario(name="two masters", workers=((), ()), cost=0.1)
    outcome = await TwoMasters(theatre.nursery, theatre.program, tmp_path, scenario).play()
    assert not outcome.wrong, outcome.told()
    assert {e["sha256"] for e in outcome.timeline if e["what"] == "> output-written"} == {theatre.film}
    assert len([e for e in outcome.timeline if e["what"] == "> run-finished"]) == 2
    assert not [e for e in outcome.timeline if e["what"] == "> job-queued" and e["position"] > 0], outcome.told()


def overlap(outcome: Outcome) -> bool:
    """Whether two prompts ran at the same time."""
    running = 0
    for entry in outcome.timeline:
        running += (entry["what"] == "begin") - (entry["what"] == "end")
        if running > 1:
            return True
    return False

"""The same with the engine's state on PostgreSQL, where that is installed."""

import os
from pathlib import Path

import pytest
from postgres import postgres, postgres_server
from runtime.chaos.scenario import Death, Scenario, Stage, seeded
from runtime.chaos.test_chaos import QUICK, Theatre, TwoMasters, theatre

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, which this system does not do"),
]
__all__ = ["postgres", "postgres_server", "theatre"]

SCENARIOS = [
    Scenario(name="submission", masters=(Death(point="accepted", nth=2),), workers=((), ()), cost=QUICK),
    seeded(11),
    seeded(42),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
async def test_killed(scenario: Scenario, theatre: Theatre, postgres: str, tmp_path: Path) -> None:
    outcome = await Stage(theatre.nursery, theatre.program, tmp_path, scenario, postgres).play()
    assert not outcome.wrong, outcome.told()
    assert outcome.film == theatre.film


async def test_two_runs_begin_together(theatre: Theatre, postgres: str, tmp_path: Path) -> None:
    """Both make the tables of a new database."""
    scenario = Scenario(name="two masters", workers=((), ()), cost=QUICK)
    outcome = await TwoMasters(theatre.nursery, theatre.program, tmp_path, scenario, postgres).play()
    assert not outcome.wrong, outcome.told()

"""Many seeded runs in a row: `make chaos SEEDS=200`, or `python -m runtime.chaos.many --first 17 --seeds 1`.

Prints a line for each run that went wrong, with everything that happened in it, and a summary. A seed gives the
same deaths again; what they meet depends on timing, so a fault may take a few tries to come back.
"""

import argparse
import asyncio
import shutil
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from runtime.chaos.film import make_project
from runtime.chaos.nursery import Nursery
from runtime.chaos.scenario import Outcome, Scenario, Stage, seeded


async def many(first: int, seeds: int, at_once: int, database: str | None, keep: bool) -> int:
    """Play them; how many went wrong."""
    folder = Path(mkdtemp(prefix="reelc-chaos-"))
    program = make_project(folder / "project")
    gate, outcomes, started = asyncio.Semaphore(at_once), list[Outcome](), time.monotonic()
    async with Nursery(program) as nursery:
        reference = await Stage(nursery, program, folder / "reference", Scenario(name="undisturbed")).play()
        assert not reference.wrong, reference.told()

        async def one(seed: int) -> None:
            async with gate:
                outcome = await Stage(nursery, program, folder / str(seed), seeded(seed), database).play()
            if not outcome.wrong and outcome.film != reference.film:
                outcome.wrong.append("the film differs from the undisturbed one")
            outcomes.append(outcome)
            if outcome.wrong:
                print(f"\nWRONG {outcome.told()}\nits files are in {folder / str(seed)}", flush=True)
            elif not keep:
                shutil.rmtree(folder / str(seed))
            if len(outcomes) % 20 == 0:
                print(f"{len(outcomes)} of {seeds}", file=sys.stderr, flush=True)

        await asyncio.gather(*(one(seed) for seed in range(first, first + seeds)))
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    masters, workers = (sum(o.deaths[kind] for o in outcomes) for kind in ("master", "worker"))
    begun = sum(entry["what"] == "begin" for o in outcomes for entry in o.timeline)
    jobs = 4 * len(outcomes)
    print(
        f"{len(outcomes)} runs (seeds {first} to {first + seeds - 1}) in {time.monotonic() - started:.0f} s: "
        f"{masters} masters and {workers} workers killed, {jobs} jobs, {begun} executions, {wrong} runs wrong"
    )
    if not wrong and not keep:
        shutil.rmtree(folder)
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--at-once", type=int, default=2, help="runs at the same time")
    parser.add_argument("--database", help="postgresql://... that all runs share; a SQLite file each without it")
    parser.add_argument("--keep", action="store_true", help="keep all files")
    options = parser.parse_args()
    sys.exit(asyncio.run(many(options.first, options.seeds, options.at_once, options.database, options.keep)) > 0)

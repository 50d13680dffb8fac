"""How much sooner a film of two shots is done on two workers than on one.

    python benchmarks/two_workers.py                 # needs the extra `reelc[run]`
    python benchmarks/two_workers.py --pairs 9 --cost 10

Master and workers are processes of their own, with a durable run on SQLite. The workers are preview workers that
sleep for a fixed time in each prompt, as if somebody else's GPU worked, so this machine's cores do not count. Time
is that of the master's process, from its start to its end, without Python's imports. One worker and two are
measured in turn (A B A B ...), so that the ratio holds on a noisy machine.
"""

import argparse
import asyncio
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

from runtime.chaos.film import make_project  # noqa: E402 - it lies with the tests
from runtime.chaos.master_process import MasterConfig  # noqa: E402
from runtime.chaos.nursery import Nursery  # noqa: E402
from runtime.chaos.scenario import Death, Scenario, Stage  # noqa: E402

# The film's prompts: two shots, each sampled and then finished.
PROMPTS = 4
WANTED = 0.6


class OnTime(Stage):
    """A stage on which time is the machine's."""

    def _master(self, death: Death | None) -> MasterConfig:
        return replace(super()._master(death), speed=1.0)


async def seconds(nursery: Nursery, program: Path, folder: Path, workers: int, cost: float) -> float:
    """How long the film takes."""
    scenario = Scenario(name=f"{workers} workers", workers=((),) * workers, cost=cost)
    outcome = await OnTime(nursery, program, folder, scenario).play()
    if outcome.wrong:
        raise SystemExit(outcome.told())
    begun = next(entry for entry in outcome.timeline if entry["what"] == "master-started")
    ended = next(entry for entry in outcome.timeline if entry["what"] == "master-ended")
    return ended["time"] - begun["time"]


async def compare(pairs: int, cost: float) -> None:
    """Measure in turn and print medians and their ratio."""
    one: list[float] = []
    two: list[float] = []
    with TemporaryDirectory(prefix="reelc-two-workers-") as name:
        folder = Path(name)
        program = make_project(folder / "project")
        async with Nursery(program) as nursery:
            await seconds(nursery, program, folder / "warm", 1, 0.0)
            for number in range(pairs):
                one.append(await seconds(nursery, program, folder / f"one-{number}", 1, cost))
                two.append(await seconds(nursery, program, folder / f"two-{number}", 2, cost))
    a, b = statistics.median(one), statistics.median(two)
    print(f"two shots, {PROMPTS} prompts of {cost:g} s each, {pairs} pairs, medians")
    print(f"on one worker: {a:.2f} s ({min(one):.2f} to {max(one):.2f}), of which {PROMPTS * cost:g} s are prompts")
    print(f"on two workers: {b:.2f} s ({min(two):.2f} to {max(two):.2f})")
    print(f"ratio: {b / a:.2f} (wanted: at most {WANTED})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--cost", type=float, default=4.0, help="seconds that a prompt takes")
    options = parser.parse_args()
    asyncio.run(compare(options.pairs, options.cost))

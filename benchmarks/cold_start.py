"""How long one cold check takes: `reelc check`, comfy-cli's `workflow validate`, and a Python that does nothing.

    python benchmarks/cold_start.py                   # all three
    python benchmarks/cold_start.py --no-comfy-cli    # without the rival, which is 300 MB to install

Each is a new process, started from an environment of its own in a cache folder. reelc checks `examples/harbor.reel`;
comfy-cli validates, offline, the graph that reelc makes of it, against the same catalog as an `/object_info` file. The
three take turns, and the order within a turn rotates: a noisy machine hits all alike, and the ratios hold.
"""

import argparse
import json
import operator
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from environments import ROOT, other, reelc
from object_info import object_info

FILE = ROOT / "examples" / "harbor.reel"
ONE_RUN = Path(__file__).with_name("one_run.py")


@dataclass(frozen=True)
class Run:
    """What one process took: seconds of the clock and of the CPU, and megabytes of resident memory at its peak."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Program:
    """What is measured, and its runs."""

    name: str
    command: list[str]
    runs: list[Run] = field(default_factory=list[Run])

    def median(self, figure: Callable[[Run], float]) -> float:
        """Over all runs."""
        return statistics.median(map(figure, self.runs))

    def row(self) -> str:
        """A line of the table."""
        least = min(run.wall for run in self.runs)
        figures = (self.median(wall) * 1e3, least * 1e3, self.median(cpu) * 1e3, self.median(memory))
        return f"| {self.name} | " + " | ".join(f"{figure:.0f}" for figure in figures) + " |"


wall, cpu, memory = (operator.attrgetter(name) for name in ("wall", "cpu", "memory"))


def run(program: Program, folder: Path, environment: dict[str, str]) -> Run:
    """One run; a command that fails stops the benchmark, for it measured something else."""
    report = folder / "report"
    command = [sys.executable, "-I", "-S", ONE_RUN, report, *program.command]
    done = subprocess.run(command, env=environment, cwd=FILE.parent, capture_output=True, text=True, check=True)
    code, *figures = map(float, report.read_text("utf-8").split())
    if code:
        raise SystemExit(f"{program.name} failed with {code:.0f}: {done.stdout}{done.stderr}")
    return Run(figures[0], figures[1], figures[2] / (1e6 if sys.platform == "darwin" else 1e3))


def graph_and_catalog(commands: Path, folder: Path) -> tuple[Path, Path]:
    """The first graph of the example's plan, and the catalog for it with its model files present."""
    subprocess.run([commands / "reelc", "compile", FILE, "--output", folder / "plan"], check=True, capture_output=True)
    graph = sorted((folder / "plan" / "jobs").glob("*.json"))[0]
    nodes = json.loads(graph.read_text("utf-8"))
    files = {
        (node["class_type"], name): value
        for node in nodes.values()
        for name, value in node["inputs"].items()
        if isinstance(value, str)
    }
    catalog = folder / "object_info.json"
    catalog.write_text(json.dumps(object_info(files)), "utf-8")
    return graph, catalog


def measure(runs: int, rival: bool) -> None:
    """Run everything in turn and print the table."""
    commands = reelc()
    nothing = Program("python -c pass", [str(commands / "python"), "-c", "pass"])
    check = Program("reelc check", [str(commands / "reelc"), "check", str(FILE)])
    programs = [nothing, check]
    with tempfile.TemporaryDirectory(prefix="reelc-bench-") as name:
        folder = Path(name)
        # A home of its own: nobody's settings are read or written, and nothing is reported to anybody.
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DO_NOT_TRACK": "1"}
        if rival:
            graph, catalog = graph_and_catalog(commands, folder)
            validate = ["--json", "workflow", "validate", "--workflow", str(graph), "--input", str(catalog)]
            programs.append(Program("comfy workflow validate", [str(other("comfy-cli") / "comfy"), *validate]))
        for program in programs:
            run(program, folder, environment)  # fills the disk cache, and is not counted
        for turn in range(runs):
            for i in range(len(programs)):
                program = programs[(turn + i) % len(programs)]
                program.runs.append(run(program, folder, environment))
    load = f"; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{runs} runs each, in turns; medians{load}\n")
    print("| command | ms | least ms | CPU ms | peak MB |\n| --- | --- | --- | --- | --- |")
    print("\n".join(program.row() for program in programs))
    for what, figure in (("clock", wall), ("CPU", cpu)):
        passed, checked = nothing.median(figure), check.median(figure)
        design = 2 * passed + 0.1
        print(f"\nby the {what}: reelc takes {checked / passed:.1f} times as long as nothing,")
        print(f"{checked / design:.2f} of the design (twice nothing plus 100 ms: {design * 1e3:.0f} ms)")
        if rival:
            print(f"comfy-cli takes {programs[-1].median(figure) / checked:.1f} times as long as reelc")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="runs of each [default: 15]")
    parser.add_argument("--no-comfy-cli", action="store_true", help="leave the rival out")
    options = parser.parse_args()
    measure(options.runs, not options.no_comfy_cli)

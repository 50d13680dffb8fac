"""How long one cold check takes: `reelc check`, comfy-cli's `workflow validate`, and a Python that does nothing.

    python benchmarks/cold_start.py                   # all three
    python benchmarks/cold_start.py --no-comfy-cli    # without the rival, which is 300 MB to install

Each is a new process, started from an environment of its own in a cache folder. reelc checks `examples/harbor.reel`;
comfy-cli validates, offline, the graph that reelc makes of it, against the same catalog as an `/object_info` file. The
three take turns, and the order within a turn rotates: a noisy machine hits all alike, and the ratios hold.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from environments import ROOT, other, reelc
from object_info import object_info

FILE = ROOT / "examples" / "harbor.reel"


@dataclass(frozen=True)
class Program:
    """What is measured.

    Attributes:
        seconds: wall time of each run.
        megabytes: peak resident memory of each run.
    """

    name: str
    command: list[str]
    seconds: list[float] = field(default_factory=list[float])
    megabytes: list[float] = field(default_factory=list[float])

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)


def run(program: Program, environment: dict[str, str]) -> None:
    """One run; a command that fails stops the benchmark, for it measured something else."""
    started = time.perf_counter()
    process = subprocess.Popen(
        program.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=FILE.parent
    )
    _, status, usage = os.wait4(process.pid, 0)
    program.seconds.append(time.perf_counter() - started)
    program.megabytes.append(usage.ru_maxrss / 1024)
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace")
    process.stderr.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{program.name} failed with {process.returncode}: {said}")


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
            run(program, environment)  # fills the disk cache, and is not counted
            program.seconds.clear()
            program.megabytes.clear()
        for turn in range(runs):
            for i in range(len(programs)):
                run(programs[(turn + i) % len(programs)], environment)
    print(f"{runs} runs each, in turns; medians\n\n| command | ms | least ms | peak MB |\n| --- | --- | --- | --- |")
    for p in programs:
        print(f"| {p.name} | {p.median * 1e3:.0f} | {min(p.seconds) * 1e3:.0f} | {statistics.median(p.megabytes):.0f} |")
    design = 2 * nothing.median + 0.1
    print(f"\nreelc / pass: {check.median / nothing.median:.1f}")
    print(f"reelc / design (twice pass plus 100 ms = {design * 1e3:.0f} ms): {check.median / design:.2f}")
    if rival:
        print(f"comfy-cli / reelc: {programs[-1].median / check.median:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="runs of each [default: 15]")
    parser.add_argument("--no-comfy-cli", action="store_true", help="leave the rival out")
    options = parser.parse_args()
    measure(options.runs, not options.no_comfy_cli)

"""How long validating graphs takes, and how often the verdict is ComfyUI's: `reelc validate` and comfy-cli.

    python benchmarks/validate.py                    # all
    python benchmarks/validate.py --nodes 50000      # a larger graph
    python benchmarks/validate.py --no-agreement     # without the recorded verdicts

Each is a new process, started from an environment of its own in a cache folder, as for `cold_start.py`. Both read the
same catalog from the same file, as a server answers to `/object_info`; reelc also takes it from its package, as it does
when nobody names one. They take turns, and the order within a turn rotates, so the ratios hold on a noisy machine.

Two graphs: the second job of `examples/harbor.reel`, and a made one of 10,000 nodes (`large_graph.py`).

With `REELC_SHARED` set to a folder with the verdicts of a real ComfyUI (`protocol/verdicts`), both judge its graphs,
too. What counts is whether the server takes a graph whole: it answers 200 and names no errors.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cold_start import FILE, Program, cpu, memory, run, wall
from environments import other, reelc
from large_graph import large_graph
from object_info import object_info

RIVAL = "comfy-cli"


def environment(home: Path) -> dict[str, str]:
    """A home of its own: nobody's settings are read or written, and nothing is reported to anybody."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "DO_NOT_TRACK": "1"}


def comfy(graph: Path, catalog: Path) -> list[str]:
    """comfy-cli's command, offline."""
    command = ["--json", "workflow", "validate", "--workflow", str(graph), "--input", str(catalog)]
    return [str(other(RIVAL) / "comfy"), *command]


# -- time and memory -------------------------------------------------------------------------


def small(commands: Path, folder: Path) -> Path:
    """The example's graph that makes the film."""
    subprocess.run([commands / "reelc", "compile", FILE, "--output", folder / "plan"], check=True, capture_output=True)
    return sorted((folder / "plan" / "jobs").glob("*.json"))[-1]


def files_in(graph: Path) -> dict[tuple[str, str], str]:
    """The files that a graph loads, for the server to have."""
    nodes: dict[str, Any] = json.loads(graph.read_text("utf-8"))
    inputs = ((node["class_type"], name, value) for node in nodes.values() for name, value in node["inputs"].items())
    return {(class_type, name): value for class_type, name, value in inputs if isinstance(value, str)}


def measure(graph: Path, catalog: Path, commands: Path, runs: int, folder: Path) -> None:
    """Run all on a graph in turn and print the table."""
    own = [str(commands / "reelc"), "validate", str(graph)]
    programs = [
        Program("python -c pass", [str(commands / "python"), "-c", "pass"]),
        Program("reelc validate", own),
        Program("reelc validate --catalog", [*own, "--catalog", str(catalog)]),
        Program("comfy workflow validate", comfy(graph, catalog)),
    ]
    for program in programs:
        run(program, folder, environment(folder))  # fills the disk cache, and is not counted
    for turn in range(runs):
        for i in range(len(programs)):
            program = programs[(turn + i) % len(programs)]
            program.runs.append(run(program, folder, environment(folder)))
    print("| command | ms | least ms | CPU ms | peak MB |\n| --- | --- | --- | --- | --- |")
    print("\n".join(program.row() for program in programs))
    rival = programs[-1]
    for program in programs[1:-1]:
        clock, busy, peak = (rival.median(figure) / program.median(figure) for figure in (wall, cpu, memory))
        print(
            f"\ncomfy-cli against `{program.name}`: {clock:.2f} times as long by the clock, "
            f"{busy:.2f} times by the CPU, {peak:.2f} times the memory"
        )


# -- agreement -------------------------------------------------------------------------------


def agreement(recorded: Path, commands: Path, folder: Path) -> None:
    """Judge the recorded cases with both and print how often each says what the server said."""
    catalog = recorded / "object_info.json"
    cases = [json.loads(line) for line in (recorded / "verdicts.public.jsonl").read_text("utf-8").splitlines()]
    paths = [folder / f"{case['id']}.json" for case in cases]
    for case, path in zip(cases, paths, strict=True):
        path.write_text(json.dumps(case["graph"]), "utf-8")
    taken = [case["status"] == 200 and not case["node_errors"] for case in cases]
    print(f"\n{len(cases)} graphs that ComfyUI judged, of which it took {sum(taken)} whole\n")
    print("| program | agrees | takes what the server refuses | refuses what the server takes |")
    print("| --- | --- | --- | --- |")
    print(agreed("reelc", taken, reelc_on(paths, catalog, commands, folder)))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        theirs = [pool.submit(comfy_on, path, catalog, folder) for path in paths]
        print(agreed(RIVAL, taken, [one.result() for one in theirs]))


def reelc_on(paths: list[Path], catalog: Path, commands: Path, folder: Path) -> list[bool]:
    """Whether reelc says of each that the server takes it whole; all in one process."""
    command = [commands / "reelc", "validate", *paths, "--catalog", catalog, "--json"]
    done = subprocess.run(command, env=environment(folder), capture_output=True, text=True)
    judged = [json.loads(line) for line in done.stdout.splitlines()]
    if len(judged) != len(paths):
        raise SystemExit(f"reelc judged {len(judged)} graphs of {len(paths)}: {done.stderr}")
    return [one["comfyui"] is not None and one["comfyui"]["verdict"] == "accepted" for one in judged]


def comfy_on(path: Path, catalog: Path, folder: Path) -> bool:
    """Whether comfy-cli finds a graph valid; it takes one at a time."""
    done = subprocess.run(comfy(path, catalog), env=environment(folder), capture_output=True, text=True)
    return done.returncode == 0


def agreed(name: str, taken: list[bool], said: list[bool]) -> str:
    """A line of the table."""
    pairs = Counter(zip(taken, said, strict=True))
    right = (pairs[True, True] + pairs[False, False]) / len(taken)
    return f"| {name} | {right:.1%} | {pairs[False, True]} | {pairs[True, False]} |"


def main(runs: int, nodes: int, *, agree: bool) -> None:
    """Everything, in one go."""
    commands = reelc()
    other(RIVAL)
    with tempfile.TemporaryDirectory(prefix="reelc-bench-") as name:
        folder = Path(name)
        graph = small(commands, folder)
        catalog = folder / "object_info.json"
        catalog.write_text(json.dumps(object_info(files_in(graph))), "utf-8")
        large = folder / "large.json"
        large.write_text(json.dumps(large_graph(nodes)), "utf-8")
        load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        print(
            f"{runs} runs each, in turns; medians; {load}; the catalog file has {catalog.stat().st_size / 1e6:.1f} MB"
        )
        for one in (graph, large):
            count = len(json.loads(one.read_text("utf-8")))
            print(f"\n{count} nodes, {one.stat().st_size / 1e3:.0f} kB\n")
            measure(one, catalog, commands, runs, folder)
        recorded = Path(os.environ.get("REELC_SHARED", "")) / "protocol" / "verdicts"
        if agree and "REELC_SHARED" in os.environ and recorded.is_dir():
            agreement(recorded, commands, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="runs of each [default: 15]")
    parser.add_argument("--nodes", type=int, default=10_000, metavar="N", help="of the large graph [default: 10000]")
    parser.add_argument("--no-agreement", action="store_true", help="leave the recorded verdicts out")
    options = parser.parse_args()
    main(options.runs, options.nodes, agree=not options.no_agreement)

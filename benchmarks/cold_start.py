"""How long a cold `reelc check` takes, as a ratio to `python -c pass`, and how big the base install is.

    python benchmarks/cold_start.py            # with the reelc of this environment
    python benchmarks/cold_start.py --install  # also installs the base into a throwaway environment

All figures of one call are taken in turn (A B A B ...), so that the ratio holds on a noisy machine.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "examples" / "harbor.reel"


def seconds(command: list[str]) -> float:
    """Wall time of one process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def compare(python: str, runs: int) -> None:
    """Time `check` and `pass` in turn and print medians and their ratio."""
    check = [python, "-c", "from reelc.cli.app import main; main()", "check", str(FILE)]
    nothing = [python, "-c", "pass"]
    for command in (check, nothing):
        seconds(command)  # the first run fills the disk cache
    pairs = [(seconds(check), seconds(nothing)) for _ in range(runs)]
    a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"reelc check: {a * 1000:.0f} ms, python -c pass: {b * 1000:.0f} ms, ratio {a / b:.1f} ({runs} runs, medians)"
    )
    print(
        f"design: within twice pass plus 100 ms = {2 * b * 1000 + 100:.0f} ms; "
        f"measured / design = {a / (2 * b + 0.1):.1f}"
    )
    print(f"largest process: {peak:.0f} MB")


def size(folder: Path) -> int:
    """Bytes on disk below a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink())


def install() -> str:
    """Install the base into a throwaway environment and print how much it adds; gives its Python."""
    folder = Path(tempfile.mkdtemp(prefix="reelc-base-"))
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    before = size(folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
    print(f"base install: {(size(folder) - before) / 1e6:.1f} MB (design: near 40)")
    return str(python)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    compare(install() if options.install else sys.executable, options.runs)

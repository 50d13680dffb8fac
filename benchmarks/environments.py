"""Virtual environments of the benchmarks' own, kept in a cache folder: nothing is measured through a checkout."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cache() -> Path:
    """Where environments are kept: ``REELC_BENCH_CACHE``, or the user's cache folder."""
    base = os.environ.get("REELC_BENCH_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "reelc-bench"
    return Path(base).expanduser()


def create(folder: Path) -> Path:
    """An environment with nothing but pip; gives its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    return scripts(folder) / "python"


def scripts(folder: Path) -> Path:
    """Where an environment's commands lie."""
    return folder / ("Scripts" if os.name == "nt" else "bin")


def install(python: Path, *packages: str) -> None:
    """Install packages with pip."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    subprocess.run(command, check=True)


def reelc() -> Path:
    """The commands of an environment with reelc's base install as the checkout is now."""
    folder = cache() / "reelc"
    python = scripts(folder) / "python"
    if not python.exists():
        install(create(folder), str(ROOT))
    install(python, "--force-reinstall", "--no-deps", str(ROOT))
    return scripts(folder)


def other(package: str) -> Path:
    """The commands of an environment with one other package, in its newest version when it is first made."""
    folder = cache() / package
    if not (scripts(folder) / "python").exists():
        install(create(folder), package)
    return scripts(folder)

"""How much disk the base install takes: `pip install reelc` without extras, less the empty environment.

    python benchmarks/install_size.py             # the ten largest packages
    python benchmarks/install_size.py --show 30

Bytecode counts, as it lies on the disk after pip has compiled it.
"""

import argparse
import tempfile
from importlib.metadata import Distribution, distributions
from pathlib import Path

from environments import ROOT, create, install

DESIGN = 40e6
"""Bytes, from the design: 40 MB."""


def size(folder: Path) -> int:
    """Bytes of all files below a folder; links count nothing."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink())


def size_of(package: Distribution) -> int:
    """Bytes of an installed package's files, bytecode included."""
    paths = {Path(str(package.locate_file(file))) for file in package.files or ()}
    return sum(path.stat().st_size for path in paths if path.is_file())


def measure(shown: int) -> None:
    """Install and print the table."""
    with tempfile.TemporaryDirectory(prefix="reelc-size-") as name:
        folder = Path(name)
        python = create(folder)
        site = next(folder.glob("[Ll]ib*/**/site-packages"))
        empty = size(folder)
        there = {d.name for d in distributions(path=[str(site)])}
        install(python, str(ROOT))
        total = size(folder) - empty
        added = (d for d in distributions(path=[str(site)]) if d.name not in there)
        found = [(size_of(d), f"{d.name} {d.version}") for d in added]
    print(f"base install: {total / 1e6:.1f} MB in {len(found)} packages; design: at most {DESIGN / 1e6:.0f} MB")
    print(f"measured / design: {total / DESIGN:.2f}\n\n| package | MB |\n| --- | --- |")
    for bytes_, package in sorted(found, reverse=True)[:shown]:
        print(f"| {package} | {bytes_ / 1e6:.1f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=10, metavar="N", help="how many packages to list [default: 10]")
    measure(parser.parse_args().show)

"""``reelc workers add``"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc.workers import Probe


@click.command("add")
@click.argument("url", metavar="URL")
@options.out("The folder of the films whose runs are meant.")
@options.as_json
def command(url: str, out: Path | None, as_json: bool) -> None:
    """Add the worker at URL for the runs of this folder, also those that are going on.

    A drained worker takes jobs again. URL is stored without a user and password; those, and tokens, come from
    the environment or reelc.toml of whoever runs.
    """
    import asyncio
    from dataclasses import asdict

    from reelc.cli.output import faults, print_json, talk
    from reelc.cli.workers.common import facts_text, shown
    from reelc.rendering import addresses
    from reelc.state import find_place
    from reelc.workers import probe, registry
    from reelc_runtime.workers.leases import ACTIVE

    address = shown(url)
    with faults(as_json):
        place = find_place(out)
        said = asyncio.run(probe(addresses((url,), place.config.workers)[0]))
        with registry(place.state) as table:
            before = table.workers().get(address)
            table.set_worker(address, ACTIVE)
    if as_json:
        print_json({"url": address, "before": before, "state": ACTIVE, "probe": asdict(said)})
    else:
        how = "is added" if before is None else "was there already" if before == ACTIVE else "takes jobs again"
        click.echo(f"{address} {how}" + ("" if said.trouble else f": {facts_text(said)}"))
    for warning in _warnings(url, address, said):
        talk(f"warning: {warning}")


def _warnings(url: str, address: str, said: "Probe") -> list[str]:
    out: list[str] = []
    if said.trouble:
        out.append(f"it does not answer as a worker now: {said.trouble}; runs use it as soon as it does")
    elif said.engine == "preview":
        out.append("it is a preview worker, which renders nothing: no run will use it")
    if "@" in url.removeprefix(address):
        out.append("its user and password are not stored; a run needs them in REELC_WORKER or reelc.toml")
    return out

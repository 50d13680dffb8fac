"""``reelc workers drain``"""

from pathlib import Path

import click

from reelc.cli import options


@click.command("drain")
@click.argument("url", metavar="URL")
@options.out("The folder of the films whose runs are meant.")
@options.as_json
def command(url: str, out: Path | None, as_json: bool) -> None:
    """Give the worker at URL no new jobs; what is on it goes on.

    This holds also for a worker that was not added, but named with --worker or in reelc.toml. `reelc workers
    add` takes it back.
    """
    from reelc.cli.output import faults, print_json, talk
    from reelc.cli.workers.common import holders, holders_text, shown
    from reelc.state import find_place
    from reelc.workers import registry
    from reelc_dsl.diagnostics.suggest import did_you_mean
    from reelc_runtime.workers.leases import DRAINING

    address = shown(url)
    with faults(as_json):
        place = find_place(out)
        with registry(place.state) as table:
            known = table.workers()
            table.set_worker(address, DRAINING)
            held = holders(table, address)
    if as_json:
        print_json({"url": address, "before": known.get(address), "state": DRAINING, "holders": held})
        return
    on_it = holders_text(held, place)
    click.echo(f"{address} gets no new jobs; " + (f"still on it: {on_it}" if on_it else "no run holds it"))
    if address not in known and not held:
        near = "".join(f"; {hint}" for hint in did_you_mean(address, known))
        talk(f"it had not been added{near}")

"""``reelc workers rm``"""

from pathlib import Path

import click

from reelc.cli import options


@click.command("rm")
@click.argument("url", metavar="URL")
@options.out("The folder of the films whose runs are meant.")
@options.as_json
def command(url: str, out: Path | None, as_json: bool) -> None:
    """Take the worker at URL away again; what is on it goes on.

    Runs that had it because it was added give it no new jobs. One that a run was started with stays that run's
    own: `reelc workers drain` holds for those, and taking such a worker away ends its being drained.
    """
    from reelc.cli.output import faults, print_json
    from reelc.cli.workers.common import holders, holders_text, shown
    from reelc.state import find_place
    from reelc.workers import has_registry, registry
    from reelc_dsl.diagnostics import Diagnostic, ReelError
    from reelc_dsl.diagnostics.codes import UNKNOWN_WORKER
    from reelc_dsl.diagnostics.suggest import did_you_mean

    address = shown(url)
    with faults(as_json):
        place = find_place(out)
        known: dict[str, str] = {}
        held: list[dict[str, str]] = []
        gone = False
        if has_registry(place.state):
            with registry(place.state) as table:
                known = table.workers()
                gone = table.set_worker(address, None)
                held = holders(table, address)
        if not gone:
            message = f"no worker `{address}` was added to {place.state}"
            help_ = did_you_mean(address, known) or ("`reelc workers ls` lists them",)
            raise ReelError([Diagnostic(code=UNKNOWN_WORKER, message=message, help=help_)])
    if as_json:
        print_json({"url": address, "before": known.get(address), "state": None, "holders": held})
        return
    on_it = holders_text(held, place)
    click.echo(f"{address} is removed" + (f"; still on it: {on_it}" if on_it else ""))

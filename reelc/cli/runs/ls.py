"""``reelc runs ls``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc_runtime.run.record import Info

SHOWN = 20


@click.command("ls")
@options.out("The folder of the films whose runs are meant.")
@click.option("--all", "everything", is_flag=True, help=f"All runs, not only the last {SHOWN}.")
@options.as_json
def command(out: Path | None, everything: bool, as_json: bool) -> None:
    """List runs, the newest last.

    A run is `running`, `done`, `failed`, `interrupted`, `cancelled`, or `died`: it was running, and no
    process carries it out any more. `reelc runs resume` goes on with all that are not done.
    """
    from reelc.cli.output import faults, print_json, talk
    from reelc.cli.table import table
    from reelc.state import find_place

    with faults(as_json):
        place = find_place(out)
    known = place.runs().all()
    left_off = 0 if everything else max(0, len(known) - SHOWN)
    found = [standing for folder, _ in known[left_off:] if (standing := folder.standing()) is not None]
    if as_json:
        print_json({"folder": str(place.state), "runs": [_json(i, s) for i, s in found], "left_off": left_off})
        return
    if not found:
        talk(f"there are no runs in {place.state}")
        return
    head = ("RUN", "STATE", "ENGINE", "PIPELINE", "JOBS", "STARTED", "FILMS")
    click.echo("\n".join(table(head, [_row(info, state) for info, state in found], right="JOBS")))
    if left_off:
        talk(f"{left_off} older run{'s are' if left_off != 1 else ' is'} not shown; --all shows them")


def _json(info: "Info", state: str) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(info), "state": state}


def _row(info: "Info", state: str) -> tuple[str, ...]:
    from reelc.cli.table import moment_text

    shown = f"{state} ({', '.join(sorted(set(info.codes)))})" if state == "failed" and info.codes else state
    films = ", ".join(Path(film).name for film in info.films)
    return (info.run, shown, info.engine, info.pipeline, str(info.jobs), moment_text(info.created), films)

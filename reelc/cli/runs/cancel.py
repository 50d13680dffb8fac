"""``reelc runs cancel``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc_runtime.run.ending import Ended

WAIT = 60.0


@click.command("cancel")
@click.argument("run", metavar="RUN")
@options.out("The folder of the films whose runs are meant.")
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=WAIT,
    help=f"Wait this long for the run to end, or for workers to confirm that they stopped [default: {WAIT:.0f}].",
)
@options.as_json
def command(run: str, out: Path | None, wait: float, as_json: bool) -> None:
    """End RUN, and take its jobs off the workers.

    A run that is going on is asked to end. For one that died, its jobs are taken off the workers from here.
    One that has ended is left as it is; only jobs that it may have left on workers are taken off. What was
    finished stays in the store, and `reelc runs resume` goes on from there.

    Exit code 3 when a worker has not confirmed that it stopped, or the run goes on.
    """
    import asyncio

    from reelc.cli.exits import DONE, RUN_FAILED
    from reelc.cli.output import faults, print_diagnostics, print_json, talk
    from reelc.runs import cancel
    from reelc.state import find_place
    from reelc_runtime import comfy
    from reelc_runtime.run.record import RUNNING

    with faults(as_json):
        place = find_place(out)
        folder = place.runs().named(run)
        ended = asyncio.run(cancel(place, folder, wait=wait, clock=comfy.SystemClock()))
    if as_json:
        print_json(_json(folder.name, ended))
    else:
        click.echo(_result(folder.name, ended))
        for stopped in ended.unconfirmed:
            talk(f"not confirmed: {stopped.job} as {stopped.prompt} on {stopped.worker} ({stopped.reason})")
        print_diagnostics(ended.unread)
        if ended.unread:
            talk("so only jobs that the run's log names were looked for on the workers")
    sure = ended.state != RUNNING and not ended.unconfirmed and not ended.unread
    raise click.exceptions.Exit(DONE if sure else RUN_FAILED)


def _json(run: str, ended: "Ended") -> dict[str, Any]:
    from reelc_dsl.diagnostics.render import json as render_json

    return {
        "run": run,
        "before": ended.before,
        "state": ended.state,
        "prompts": [
            {"job": s.job, "worker": s.worker, "prompt": s.prompt, "confirmed": s.confirmed, "reason": s.reason}
            for s in ended.stopped
        ],
        "unread": render_json.to_json(ended.unread),
    }


def _result(run: str, ended: "Ended") -> str:
    """What became of the run, in a sentence."""
    from reelc_runtime.run.record import CANCELLED, DIED, RUNNING

    confirmed = len(ended.stopped) - len(ended.unconfirmed)
    off = f"{confirmed} job{'s are' if confirmed != 1 else ' is'} off the workers" if confirmed else ""
    match ended.before, ended.state:
        case _, state if state == RUNNING:
            said = "asked to end, and has not ended yet; it will when it looks"
        case before, state if before == state:
            off = off or ("" if ended.unconfirmed else "nothing of it is left on workers")
            said = f"had ended before ({state})"
        case before, state if state == CANCELLED:
            said = "had died, and is cancelled" if before == DIED else "cancelled"
            off = off or ("" if ended.unconfirmed else "nothing of it was on workers")
        case _, state:
            said = f"ended by itself before it could be cancelled ({state})"
    return f"{run}: {said}" + (f"; {off}" if off else "")

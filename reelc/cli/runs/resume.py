"""``reelc runs resume``"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelc.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from reelc.config import Config
    from reelc.rendering import Job
    from reelc_dsl.diagnostics import Diagnostic
    from reelc_runtime.run import events
    from reelc_runtime.run.record import Info
    from reelc_runtime.run.request import Address


@click.command("resume")
@click.argument("run", metavar="RUN")
@options.out("The folder of the films whose runs are meant.")
@click.option(
    "--worker",
    "workers",
    metavar="URL",
    multiple=True,
    help="A ComfyUI server, http://host:8188. Repeatable. [default: the workers that the run had]",
)
@options.patience
@options.telling
def command(
    run: str,
    out: Path | None,
    workers: tuple[str, ...],
    stall: float | None,
    wait: float | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Go on with RUN, which died, failed, or was interrupted or cancelled.

    Everything comes from the run's own folder: the plan, where its inputs lie, where its films go, where it
    stops. What is finished is not rendered again. Jobs of a run that died are still on their workers; they are
    found and followed.

    The run's record has workers without credentials; those come from REELC_WORKER_TOKEN,
    REELC_WORKER_HEADERS, REELC_WORKER and reelc.toml, as for `reelc run`.
    """
    from reelc.cli.output import faults
    from reelc.cli.running import carry_out
    from reelc.rendering import render
    from reelc.runs import resumed_job
    from reelc.state import find_place
    from reelc.workers import address_of
    from reelc_dsl.diagnostics import ReelError
    from reelc_runtime.run.record import DONE, RUNNING, unknown_run

    with faults(as_json, events=True):
        place = find_place(out)
        folder = place.runs().named(run)
        standing = folder.standing()
        if standing is None:
            raise unknown_run(place.state, folder.name)
        info, state = standing
        if info.engine == "preview":
            raise click.UsageError(
                f"the run {info.run} is a preview, and previews are made anew: `reelc preview {info.source}`"
            )
        if state == DONE:
            _say_done(info, as_json)
            return
        if state == RUNNING:
            raise ReelError([folder.busy()])
        chosen = _workers(workers, info, place.config, place.out)
    how = options.rendering_options(place.config, info.until or None, info.alike, stall, wait)

    def make(report: "Callable[[events.Event], None]", warn: "Callable[[Diagnostic], None]") -> "Job":
        return resumed_job(place, folder, info, report, warn)

    def go(job: "Job") -> "list[events.Written]":
        films = render(job, chosen, how, partial(address_of, configured=place.config.workers))
        if not films:
            # Another process has finished it since we looked.
            _say_done(folder.read() or info, as_json)
        return films

    raise click.exceptions.Exit(carry_out(make, go, as_json=as_json, quiet=quiet))


def _say_done(info: "Info", as_json: bool) -> None:
    from reelc.cli.output import print_json, talk

    if as_json:
        print_json({"event": "already-done", "run": info.run, "films": list(info.films)})
    else:
        talk(f"the run {info.run} is done: {', '.join(info.films)}")


def _workers(urls: tuple[str, ...], info: "Info", config: "Config", out: Path) -> "tuple[Address, ...]":
    """The workers that are named, else those that the run had, with the credentials that are known for them."""
    from reelc.cli.run import chosen_workers
    from reelc.workers import address_of

    if urls or not info.workers:
        return chosen_workers(urls, config, out)
    return tuple(address_of(url, config.workers) for url in info.workers)

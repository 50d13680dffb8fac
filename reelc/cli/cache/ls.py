"""``reelc cache ls``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc_runtime.store import Entry


@click.command("ls")
@options.out("The folder of the films whose results are meant.")
@options.as_json
def command(out: Path | None, as_json: bool) -> None:
    """List the results that are kept, the one that was used last at the end; then how much they are."""
    import time

    from reelc.cli.output import faults, print_json, talk
    from reelc.cli.table import size_text, table
    from reelc.state import find_place

    with faults(as_json):
        place = find_place(out)
    store = place.store()
    found = sorted(store.entries(), key=lambda entry: (entry.used, entry.identity, entry.scope))
    parts = list(store.parts())
    if as_json:
        total = {"count": len(found), "bytes": sum(e.bytes for e in found), "left_over": sum(p[2] for p in parts)}
        print_json({"folder": str(store.root), "results": [entry_json(e) for e in found], **total})
        return
    if found:
        head = ("SIZE", "AGE", "USED", "ENGINE", "PIPELINE", "JOB", "RUN", "WORKER")
        click.echo("\n".join(table(head, [_row(entry, time.time()) for entry in found], right="SIZE AGE USED")))
        click.echo(f"{len(found)} result{'s' if len(found) != 1 else ''}, {size_text(sum(e.bytes for e in found))}")
    else:
        talk(f"there are no results in {store.root}")
    if parts:
        talk(f"and {size_text(sum(p[2] for p in parts))} that crashes have left; `reelc cache gc` removes it in a day")


def entry_json(entry: "Entry") -> dict[str, Any]:
    """A result for programs; times in seconds since the epoch."""
    return {
        "identity": entry.identity,
        "scope": entry.scope,
        "folder": str(entry.folder),
        "bytes": entry.bytes,
        "made": entry.made,
        "used": entry.used,
        "engine": entry.engine,
        "pipeline": entry.pipeline,
        "job": entry.job,
        "run": entry.run,
        "worker": entry.worker,
    }


def _row(entry: "Entry", now: float) -> tuple[str, ...]:
    from reelc.cli.table import age_text, size_text

    # The embedded preview worker has another address each time.
    worker = "here" if entry.engine == "preview" else entry.worker
    made, used = age_text(now - entry.made), age_text(now - entry.used)
    return (size_text(entry.bytes), made, used, entry.engine, entry.pipeline, entry.job, entry.run, worker)

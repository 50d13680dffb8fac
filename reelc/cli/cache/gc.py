"""``reelc cache gc``"""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options
from reelc.cli.quantities import BYTES, DURATION

if TYPE_CHECKING:
    from reelc_runtime.clearing import Needed
    from reelc_runtime.store import Store


@click.command("gc")
@options.out("The folder of the films whose results are meant.")
@click.option("--older-than", metavar="TIME", type=DURATION, help="Throw away what was not used for TIME: 30d, 12h.")
@click.option(
    "--max-size", metavar="SIZE", type=BYTES, help="Throw away the least recently used until SIZE is left: 50GB."
)
@click.option("--engine", type=click.Choice(["render", "preview"]), help="Only results of renders, or of previews.")
@click.option("--dry-run", is_flag=True, help="Only say what would be thrown away.")
@options.as_json
def command(
    out: Path | None,
    older_than: Fraction | None,
    max_size: Fraction | None,
    engine: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Throw away results that were not used for long, or are too much; the least recently used first.

    Nothing goes that was made or used since the oldest run began that is going on, or that died and has
    neither been taken up again nor cancelled. What crashes have left goes after a day, also without a limit.
    """
    import time

    from reelc.cli.cache.ls import entry_json
    from reelc.cli.exits import DONE, RUN_FAILED
    from reelc.cli.output import faults, print_json
    from reelc.state import find_place
    from reelc_runtime.clearing import LEFT_OVER, chosen, needed

    with faults(as_json):
        place = find_place(out)
    store, now = place.store(), time.time()
    found = [entry for entry in store.entries() if engine in (None, entry.engine)]
    # Asked after the results are listed: a run that begins later still touches what it uses, and `remove` sees that.
    keep = needed(s for folder, _ in place.runs().all() if (s := folder.standing()) is not None)
    going = chosen(
        found,
        keep,
        now,
        older_than=None if older_than is None else float(older_than),
        max_bytes=None if max_size is None else float(max_size),
    )
    parts = [(folder, size) for folder, used, size in store.parts() if now - used > LEFT_OVER]
    kept: list[str] = []
    if not dry_run:
        going, parts, kept = _clear(store, going, parts)
    total = {
        "freed": sum(entry.bytes for entry in going) + sum(size for _, size in parts),
        "left": sum(entry.bytes for entry in store.entries() if engine in (None, entry.engine)),
    }
    if dry_run:
        total["left"] -= sum(entry.bytes for entry in going)
    if as_json:
        removed = {"removed": [entry_json(e) for e in going], "left_over": [str(folder) for folder, _ in parts]}
        print_json({"dry_run": dry_run, **removed, **total, "needed_by": list(keep.runs), "failed": kept})
    else:
        _say(len(going), len(parts), total, dry_run=dry_run, limited=older_than is not None or max_size is not None)
        _say_needed(keep, over=max_size is not None and total["left"] > max_size)
    raise click.exceptions.Exit(RUN_FAILED if kept else DONE)


def _clear(store: "Store", going: list[Any], parts: list[Any]) -> tuple[list[Any], list[Any], list[str]]:
    """Throw away; what is gone then, and what could not be thrown away. What was used meanwhile stays."""
    from reelc.cli.output import talk

    gone, cleared, kept = list[Any](), list[Any](), list[str]()
    for entry in going:
        try:
            if store.remove(entry):
                gone.append(entry)
        except OSError as error:
            kept.append(str(entry.folder))
            talk(f"{entry.folder} cannot be removed: {(error.strerror or 'unknown reason').lower()}")
    for folder, size in parts:
        try:
            store.remove_part(folder)
            cleared.append((folder, size))
        except OSError as error:
            kept.append(str(folder))
            talk(f"{folder} cannot be removed: {(error.strerror or 'unknown reason').lower()}")
    return gone, cleared, kept


def _say(results: int, parts: int, total: dict[str, int], *, dry_run: bool, limited: bool) -> None:
    from reelc.cli.output import talk
    from reelc.cli.table import size_text

    what = f"{results} result{'s' if results != 1 else ''}"
    if parts:
        what += f" and {parts} left by crashes"
    verb = "would be thrown away" if dry_run else "thrown away"
    free = "would be free" if dry_run else "freed"
    click.echo(f"{what} {verb}, {size_text(total['freed'])} {free}; {size_text(total['left'])} left")
    if not limited:
        talk("without --older-than or --max-size only what crashes have left is thrown away")


def _say_needed(keep: "Needed", *, over: bool) -> None:
    from reelc.cli.output import talk

    if keep.runs and over:
        names = ", ".join(keep.runs[-3:])
        talk(f"more may go when these runs are over: {names}; `reelc runs resume` and `reelc runs cancel` end them")

"""``reelc cache verify``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc_runtime.store import Entry, Store


@click.command("verify")
@options.out("The folder of the films whose results are meant.")
@click.option("--remove", is_flag=True, help="Throw away what is damaged; it is rendered again when it is needed.")
@options.as_json
def command(out: Path | None, remove: bool, as_json: bool) -> None:
    """Read every result that is kept, and name those that are not what was put there.

    Exit code 3 when damaged ones remain. A run checks what it uses in any case: it throws away what is
    damaged, and renders it again.
    """
    from reelc.cli.exits import DONE, RUN_FAILED
    from reelc.cli.output import faults, print_json, talk
    from reelc.state import find_place

    with faults(as_json):
        place = find_place(out)
    store = place.store()
    count, damaged = 0, list[dict[str, Any]]()
    for entry in store.entries():
        count += 1
        wrong = store.damaged(entry)
        if wrong and store.holds(entry):
            what = f"{entry.job} of {entry.run} ({', '.join(wrong)})"
            removed = remove and _removed(store, entry)
            damaged.append({"folder": str(entry.folder), "what": what, "files": wrong, "removed": removed})
    for stray in store.strays():
        removed = remove and _cleared(store, stray)
        damaged.append({"folder": str(stray), "what": "its record cannot be read", "files": [], "removed": removed})
    left = [entry for entry in damaged if not entry["removed"]]
    if as_json:
        print_json({"folder": str(store.root), "checked": count, "damaged": damaged})
    else:
        for entry in damaged:
            click.echo(f"damaged{' and removed' if entry['removed'] else ''}: {entry['folder']}: {entry['what']}")
        if not damaged:
            talk(f"{count} result{'s are' if count != 1 else ' is'} whole" if count else "there are no results")
        elif left and not remove:
            talk("`--remove` throws away what is damaged")
    raise click.exceptions.Exit(RUN_FAILED if left else DONE)


def _removed(store: "Store", entry: "Entry") -> bool:
    from reelc.cli.output import talk

    try:
        return store.remove(entry)
    except OSError as error:
        talk(f"{entry.folder} cannot be removed: {(error.strerror or 'unknown reason').lower()}")
        return False


def _cleared(store: "Store", folder: Path) -> bool:
    from reelc.cli.output import talk

    try:
        store.remove_part(folder)
    except OSError as error:
        talk(f"{folder} cannot be removed: {(error.strerror or 'unknown reason').lower()}")
        return False
    return True

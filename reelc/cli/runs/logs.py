"""``reelc runs logs``"""

from pathlib import Path
from typing import Any, cast

import click

from reelc.cli import options


@click.command("logs")
@click.argument("run", metavar="RUN")
@options.out("The folder of the films whose runs are meant.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("--json", "as_json", is_flag=True, help="The log's own lines: events as JSON, with times.")
def command(run: str, out: Path | None, follow: bool, as_json: bool) -> None:
    """Show what RUN told, with times: events as sentences, from its beginning."""
    import asyncio

    from reelc.cli.output import faults, talk
    from reelc.state import find_place
    from reelc_runtime.run.record import DIED

    with faults(as_json):
        place = find_place(out)
        folder = place.runs().named(run)

    async def show() -> None:
        from reelc_runtime.comfy.clock import SystemClock
        from reelc_runtime.run.tail import tail

        async for line in tail(folder, SystemClock(), follow=follow):
            for shown in [line] if as_json else _lines(line):
                click.echo(shown)

    asyncio.run(show())
    standing = folder.standing()
    if standing is not None and standing[1] == DIED and not as_json:
        talk(f"the run died; go on with it with `reelc runs resume {folder.name}`")


def _lines(line: str) -> list[str]:
    """A line of the log as sentences, with its time."""
    import json

    from reelc.cli.table import moment_text

    try:
        value: Any = json.loads(line)
    except ValueError:
        return []
    if not isinstance(value, dict):
        return []
    entry = cast("dict[str, Any]", value)
    at = entry.get("time")
    when = moment_text(at if isinstance(at, int | float) else None)
    return [f"{when}  {said}" for said in _said(entry)]


def _said(entry: dict[str, Any]) -> list[str]:
    from reelc.cli.progress import told
    from reelc_runtime.run.events import event_from_json
    from reelc_runtime.run.faults import told_faults

    event = event_from_json(entry)
    if event is not None:
        said = told(event)
        return [said] if said else []
    kind = str(entry.get("event"))
    words = [f"{fault['code']}: {fault['message']}" for fault in told_faults(entry)]
    if kind == "warning":
        return [f"warning {text}" for text in words]
    return [kind, *(f"  {text}" for text in words)]

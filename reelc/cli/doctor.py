"""``reelc doctor``"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelc.cli import address
from reelc.cli.exits import DONE, INPUT_ERRORS, RUN_FAILED
from reelc.cli.output import colors, print_json

if TYPE_CHECKING:
    from reelc.doctor import Check
    from reelc_runtime.run.request import Address

HERE = "this machine"
PAINT = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command("doctor")
@click.option(
    "--worker",
    "workers",
    metavar="URL",
    multiple=True,
    callback=address.checked,
    help="A ComfyUI server to ask, http://host:8188. Repeatable. [default: REELC_WORKER, else reelc.toml]",
)
@click.option(
    "-o",
    "--out",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="The folder for films whose disk is looked at. [default: `out` in reelc.toml, else out]",
)
@click.option("--write", is_flag=True, help="Also try an upload: leaves one small file in each worker's input folder.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(workers: tuple[str, ...], out: Path | None, write: bool, as_json: bool) -> None:
    """Look whether all is well: this machine, its packages, disk, environment and settings, and workers.

    Each line is ok, a warning or a failure, with a way out. Nothing is changed, and no secret is shown.
    Exit code 3 when a worker fails, 1 when something here does, else 0.
    """
    from reelc.doctor import FAIL
    from reelc.doctor.machine import examine, find_settings
    from reelc.rendering import addresses

    settings = find_settings(Path())
    folder = out or settings.config.out or Path("out")
    named = workers or tuple(os.environ.get("REELC_WORKER", "").split())
    groups = [(HERE, examine(folder, settings, os.environ)), *_ask(addresses(named, settings.config.workers), write)]
    failed = [any(c.state == FAIL for c in checks) for _, checks in groups]
    if as_json:
        shown = [
            {"worker": None if n == 0 else group, "ok": not failed[n], "checks": [c.to_json() for c in checks]}
            for n, (group, checks) in enumerate(groups)
        ]
        print_json({"ok": not any(failed), "groups": shown})
    else:
        click.echo("\n\n".join(_shown(group, checks) for group, checks in groups))
    raise click.exceptions.Exit(RUN_FAILED if any(failed[1:]) else INPUT_ERRORS if failed[0] else DONE)


def _ask(workers: "tuple[Address, ...]", write: bool) -> list[tuple[str, list["Check"]]]:
    """The findings about all workers, asked at the same time."""
    import asyncio

    from reelc.doctor.machine import public
    from reelc.doctor.worker import examine

    async def ask() -> list[list["Check"]]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(examine(worker, write=write)) for worker in workers]
        return [task.result() for task in tasks]

    return list(zip([public(w.url) for w in workers], asyncio.run(ask()), strict=True)) if workers else []


def _shown(group: str, checks: list["Check"]) -> str:
    paint = colors(sys.stdout)
    lines = [group]
    for check in checks:
        state = click.style(f"{check.state:<4}", fg=PAINT[check.state]) if paint else f"{check.state:<4}"
        lines.append(f"  {state}  {check.text}")
        if check.help:
            lines.append(f"        {check.help}")
    return "\n".join(lines)

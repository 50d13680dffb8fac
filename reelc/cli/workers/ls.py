"""``reelc workers ls``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc.state import Place

ADDED, CONFIGURED, IN_USE = "added", "reelc.toml", "runs"


@click.command("ls")
@options.out("The folder of the films whose runs are meant.")
@options.as_json
def command(out: Path | None, as_json: bool) -> None:
    """List workers: those that were added, those of reelc.toml, and those that runs hold now.

    Each is asked what it is and how many prompts are in its queue, whoever sent them; one that does not answer
    within 5 seconds is listed without.
    """
    from reelc.cli.output import faults, print_json, talk
    from reelc.cli.table import table
    from reelc.state import find_place

    with faults(as_json):
        place = find_place(out)
        found = _look(place)
    if as_json:
        print_json({"folder": str(place.state), "workers": found})
        return
    if not found:
        talk(f"there are no workers; `reelc workers add http://HOST:8188` adds one to {place.state}")
        return
    head = ("WORKER", "STATE", "FROM", "COMFYUI", "DEVICE", "VRAM", "QUEUE", "HELD BY")
    click.echo("\n".join(table(head, [_row(place, worker) for worker in found], right="VRAM QUEUE")))
    for worker in found:
        if worker["probe"]["trouble"]:
            talk(f"{worker['url']}: {worker['probe']['trouble']}")


def _look(place: "Place") -> list[dict[str, Any]]:
    """The workers as JSON values."""
    import asyncio
    from dataclasses import asdict

    from reelc.workers import address_of, has_registry, probe_all, registry
    from reelc_runtime import comfy

    states: dict[str, str] = {}
    leases: dict[str, dict[str, str]] = {}
    if has_registry(place.state):
        with registry(place.state) as known:
            states = known.workers()
            leases = {worker: {"run": run, "job": job} for worker, run, job in known.leases()}
    configured = [shown for w in place.config.workers if (shown := comfy.address_shown(w.url))]
    urls = list(dict.fromkeys([*states, *configured, *leases]))
    said = asyncio.run(probe_all([address_of(url, place.config.workers) for url in urls]))
    places = ((ADDED, states), (CONFIGURED, configured), (IN_USE, leases))
    return [
        {
            "url": url,
            "state": states.get(url, "active"),
            "from": [name for name, names in places if url in names],
            "reachable": not probe.trouble,
            "probe": asdict(probe),
            "lease": leases.get(url),
        }
        for url, probe in zip(urls, said, strict=True)
    ]


def _row(place: "Place", worker: dict[str, Any]) -> tuple[str, ...]:
    from reelc.cli.workers.common import died
    from reelc_compiler.units import bytes_text

    probe, lease = worker["probe"], worker["lease"]
    state = worker["state"] if worker["reachable"] else f"{worker['state']}, no answer"
    return (
        worker["url"],
        state,
        ", ".join(worker["from"]),
        probe["comfyui"] or "",
        probe["device"] or "",
        bytes_text(probe["vram"]) if probe["vram"] else "",
        "" if probe["queued"] is None else str(probe["queued"]),
        "" if lease is None else f"{lease['job']} of {lease['run']}{died(place, lease['run'])}",
    )

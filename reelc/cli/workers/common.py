"""What the commands on one worker share."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reelc.state import Place
    from reelc.workers import Probe
    from reelc_runtime.workers.leases import Registry


def shown(url: str) -> str:
    """A worker's address without credentials, as it is stored.

    Raises:
        click.UsageError: it is no address; nothing of it is repeated that may be secret.
    """
    from reelc_runtime import comfy

    address = comfy.address_shown(url)
    if not address:
        what = "this" if {"@", "?"} & set(url) else f"`{url}`"
        raise click.UsageError(f"{what} is not the URL of a worker; write http://HOST:8188")
    return address


def holders(table: "Registry", url: str) -> list[dict[str, str]]:
    """The jobs that hold a worker, with their runs."""
    return [{"run": run, "job": job} for worker, run, job in table.leases() if worker == url]


def holders_text(found: list[dict[str, str]], place: "Place") -> str:
    """Who holds a worker, in words; empty when nobody does."""
    return ", ".join(f"{h['job']} of {h['run']}{died(place, h['run'])}" for h in found)


def died(place: "Place", run: str) -> str:
    """A remark on a holder that is dead: its lease ends by itself."""
    from reelc_runtime.run.record import DIED

    standing = place.runs().folder(run).standing()
    return " (which died)" if standing is not None and standing[1] == DIED else ""


def facts_text(probe: "Probe") -> str:
    """``ComfyUI 0.33.0 on NVIDIA L4 (24 GB)``"""
    from reelc_compiler.units import bytes_text

    memory = f" ({bytes_text(probe.vram)})" if probe.vram else ""
    return f"ComfyUI {probe.comfyui or 'of unknown version'} on {probe.device}{memory}"

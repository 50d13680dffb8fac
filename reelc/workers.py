"""Workers that belong to a state folder: added and drained while runs go on."""

import asyncio
import os
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reelc.rendering import addresses, database_of, need_extra
from reelc.state import DATABASE_VARIABLE, state_folder
from reelc_runtime import comfy
from reelc_runtime.run.faults import RunFault, bad_database
from reelc_runtime.run.request import Address
from reelc_runtime.workers.leases import ACTIVE, Registry

if TYPE_CHECKING:
    from reelc.config import WorkerConfig

WORKER_VARIABLE = "REELC_WORKER"


@contextmanager
def registry(state: Path) -> Generator[Registry]:
    """The tables of workers and leases.

    Raises:
        ReelError: E0717, E0723.
    """
    need_extra("run")
    from reelc_runtime.engine.durable import EngineFault, prepare, reporting

    url = database_of(state)
    try:
        with reporting(url):
            prepare(url)
            found = Registry(url, time.time)
            try:
                yield found
            finally:
                found.close()
    except EngineFault as error:
        raise RunFault(bad_database(error)) from None


def has_registry(state: Path) -> bool:
    """Whether there may be a table: looking must not make an empty database."""
    return bool(os.environ.get(DATABASE_VARIABLE)) or (state / "engine.sqlite").is_file()


def registered(out: Path) -> tuple[str, ...]:
    """The addresses of workers that were added and are not drained; none where there is no state yet."""
    state = state_folder(out)
    if not has_registry(state):
        return ()
    with registry(state) as found:
        return tuple(url for url, how in found.workers().items() if how == ACTIVE)


def address_of(shown: str, configured: "tuple[WorkerConfig, ...]") -> Address:
    """A worker that is known without its credentials, with those that reelc.toml or the environment has for it.

    Args:
        shown: its address as it is recorded.
        configured: from reelc.toml.
    """
    named = [w.url for w in configured] + os.environ.get(WORKER_VARIABLE, "").split()
    url = next((url for url in named if comfy.address_shown(url) == shown), shown)
    return addresses((url,), configured)[0]


# -- looking -----------------------------------------------------------------------------------

# Seconds for a worker to say what it is.
PROBE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a worker says of itself; what it does not say is None.

    Args:
        trouble: why it says nothing; empty when it answers.
        vram: bytes.
        engine: ``preview`` for a worker that renders nothing.
        queued: prompts that run or wait, of whoever has sent them.
    """

    trouble: str = ""
    comfyui: str | None = None
    device: str | None = None
    vram: int | None = None
    engine: str | None = None
    queued: int | None = None


async def probe(address: Address) -> Probe:
    """Ask a worker what it is and what it does."""
    try:
        async with asyncio.timeout(PROBE):
            async with comfy.ComfyClient(
                address.url, client_id="reelc-probe", token=address.token, headers=address.headers
            ) as client:
                stats = await client.system_stats()
                queue = await client.queue()
    except TimeoutError:
        return Probe(trouble=f"no answer in {PROBE:.0f} s")
    except comfy.ComfyError as error:
        return Probe(trouble=str(error))
    device = next((d for d in stats.devices if d.type != "cpu"), None)
    return Probe(
        comfyui=stats.version or None,
        device="cpu" if device is None else device.name,
        vram=None if device is None else device.vram_total,
        engine=stats.engine or None,
        queued=len(queue.running) + len(queue.pending),
    )


async def probe_all(found: Sequence[Address]) -> list[Probe]:
    """Ask several at the same time."""
    return list(await asyncio.gather(*map(probe, found)))

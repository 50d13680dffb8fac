"""Workers that belong to a state folder: added and drained while runs go on."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reelc.rendering import addresses, database_of, need_extra
from reelc.state import DATABASE_VARIABLE, state_folder
from reelc_runtime import comfy
from reelc_runtime.run.driver import Address, bad_database
from reelc_runtime.run.faults import RunFault
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

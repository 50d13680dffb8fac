"""Workers that belong to a state folder: added and drained while runs go on."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from reelc.rendering import DATABASE_VARIABLE, need_extra, state_folder
from reelc_runtime.run.driver import bad_database
from reelc_runtime.run.faults import RunFault
from reelc_runtime.workers.leases import ACTIVE, Registry


@contextmanager
def registry(out: Path) -> Generator[Registry]:
    """The tables of workers and leases.

    Raises:
        ReelError: E0717, E0723.
    """
    need_extra("run")
    from reelc_runtime.engine.durable import EngineFault, database_url, prepare, reporting

    try:
        url = database_url(state_folder(out), os.environ.get(DATABASE_VARIABLE))
        with reporting(url):
            prepare(url)
            found = Registry(url, time.time)
            try:
                yield found
            finally:
                found.close()
    except EngineFault as error:
        raise RunFault(bad_database(error)) from None


def registered(out: Path) -> tuple[str, ...]:
    """The addresses of workers that were added and are not drained; none where there is no state yet."""
    if not os.environ.get(DATABASE_VARIABLE) and not (state_folder(out) / "engine.sqlite").is_file():
        return ()
    with registry(out) as found:
        return tuple(url for url, state in found.workers().items() if state == ACTIVE)

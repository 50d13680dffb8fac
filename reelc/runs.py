"""Runs of a state folder: what is recorded of one, going on with one, ending one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reelc.planfile import read_plan
from reelc.rendering import Job, database_of, known_install, need_extra
from reelc.state import Place
from reelc.workers import address_of, has_registry, registry
from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.source import Source
from reelc_runtime import comfy
from reelc_runtime.run import events
from reelc_runtime.run.ending import Canceller, Ended
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.kept import SOURCES, sources_from_json
from reelc_runtime.run.record import Info, RunFolder

MAX_SOURCES = 64 * 2**20


def recorded(place: Place, run: str) -> list[dict[str, Any]]:
    """What the engine's database knows of a run.

    Raises:
        ReelError: E0717, E0723.
    """
    need_extra("run")
    from reelc_runtime.engine import durable
    from reelc_runtime.run.faults import bad_database

    try:
        return durable.recorded(database_of(place.state), run)
    except durable.EngineFault as error:
        raise RunFault(bad_database(error)) from None


def kept_plan(folder: RunFolder) -> Plan:
    """The plan that a run carries out.

    Raises:
        ReelError: E0719.
    """
    return read_plan(folder.folder / "plan")


def kept_sources(folder: RunFolder) -> dict[str, Source]:
    """The program's text as it was when the plan was made; empty when it is not kept."""
    path = folder.folder / SOURCES
    try:
        return sources_from_json(path.read_bytes()) if path.stat().st_size <= MAX_SOURCES else {}
    except OSError:
        return {}


def resumed_job(
    place: Place,
    folder: RunFolder,
    info: Info,
    report: Callable[[events.Event], None],
    warn: Callable[[Diagnostic], None],
) -> Job:
    """The job of a run that is to go on, from its own folder.

    Raises:
        ReelError: E0719.
    """
    inputs = Path(info.inputs)
    return Job(
        plan=kept_plan(folder),
        input_path=lambda path: inputs / path,
        inputs=inputs,
        source=info.source,
        sources=kept_sources(folder),
        out=Path(info.out),
        run=folder.name,
        place=place.state,
        report=report,
        warn=warn,
    )


async def cancel(place: Place, folder: RunFolder, *, wait: float, clock: comfy.Clock) -> Ended:
    """End a run.

    Args:
        wait: seconds for its process to let go, or for workers to confirm.

    Raises:
        ReelError: E0711, E0712, E0717, E0718.
    """

    def connect(url: str) -> comfy.ComfyClient:
        return connected(place, url, f"reelc-cancel-{os.getpid()}", clock)

    canceller = Canceller(
        folder=folder,
        install=known_install(place.state),
        recorded=lambda: recorded(place, folder.name),
        drop=lambda: _drop_leases(place, folder.name),
        connect=connect,
        clock=clock,
        wait=wait,
    )
    return await canceller.cancel()


def _drop_leases(place: Place, run: str) -> None:
    if has_registry(place.state):
        with registry(place.state) as found:
            found.drop(run)


def connected(place: Place, url: str, client_id: str, clock: comfy.Clock) -> comfy.ComfyClient:
    """A client for a worker that is known by its address without credentials.

    Raises:
        RunFault: E0712.
    """
    from reelc_runtime.run.faults import bad_address

    address = address_of(url, place.config.workers)
    try:
        return comfy.ComfyClient(
            address.url, client_id=client_id, token=address.token, headers=address.headers, clock=clock
        )
    except comfy.ComfyError as error:
        raise RunFault(bad_address(error)) from None

"""Downloading a program's model files: what is asked of the runtime, and what is recorded afterwards."""

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from reelc.locking import record
from reelc.models import HUGGING_FACE, NeededModel
from reelc_compiler.lock import Lock
from reelc_dsl.diagnostics import ReelError
from reelc_runtime.comfy.clock import SystemClock
from reelc_runtime.fetch import FetchFault, FetchRequest, Outcome, Want, fetch
from reelc_runtime.run.events import Event

# Where a host's token comes from; it goes to that host alone.
VARIABLES = {HUGGING_FACE: "HF_TOKEN", "civitai.com": "CIVITAI_TOKEN"}
JOBS = 4


def download(
    models: Iterable[NeededModel], folder: Path, *, jobs: int = JOBS, report: Callable[[Event], None]
) -> tuple[Outcome, ...]:
    """Have model files in a models folder; those that node packs download by themselves are passed over.

    Args:
        folder: ComfyUI's ``models``.
        jobs: how many are transferred at once.
        report: is told what happens.

    Raises:
        ReelError: E0711, E0718.
        KeyboardInterrupt: after everything is closed; parts are kept.
    """
    request = FetchRequest(
        wants=tuple(want_of(model) for model in models if not model.pack),
        root=folder,
        jobs=jobs,
        tokens={host: token for host, name in VARIABLES.items() if (token := os.environ.get(name, "").strip())},
        variables=VARIABLES,
        clock=SystemClock(),
        report=report,
    )
    try:
        return asyncio.run(fetch(request))
    except FetchFault as fault:
        raise ReelError([fault.diagnostic]) from None


def want_of(model: NeededModel) -> Want:
    """What is asked for."""
    return Want(
        folder=model.folder,
        file=model.file,
        url=model.url,
        bytes=model.bytes,
        exact=model.exact,
        sha256=model.sha256,
        page=model.page,
    )


def pin(path: Path, lock: Lock, outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Record in the lock what files without a known hash turned out to be; those that are pinned now.

    Raises:
        ReelError: E0711, E0718.
    """
    found = {
        (o.want.folder, o.want.file): (o.sha256, o.bytes)
        for o in outcomes
        if o.sha256 is not None and o.bytes is not None
    }
    return record(path, lock, found)

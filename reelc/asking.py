"""Short questions to a worker: its client with the credentials of the environment, its faults as diagnostics."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from reelc.rendering import HEADERS_VARIABLE, TOKEN_VARIABLE, headers_of
from reelc_dsl.diagnostics import ReelError
from reelc_runtime import comfy
from reelc_runtime.run.runner import worker_fault


@asynccontextmanager
async def asking(worker: str, *, timeouts: comfy.Timeouts | None = None) -> AsyncGenerator[comfy.ComfyClient]:
    """A client of a worker.

    Args:
        worker: its URL.
        timeouts: how long to wait.

    Raises:
        ReelError: E0701, E0702, E0712 or E0713, for whatever goes wrong inside.
    """
    try:
        async with comfy.ComfyClient(
            worker,
            client_id="reelc-ask",
            token=os.environ.get(TOKEN_VARIABLE) or None,
            headers=headers_of(os.environ.get(HEADERS_VARIABLE, "")),
            timeouts=timeouts or comfy.Timeouts(),
        ) as client:
            yield client
    except comfy.ComfyError as error:
        raise ReelError([worker_fault(error)]) from None


__all__ = ["asking", "worker_fault"]

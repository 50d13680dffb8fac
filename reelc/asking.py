"""Short questions to a worker: its client with the credentials of the environment, its faults as diagnostics."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from reelc.rendering import addresses
from reelc_dsl.diagnostics import ReelError
from reelc_runtime import comfy
from reelc_runtime.run.faults import worker_fault
from reelc_runtime.run.request import Address


@asynccontextmanager
async def asking(worker: str | Address, *, timeouts: comfy.Timeouts | None = None) -> AsyncGenerator[comfy.ComfyClient]:
    """A client of a worker.

    Args:
        worker: its URL, or its address with its own credentials.
        timeouts: how long to wait.

    Raises:
        ReelError: E0701, E0702, E0712 or E0713, for whatever goes wrong inside.
    """
    address = addresses((worker,))[0] if isinstance(worker, str) else worker
    try:
        async with comfy.ComfyClient(
            address.url,
            client_id="reelc-ask",
            token=address.token,
            headers=address.headers,
            timeouts=timeouts or comfy.Timeouts(),
        ) as client:
            yield client
    except comfy.ComfyError as error:
        raise ReelError([worker_fault(error)]) from None


__all__ = ["asking", "worker_fault"]

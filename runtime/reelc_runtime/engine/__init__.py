"""Where the steps of jobs run: durably, so that a run survives its process, or directly.

A *job body* is an async function that asks for one step after the other, always in the same order for the
same results. Step functions take and give JSON values. An engine that is durable records each result
before the next step begins, and after a crash calls the body again with the recorded results, up to the
step that had not ended.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

Json = dict[str, Any]
StepFunction = Callable[[Json], Awaitable[Json]]


class EngineFault(Exception):
    """The database cannot be used; the message says why, without its password."""


class Step(Protocol):
    """Carries out one step of a job."""

    async def __call__(self, name: str, function: StepFunction, args: Json) -> Json:
        """The step's result, recorded or new.

        Args:
            name: of the step, for people.
            function: from JSON values to JSON values; it looks before it acts, since it may be called again.
            args: its argument.
        """
        ...


# A job's id and the run's generation, and what carries out its steps.
Body = Callable[[str, int, Step], Awaitable[Json]]


class Engine(Protocol):
    """Runs job bodies."""

    async def job(self, job: str, generation: int) -> Json:
        """The result of a job's body: of the one that runs or has ended under this name, or of a new one."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class Direct:
    """An engine without a memory: for previews, and for whoever uses the steps without durability."""

    def __init__(self, body: Body) -> None:
        self._body = body

    async def job(self, job: str, generation: int) -> Json:
        """Run the body."""
        return await self._body(job, generation, _directly)

    async def close(self) -> None:
        """Nothing is held."""


async def _directly(name: str, function: StepFunction, args: Json) -> Json:
    return await function(args)

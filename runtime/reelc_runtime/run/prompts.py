"""Prompts on workers: taking one off, and finding those that a run has left behind."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reelc_dsl.diagnostics.codes import WORKER_SILENT
from reelc_runtime.comfy import Clock, ComfyClient, ComfyError
from reelc_runtime.run.events import JobDone, JobSubmitted, PromptStopped, event_from_json
from reelc_runtime.run.ids import Attempt, first_attempt

Json = dict[str, Any]

STOP_DEADLINE = 10.0
STOP_POLL = 0.3


async def take_off(client: ComfyClient, prompt: str, clock: Clock, deadline: float = STOP_DEADLINE) -> str:
    """Take a prompt off a worker, whether it waits or runs, and see that it is gone.

    Args:
        deadline: seconds to wait for that; an interrupt takes effect at the node's next step.

    Returns:
        Empty when the worker says that it neither runs nor waits there; else why that is not known.
    """
    try:
        async with asyncio.timeout(deadline):
            await client.delete_pending(prompt)
            await client.interrupt(prompt)
            while (await client.find(prompt)).state not in ("done", "absent"):
                await clock.sleep(STOP_POLL)
    except TimeoutError:
        return "it still runs"
    except ComfyError as error:
        return str(error)
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A prompt that may still wait or run on a worker, though its run does not follow it any more."""

    job: str
    worker: str
    prompt: str


def left_prompts(install: str, run: str, recorded: Iterable[Json], told: Iterable[Json]) -> list[Left]:
    """The prompts of a run, which nobody carries out, that may still be on their workers.

    Args:
        recorded: from :func:`reelc_runtime.engine.durable.recorded`.
        told: the run's log; it says which prompts were stopped.
    """
    left: dict[str, Left] = {}
    for entry in recorded:
        for number, attempt in _attempts(entry):
            if not _over(attempt):
                own = Attempt(install=install, run=run, job=entry["job"], number=number)
                left[own.prompt_id] = Left(job=entry["job"], worker=attempt["lease"], prompt=own.prompt_id)
    return _after(left, told, submitted=False)


def told_prompts(told: Iterable[Json]) -> list[Left]:
    """The same as far as the log knows it: a prompt whose sending was interrupted is missing."""
    return _after({}, told, submitted=True)


def _after(left: dict[str, Left], told: Iterable[Json], *, submitted: bool) -> list[Left]:
    """What is left after what the log says.

    Args:
        submitted: whether it also says what was sent.
    """
    for event in map(event_from_json, told):
        match event:
            case JobSubmitted(job=job, worker=worker, prompt=prompt) if submitted:
                left[prompt] = Left(job=job, worker=worker, prompt=prompt)
            case JobDone(job=job, worker=worker) if submitted:
                left = {p: at for p, at in left.items() if (at.job, at.worker) != (job, worker)}
            case PromptStopped(prompt=prompt, confirmed=True):
                left.pop(prompt, None)
            case PromptStopped(job=job, worker=worker, prompt=prompt):
                left[prompt] = Left(job=job, worker=worker, prompt=prompt)
            case _:
                pass
    return list(left.values())


def _attempts(entry: Json) -> list[tuple[int, Json]]:
    """The attempts of a body: number, and the results of its steps by name; that of ``lease`` is the worker."""
    number = first_attempt(entry["generation"]) - 1
    attempts: list[tuple[int, Json]] = []
    for step in entry["steps"]:
        result: Json = step["result"] or {}
        if step["name"] == "lease":
            number += 1
            if "worker" in result:
                attempts.append((number, {"lease": result["worker"]}))
        elif attempts:
            attempts[-1][1][step["name"]] = result
    return attempts


def _over(attempt: Json) -> bool:
    """Whether it is known that nothing of an attempt is on the worker.

    A step that is not recorded may have been under way when its process died.
    """
    for name, going_on in (("upload", "inputs"), ("submit", "attached"), ("follow", "outputs")):
        result = attempt.get(name)
        if result is None:
            return False
        if going_on in result:
            continue
        if "lost" in result:
            return not result["sent"]
        # A worker that fell silent was left to itself, for it may work on; every other end is the prompt's, too.
        return not any(fault["code"] == WORKER_SILENT.code for fault in result.get("fault", ()))
    return True

"""Watching a prompt: the client's events as the run's, and its end as a result or a fault."""

from collections.abc import Callable

from reelc_compiler.plan import Job
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import NODE_FAILED, OUT_OF_MEMORY, STOPPED_ON_WORKER
from reelc_runtime import comfy
from reelc_runtime.run import events
from reelc_runtime.run.faults import Locator, RunFault

MEMORY_WORDS = ("outofmemory", "out of memory", "allocation on device", "not enough memory")
MAX_EXCERPT = 400


class Follower:
    """Follows one prompt of one job.

    Args:
        stall: seconds without any sign of life after which the worker counts as silent.
        lost: seconds without any answer after which it counts as gone.
    """

    def __init__(
        self,
        job: Job,
        client: comfy.ComfyClient,
        locator: Locator,
        report: Callable[[events.Event], None],
        *,
        stall: float,
        lost: float,
    ) -> None:
        self.job = job
        self.client = client
        self.locator = locator
        self.report = report
        self.stall = stall
        self.lost = lost

    async def run(self, prompt: str) -> comfy.HistoryEntry | None:
        """The prompt's history when it has succeeded; None when the worker no longer knows it.

        Raises:
            RunFault: E0706, E0707, E0714.
        """
        async for event in self.client.follow(prompt, stall_timeout=self.stall, lost_timeout=self.lost):
            match event:
                case comfy.Succeeded(entry=entry):
                    return entry
                case comfy.Lost():
                    return None
                case comfy.Failed():
                    raise RunFault(self.failed(event))
                case comfy.Interrupted(node_id=node):
                    raise RunFault(
                        self.locator.at(
                            STOPPED_ON_WORKER,
                            f"somebody stopped the job on {self.client.url}",
                            self.job.id,
                            node,
                            "run again to start it once more",
                        )
                    )
                case _:
                    self.pass_on(event)
        return None

    def pass_on(self, event: comfy.Event) -> None:
        """Report what happens on the way."""
        job = self.job.id
        match event:
            case comfy.Queued(position=position):
                self.report(events.JobQueued(job=job, position=position))
            case comfy.Cached(nodes=nodes):
                self.report(events.NodesCached(job=job, nodes=tuple(nodes)))
            case comfy.NodeStarted(node=node):
                self.report(events.NodeStarted(job=job, node=node, title=self.title(node)))
            case comfy.NodeProgress(node=node, value=value, max=most):
                self.report(events.NodeProgress(job=job, node=node, title=self.title(node), value=value, max=most))
            case comfy.NodeFinished(node=node):
                self.report(events.NodeFinished(job=job, node=node))
            case _:
                pass

    def title(self, node: str) -> str:
        """What a node is called: the stage and the class."""
        data = self.job.graph.get(node, {})
        return str(data.get("_meta", {}).get("title") or data.get("class_type") or f"node {node}")

    def failed(self, event: comfy.Failed) -> Diagnostic:
        """The diagnostic for an execution error."""
        words = f"{event.exception_type} {event.message}".casefold()
        what = " ".join(event.message.split())[:MAX_EXCERPT]
        if any(word in words for word in MEMORY_WORDS):
            return self.locator.at(
                OUT_OF_MEMORY,
                f"{self.client.url} ran out of memory in {self.title(event.node_id)}",
                self.job.id,
                event.node_id,
                "use a worker with more memory, or a smaller size or fewer frames here",
                notes=(f"the node said: {what}",) if what else (),
            )
        return self.locator.at(
            NODE_FAILED,
            f"{self.title(event.node_id)} failed on {self.client.url}: {what or event.exception_type}",
            self.job.id,
            event.node_id,
            notes=(f"the exception is {event.exception_type}",),
        )

"""A worker's refusal of a graph, at the lines that made the refused nodes."""

from reelc_compiler.plan import Job
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import GRAPH_REFUSED
from reelc_runtime.comfy import NodeError, Rejected
from reelc_runtime.run.faults import Locator


def refused(job: Job, worker: str, answer: Rejected, locator: Locator) -> list[Diagnostic]:
    """One diagnostic for each error of each node; one for the whole graph when no node is named."""
    if not answer.node_errors:
        message = f"{worker} refused the graph: {answer.message or answer.error_type}"
        return [locator.at(GRAPH_REFUSED, message, job.id, None, notes=(f"ComfyUI calls this {answer.error_type}",))]
    return [_one(job, worker, error, locator) for error in answer.node_errors]


def _one(job: Job, worker: str, error: NodeError, locator: Locator) -> Diagnostic:
    details = f" ({error.details})" if error.details and error.details not in error.message else ""
    return locator.at(
        GRAPH_REFUSED,
        f"{worker} refused the node {error.class_type}: {error.message}{details}",
        job.id,
        error.node,
        notes=(f"ComfyUI calls this {error.type}",),
    )

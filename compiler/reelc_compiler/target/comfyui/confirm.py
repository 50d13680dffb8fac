"""The last gate: what was lowered must be what ComfyUI accepts."""

from reelc_compiler.catalog import Catalog
from reelc_compiler.plan import Plan
from reelc_compiler.target.comfyui.validate import NodeError, Notice, validate
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import INVALID_GRAPH
from reelc_dsl.source import Span


def confirm(plan: Plan, catalog: Catalog, span: Span, sink: Sink) -> None:
    """Report every graph that ComfyUI would refuse, or fail on when it runs.

    The checks before this one report at the line that is to blame; what is only found here has
    slipped through them.
    """
    for job in plan.jobs:
        verdict = validate(job.graph, catalog)
        for error in verdict.errors:
            _report(plan, job.id, error, "would refuse", f"ComfyUI calls this {error.type}", span, sink)
        for failure in verdict.failures:
            note = f"ComfyUI accepts it without a word ({failure.type})"
            _report(plan, job.id, failure, "would fail on", note, span, sink)


def _report(plan: Plan, job: str, found: NodeError | Notice, does: str, note: str, span: Span, sink: Sink) -> None:
    stack = plan.spans.get(job, {}).get(found.node or "", ())
    users = [p for p in stack if not p.library]
    where = f" at {users[-1].file}:{users[-1].line}" if users else ""
    message = f"ComfyUI {does} node {found.node}{where}: {found.message}"
    sink.add(Diagnostic(code=INVALID_GRAPH, message=message, span=span, notes=(note,)))

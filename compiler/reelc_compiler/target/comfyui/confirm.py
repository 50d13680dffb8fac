"""The last gate: what was lowered must be what ComfyUI accepts."""

from reelc_compiler.catalog import Catalog
from reelc_compiler.plan import Plan
from reelc_compiler.target.comfyui.validate import validate
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import INVALID_GRAPH
from reelc_dsl.source import Span


def confirm(plan: Plan, catalog: Catalog, span: Span, sink: Sink) -> None:
    """Report every graph that ComfyUI would refuse.

    The checks before this one report at the line that is to blame; what is only found here has
    slipped through them.
    """
    for job in plan.jobs:
        verdict = validate(job.graph, catalog)
        for error in verdict.errors:
            stack = plan.spans.get(job.id, {}).get(error.node or "", ())
            users = [p for p in stack if not p.library]
            where = f" at {users[-1].file}:{users[-1].line}" if users else ""
            sink.add(
                Diagnostic(
                    code=INVALID_GRAPH,
                    message=f"ComfyUI would refuse node {error.node}{where}: {error.message}",
                    span=span,
                    notes=(f"ComfyUI calls this {error.type}",),
                )
            )

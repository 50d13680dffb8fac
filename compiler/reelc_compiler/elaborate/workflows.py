"""Calls of workflows: the nodes of a graph, with what its ports are given."""

from typing import TYPE_CHECKING, Any

from reelc_compiler.elaborate import sockets
from reelc_compiler.elaborate.media import coerce, one_medium
from reelc_compiler.elaborate.scope import Env
from reelc_compiler.importing.reading import Fed, Link, RawNode
from reelc_compiler.ir.graph import Medium, Ref
from reelc_compiler.sema import calls
from reelc_compiler.sema.hints import respelt_text
from reelc_compiler.sema.program import WorkflowInfo
from reelc_compiler.values import NodeValue, only
from reelc_dsl.diagnostics import Frame, Label
from reelc_dsl.diagnostics.codes import BAD_INPUT_VALUE, TOO_LARGE
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator


def call(evaluator: "Evaluator", workflow: WorkflowInfo, bound: calls.Bound, span: Span, env: Env) -> NodeValue:
    """What a workflow gives: its outs by name.

    The nodes belong to the stage that makes the call, so that the stage's own stand-in and estimate hold for them.

    Raises:
        Stop: after a diagnostic.
    """
    kinds = {port.name: port.kind for port in workflow.ins}
    given: dict[str, Any] = {}
    for name, arg in bound.args.items():
        value = coerce(evaluator, only(evaluator.value(arg.value, env)), kinds[name], arg.value.span, env.module)
        given[name] = one_medium(evaluator, value, arg.value.span)
    evaluator.reporter.stack.append(Frame(span, workflow.decl.name.text))
    try:
        made: dict[str, int] = {}
        for node, raw in workflow.nodes.items():
            made[node] = _node(evaluator, workflow, raw, made, given, bound)
    finally:
        evaluator.reporter.stack.pop()
    outs: list[tuple[str, Ref]] = []
    for port in workflow.outs:
        output = workflow.nodes[port.node].schema.outputs[port.slot]
        outs.append((port.name, Ref(made[port.node], port.slot, output.type, output.dialect)))
    return NodeValue(tuple(outs))


def _node(
    evaluator: "Evaluator",
    workflow: WorkflowInfo,
    raw: RawNode,
    made: dict[str, int],
    given: dict[str, Any],
    bound: calls.Bound,
) -> int:
    if evaluator.builder.full:
        limit = evaluator.builder.limit
        raise evaluator.stop(TOO_LARGE, f"the program makes more than {limit} nodes", workflow.decl.name.span)
    inputs: dict[str, Any] = {}
    places: dict[str, Span] = {}
    media: list[Medium] = []
    for name, value in raw.inputs.items():
        if isinstance(value, Link):
            output = workflow.nodes[value.node].schema.outputs[value.slot]
            inputs[name] = Ref(made[value.node], value.slot, output.type, output.dialect)
        elif not isinstance(value, Fed):
            inputs[name] = value
        elif value.port not in given:
            if value.default is not None:
                inputs[name] = value.default
        elif given[value.port] is not None:
            places[name] = bound.args[value.port].value.span
            inputs[name] = _fed(evaluator, workflow, raw, name, value.port, given[value.port], bound)
            if isinstance(given[value.port], Medium):
                media.append(given[value.port])
    return evaluator.builder.op(
        raw.schema.class_type,
        inputs,
        region=evaluator.region.id,
        stack=evaluator.reporter.frames(Frame(workflow.decl.file.span, f"node {raw.id}: {raw.schema.class_type}")),
        places=places,
        media=tuple(media),
    )


def _fed(
    evaluator: "Evaluator", workflow: WorkflowInfo, raw: RawNode, name: str, port: str, value: Any, bound: calls.Bound
) -> Any:
    """What a port is given, as a link or as a literal."""
    wanted, arg = raw.wanted[name], bound.args[port].value
    if isinstance(value, Medium):
        return evaluator.link(value.ref, wanted, arg.span)
    if isinstance(value, Ref):
        return evaluator.link(value, wanted, arg.span)
    try:
        return sockets.literal(value, wanted)
    except sockets.BadValue as bad:
        decl = next(p.decl for p in workflow.ins if p.name == port)
        raise evaluator.stop(
            BAD_INPUT_VALUE,
            str(bad),
            arg.span,
            *bad.help,
            labels=(Label(decl.path.span, "the port leads here"),),
            fix=respelt_text(arg, bad.choices),
        ) from None

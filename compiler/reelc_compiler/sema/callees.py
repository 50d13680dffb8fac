"""Calls: which stage or function is meant, and whether the arguments fit it."""

from typing import TYPE_CHECKING

from reelc_compiler.sema import calls
from reelc_compiler.sema.builtins import BUILTINS, Builtin, takes
from reelc_compiler.sema.kinds import (
    INT,
    TEXT,
    UNKNOWN,
    Kind,
    a_kind,
    list_of,
    single,
)
from reelc_compiler.sema.program import (
    BrokenBinding,
    Local,
    ModuleBinding,
    StageBinding,
    StageInfo,
    WorkflowBinding,
    WorkflowInfo,
)
from reelc_dsl import ast
from reelc_dsl.diagnostics import Label
from reelc_dsl.diagnostics.codes import (
    FRAGILE_SEED,
    KIND_MISMATCH,
    MISSING_ARGUMENT,
    NOT_CALLABLE,
    NOT_YET,
    SURPLUS_ARGUMENT,
    UNKNOWN_ARGUMENT,
    UNKNOWN_NAME,
)
from reelc_dsl.diagnostics.fixes import respell
from reelc_dsl.diagnostics.suggest import did_you_mean, nearest
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.sema.exprs import Exprs


def call(exprs: "Exprs", callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None) -> Kind:
    """The kind that a call gives; a piped value is its first argument."""
    target = target_of(exprs, callee)
    if isinstance(target, StageInfo):
        return stage_call(exprs, target, callee, args, piped)
    if isinstance(target, WorkflowInfo):
        return workflow_call(exprs, target, callee, args, piped)
    if isinstance(target, Builtin):
        return builtin_call(exprs, target, callee, args, piped)
    if piped is not None:
        exprs.kind(piped)
    for arg in args:
        exprs.kind(arg.value)
    return UNKNOWN


def target_of(exprs: "Exprs", callee: ast.Expr) -> StageInfo | WorkflowInfo | Builtin | None:
    """What is called; None after a diagnostic."""
    match callee:
        case ast.NameExpr(name=name):
            found = exprs.scope.find(name)
            if found is None:
                return implicit(exprs, callee)
            if isinstance(found, StageBinding):
                return found.module.stages.get(found.decl.name.text)
            if isinstance(found, WorkflowBinding):
                return found.module.workflows.get(found.decl.name.text)
            if isinstance(found, Local):
                found.used = True
            if not isinstance(found, BrokenBinding):
                hides = name in BUILTINS or name in exprs.program.prelude.stages
                what = found.what if isinstance(found, Local) and hides else ""
                exprs.report(
                    NOT_CALLABLE,
                    f"`{name}` is not a stage",
                    callee.span,
                    *((f"the {what} hides the function of this name: rename it",) if what else ()),
                    labels=(Label(found.span, f"`{name}` is introduced here"),),
                )
            return None
        case ast.AttrExpr(value=ast.NameExpr(name=owner), name=name):
            binding = exprs.scope.find(owner)
            if isinstance(binding, ModuleBinding):
                module = binding.module
                called = module.stages.get(name.text) or module.workflows.get(name.text)
                # A workflow whose ports are wrong was complained of.
                if called is None and not isinstance(module.names.get(name.text), WorkflowBinding):
                    exprs.not_in_module(module, name)
                return called
            if binding is None:
                exprs.kind(callee.value)
                return None
            if isinstance(binding, BrokenBinding):
                return None
        case _:
            pass
    kind = exprs.kind(callee)
    if kind != UNKNOWN:
        exprs.report(NOT_CALLABLE, f"{a_kind(kind)} cannot be called", callee.span)
    return None


def implicit(exprs: "Exprs", callee: ast.NameExpr) -> StageInfo | Builtin | None:
    """A stage of the prelude or a function of the language."""
    name = callee.name
    if name in exprs.program.prelude.stages:
        return exprs.program.prelude.stages[name]
    if name in BUILTINS:
        return BUILTINS[name]
    if name not in exprs.scope.module.tree.broken:
        names = [*exprs.scope.visible(), *exprs.program.prelude.stages, *BUILTINS]
        exprs.report(
            UNKNOWN_NAME,
            f"nothing is named `{name}`",
            callee.span,
            *did_you_mean(name, names),
            fix=respell(callee.span, name, names),
        )
    return None


def stage_call(
    exprs: "Exprs", stage: StageInfo, callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None
) -> Kind:
    exprs.calls.setdefault(exprs.caller, []).append((stage, callee.span))
    params = {p.name: p for p in stage.params}
    bound = calls.bind(list(params), args, piped)
    misfits(exprs, f"the stage `{stage.decl.name.text}`", list(params), bound, stage.decl.name.span)
    for name, arg in bound.args.items():
        param = params[name]
        exprs.expect(arg.value, param.kind, f"`{name}`", param.decl.type.span)
    missing = [n for n, p in params.items() if n not in bound.args and p.decl.default is None]
    missing = not_misspelt(missing, bound)
    needs(exprs, f"the stage `{stage.decl.name.text}`", missing, callee.span, stage.decl.name.span)
    return stage.returns


def workflow_call(
    exprs: "Exprs", workflow: WorkflowInfo, callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None
) -> Kind:
    ports = {p.name: p for p in workflow.ins}
    what, declared = f"the workflow `{workflow.decl.name.text}`", workflow.decl.name.span
    bound = calls.bind(list(ports), args, piped)
    misfits(exprs, what, list(ports), bound, declared)
    for name, arg in bound.args.items():
        exprs.expect(arg.value, ports[name].kind, f"`{name}`", ports[name].decl.type.span)
    missing = not_misspelt([n for n, p in ports.items() if p.needed and n not in bound.args], bound)
    needs(exprs, what, missing, callee.span, declared)
    return workflow.returns


def builtin_call(
    exprs: "Exprs", builtin: Builtin, callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None
) -> Kind:
    params = {p.name: p for p in builtin.params}
    bound = calls.bind(list(params), args, piped)
    misfits(exprs, f"`{builtin.name}`", list(params), bound, None)
    kinds: dict[str, Kind] = {}
    for name, arg in bound.args.items():
        if builtin.name == "table" and name == "columns":
            # Few programs have one.
            from reelc_compiler.sema.tables import columns

            kinds[name] = columns(exprs, arg.value)
            continue
        kinds[name] = exprs.kind(arg.value)
        if not takes(params[name], kinds[name]):
            wanted = " or ".join(str(k) for k in params[name].kinds)
            exprs.report(KIND_MISMATCH, f"`{name}` is {wanted}, and this is {a_kind(kinds[name])}", arg.value.span)
            kinds[name] = UNKNOWN
    missing = not_misspelt([n for n, p in params.items() if p.required and n not in bound.args], bound)
    needs(exprs, f"`{builtin.name}`", missing, callee.span, None)
    if builtin.name == "derive" and single(kinds.get("name", TEXT)) == INT:
        exprs.report(
            FRAGILE_SEED,
            "this seed depends on a position",
            bound.args["name"].value.span,
            'derive it from a name, `derive(seed, "harbor")`: inserting a shot then changes no other',
        )
    if builtin.name == "table":
        return list_of(kinds.get("columns", UNKNOWN))
    return builtin.result(kinds)


def misfits(exprs: "Exprs", what: str, names: list[str], bound: calls.Bound, declared: Span | None) -> None:
    labels = (Label(declared, "declared here"),) if declared is not None else ()
    for misfit in bound.misfits:
        arg = misfit.arg
        exprs.kind(arg.value)
        span = arg.name.span if arg.name is not None else arg.span
        match misfit.why:
            case "unknown":
                assert arg.name is not None
                free = [n for n in names if n not in bound.args]
                help_ = did_you_mean(arg.name.text, free) or ("it takes " + ", ".join(f"`{n}`" for n in names),)
                message = f"{what} has no parameter `{arg.name.text}`"
                fix = respell(span, arg.name.text, free)
                exprs.report(UNKNOWN_ARGUMENT, message, span, *help_, labels=labels, fix=fix)
            case "twice":
                assert misfit.first is not None
                first = (Label(misfit.first.span, "given here first"),)
                exprs.report(SURPLUS_ARGUMENT, f"`{span.text}` is given twice", span, labels=first)
            case "surplus":
                count = len(names)
                message = f"{what} takes {count} argument{'s' if count != 1 else ''}, this is one more"
                exprs.report(SURPLUS_ARGUMENT, message, span, labels=labels)
            case "order":
                message = "an argument without a name stands after one with a name"
                exprs.report(SURPLUS_ARGUMENT, message, span, "give it a name, or put it first")
            case "spread":
                exprs.report(NOT_YET, "`...` has no meaning yet", arg.span, "name the arguments one by one")


def needs(exprs: "Exprs", what: str, names: list[str], span: Span, declared: Span | None) -> None:
    if names:
        shown = ", ".join(f"`{n}`" for n in names)
        labels = (Label(declared, "declared here"),) if declared is not None else ()
        exprs.report(MISSING_ARGUMENT, f"{what} needs {shown}", span, labels=labels)


def not_misspelt(missing: list[str], bound: calls.Bound) -> list[str]:
    """Missing parameters without those that a misspelt argument was meant for: one mistake is said once."""
    wrong = [m.arg.name.text for m in bound.misfits if m.why == "unknown" and m.arg.name is not None]
    meant = {found for name in wrong for found in nearest(name, missing)}
    return [name for name in missing if name not in meant]

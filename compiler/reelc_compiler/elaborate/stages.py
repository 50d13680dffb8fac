"""Calls of stages: parameters, regions, requirements, what is returned."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reelc_compiler import values
from reelc_compiler.elaborate.media import coerce, function
from reelc_compiler.elaborate.regions import Region
from reelc_compiler.elaborate.scope import Cell, Env, Stop
from reelc_compiler.sema import calls
from reelc_compiler.sema.builtins import BUILTINS, FROM_FILES
from reelc_compiler.sema.hints import respelt_text
from reelc_compiler.sema.kinds import RecordKind
from reelc_compiler.sema.program import (
    ModuleBinding,
    ParamInfo,
    StageBinding,
    StageInfo,
    WorkflowBinding,
    WorkflowInfo,
)
from reelc_compiler.units import Bytes
from reelc_compiler.values import RangeValue, only
from reelc_dsl import ast
from reelc_dsl.diagnostics import Frame, Label
from reelc_dsl.diagnostics.codes import (
    OUT_OF_RANGE,
    REQUIREMENT,
    STAGE_NOTE,
    STAGE_WARNING,
)
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator


# The estimates that are amounts of memory.
MEMORY = ("vram", "ram")


def call(
    evaluator: "Evaluator", callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None, span: Span, env: Env
) -> Any:
    workflow = workflow_of(callee, env)
    if workflow is not None:
        # Few programs have one, and need what reads graphs.
        from reelc_compiler.elaborate import workflows

        return workflows.call(evaluator, workflow, calls.bind([p.name for p in workflow.ins], args, piped), span, env)
    stage = stage_of(evaluator, callee, env)
    if stage is not None:
        bound = calls.bind([p.name for p in stage.params], args, piped)
        return call_stage(evaluator, stage, bound, span, env)
    assert isinstance(callee, ast.NameExpr)
    builtin = BUILTINS[callee.name]
    bound = calls.bind([p.name for p in builtin.params], args, piped)
    if builtin.name in ("table", "files"):
        return from_folder(evaluator, builtin.name, bound, span, env)
    given = {name: only(evaluator.value(arg.value, env)) for name, arg in bound.args.items()}
    places = {name: arg.value.span for name, arg in bound.args.items()}
    for param in builtin.params:
        if param.name in given and param.kinds in FROM_FILES:
            given[param.name] = coerce(evaluator, given[param.name], param.kinds[0], places[param.name], env.module)
    return function(evaluator, builtin.name, given, places, span)


def from_folder(evaluator: "Evaluator", name: str, bound: calls.Bound, span: Span, env: Env) -> Any:
    """What a table holds, or which files there are."""
    # Few programs ask.
    from reelc_compiler.elaborate import tables

    if name == "files":
        pattern = bound.args["pattern"].value
        return tables.files(evaluator, evaluator.value(pattern, env), env.module, pattern.span)
    path, columns = bound.args["path"].value, env.module.kinds[id(bound.args["columns"].value)]
    assert isinstance(columns, RecordKind)
    return tables.table(evaluator, evaluator.value(path, env), columns, env.module, path.span)


def workflow_of(callee: ast.Expr, env: Env) -> WorkflowInfo | None:
    """The workflow that is called; None for anything else."""
    module, name = env.module, callee.name if isinstance(callee, ast.NameExpr) else ""
    if isinstance(callee, ast.AttrExpr) and isinstance(callee.value, ast.NameExpr):
        owner = module.names.get(callee.value.name)
        if not isinstance(owner, ModuleBinding):
            return None
        module, name = owner.module, callee.name.text
    binding = module.names.get(name)
    return binding.module.workflows[binding.decl.name.text] if isinstance(binding, WorkflowBinding) else None


def stage_of(evaluator: "Evaluator", callee: ast.Expr, env: Env) -> StageInfo | None:
    """The stage that is called; None for a function of the language."""
    match callee:
        case ast.NameExpr(name=name):
            binding = env.module.names.get(name)
            if isinstance(binding, StageBinding):
                return binding.module.stages[binding.decl.name.text]
            return evaluator.program.prelude.stages.get(name)
        case ast.AttrExpr(value=ast.NameExpr(name=owner), name=name):
            binding = env.module.names[owner]
            assert isinstance(binding, ModuleBinding)
            return binding.module.stages[name.text]
        case _:
            raise AssertionError("the checker refuses other callees")


def call_stage(evaluator: "Evaluator", stage: StageInfo, bound: calls.Bound, span: Span, env: Env) -> Any:
    evaluated: dict[str, Any] = {}
    params = {p.name: p for p in stage.params}
    for name, arg in bound.args.items():
        value = only(evaluator.value(arg.value, env))
        evaluated[name] = coerce(evaluator, value, params[name].kind, arg.value.span, env.module)
    window = next((s for s in stage.decl.body if isinstance(s, ast.Window)), None)
    if window is not None and not evaluator.region.sealed:
        from reelc_compiler.elaborate import windows

        return windows.call(evaluator, stage, window, evaluated, bound, span)
    return instance(evaluator, stage, evaluated, bound, span)


def instance(evaluator: "Evaluator", stage: StageInfo, given: dict[str, Any], bound: calls.Bound, span: Span) -> Any:
    """A stage's value for these arguments, as one region."""
    inner = Env(stage.module)
    with inside(evaluator, stage, span) as opened:
        for param in stage.params:
            bind_param(evaluator, param, given, bound, inner)
        return run(evaluator, stage, inner, opened)


@contextmanager
def inside(evaluator: "Evaluator", stage: StageInfo, span: Span) -> Generator[Region | None]:
    """The calls and the region of a stage's body; None where an enclosing stage's goes on."""
    evaluator.reporter.stack.append(Frame(span, stage.decl.name.text))
    outer = evaluator.region
    opened: Region | None = None
    if not outer.sealed:
        declares = any(isinstance(s, ast.Preview) for s in stage.decl.body)
        number = evaluator.builder.region(stage.qualified, evaluator.reporter.frames())
        opened = evaluator.region = Region(number, sealed=declares)
    try:
        yield opened
    finally:
        evaluator.region = outer
        evaluator.reporter.stack.pop()


def bind_param(evaluator: "Evaluator", param: ParamInfo, given: dict[str, Any], bound: calls.Bound, inner: Env) -> None:
    """Enter a parameter: the argument, or the default, within what the parameter takes."""
    decl = param.decl
    if param.name in given:
        value, expr = given[param.name], bound.args[param.name].value
    else:
        assert decl.default is not None
        expr = decl.default
        raw = only(evaluator.value(expr, inner))
        value = coerce(evaluator, raw, param.kind, expr.span, inner.module)
    among(evaluator, param, value, expr, inner)
    inner.cells[param.name] = Cell.of(value, decl.name.span)


def among(evaluator: "Evaluator", param: ParamInfo, value: Any, expr: ast.Expr, env: Env) -> None:
    """Check the value of an expression against a parameter's range or choices.

    Raises:
        Stop: after E0402.
    """
    if param.decl.among is None or value is None:
        return
    allowed = evaluator.value(param.decl.among, env)
    choices: list[str] = []
    if isinstance(allowed, RangeValue):
        fits = allowed.low <= value and (allowed.high is None or value <= allowed.high)
        takes = (
            f"{values.show(allowed.low)} to {values.show(allowed.high)}"
            if allowed.high is not None
            else (f"at least {values.show(allowed.low)}")
        )
    else:
        fits = (value.name if isinstance(value, values.ModelFile) else value) in allowed
        takes = "one of " + ", ".join(f'"{v}"' if isinstance(v, str) else values.show(v) for v in allowed)
        choices = [v for v in allowed if isinstance(v, str)]
    if not fits:
        raise evaluator.stop(
            OUT_OF_RANGE,
            f"`{param.name}` takes {takes}, and this is {values.show(value)}",
            expr.span,
            labels=(Label(param.decl.among.span, "declared here"),),
            fix=respelt_text(expr, choices),
        )


def run(evaluator: "Evaluator", stage: StageInfo, env: Env, opened: Region | None) -> Any:
    """A stage's statements, and what it returns."""
    result: Any = None
    stand_in: tuple[str, dict[str, Any]] | None = None
    estimate: dict[str, Any] = {}
    for statement in stage.decl.body:
        match statement:
            case ast.Let(name=name):
                env.cells[name.text] = evaluator.let_cell(statement, env)
            case ast.Require() | ast.Warn() | ast.Note():
                require(evaluator, statement, env)
            case ast.Settings(kind="estimate", settings=settings):
                estimate = {s.name.text: amount(evaluator, evaluator.value(s.value, env)) for s in settings}
            case ast.Preview(kind=kind, settings=settings):
                shown = {s.name.text: values.to_json(evaluator.value(s.value, env)) for s in settings}
                stand_in = None if kind.text == "none" else (kind.text, shown)
            case ast.Return(value=value):
                raw = only(evaluator.value(value, env))
                result = coerce(evaluator, raw, stage.returns, value.span, stage.module)
            case _:
                pass
    if opened is not None:
        # What a stage does not estimate itself is what the largest of those that it calls takes.
        evaluator.builder.close(opened.id, stand_in, {**opened.called, **estimate})
    else:
        known = evaluator.region.called
        known |= {name: max(known.get(name, 0), int(estimate[name])) for name in MEMORY if name in estimate}
    return result


def amount(evaluator: "Evaluator", value: Any) -> Any:
    """An estimate as a JSON number: bytes whole, others as they are."""
    if isinstance(value, Bytes):
        return int(value.count)
    return values.to_json(value)


def require(evaluator: "Evaluator", statement: ast.Require | ast.Warn | ast.Note, env: Env) -> None:
    """Check a requirement, warn, or tell.

    Raises:
        Stop: a requirement is not met.
    """
    if evaluator.value(statement.test, env):
        return
    message = "a requirement is not met" if statement.message is None else evaluator.text(statement.message, env)
    help_ = () if statement.help is None else (evaluator.text(statement.help, env),)
    match statement:
        case ast.Require():
            code, where = REQUIREMENT, "this is required"
        case ast.Warn():
            code, where = STAGE_WARNING, "this is advised"
        case ast.Note():
            code, where = STAGE_NOTE, "this is said"
    evaluator.reporter.add(code, message, statement.test.span, *help_, where=where)
    if code is REQUIREMENT:
        raise Stop

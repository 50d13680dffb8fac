"""Elaboration: a checked program and its parameters to the typed media graph."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, cast

from reelc_compiler import values
from reelc_compiler.catalog import Catalog
from reelc_compiler.elaborate import media, stages
from reelc_compiler.elaborate.evaluator import Evaluator
from reelc_compiler.elaborate.films import add_film
from reelc_compiler.elaborate.inputs import Inputs
from reelc_compiler.elaborate.limits import Limits
from reelc_compiler.elaborate.regions import Region
from reelc_compiler.elaborate.reports import Reporter
from reelc_compiler.elaborate.scope import Cell, Env, Stop
from reelc_compiler.elaborate.targets import Target, target_of
from reelc_compiler.facts import Input
from reelc_compiler.inputs import FindFiles, Probe, ReadTable, no_files, no_table
from reelc_compiler.ir.graph import GraphBuilder, MediaGraph, Medium, Save
from reelc_compiler.sema.program import PipelineInfo, Program
from reelc_compiler.values import FilmValue, Named, NodeValue, SequenceValue
from reelc_dsl import ast
from reelc_dsl.diagnostics import Sink
from reelc_dsl.diagnostics.codes import UNSET_PARAM, UNUSED_LET, UNUSED_TAKE
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

MAX_NODES = 100_000
# Names that a help lists.
MANY = 8

# An expression that sets a parameter from outside, in a module of its own.
Overrides = Mapping[str, ast.Expr]


@dataclass(frozen=True, slots=True)
class Settings:
    """What one variant of a program is made with: parameters, and seeds by the names that they are derived from.

    Attributes:
        places: where each of the seeds is set.
    """

    params: Overrides
    takes: Mapping[str, int] = field(default_factory=dict[str, int])
    places: Mapping[str, Span] = field(default_factory=dict[str, Span])


@dataclass(frozen=True, slots=True)
class MadeWith:
    """What a variant was made with: parameters as a plan records them, and the chosen seeds that it asked for."""

    params: Mapping[str, Any]
    takes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elaborated:
    """A pipeline with everything known of it before anything runs.

    Attributes:
        variants: what each variant was made with, by what it is called; one that is called nothing where there is
            only one.
    """

    pipeline: str
    variants: Mapping[str, "MadeWith"]
    inputs: tuple[Input, ...]
    graph: MediaGraph


@dataclass(frozen=True, slots=True)
class Outside:
    """What a program may ask of the world: about input files, for tables, which files there are, and chosen takes."""

    probe: Probe
    table: ReadTable = no_table
    files: FindFiles = no_files
    takes: Mapping[str, int] = field(default_factory=dict[str, int])


def elaborate(
    program: Program,
    pipeline: PipelineInfo,
    settings: Mapping[str, Settings],
    catalog: Catalog,
    outside: Outside,
    sink: Sink,
) -> Elaborated:
    """Evaluate a pipeline from its outputs, once for each variant; what they share is made once.

    Args:
        program: checked, without errors.
        pipeline: which one.
        settings: what is set from outside, by what the variant is called: its films' names end in it.
        catalog: decides ``has_node`` and the nodes' ranges and choices.
        outside: answers for files.
        sink: receives E03xx to E06xx and W0201, W0401, N0401.
    """
    builder = GraphBuilder(MAX_NODES)
    reporter = Reporter(sink)
    inputs = Inputs(builder, outside.probe, reporter, catalog)
    limits = Limits()
    recorded: dict[str, MadeWith] = {}
    asked: set[str] = set()
    taken: set[str] = set()
    derived: set[str] = set()
    for label, mine in settings.items():
        evaluator = Evaluator(
            program, catalog, builder, reporter, load_input=inputs.load, table=outside.table, files=outside.files
        )
        evaluator.takes = {**outside.takes, **mine.takes}
        asked |= evaluator.takes.keys()
        number = builder.region(pipeline.decl.name.text, ())
        evaluator.region = Region(number, sealed=False)
        env = Env(pipeline.module)
        params: dict[str, Any] = {}
        for param in pipeline.params:
            env.cells[param.name] = cell = _param_cell(evaluator, param.name, pipeline, mine.params, env)
            try:
                params[param.name] = _recorded(cell.force(), inputs)
            except Stop:
                continue
        _statements(evaluator, pipeline, env, builder, sink, label, limits)
        recorded[label] = MadeWith(params, {name: evaluator.takes[name] for name in sorted(evaluator.taken)})
        taken |= evaluator.taken
        derived |= evaluator.derived
    places = {name: place for mine in settings.values() for name, place in mine.places.items()}
    for name in sorted(asked - taken) if not sink.has_errors else ():
        what = f"a take was chosen for `{name}`, and no seed is derived from that name"
        help_ = did_you_mean(name, derived)
        if name in places:
            known = ", ".join(f"`{d}`" for d in sorted(derived)[:MANY])
            known = f"seeds are derived from {known}" + (" and others" if len(derived) > MANY else "")
            reporter.add(UNUSED_TAKE, what, places[name], *(help_ or ((known,) if derived else ("leave it out",))))
        else:
            forget = (f"`reelc take FILE --forget {name}` forgets it",)
            reporter.add(UNUSED_TAKE, what, pipeline.decl.name.span, *(help_ or forget))
    graph = builder.build()
    if not sink.has_errors:
        needed = graph.closure(graph.sinks())
        for clip, said in reporter.held_back:
            if clip.windows is not None and clip.windows.wanted and clip.ref.op in needed:
                sink.extend(said)
        limits.check(graph, needed, sink)
    return Elaborated(
        pipeline=pipeline.decl.name.text,
        variants=recorded,
        inputs=tuple(inputs.found.values()),
        graph=graph,
    )


def _statements(
    evaluator: Evaluator,
    pipeline: PipelineInfo,
    env: Env,
    builder: GraphBuilder,
    sink: Sink,
    label: str,
    limits: Limits,
) -> None:
    lets: list[ast.Let] = []
    failed = False
    target: Target | None = None
    # A target is for all films, also for those that stand before it; it may need any of the names.
    for statement in sorted(pipeline.decl.body, key=_turn):
        try:
            match statement:
                case ast.Let(name=name):
                    env.cells[name.text] = evaluator.let_cell(statement, env)
                    lets.append(statement)
                case ast.Require() | ast.Warn() | ast.Note():
                    stages.require(evaluator, statement, env)
                case ast.Settings(kind="target"):
                    target = target_of(evaluator, statement, env)
                    limits.hear(evaluator, statement, env)
                case ast.OutputStmt(name=name, value=value):
                    made = evaluator.value(value, env)
                    if isinstance(made, NodeValue):
                        builder.saves.append(Save(name=_varied(name.text, label), op=made.op, span=value.span))
                        continue
                    assert isinstance(made, FilmValue)
                    if target is not None:
                        made = target.fitted(evaluator, made, value.span)
                    add_film(evaluator, builder, _varied(name.text, label), made, value.span, variant=label)
                case _:
                    pass
        except Stop:
            failed = True
    for let in lets:
        if not failed and env.cells[let.name.text].forced:
            value = env.cells[let.name.text].force()
            _call(builder, let.name.text, value)
            if label:
                _call(builder, f"{let.name.text}.{label}", value)
        # After a failure nobody knows what would have been needed.
        if not failed and not env.cells[let.name.text].forced:
            evaluator.reporter.add(
                UNUSED_LET, f"no output needs `{let.name.text}`", let.name.span, "remove it, or use it in an output"
            )


def _turn(statement: ast.Stmt) -> int:
    match statement:
        case ast.Let():
            return 0
        case ast.Settings():
            return 1
        case _:
            return 2


def _varied(name: str, label: str) -> str:
    return f"{name}-{label}" if label else name


def _call(builder: GraphBuilder, name: str, value: Any) -> None:
    """Note a ``let``'s name for the media that it stands for: `--until NAME` finds them by it."""
    if isinstance(value, Medium):
        builder.call(value, name)
    elif isinstance(value, SequenceValue):
        _call(builder, name, value.clips)
    elif isinstance(value, tuple):
        items = cast(tuple[Any, ...], value)
        names = value.names if isinstance(value, Named) else (None,) * len(items)
        for item, mine in zip(items, names, strict=True):
            _call(builder, name, item)
            if mine is not None:
                _call(builder, f"{name}.{mine}", item)


def _param_cell(evaluator: Evaluator, name: str, pipeline: PipelineInfo, overrides: Overrides, env: Env) -> Cell:
    param = next(p for p in pipeline.params if p.name == name)

    def compute() -> Any:
        expr = overrides.get(name) or param.decl.default
        if expr is None:
            raise evaluator.stop(
                UNSET_PARAM,
                f"the parameter `{name}` has no value",
                param.decl.name.span,
                f"set it with `--set {name}=...`, or give it a default",
            )
        value = values.only(evaluator.value(expr, env))
        coerced = media.coerce(evaluator, value, param.kind, expr.span, pipeline.module)
        stages.among(evaluator, param, coerced, expr, env)
        return coerced

    return Cell(compute, param.decl.name.span)


def _recorded(value: Any, inputs: Inputs) -> Any:
    """A parameter's value as the plan records it: an input file by its path."""
    if isinstance(value, Medium):
        return inputs.path_of(value)
    if isinstance(value, tuple):
        return [_recorded(v, inputs) for v in value]  # pyright: ignore[reportUnknownVariableType]
    return values.to_json(value)

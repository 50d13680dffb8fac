"""The compiler on a page: one call per stage, values in, values and diagnostics out."""

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reelc_compiler.catalog import Catalog
from reelc_compiler.catalog.models import Lookup, lookup
from reelc_compiler.elaborate import Elaborated, Outside, Settings, elaborate
from reelc_compiler.inputs import FindFiles, Probe, ReadTable, no_files, no_table
from reelc_compiler.overrides import parse_overrides
from reelc_compiler.sema.check import check
from reelc_compiler.sema.program import PipelineInfo, Program
from reelc_compiler.sema.resolve import SourceProvider, resolve
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import NO_PIPELINE, UNKNOWN_PIPELINE
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

if TYPE_CHECKING:
    # A check makes no plan, and need not pay for importing what plans are made of.
    from reelc_compiler.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to compile.

    Args:
        source: the main file.
        key: its file name.
        catalog: the node classes of the plan.
        provider: where used modules come from.
        probe: answers for input files.
        table, files: read tables, and find files by patterns.
        takes: seeds that were chosen, by the names that others are derived from.
        pipeline: which one; None when the file has just one.
        overrides: parameters as given on the command line, name to text.
        whole: all films in one graph, without hand-overs, for ComfyUI's window.
        models: what is known of model files.
    """

    source: Source
    key: str
    catalog: Catalog
    provider: SourceProvider
    probe: Probe
    pipeline: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])
    whole: bool = False
    models: Lookup = lookup
    table: ReadTable = no_table
    files: FindFiles = no_files
    takes: Mapping[str, int] = field(default_factory=dict[str, int])


def analyse(request: Request, sink: Sink) -> Program:
    """Parse, resolve names and check kinds."""
    program = resolve(request.source, request.key, request.provider, sink)
    check(program, request.catalog, sink)
    return program


def check_all(request: Request, sink: Sink) -> None:
    """Everything that can be found out without a plan: for every pipeline, unless one is named."""
    program = analyse(request, sink)
    if not sink.has_errors:
        for pipeline, mine in _each(request, program, sink):
            _elaborate(mine, program, pipeline, sink)


def compile_each(request: Request, sink: Sink) -> "tuple[Plan, ...]":
    """The plans of all pipelines, or of the one that is named; those before the first with errors."""
    program = analyse(request, sink)
    if sink.has_errors:
        return ()
    plans = [_plan(mine, program, pipeline, sink) for pipeline, mine in _each(request, program, sink)]
    return tuple(plan for plan in plans if plan is not None)


def _each(request: Request, program: Program, sink: Sink) -> Iterator[tuple[PipelineInfo, Request]]:
    """The pipelines that are meant, each with the request for it."""
    if request.pipeline is not None:
        chosen = [choose(request, program, sink)]
    else:
        chosen = list(program.main.pipelines.values())
    # A file of stages, records or constants is for other files to use; an empty one is a mistake.
    if not chosen and not program.main.tree.items:
        choose(request, program, sink)
    known = {p.name for pipeline in chosen if pipeline is not None for p in pipeline.params}
    for pipeline in chosen:
        if pipeline is not None:
            # With several pipelines, a parameter need only be one of theirs.
            own = {p.name for p in pipeline.params}
            mine = {n: t for n, t in request.overrides.items() if n in own or n not in known}
            yield pipeline, replace(request, overrides=mine)


def compile_plan(request: Request, sink: Sink) -> "Plan | None":
    """The plan; None after errors."""
    program = analyse(request, sink)
    if sink.has_errors:
        return None
    pipeline = choose(request, program, sink)
    return None if pipeline is None else _plan(request, program, pipeline, sink)


def _plan(request: Request, program: Program, pipeline: PipelineInfo, sink: Sink) -> "Plan | None":
    """The plan of one pipeline; None after errors."""
    from reelc_compiler.lower import lower
    from reelc_compiler.target.comfyui.confirm import confirm

    elaborated = _elaborate(request, program, pipeline, sink)
    if elaborated is None:
        return None
    plan = lower(elaborated, program, request.catalog, whole=request.whole, models=request.models)
    # A model or picture that a server does not have yet can still be put there.
    confirm(plan, request.catalog.without_lists(), pipeline.decl.name.span, sink)
    return None if sink.has_errors else plan


def _elaborate(request: Request, program: Program, pipeline: PipelineInfo, sink: Sink) -> Elaborated | None:
    settings = _settings(request, pipeline, sink)
    if sink.has_errors:
        return None
    outside = Outside(request.probe, request.table, request.files, request.takes)
    elaborated = elaborate(program, pipeline, settings, request.catalog, outside, sink)
    return None if sink.has_errors else elaborated


def _settings(request: Request, pipeline: PipelineInfo, sink: Sink) -> Mapping[str, Settings]:
    """What the parameters are set to in each variant; mostly there is one, without a name."""
    if not any(name == "@" or "." in name or ".." in text for name, text in request.overrides.items()):
        return {"": Settings(parse_overrides(request.overrides, pipeline, sink))}
    # Few command lines ask for several.
    from reelc_compiler.variants import variants

    return variants(request.overrides, pipeline, request.table, sink)


def choose(request: Request, program: Program, sink: Sink) -> PipelineInfo | None:
    """The pipeline that is meant; None after a diagnostic."""
    known = program.main.pipelines
    if request.pipeline is not None and request.pipeline in known:
        return known[request.pipeline]
    if request.pipeline is None and len(known) == 1:
        return next(iter(known.values()))
    start = Span(request.source, 0, 0)
    if not known:
        empty = not request.source.text.strip()
        sink.add(
            Diagnostic(
                code=NO_PIPELINE,
                message="the file is empty" if empty else "the file has no pipeline",
                span=start,
                help=("`pipeline NAME { output film = ... }` says what is to be made",),
            )
        )
    else:
        names = ", ".join(f"`{n}`" for n in known)
        named = request.pipeline is not None
        sink.add(
            Diagnostic(
                code=UNKNOWN_PIPELINE,
                message=f"there is no pipeline `{request.pipeline}`" if named else f"which pipeline is meant: {names}?",
                span=start,
                help=(did_you_mean(request.pipeline or "", known) if named else ())
                or ("name one with `--pipeline NAME`",),
            )
        )
    return None

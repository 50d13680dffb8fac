"""The public Python API: what the command line does, as functions.

import reelc

for finding in reelc.check("harbor.reel"):
    print(finding.code.code, finding.message)
compilation = reelc.compile("harbor.reel", overrides={"seed": "7"})
compilation.plan.to_files()
"""

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelc.catalogs import open_catalog
from reelc.locking import Held, catalog_for, held
from reelc.takes import read_takes
from reelc_compiler.catalog import Catalog
from reelc_compiler.driver import Request, check_all, compile_plan
from reelc_compiler.driver import compile_each as compile_each_plan
from reelc_compiler.loader import Project
from reelc_compiler.sema.resolve import SourceProvider
from reelc_dsl.diagnostics import Diagnostic, ReelError, Sink
from reelc_dsl.diagnostics.codes import TOO_DEEP
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

if TYPE_CHECKING:
    from reelc_compiler.importing.convert import Imported
    from reelc_compiler.plan import Plan
    from reelc_compiler.target.comfyui.judgement import Judgement

# Python's default of 1,000 frames is some 140 names that each use the one before. On a main thread's 8 MB
# stack this many frames are far from dangerous.
RECURSION_LIMIT = 6000


@dataclass(frozen=True)
class Compilation:
    """A plan with what was said on the way, and the project that it came from.

    Args:
        plan: what the runtime needs.
        warnings: findings that did not stop it.
        project: where input files and sources lie.
    """

    plan: "Plan"
    warnings: tuple[Diagnostic, ...]
    project: Project


def check(
    file: str | Path,
    *,
    overrides: Mapping[str, str] | None = None,
    pipeline: str | None = None,
    catalog: str | None = None,
) -> tuple[Diagnostic, ...]:
    """Everything that can be said about a file without making anything.

    Args:
        file: a .reel file.
        overrides: parameters, name to text as on the command line.
        pipeline: which one; all of the file's when None.
        catalog: the name of a node catalog, or the path of a catalog file; when None, that of the `reel.lock` beside
            the file, else the bundled default.

    Returns:
        Findings in reading order; a file that cannot be read is one of them.
    """
    project = Project(Path(file))
    try:
        described = catalog_for(project, catalog)
    except ReelError as error:
        return error.diagnostics
    return check_project(project, overrides=overrides or {}, pipeline=pipeline, catalog=described)


def check_project(
    project: Project, *, overrides: Mapping[str, str], pipeline: str | None, catalog: Catalog
) -> tuple[Diagnostic, ...]:
    """As :func:`check`, of a project whose texts may not be on the disk yet."""
    sink = Sink()
    try:
        lock = held(project)
        request = _request(project, overrides, pipeline, catalog, lock)
        with _depth(request.source):
            check_all(request, sink)
        lock.tell(sink)
    except ReelError as error:
        sink.extend(error.diagnostics)
    return sink.sorted()


def compile_each(
    project: Project, *, overrides: Mapping[str, str], pipeline: str | None, catalog: Catalog
) -> "tuple[tuple[Plan, ...], tuple[Diagnostic, ...]]":
    """The plans of a file's pipelines, as far as there are no errors, and all findings in reading order."""
    sink = Sink()
    plans: tuple[Plan, ...] = ()
    try:
        lock = held(project)
        request = _request(project, overrides, pipeline, catalog, lock)
        with _depth(request.source):
            plans = compile_each_plan(request, sink)
        lock.tell(sink)
    except ReelError as error:
        sink.extend(error.diagnostics)
    return plans, sink.sorted()


def compile(
    file: str | Path,
    *,
    overrides: Mapping[str, str] | None = None,
    pipeline: str | None = None,
    catalog: str | None = None,
    whole: bool = False,
) -> Compilation:
    """The plan of a file's pipeline.

    Args:
        file, overrides, catalog: as for :func:`check`.
        pipeline: which one, when the file has several.
        whole: all films in one graph, without hand-overs between jobs.

    Raises:
        ReelError: the file has errors; its diagnostics hold them all, and the warnings.
    """
    sink = Sink()
    project = Project(Path(file))
    lock = held(project)
    request = _request(project, overrides or {}, pipeline, catalog_for(project, catalog), lock)
    request = replace(request, whole=whole)
    with _depth(request.source):
        plan = compile_plan(request, sink)
    lock.tell(sink)
    found = sink.sorted()
    if plan is None:
        raise ReelError(found)
    return Compilation(plan=plan, warnings=found, project=project)


def validate(graph: "str | Path | Mapping[str, Any]", *, catalog: str | None = None) -> "Judgement":
    """What ComfyUI would answer to an API-format graph, and what it would not say.

    Args:
        graph: a file, or the graph itself.
        catalog: as for :func:`check`; also a file that holds a server's answer to ``/object_info``.

    Raises:
        ReelError: the file cannot be read (E0101, E0103), or the catalog cannot.
    """
    from reelc.validating import validate_file, validate_value

    described = open_catalog(catalog)
    if isinstance(graph, str | Path):
        return validate_file(Path(graph), described)
    return validate_value(graph, described)


def format(text: str, *, name: str = "text.reel") -> str:
    """A program in its one layout, as ``reelc fmt`` writes it.

    Args:
        text: the program.
        name: what it is called in diagnostics.

    Returns:
        The same program with the same comments. Lines end in ``\\n``.

    Raises:
        ReelError: the text has syntax errors (E0104 to E0111).
    """
    from reelc_dsl.printer import reformat

    source = Source(name, text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    sink = Sink()
    with _depth(source):
        result = reformat(source, sink)
    if result is None:
        raise ReelError(sink.sorted())
    return result


def import_graph(file: str | Path, *, catalog: str | None = None) -> tuple["Imported", tuple[Diagnostic, ...]]:
    """An API-format graph as the text of a .reel file that compiles back to it.

    Args:
        file: a JSON file, as ComfyUI's window exports it for its API.
        catalog: as for :func:`check`.

    Returns:
        The text, and what is to be said about it: what was left out.

    Raises:
        ReelError: the file cannot be read, is no graph that ComfyUI accepts, or has no form in Reel (E0520, E0521).
    """
    from reelc_compiler.importing.convert import import_graph as convert
    from reelc_compiler.importing.graphs import Unreadable, parse_graph, unreadable
    from reelc_compiler.loader import read_graph, std_names, std_source

    path = Path(file)
    described = open_catalog(catalog)
    source = read_graph(path, path.as_posix())
    sink = Sink()
    with _depth(source):
        try:
            graph = parse_graph(source)
        except Unreadable as error:
            raise ReelError([unreadable(source, error)]) from None
        name = path.stem.removesuffix(".api")
        done = convert(graph, name, described, SourceProvider(lambda _: None, std_source, std_names), sink)
    found = sink.sorted()
    if done is None:
        raise ReelError(found)
    return done, found


@contextmanager
def _depth(source: Source) -> Generator[None]:
    """Room for programs whose names build on each other in long rows; beyond it, a diagnostic.

    Raises:
        ReelError: E0111.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    except RecursionError:
        start = Span(source, 0, 0)
        raise ReelError(
            [
                Diagnostic(
                    code=TOO_DEEP,
                    message="the program is nested too deeply: something builds on itself some hundred times over",
                    span=start,
                    help=("use `for` over a list instead of a long row of names or operators",),
                )
            ]
        ) from None
    finally:
        sys.setrecursionlimit(before)


def _request(
    project: Project, overrides: Mapping[str, str], pipeline: str | None, catalog: Catalog, lock: Held
) -> Request:
    return Request(
        source=project.source(),
        key=project.key,
        catalog=catalog,
        provider=project.provider(lock.package, lock.package_modules),
        probe=lock.probe,
        table=lock.table,
        files=lock.files,
        takes=read_takes(project.main),
        pipeline=pipeline,
        overrides=dict(overrides),
        models=lock.models,
    )


__all__ = ["Compilation", "check", "compile", "format", "import_graph", "open_catalog", "validate"]

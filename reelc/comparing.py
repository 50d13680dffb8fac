"""Two catalogs compared: what changed, and what that means for one program or graph."""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from reelc.api import compile_each
from reelc.validating import validate_file
from reelc_compiler.catalog import Catalog
from reelc_compiler.catalog.diff import CatalogDiff, diff
from reelc_compiler.loader import Project
from reelc_compiler.target.comfyui.judgement import Judgement
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import NOT_A_GRAPH
from reelc_dsl.records import dataclass

PROGRAM = ".reel"
_LINKS = ("output-moved", "output-removed", "output-type")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A program or a graph, before and after.

    Args:
        path: its file.
        kind: ``program`` (.reel), or ``graph`` in API format.
        classes: the node classes that it uses: of a program, those of its compiled graphs.
        before: whether it was right with the first catalog.
        after: whether it is right with the second.
        findings: what is said with the second catalog, and was not with the first.
        astray: links of a graph, ``node.input``, whose output is another in the second catalog.
    """

    path: Path
    kind: Literal["program", "graph"]
    classes: tuple[str, ...]
    before: bool
    after: bool
    findings: tuple[Diagnostic, ...]
    astray: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two catalogs compared.

    Args:
        diff: what changed; with a subject, in the classes that it uses.
        subject: the program or graph, if one was named.
    """

    diff: CatalogDiff
    subject: Subject | None

    @property
    def ok(self) -> bool:
        """Whether nothing breaks: the subject, or any graph."""
        return self.subject.after if self.subject is not None else not self.diff.breaking


def compare(
    a: Catalog,
    b: Catalog,
    file: Path | None = None,
    *,
    overrides: Mapping[str, str] | None = None,
    pipeline: str | None = None,
) -> Comparison:
    """Compare two catalogs, whatever files their servers have.

    Args:
        a: before.
        b: after.
        file: a .reel file, or a graph in API format; then only the classes that it uses are compared.
        overrides, pipeline: of a program, as for :func:`reelc.compile`.

    Raises:
        ReelError: E0101 or E0103: the graph cannot be read.
    """
    a, b = a.without_lists(), b.without_lists()
    if file is None:
        return Comparison(diff=diff(a, b), subject=None)
    if file.suffix == PROGRAM:
        subject = _program(file, a, b, overrides or {}, pipeline)
        return Comparison(diff=diff(a, b, subject.classes), subject=subject)
    return _graph(file, a, b)


# -- programs --------------------------------------------------------------------------------


def _program(file: Path, a: Catalog, b: Catalog, overrides: Mapping[str, str], pipeline: str | None) -> Subject:
    project = Project(file)
    plans, said = compile_each(project, overrides=overrides, pipeline=pipeline, catalog=a)
    after, findings = compile_each(project, overrides=overrides, pipeline=pipeline, catalog=b)
    graphs = [job.graph for plan in (*plans, *after) for job in plan.jobs]
    return Subject(
        path=file,
        kind="program",
        classes=tuple(sorted({node["class_type"] for graph in graphs for node in graph.values()})),
        before=not any(d.is_error for d in said),
        after=not any(d.is_error for d in findings),
        findings=_new(findings, said),
    )


# -- graphs ----------------------------------------------------------------------------------


def _graph(file: Path, a: Catalog, b: Catalog) -> Comparison:
    before, after = validate_file(file, a), validate_file(file, b)
    nodes = _nodes(after)
    classes = tuple(sorted({node["class_type"] for node in nodes.values()}))
    changes = diff(a, b, classes)
    astray = tuple(_astray(nodes, a, changes))
    subject = Subject(
        path=file,
        kind="graph",
        classes=classes,
        before=not before.errors,
        after=not after.errors and not astray,
        findings=_new(after.diagnostics, before.diagnostics),
        astray=astray,
    )
    return Comparison(diff=changes, subject=subject)


def _nodes(judgement: Judgement) -> dict[str, dict[str, Any]]:
    """The nodes with a class; none of what is no graph."""
    if any(finding.diagnostic.code is NOT_A_GRAPH for finding in judgement.errors):
        return {}
    graph = cast(dict[str, Any], json.loads(judgement.source.text))
    return {n: cast(dict[str, Any], d) for n, d in graph.items() if isinstance(d.get("class_type"), str)}


def _astray(nodes: Mapping[str, Mapping[str, Any]], a: Catalog, changes: CatalogDiff) -> Iterable[str]:
    """Links to slots that are others now; where the type is the same, ComfyUI does not notice."""
    gone = {c.path for found in changes.classes.values() for c in found if c.breaking and c.kind in _LINKS}
    for node, data in nodes.items():
        inputs: Any = data.get("inputs")
        for name, value in cast(dict[str, Any], inputs).items() if isinstance(inputs, dict) else ():
            link = cast(list[Any], value) if isinstance(value, list) else []
            origin = nodes.get(link[0]) if len(link) == 2 and isinstance(link[0], str) else None
            schema = None if origin is None else a.get(origin["class_type"])
            if schema is None or not isinstance(link[1], int) or not 0 <= link[1] < len(schema.outputs):
                continue
            if f"{schema.class_type}.{schema.outputs[link[1]].name}" in gone:
                yield f"{node}.{name}"


def _new(findings: Iterable[Diagnostic], before: Collection[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings that are not said before, too."""
    known = {_key(d) for d in before}
    return tuple(d for d in findings if _key(d) not in known)


def _key(finding: Diagnostic) -> tuple[Any, ...]:
    span = finding.span
    return finding.code.code, finding.message, None if span is None else (span.source.name, span.start)

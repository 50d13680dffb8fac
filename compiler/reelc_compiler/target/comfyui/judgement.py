"""A graph's file judged: ComfyUI's verdict, predicted, then reelc's own, with a place for everything."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from reelc_compiler.catalog import Catalog
from reelc_compiler.target.comfyui.places import Places, json_path
from reelc_compiler.target.comfyui.validate import validate
from reelc_compiler.target.comfyui.verdict import NodeError, Notice, Verdict
from reelc_dsl.diagnostics import Code, Diagnostic, codes
from reelc_dsl.diagnostics.render import json as render_json
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

# What is called here what ComfyUI refuses, under its own types, and what it accepts and fails with.
ERRORS: Mapping[str, Code] = {
    "http_500": codes.NOT_A_GRAPH,
    "missing_node_type": codes.UNKNOWN_NODE,
    "prompt_no_outputs": codes.NO_OUTPUT_NODE,
    "required_input_missing": codes.MISSING_INPUT,
    "bad_linked_input": codes.BROKEN_LINK,
    "return_type_mismatch": codes.BAD_LINK,
    "invalid_input_type": codes.BAD_INPUT_VALUE,
    "value_smaller_than_min": codes.BAD_INPUT_VALUE,
    "value_bigger_than_max": codes.BAD_INPUT_VALUE,
    "value_not_in_list": codes.BAD_INPUT_VALUE,
    "custom_validation_failed": codes.MISSING_INPUT_FILE,
    "exception_during_validation": codes.BROKEN_LINK,
    "exception_during_inner_validation": codes.BROKEN_LINK,
    "dependency_cycle": codes.LINK_CYCLE,
    "literal_for_link": codes.FAILS_WHEN_RUN,
    "dynamic_key": codes.FAILS_WHEN_RUN,
    "extra_link": codes.FAILS_WHEN_RUN,
    "slot_overflow": codes.FAILS_WHEN_RUN,
    "wrapped_link": codes.FAILS_WHEN_RUN,
    "match_type": codes.FAILS_WHEN_RUN,
    "foreign_type": codes.FAILS_WHEN_RUN,
    "stale_input": codes.FAILS_WHEN_RUN,
    "expression": codes.FAILS_WHEN_RUN,
    "needed_input": codes.FAILS_WHEN_RUN,
    "unusable_value": codes.FAILS_WHEN_RUN,
    "too_deep": codes.FAILS_WHEN_RUN,
    "kills_server": codes.KILLS_SERVER,
}
# What it accepts and runs, and nobody means.
WARNINGS: Mapping[str, Code] = {
    "unknown_input": codes.IGNORED_INPUT,
    "hidden_input": codes.IGNORED_INPUT,
    "unknown_key": codes.IGNORED_INPUT,
    "stale_input": codes.STALE_INPUT,
    "slot_overflow": codes.IGNORED_INPUT,
    "dynamic_key": codes.SUSPECT_VALUE,
    "literal_for_link": codes.SUSPECT_VALUE,
    "expression": codes.SUSPECT_VALUE,
    "odd_slot": codes.SUSPECT_VALUE,
    "wrapped_link": codes.SUSPECT_VALUE,
    "not_a_number": codes.SUSPECT_VALUE,
    "rewritten": codes.REWRITTEN_VALUE,
    "off_step": codes.OFF_STEP,
    "unreached": codes.UNREACHED_NODE,
    "slot_gap": codes.SLOT_GAP,
    "widget_value": codes.WIDGET_VALUE,
    "file_kind": codes.WRONG_FILE_KIND,
    "unknown_file": codes.UNKNOWN_FILE,
    "deprecated": codes.OLD_NODE,
    "experimental": codes.OLD_NODE,
    "paid_service": codes.PAID_SERVICE,
}


@dataclass(frozen=True, slots=True)
class Line:
    """A place in a program of the user's; line and column are counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or probably is.

    Attributes:
        type: ComfyUI's type of the error, or reelc's of what ComfyUI does not say.
        node, input: what it is about; None for the whole graph, or the whole node.
        path: the same as a normalized JSONPath into the file.
        made_by: the line of the program that reelc made the node for; None where it is not known to have made it.
    """

    diagnostic: Diagnostic
    type: str
    node: str | None
    input: str | None
    path: str
    made_by: Line | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of one file.

    Attributes:
        comfyui: what a server would answer to the graph.
        errors: all of a server's errors, and what would fail when the graph runs.
        warnings: what ComfyUI lets pass, and a person probably did not mean.
    """

    source: Source
    comfyui: Verdict
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All findings, errors first."""
        return tuple(f.diagnostic for f in (*self.errors, *self.warnings))


def judge(name: str, data: bytes, catalog: Catalog, made_by: Mapping[str, Line] | None = None) -> Judgement:
    """Judge a graph as it lies in a file.

    Args:
        name: the file's, for places.
        data: its bytes; any are judged, none raise.
        catalog: the server's node classes.
        made_by: for nodes that reelc made the line of the program.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        return _unreadable(Source(name, ""), f"the file is not UTF-8 text: byte {error.start} fits nowhere")
    source = Source(name, text)
    twice: list[str] = []
    try:
        graph = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, twice))
    except json.JSONDecodeError as error:
        at = min(error.pos, len(text))
        return _unreadable(
            source, f"the file is not JSON: {error.msg.lower()}", Span(source, at, min(at + 1, len(text)))
        )
    except RecursionError:
        return _unreadable(source, "the file is nested more deeply than a server reads")
    except ValueError:
        return _unreadable(source, "the file holds a number with more digits than a server reads")
    places = Places(source)
    judged = judge_value(graph, places, catalog, made_by)
    known: Mapping[str, Span] = places.repeated() if twice else {}
    repeated = [_repeated(key, known.get(key) or _last(key, source)) for key in dict.fromkeys(twice)]
    return replace(judged, warnings=(*repeated, *judged.warnings))


def judge_value(graph: Any, places: Places, catalog: Catalog, made_by: Mapping[str, Line] | None = None) -> Judgement:
    """Judge a graph that was read already; ``places`` knows where it stands."""
    verdict = validate(graph, catalog)
    reporter = _Reporter(places, graph, catalog, made_by or {})
    return Judgement(
        source=places.source,
        comfyui=verdict,
        errors=tuple(reporter.finding(e, ERRORS[e.type]) for e in (*verdict.errors, *verdict.failures)),
        # What would fail, but for a switch that does not choose it, is a warning of the failure's type.
        warnings=tuple(reporter.finding(w, WARNINGS.get(w.type, codes.SUSPECT_VALUE)) for w in verdict.warnings),
    )


def _object(pairs: list[tuple[str, Any]], twice: list[str]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice.extend(k for k, _ in pairs if k in seen or seen.add(k))
    return found


def _last(name: str, source: Source) -> Span:
    """Where a name stands last: deep inside a value, of which no places are kept."""
    key = json.dumps(name, ensure_ascii=False)
    at = max(source.text.rfind(key), 0)
    return Span(source, at, at + len(key) if source.text.startswith(key, at) else at)


def _repeated(name: str, span: Span) -> Finding:
    key = json.dumps(name, ensure_ascii=False)
    diagnostic = Diagnostic(
        code=codes.DUPLICATE_KEY,
        message=f"the name {key} is given twice in one object, and only the last one counts",
        span=span,
        help=("give each node and each input a name of its own",),
    )
    return Finding(diagnostic, "duplicate_key", None, None, "$")


def _unreadable(source: Source, message: str, span: Span | None = None) -> Judgement:
    verdict = Verdict("rejected", 500, (NodeError("http_500", None, None, message),))
    diagnostic = Diagnostic(code=codes.NOT_A_GRAPH, message=message, span=span or Span(source, 0, 0))
    return Judgement(source, verdict, (Finding(diagnostic, "http_500", None, None, "$"),), ())


class _Reporter:
    """Gives findings their codes, places and ways out."""

    def __init__(self, places: Places, graph: Any, catalog: Catalog, made_by: Mapping[str, Line]) -> None:
        self.places = places
        self.graph = graph
        self.catalog = catalog
        self.made_by = made_by

    def finding(self, found: NodeError | Notice, code: Code) -> Finding:
        """An error or a notice as a finding."""
        given = self._is_given(found)
        below = () if found.input is None else ("inputs", found.input) if given else ("inputs",)
        made = self.made_by.get(found.node or "")
        diagnostic = Diagnostic(
            code=code,
            message=self._message(found),
            span=self._span(found, given=given),
            notes=() if made is None else (f"reelc made this node for {made}",),
            help=self._help(found, code),
        )
        return Finding(diagnostic, found.type, found.node, found.input, json_path(found.node, *below), made)

    def _node(self, node: str | None) -> Mapping[str, Any]:
        return _map(_map(self.graph).get(node or ""))

    def _is_given(self, found: NodeError | Notice) -> bool:
        inputs = self._node(found.node).get("inputs")
        return isinstance(inputs, dict) and found.input in inputs

    def _message(self, found: NodeError | Notice) -> str:
        if found.node is None:
            return found.message
        kind = self._node(found.node).get("class_type")
        shown = f"node {found.node}" + (f" ({kind})" if isinstance(kind, str) and kind else "")
        # An id or a class of a page must not push what is wrong out of sight.
        return f"{shown if len(shown) <= 100 else shown[:97] + '...'}: {found.message}"

    def _span(self, found: NodeError | Notice, *, given: bool) -> Span:
        if found.node is None:
            return self.places.node("")
        if found.input is None:
            return self.places.class_type(found.node)
        if not given:
            return self.places.class_type(found.node)
        about_name = found.type in ("unknown_input", "stale_input", "hidden_input", "slot_gap")
        return (self.places.key if about_name else self.places.value)(found.node, found.input)

    def _help(self, found: NodeError | Notice, code: Code) -> tuple[str, ...]:
        if found.suggestions and code is codes.MISSING_INPUT:
            return (f"the node is given `{found.suggestions[0]}`: rename it if that is meant",)
        if found.suggestions:
            names = ", ".join(f"`{s}`" for s in found.suggestions)
            return (f"did you mean {'one of ' if len(found.suggestions) > 1 else ''}{names}?",)
        match code:
            case codes.NOT_A_GRAPH:
                return _form(self.graph)
            case codes.UNKNOWN_NODE if self._node(found.node).get("class_type"):
                return (
                    f"the catalog {self.catalog.name} does not have it: name another with `--catalog`, or validate "
                    "against a worker that has the node pack, with `--worker`",
                )
            case codes.UNKNOWN_NODE:
                return (*_form(self.graph), "every node has a `class_type`")
            case codes.NO_OUTPUT_NODE:
                return ("add a node that saves, such as SaveImage or SaveVideo",)
            case _:
                return ()


def _map(value: Any) -> Mapping[str, Any]:
    """A JSON object as a mapping; an empty one for what is none."""
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _form(graph: Any) -> tuple[str, ...]:
    """What the file probably is instead of an API-format graph."""
    value = _map(graph)
    if isinstance(value.get("nodes"), list) and "links" in value:
        return ("this is a workflow of ComfyUI's window: export it there with `Export (API)`",)
    if isinstance(value.get("prompt"), dict):
        return ("this is the body of a request: the graph is what stands under `prompt`",)
    return ()


def to_json(judged: Judgement) -> dict[str, Any]:
    """A judgement as a JSON value."""
    return {
        "file": judged.source.name,
        "comfyui": {
            "verdict": judged.comfyui.verdict,
            "status": judged.comfyui.status,
            "errors": [{"type": e.type, "node": e.node, "input": e.input} for e in judged.comfyui.errors],
        },
        "errors": _findings(judged.errors),
        "warnings": _findings(judged.warnings),
    }


def _findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            **render_json.one(f.diagnostic),
            "type": f.type,
            "node": f.node,
            "input": f.input,
            "path": f.path,
            "made_by": None if f.made_by is None else {key: getattr(f.made_by, key) for key in Line.__slots__},
        }
        for f in findings
    ]

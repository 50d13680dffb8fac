"""A graph as a file of Reel, compiled in memory and compared before anybody sees it."""

from collections.abc import Iterable, Mapping
from typing import Any

from reelc_compiler.catalog import Catalog
from reelc_compiler.driver import Request, compile_plan
from reelc_compiler.importing.graphs import GraphText
from reelc_compiler.importing.naming import KEYWORDS, identifier
from reelc_compiler.importing.reading import Link, RawNode, Reader, identities
from reelc_compiler.importing.writing import Written, write
from reelc_compiler.inputs import InputFault, InputInfo
from reelc_compiler.sema.resolve import SourceProvider
from reelc_compiler.target.comfyui.judgement import judge_value
from reelc_compiler.target.comfyui.places import Places
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import EQUAL_NODES, IMPORT_DIFFERS, MISSING_INPUT_FILE, UNREACHED_NODE
from reelc_dsl.parser import parse
from reelc_dsl.printer import reformat
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A graph as Reel.

    Args:
        text: the file, laid out.
        pipeline: its pipeline's name.
        nodes: how many nodes were written.
        outputs: the outputs' names.
        left_out: ids of the nodes that no output needs.
    """

    text: str
    pipeline: str
    nodes: int
    outputs: tuple[str, ...]
    left_out: tuple[str, ...]


def import_graph(
    graph: GraphText, name: str, catalog: Catalog, provider: SourceProvider, sink: Sink
) -> Imported | None:
    """The file that compiles to a graph, on the word of having compiled it.

    Args:
        graph: in the API format.
        name: the file's name without its ending; the pipeline is named after it.
        catalog: the node classes.
        provider: has the standard library, which every compilation reads.
        sink: receives what is wrong with the graph, E0520, E0521, and W0520, W0801, W0804.

    Returns:
        None after errors.
    """
    judged = judge_value(graph.nodes, graph.places, catalog)
    if judged.errors:
        sink.extend(finding.diagnostic for finding in judged.errors)
        return None
    verdict = judged.comfyui
    reader = Reader(graph, catalog)
    nodes = reader.closure(verdict.outputs)
    sink.extend(reader.found)
    if sink.has_errors:
        return None
    distinct, outputs = _shared(nodes, verdict.outputs, graph, sink)
    left_out = tuple(node for node in graph.nodes if node not in nodes)
    pipeline = pipeline_name(name)
    written = write(pipeline, distinct, outputs, _comments(graph, left_out, sink))
    source = Source(f"{name}.reel", written.text)
    text = reformat(source, sink)
    if text is None:
        return None
    if not _compiles_back(text, source.name, graph, distinct, written, catalog, provider, sink):
        return None
    return Imported(text, pipeline, len(distinct), tuple(written.outputs[n] for n in outputs), left_out)


def pipeline_name(name: str) -> str:
    """A file's name as the name of a pipeline."""
    found = identifier(name)
    if not found and name and (name[0].isdigit()):
        found = identifier(f"graph_{name}")
    return found if found and found not in KEYWORDS else "imported"


def _shared(
    nodes: Mapping[str, RawNode], outputs: Iterable[str], graph: GraphText, sink: Sink
) -> tuple[dict[str, RawNode], tuple[str, ...]]:
    """The nodes with equal ones once, as Reel makes them and as ComfyUI's cache runs them."""
    first: dict[bytes, str] = {}
    stands: dict[str, str] = {}
    distinct: dict[str, RawNode] = {}
    for node, identity in identities(nodes).items():
        stands[node] = first.setdefault(identity, node)
        if stands[node] == node:
            distinct[node] = _relinked(nodes[node], stands)
        else:
            message = f"the nodes {stands[node]} and {node} are equal, and become one"
            sink.add(graph.diagnostic(EQUAL_NODES, message, node, None))
    return distinct, tuple(dict.fromkeys(stands[node] for node in outputs))


def _relinked(raw: RawNode, stands: Mapping[str, str]) -> RawNode:
    def moved(value: Any) -> Any:
        return Link(stands[value.node], value.slot) if isinstance(value, Link) else value

    inputs = {name: moved(value) for name, value in raw.inputs.items()}
    return RawNode(raw.id, raw.schema, raw.title, inputs, raw.wanted)


def _comments(graph: GraphText, left_out: tuple[str, ...], sink: Sink) -> tuple[str, ...]:
    if not left_out:
        return ()
    names = [
        f"{' '.join(node.split())} ({' '.join(str(graph.nodes[node]['class_type']).split())})" for node in left_out
    ]
    for node, name in zip(left_out, names, strict=True):
        sink.add(graph.diagnostic(UNREACHED_NODE, f"the node {name} is left out: no output needs it", node, None))
    return tuple(f"Left out, since no output needs it: {name}" for name in names)


# -- the proof -------------------------------------------------------------------------------


def _compiles_back(
    text: str,
    name: str,
    graph: GraphText,
    nodes: Mapping[str, RawNode],
    written: Written,
    catalog: Catalog,
    provider: SourceProvider,
    sink: Sink,
) -> bool:
    """Whether a text compiles to one job with just these nodes; else there is a diagnostic."""
    source = Source(name, text)
    inner = Sink()
    request = Request(source=source, key=name, catalog=catalog, provider=provider, probe=_no_inputs)
    plan = compile_plan(request, inner)
    if plan is None:
        places = _places(source, written)
        for found in inner.sorted():
            if found.is_error:
                sink.add(_does_not_compile(graph, found, places))
        return False
    made = plan.jobs[0].graph if len(plan.jobs) == 1 else {}
    again = Reader(GraphText(made, Places(Source(name, ""))), catalog)
    back = again.closure(made) if made else {}
    if not again.found and set(identities(back).values()) == set(identities(nodes).values()):
        return True
    sink.add(
        graph.diagnostic(
            IMPORT_DIFFERS,
            "what would be written compiles to another graph",
            None,
            None,
            "please report this, with the graph if you can share it",
        )
    )
    return False


def _does_not_compile(graph: GraphText, found: Diagnostic, places: list[tuple[int, int, str]]) -> Diagnostic:
    at = found.span.start if found.span is not None else -1
    node = next((node for start, end, node in places if start <= at < end), None)
    what = "the graph" if node is None else f"the node {node}"
    return graph.diagnostic(
        IMPORT_DIFFERS,
        f"{what} cannot be written in Reel: {found.message} ({found.code.code})",
        node,
        None,
        *found.help,
    )


def _places(source: Source, written: Written) -> list[tuple[int, int, str]]:
    """Where in the text each node stands."""
    lets = {name: node for node, name in written.names.items()}
    outputs = {name: node for node, name in written.outputs.items()}
    found: list[tuple[int, int, str]] = []
    for item in parse(source, Sink()).items:
        for statement in item.body if isinstance(item, ast.Pipeline) else ():
            if isinstance(statement, ast.Let):
                found.append((statement.span.start, statement.span.end, lets[statement.name.text]))
            elif isinstance(statement, ast.OutputStmt):
                found.append((statement.span.start, statement.span.end, outputs[statement.name.text]))
    return found


def _no_inputs(path: str, module: str, kind: str) -> InputInfo:
    """Imported text names no picture of the project: names in nodes are the worker's own."""
    raise InputFault(MISSING_INPUT_FILE, f"there is no file `{path}`")

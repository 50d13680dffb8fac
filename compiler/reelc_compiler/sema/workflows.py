"""Workflows: graphs of the project as stages. Their ports against the graph and the catalog."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reelc_compiler.catalog import DYNAMIC_COMBO, Catalog, InputSchema, NodeSchema, expand_inputs
from reelc_compiler.importing.graphs import GraphText
from reelc_compiler.importing.reading import Fed, RawNode, Reader
from reelc_compiler.sema import nodes
from reelc_compiler.sema.kinds import CLIP, IMAGE, UNKNOWN, Kind, NodeKind, Opaque, OptionalKind, a_kind, assignable
from reelc_compiler.sema.program import ModuleInfo, PortInfo, WorkflowBinding, WorkflowInfo
from reelc_compiler.sema.resolve import duplicate
from reelc_compiler.sema.signatures import Signatures
from reelc_compiler.target.comfyui.judgement import ERRORS
from reelc_compiler.target.comfyui.replace import replace_class
from reelc_compiler.target.comfyui.validate import NodeError, faults
from reelc_dsl import ast
from reelc_dsl.diagnostics import Code, Diagnostic, Label, Sink
from reelc_dsl.diagnostics.codes import BAD_PORT, PORT_KIND, UNUSED_PORT
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.source import Span


def workflow(
    module: ModuleInfo, binding: WorkflowBinding, signatures: Signatures, catalog: Catalog, sink: Sink
) -> WorkflowInfo | None:
    """A workflow with its ports and the nodes that it makes; None after errors.

    Args:
        sink: receives E0202, E0206, E0520, E0522, E0523, what is wrong with the graph, and W0521, W0801.
    """
    return _Workflow(module, binding, signatures, catalog, sink).check()


class _Workflow:
    def __init__(
        self, module: ModuleInfo, binding: WorkflowBinding, signatures: Signatures, catalog: Catalog, sink: Sink
    ) -> None:
        self.module = module
        self.decl = binding.decl
        self.text: GraphText = binding.text
        self.signatures = signatures
        self.catalog = catalog
        self.sink = sink
        self.failed = False
        self.ported: dict[tuple[str, str], str] = {}
        self.replaced: dict[str, str] = {}
        self.targets: dict[str, str] = {}

    def check(self) -> WorkflowInfo | None:
        self.distinct("in")
        self.distinct("out")
        # First where the ports lie, then what flows through them.
        ins = [p for p in self.decl.ports if p.direction == "in"]
        outs = [p for p in (self.out(d) for d in self.decl.ports if d.direction == "out") if p is not None]
        found = [p for p in (self.entry(d) for d in ins) if p is not None]
        if not any(p.direction == "out" for p in self.decl.ports):
            self.report(
                BAD_PORT,
                f"the workflow `{self.decl.name.text}` has no `out`: nothing would come of it",
                self.decl.name.span,
                'name what it gives: `out frames: IMAGE = "8.0"`, by a node and the number or name of its output',
            )
        if self.failed or not self.sound(outs):
            return None
        reader = Reader(self.text, self.catalog, self.ported, self.replaced)
        made = reader.closure(dict.fromkeys(p.node for p in outs))
        for finding in reader.found:
            self.inside(finding)
        if self.failed:
            return None
        self.unused(found, made)
        return WorkflowInfo(
            module=self.module,
            decl=self.decl,
            ins=tuple(replace(p, needed=self.needed(p, made)) for p in found),
            outs=tuple(outs),
            nodes=made,
            returns=NodeKind(f"workflow {self.decl.name.text}", tuple((p.name, p.kind) for p in outs)),
        )

    def report(
        self, code: Code, message: str, span: Span, *help_: str, at: tuple[str, str | None] | None = None
    ) -> None:
        """Add a finding at a place of the program, and show the graph's node."""
        labels: tuple[Label, ...] = ()
        if at is not None:
            place = self.text.span(*at)
            labels = (Label(place, "the graph has this"),) if place.end else ()
        self.sink.add(Diagnostic(code=code, message=message, span=span, labels=labels, help=help_))
        self.failed = self.failed or code.code.startswith("E")

    def inside(self, finding: Diagnostic) -> None:
        """A finding about the graph itself, at the program's line that names the graph."""
        labels = (Label(finding.span, "here"),) if finding.span is not None and finding.span.end else ()
        self.sink.add(replace(finding, span=self.decl.file.span, labels=labels))
        self.failed = self.failed or finding.is_error

    def distinct(self, direction: str) -> None:
        seen: dict[str, ast.Ident] = {}
        for port in self.decl.ports:
            if port.direction == direction:
                first = seen.setdefault(port.name.text, port.name)
                if first is not port.name:
                    self.sink.add(duplicate(port.name, first.span))
                    self.failed = True

    # -- where a port lies -----------------------------------------------------------------------

    def node(self, port: ast.Port) -> tuple[str, str, NodeSchema] | None:
        """The node of a path, what comes behind it, and its class; None after a diagnostic.

        Ids may have dots in them: the longest id that the path begins with is meant.
        """
        path = port.path.value
        ends = [i for i, c in enumerate(path) if c == "."] + [len(path)]
        node = next((path[:end] for end in reversed(ends) if path[:end] in self.text.nodes), None)
        if node is None:
            first = path.split(".", 1)[0]
            some = ", ".join(f"`{n}`" for n in list(self.text.nodes)[:12])
            self.report(
                BAD_PORT,
                f"the graph has no node `{first}`",
                port.path.span,
                *(
                    did_you_mean(first, self.text.nodes)
                    or (f"its nodes are {some}" + (", ..." if len(self.text.nodes) > 12 else ""),)
                ),
            )
            return None
        found = faults(self._alone(node), self.catalog, [node])
        missing = next((e for e in found if e.type in ("missing_node_type", "http_500")), None)
        if missing is not None:
            self.refused(missing)
            return None
        schema = self.catalog.get(replace_class(self.text.nodes[node], self.catalog)["class_type"])
        assert schema is not None, "its class was looked up"
        return node, path[len(node) + 1 :], schema

    def _alone(self, node: str) -> Mapping[str, Any]:
        """A node without what it is linked to."""
        data = self.text.nodes[node]
        if isinstance(data, dict) and isinstance(data.get("inputs"), dict):  # pyright: ignore[reportUnknownMemberType]
            return {node: {**data, "inputs": {}}}
        return {node: data}

    def entry(self, port: ast.Port) -> PortInfo | None:
        """An `in` port; None after a diagnostic."""
        kind = self.signatures.kind(self.module, port.type)
        found = self.node(port)
        if kind == UNKNOWN or found is None:
            self.failed = True
            return None
        node, name, schema = found
        given: Mapping[str, Any] = self.text.nodes[node].get("inputs", {})
        known = expand_inputs(schema, given)
        declared = known.get(name)
        if declared is None:
            shown = f"`{name}`" if name else "the empty name"
            self.report(
                BAD_PORT,
                f"the node {node} is a {schema.class_type}, which has no input {shown}",
                port.path.span,
                *(did_you_mean(name, known) or ("its inputs are " + ", ".join(f"`{n}`" for n in known),)),
                at=(node, None),
            )
            return None
        if self.targets.setdefault(f"{node}.{name}", port.name.text) != port.name.text:
            other = self.targets[f"{node}.{name}"]
            self.report(BAD_PORT, f"`{other}` and `{port.name.text}` feed one input", port.path.span, "leave one out")
            return None
        if declared.type == DYNAMIC_COMBO:
            message = f"the input `{name}` of {schema.class_type} decides which other inputs there are"
            self.report(PORT_KIND, message, port.path.span, "leave it as the graph has it", at=(node, name))
            return None
        if _loads(schema, declared) and _picture(kind):
            self.replaced[node] = port.name.text
        elif nodes.fits(kind, declared):
            self.ported[node, name] = port.name.text
        else:
            takes = nodes.wanted(declared)
            message = f"the input `{name}` of {schema.class_type} takes {takes}, and the port is {a_kind(kind)}"
            self.report(PORT_KIND, message, port.type.span, at=(node, name))
            return None
        return PortInfo(port.name.text, kind, port)

    def out(self, port: ast.Port) -> PortInfo | None:
        """An `out` port; None after a diagnostic."""
        kind = self.signatures.kind(self.module, port.type)
        found = self.node(port)
        if kind == UNKNOWN or found is None:
            self.failed = True
            return None
        node, name, schema = found
        slot = _slot(schema, name)
        if slot is None:
            outputs = ", ".join(f"`{i}` ({o.name})" for i, o in enumerate(schema.outputs))
            self.report(
                BAD_PORT,
                f"the node {node} is a {schema.class_type}, which has no output `{name}`"
                if name
                else f"which output of the node {node} is meant is not said",
                port.path.span,
                *(
                    did_you_mean(name, [o.name for o in schema.outputs])
                    or (f"its outputs are {outputs}" if outputs else "it has no outputs",)
                ),
                at=(node, None),
            )
            return None
        output = schema.outputs[slot]
        made = Opaque(output.type, output.dialect)
        if not assignable(made, kind):
            help_ = f"declare it `{output.type}`"
            if kind in (IMAGE, CLIP):
                help_ += "; a stage of yours states what is known of it, with `clip(...)` or `image(...)`"
            message = (
                f"the output `{output.name}` of {schema.class_type} is {a_kind(made)}, and the port is {a_kind(kind)}"
            )
            self.report(PORT_KIND, message, port.type.span, help_, at=(node, None))
            return None
        return PortInfo(port.name.text, made if isinstance(kind, Opaque) else kind, port, node=node, slot=slot)

    # -- the graph -------------------------------------------------------------------------------

    def sound(self, outs: Iterable[PortInfo]) -> bool:
        """Whether ComfyUI would take what the outs need; what comes from outside is not looked at."""
        graph: dict[str, Any] = dict(self.text.nodes)
        for node, name in self.ported:
            data = graph[node]
            if isinstance(data["inputs"].get(name), list):
                # What the old link needs is not needed any more.
                graph[node] = {**data, "inputs": {k: v for k, v in data["inputs"].items() if k != name}}
        wanted = list(dict.fromkeys(p.node for p in outs))
        found = [e for e in faults(graph, self.catalog, wanted) if (e.node, e.input) not in self.ported]
        for error in found:
            self.refused(error)
        return not found

    def refused(self, error: NodeError) -> None:
        """What ComfyUI would say of a node."""
        message = f"ComfyUI would refuse the node {error.node} of the graph: {error.message}"
        help_ = (f"did you mean `{s}`?" for s in error.suggestions[:1])
        self.inside(self.text.diagnostic(ERRORS[error.type], message, error.node, error.input, *help_))

    def needed(self, port: PortInfo, made: Mapping[str, RawNode]) -> bool:
        """Whether the graph has no value of its own where a port leads."""
        if isinstance(port.kind, OptionalKind):
            return False
        fed = [v for raw in made.values() for v in raw.inputs.values() if isinstance(v, Fed) and v.port == port.name]
        return any(v.default is None for v in fed)

    def unused(self, ins: Iterable[PortInfo], made: Mapping[str, RawNode]) -> None:
        used = {v.port for raw in made.values() for v in raw.inputs.values() if isinstance(v, Fed)}
        for port in ins:
            if port.name not in used:
                self.report(
                    UNUSED_PORT, f"no `out` needs what `{port.name}` feeds", port.decl.name.span, "leave the port out"
                )


def _slot(schema: NodeSchema, name: str) -> int | None:
    """An output by its number or its name; the only one without either."""
    if not name:
        return 0 if len(schema.outputs) == 1 else None
    if name.isascii() and name.isdigit() and len(name) < 4:
        return int(name) if int(name) < len(schema.outputs) else None
    named = [i for i, o in enumerate(schema.outputs) if o.name == name]
    return named[0] if len(named) == 1 else None


def _loads(schema: NodeSchema, declared: InputSchema) -> bool:
    """Whether an input names the file of a picture that the node loads."""
    return declared.upload == "image" and bool(schema.outputs) and schema.outputs[0].type == "IMAGE"


def _picture(kind: Kind) -> bool:
    return kind in (IMAGE, CLIP) or (isinstance(kind, Opaque) and kind.name == "IMAGE")

"""One walk over a graph from an output, as ComfyUI's server validates it.

The server calls itself for each link. Here a node's validation is a generator that yields the node that it needs
and is sent whether that one is valid; so a long chain needs no deep stack. What the server's code would raise as a
Python exception is ``ServerError``: it throws away the other errors of the node that it happens in.
"""

from collections.abc import Generator, Mapping
from dataclasses import field
from typing import Any, cast

from reelc_compiler.catalog import (
    ANY_TYPE,
    DYNAMIC_COMBO,
    MATCH_TYPE,
    Catalog,
    InputSchema,
    NodeSchema,
    OutputSchema,
    expand_inputs,
)
from reelc_compiler.target.comfyui.hints import Hints
from reelc_compiler.target.comfyui.literals import (
    CONVERSION_ERRORS,
    Problem,
    brief,
    convert,
    not_in_list,
    out_of_range,
    shown,
    unwrap,
)
from reelc_compiler.target.comfyui.validators import Disk, ServerError, own_problems
from reelc_compiler.target.comfyui.verdict import NodeError
from reelc_dsl.records import dataclass

_Visit = Generator[Any, bool, bool]
# The server calls itself for each link, and Python ends that at a thousand calls. Measured over HTTP on Python 3.11:
# 975 nodes in a row pass. Which node the server blames depends on what else is on its stack.
DEEPEST = 975
# How many nodes of a cycle a message names.
_NAMED = 12


@dataclass(slots=True)
class Walk:
    """What validating one output after another has found.

    Attributes:
        errors: for each node that was looked at, its own errors; a valid node has none.
        bad: the nodes that are invalid, by themselves or by what they are fed from.
        values: each node's inputs after the server's rewriting.
        visiting: the nodes on the way from the output to where the walk is, each with its place.
        heights: how many nodes follow each other from here, this one among them.
        carried: what matched outputs were found to carry, by node, slot and how far was looked.
    """

    graph: Mapping[str, Any]
    catalog: Catalog
    disk: Disk
    hints: Hints = field(default_factory=Hints)
    errors: dict[str, list[NodeError]] = field(default_factory=dict[str, list[NodeError]])
    bad: set[str] = field(default_factory=set[str])
    values: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    visiting: dict[str, int] = field(default_factory=dict[str, int])
    heights: dict[str, int] = field(default_factory=dict[str, int])
    carried: dict[tuple[str, int, int], frozenset[str]] = field(
        default_factory=dict[tuple[str, int, int], frozenset[str]]
    )

    def output(self, node: str) -> bool:
        """Whether the server would run this output; finds the errors on the way to it."""
        if node in self.errors:
            return node not in self.bad
        stack = [(node, self._visit(node))]
        answer: bool | None = None
        while stack:
            current, visit = stack[-1]
            try:
                wanted = next(visit) if answer is None else visit.send(answer)
            except StopIteration as done:
                answer = bool(done.value)
                stack.pop()
            except ServerError as error:
                self._raised(current, error, inner=len(stack) > 1)
                answer = False
                stack.pop()
            else:
                answer = self._known(wanted)
                if answer is None and len(stack) >= DEEPEST:
                    deep = ServerError(
                        f"more than {DEEPEST} nodes follow each other, which is too many for ComfyUI", None
                    )
                    self._raised(wanted, deep, inner=True)
                    answer = False
                elif answer is None:
                    stack.append((wanted, self._visit(wanted)))
        return bool(answer)

    def _known(self, node: str) -> bool | None:
        """The answer for a node that was validated before, or that closes a cycle."""
        if node in self.errors:
            return node not in self.bad
        if node not in self.visiting:
            return None
        cycle = list(self.visiting)[self.visiting[node] :]
        named = cycle if len(cycle) <= _NAMED else [*cycle[: _NAMED - 1], "..."]
        text = f"the links form a cycle: {' -> '.join(map(brief, [*named, node]))}"
        for member in cycle:
            self.errors[member] = [NodeError("dependency_cycle", member, None, text)]
            self.bad.add(member)
        return False

    def _raised(self, node: str, error: ServerError, *, inner: bool) -> None:
        kind = "exception_during_inner_validation" if inner else "exception_during_validation"
        self.errors[node] = [NodeError(kind, node, error.name, str(error))]
        self.bad.add(node)
        self.visiting.pop(node, None)

    def _visit(self, node: str) -> _Visit:
        data: Mapping[str, Any] = self.graph[node]
        if "inputs" not in data:
            raise ServerError("the node has no `inputs`", None)
        self.visiting[node] = len(self.visiting)
        given: Mapping[str, Any] = data["inputs"]
        values = self.values[node] = dict(given)
        schema = self.catalog.get(data["class_type"])
        assert schema is not None  # every class was looked up before the walk
        inputs = expand_inputs(schema, given, widgets=False)
        found: list[NodeError] = []
        valid = True
        below = 0
        for name, wanted in inputs.items():
            if wanted.type == DYNAMIC_COMBO:
                # A key that is missing or unknown passes, and takes its inputs out of the validation.
                continue
            if name not in given:
                if wanted.required:
                    found.append(self._missing(node, name, inputs, given))
                continue
            value = given[name]
            problem: Problem | None = None
            if isinstance(value, list):
                link = cast(list[Any], value)
                problem = self._link(schema, wanted, link)
                if problem is None:
                    valid = (yield link[0]) and valid
                    below = max(below, self.heights.get(link[0], 0))
            else:
                problem = self._literal(schema, wanted, value, values)
            if problem is not None:
                found.append(NodeError(problem.type, node, name, problem.message, problem.suggestions))
        for name, own in own_problems(schema, inputs, values, self.disk, self.hints):
            found.append(NodeError(own.type, node, name, own.message, own.suggestions))
        self.heights[node] = below + 1
        return self._finish(node, found, valid=valid)

    def _finish(self, node: str, found: list[NodeError], *, valid: bool) -> bool:
        self.visiting.pop(node, None)
        self.errors[node] = self.errors.get(node, []) + found
        if self.errors[node] or not valid:
            self.bad.add(node)
        return node not in self.bad

    def _link(self, schema: NodeSchema, wanted: InputSchema, link: list[Any]) -> Problem | None:
        name = wanted.name
        if len(link) != 2:
            return Problem("bad_linked_input", f"{name}: a list is a link, and a link is [node id, slot]")
        source, slot = link
        # Ids are strings: a number, a list or null is found under no id.
        if not isinstance(source, str) or source not in self.graph:
            raise ServerError(f"{name}: there is no node {shown(source)}", name)
        origin = self.catalog.get(self.graph[source]["class_type"])
        assert origin is not None
        # Booleans are numbers to Python, and a negative slot counts from the end.
        if not isinstance(slot, int) or not -len(origin.outputs) <= slot < len(origin.outputs):
            raise ServerError(f"{name}: {origin.class_type} has no output slot {shown(slot)}", name)
        output = origin.outputs[slot]
        if schema.validates_links or fits(output, wanted):
            return None
        return Problem("return_type_mismatch", f"{name}: takes {wanted.type}, and is linked to a {output.type} output")

    def _literal(self, schema: NodeSchema, wanted: InputSchema, value: Any, values: dict[str, Any]) -> Problem | None:
        value = values[wanted.name] = unwrap(value)
        try:
            value = values[wanted.name] = convert(wanted.type, value)
        except CONVERSION_ERRORS:
            return Problem("invalid_input_type", f"{wanted.name}: {shown(value)} is not a value for {wanted.type}")
        if schema.validates_all or wanted.name in schema.validates:
            return None
        try:
            return out_of_range(wanted, value) or not_in_list(wanted, value, self.disk.files, self.hints)
        except TypeError as error:
            raise ServerError(f"{wanted.name}: {shown(value)} cannot be compared with a number", wanted.name) from error

    def _missing(self, node: str, name: str, inputs: Mapping[str, InputSchema], given: Mapping[str, Any]) -> NodeError:
        """The error for a required input; an unknown name on the node that is like it was probably meant."""
        near = self.hints.near(name, (key for key in given if key not in inputs))
        return NodeError("required_input_missing", node, name, f"{name}: this required input is missing", near)


def fits(output: OutputSchema, wanted: InputSchema) -> bool:
    """Whether ComfyUI's validator lets this output be linked to this input."""
    if output.choices is None:
        return wanted.accepts(output.type) or wanted.type in output.links_to
    # A list of values in place of a type.
    if wanted.listed:
        return list(output.choices) == list(wanted.choices or ())
    return wanted.type in ("COMBO", ANY_TYPE, MATCH_TYPE)

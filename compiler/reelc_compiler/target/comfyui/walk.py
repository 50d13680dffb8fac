"""One walk over a graph from an output, as ComfyUI's server validates it.

The server calls itself for each link. Here a node's validation is a generator that yields the node that it needs
and is sent whether that one is valid; so a long chain needs no deep stack. What the server's code would raise as a
Python exception is ``ServerError``: it throws away the other errors of the node that it happens in.
"""

from collections.abc import Generator, Mapping
from dataclasses import field
from typing import Any, cast

from reelc_compiler.catalog import ANY_TYPE, DYNAMIC_COMBO, Catalog, InputSchema, NodeSchema, expand_inputs
from reelc_compiler.target.comfyui.annotated import exists
from reelc_compiler.target.comfyui.literals import Files, Problem, convert, not_in_list, out_of_range, shown, unwrap
from reelc_compiler.target.comfyui.verdict import NodeError
from reelc_dsl.diagnostics.suggest import nearest
from reelc_dsl.records import dataclass

_Visit = Generator[Any, bool, bool]


class ServerError(Exception):
    """The server's validation raises: a dangling link, a bad slot, a validator that is called with nonsense."""

    def __init__(self, message: str, name: str | None) -> None:
        super().__init__(message)
        self.name = name


@dataclass(slots=True)
class Walk:
    """What validating one output after another has found.

    Attributes:
        errors: for each node that was looked at, its own errors; a valid node has none.
        bad: the nodes that are invalid, by themselves or by what they are fed from.
        values: each node's inputs after the server's rewriting.
    """

    graph: Mapping[str, Any]
    catalog: Catalog
    files: Files | None
    errors: dict[str, list[NodeError]] = field(default_factory=dict[str, list[NodeError]])
    bad: set[str] = field(default_factory=set[str])
    values: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    visiting: list[str] = field(default_factory=list[str])

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
                if answer is None:
                    stack.append((wanted, self._visit(wanted)))
        return bool(answer)

    def _known(self, node: str) -> bool | None:
        """The answer for a node that was validated before, or that closes a cycle."""
        if node in self.errors:
            return node not in self.bad
        if node not in self.visiting:
            return None
        cycle = self.visiting[self.visiting.index(node) :]
        path = " -> ".join([*cycle, node])
        for member in cycle:
            self.errors[member] = [NodeError("dependency_cycle", member, None, f"the links form a cycle: {path}")]
            self.bad.add(member)
        return False

    def _raised(self, node: str, error: ServerError, *, inner: bool) -> None:
        kind = "exception_during_inner_validation" if inner else "exception_during_validation"
        self.errors[node] = [NodeError(kind, node, error.name, str(error))]
        self.bad.add(node)
        if node in self.visiting:
            self.visiting.remove(node)

    def _visit(self, node: str) -> _Visit:
        data: Mapping[str, Any] = self.graph[node]
        if "inputs" not in data:
            raise ServerError("the node has no `inputs`", None)
        self.visiting.append(node)
        given: Mapping[str, Any] = data["inputs"]
        values = self.values[node] = dict(given)
        schema = self.catalog.get(data["class_type"])
        assert schema is not None  # every class was looked up before the walk
        inputs = expand_inputs(schema, given, widgets=False)
        found: list[NodeError] = []
        valid = True
        for name, wanted in inputs.items():
            if wanted.type == DYNAMIC_COMBO:
                # A key that is missing or unknown passes, and takes its inputs out of the validation.
                continue
            if name not in given:
                if wanted.required:
                    found.append(_missing(node, name, inputs, given))
                continue
            value = given[name]
            problem: Problem | None = None
            if isinstance(value, list):
                link = cast(list[Any], value)
                problem = self._link(schema, wanted, link)
                if problem is None:
                    valid = (yield link[0]) and valid
            else:
                problem = self._literal(schema, wanted, value, values)
            if problem is not None:
                found.append(NodeError(problem.type, node, name, problem.message, problem.suggestions))
        found += self._own_validator(node, schema, inputs, values)
        return self._finish(node, found, valid=valid)

    def _finish(self, node: str, found: list[NodeError], *, valid: bool) -> bool:
        self.visiting.remove(node)
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
        given = origin.outputs[slot].type
        # The new interface's "any" is a plain star, which equals no list of values; the classic one equals all.
        starred = wanted.listed and given == ANY_TYPE and origin.v3
        if schema.validates_links or (wanted.accepts(given) and not starred):
            return None
        return Problem("return_type_mismatch", f"{name}: takes {wanted.type}, and is linked to a {given} output")

    def _literal(self, schema: NodeSchema, wanted: InputSchema, value: Any, values: dict[str, Any]) -> Problem | None:
        value = unwrap(value)
        try:
            value = convert(wanted.type, value)
        except (ValueError, TypeError, OverflowError):
            return Problem("invalid_input_type", f"{wanted.name}: {shown(value)} is not a value for {wanted.type}")
        values[wanted.name] = value
        if schema.validates_all or wanted.name in schema.validates:
            return None
        try:
            return out_of_range(wanted, value) or not_in_list(wanted, value, self.files)
        except TypeError as error:
            raise ServerError(f"{wanted.name}: {shown(value)} cannot be compared with a number", wanted.name) from error

    def _own_validator(
        self, node: str, schema: NodeSchema, inputs: Mapping[str, InputSchema], values: Mapping[str, Any]
    ) -> list[NodeError]:
        """What the class's VALIDATE_INPUTS says, where it tests that a file is there; others are taken to agree."""
        for name in sorted(schema.validates):
            wanted = inputs.get(name)
            if wanted is None or not (wanted.upload or wanted.files in ("input", "output")):
                continue
            value = values.get(name)
            # Also for a link, which has no value yet, and for an input that is missing.
            if not isinstance(value, str):
                raise ServerError(f"{name}: the class's own validator fails on {shown(value)}", name)
            if value in (wanted.choices or ()) or self.files is None:
                continue
            if not exists(value, self.files, wanted.files or "input"):
                message = f"{name}: there is no file {shown(value)} in the {wanted.files or 'input'} folder"
                near = nearest(value, self.files.get(wanted.files or "input", ()))
                # With **kwargs the server repeats the error for every input that it passed.
                times = len(values) if schema.validates_all else 1
                return [NodeError("custom_validation_failed", node, name, message, near)] * times
        return []


def _missing(node: str, name: str, inputs: Mapping[str, InputSchema], given: Mapping[str, Any]) -> NodeError:
    """The error for a required input; an unknown name on the node that is like it was probably meant."""
    near = nearest(name, [key for key in given if key not in inputs])
    return NodeError("required_input_missing", node, name, f"{name}: this required input is missing", near)

"""What of a graph ComfyUI would run, with the values that its server makes of what is written.

The server converts literals, renames old classes, fills hidden inputs and passes over inputs that no class
declares. What comes out here is the graph after all that: two graphs that read the same do the same.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast

from reelc_compiler.canonical import canonical
from reelc_compiler.catalog import DYNAMIC_COMBO, Catalog, InputSchema, NodeSchema, expand_inputs
from reelc_compiler.importing.graphs import GraphText
from reelc_compiler.target.comfyui.literals import convert, shown, unwrap
from reelc_compiler.target.comfyui.notices import link_source
from reelc_compiler.target.comfyui.replace import replace_class
from reelc_dsl.diagnostics import Code, Diagnostic
from reelc_dsl.diagnostics.codes import IGNORED_INPUT, LINK_CYCLE, PORT_KIND, UNWRITABLE
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """An output of another node, by the node's id and the slot's number."""

    node: str
    slot: int


@dataclass(frozen=True, slots=True)
class Fed:
    """A value from outside: what a workflow's port is given, else the graph's own literal."""

    port: str
    default: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class RawNode:
    """A node that runs.

    Args:
        id: in the graph.
        schema: its class.
        title: as the window shows it, empty when there is none.
        inputs: by dotted name: a :class:`Link`, a :class:`Fed`, or a literal as the server hands it to the node.
        wanted: the schemas of these inputs.
    """

    id: str
    schema: NodeSchema
    title: str
    inputs: Mapping[str, Any]
    wanted: Mapping[str, InputSchema]

    def sources(self) -> Iterable[str]:
        """The nodes that it reads from."""
        return (value.node for value in self.inputs.values() if isinstance(value, Link))


class Reader:
    """Reads nodes of one graph, as they are asked for.

    Args:
        text: the graph; every node is an object with a class that the catalog has, or one that replaced it.
        ported: inputs that are fed from outside, as ``(node, input)``, with the ports that feed them.
        replaced: loaders of pictures whose picture comes from outside, with the ports that give it.
    """

    def __init__(
        self,
        text: GraphText,
        catalog: Catalog,
        ported: Mapping[tuple[str, str], str] | None = None,
        replaced: Mapping[str, str] | None = None,
    ) -> None:
        self.text = text
        self.catalog = catalog
        self.ported = ported or {}
        self.replaced = replaced or {}
        self.found: list[Diagnostic] = []

    def closure(self, wanted: Iterable[str]) -> dict[str, RawNode]:
        """Some nodes with all that they need, each after what it reads from."""
        order: dict[str, RawNode] = {}
        read: dict[str, RawNode] = {}
        todo = [(node, False) for node in reversed(list(wanted))]
        while todo:
            node, ready = todo.pop()
            if node in order:
                continue
            if ready:
                order[node] = read[node]
                continue
            if node in read:
                # It is waiting for what it reads, and that leads back to it. The server does not look at every link.
                self.found.append(self.text.diagnostic(LINK_CYCLE, "the links form a circle", node, None))
                continue
            read[node] = self.node(node)
            todo.append((node, True))
            todo.extend((source, False) for source in reversed(list(read[node].sources())))
        return order

    def node(self, node: str) -> RawNode:
        """One node; what is wrong with it is added to ``found``."""
        data = replace_class(self.text.nodes[node], self.catalog)
        schema = self.catalog.get(data["class_type"])
        assert schema is not None, "classes were checked before"
        given: Mapping[str, Any] = data.get("inputs", {})
        known = expand_inputs(schema, given)
        # The server converts what it knows of: no choice of a dynamic combo, and no input that is a pack's own affair.
        converted = {n for n, i in expand_inputs(schema, given, widgets=False).items() if i.type != DYNAMIC_COMBO}
        inputs: dict[str, Any] = {}
        wanted: dict[str, InputSchema] = {}
        for name, value in given.items():
            declared = known.get(name)
            if declared is None:
                self._unknown(node, name, value, schema, known)
                continue
            if name in converted and not isinstance(value, list):
                value = _converted(declared, unwrap(value))
            port = self.ported.get((node, name))
            if port is not None:
                plain = isinstance(value, bool | int | float | str)
                inputs[name], wanted[name] = Fed(port, value if plain else None), declared
                continue
            read = self._value(node, declared, value, schema)
            if read is not _NOTHING:
                inputs[name], wanted[name] = read, declared
        for (owner, name), port in self.ported.items():
            if owner == node and name not in given and name in known:
                inputs[name], wanted[name] = Fed(port), known[name]
        # In the class's own order: what is written does not depend on the order of the JSON.
        inputs = {name: inputs[name] for name in known if name in inputs}
        return RawNode(node, schema, _title(data), inputs, wanted)

    def report(self, code: Code, message: str, node: str, name: str, *help_: str) -> None:
        """Add a finding about an input of the graph."""
        self.found.append(self.text.diagnostic(code, message, node, name, *help_))

    def _unknown(self, node: str, name: str, value: Any, schema: NodeSchema, known: Mapping[str, InputSchema]) -> None:
        source = link_source(value)
        grows = any(i.autogrow is not None and name.startswith(f"{i.name}.") for i in schema.inputs)
        if any(hidden.name == name for hidden in schema.hidden):
            self.report(IGNORED_INPUT, f"`{name}` is left out: the server fills it in itself", node, name)
        elif source is not None or grows:
            self.report(
                UNWRITABLE,
                f"the class {schema.class_type} has no input `{name}`, and something is linked to it",
                node,
                name,
                *(did_you_mean(name, [n for n in known if n not in self.text.nodes[node].get("inputs", {})])),
                "take the input out of the JSON file; or compile for a catalog that has it, with `--catalog`",
            )
        else:
            self.report(
                IGNORED_INPUT,
                f"`{name}` is left out: {schema.class_type} has no such input, and ComfyUI ignores it",
                node,
                name,
            )

    def _value(self, node: str, declared: InputSchema, value: Any, schema: NodeSchema) -> Any:
        if isinstance(value, list):
            link = cast(list[Any], value)
            source = link_source(link)
            if source is None or declared.type == DYNAMIC_COMBO:
                return self._refuse(node, "it is a list, and no link", declared)
            origin = self._class(source)
            # The server has looked at the links that it knows of, and at no link to a pack's own widget.
            slots = 0 if origin is None or not isinstance(link[1], int) else len(origin.outputs)
            if not -slots <= link[1] < slots:
                return self._refuse(node, "it is a link that leads nowhere", declared)
            slot = int(link[1]) % slots
            if source not in self.replaced:
                return Link(source, slot)
            if slot == 0:
                return Fed(self.replaced[source])
            message = f"the port `{self.replaced[source]}` gives the picture of the node {source}, and no mask"
            self.report(
                PORT_KIND, message, node, declared.name, "feed the inputs that take the picture: one port for each"
            )
            return _NOTHING
        if value is None and not declared.required and schema.input(declared.name) is not None:
            self.report(
                IGNORED_INPUT, f"`{declared.name}` is left out: it is null, which means not given", node, declared.name
            )
            return _NOTHING
        if isinstance(value, float) and not math.isfinite(value):
            return self._refuse(node, f"{value} is no number", declared)
        if not isinstance(value, bool | int | float | str):
            return self._refuse(node, f"{shown(value)} is neither a number nor a text", declared)
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            return self._refuse(node, "the text has half a character in it", declared)
        return value

    def _class(self, node: str) -> NodeSchema | None:
        if node not in self.text.nodes:
            return None
        return self.catalog.get(replace_class(self.text.nodes[node], self.catalog)["class_type"])

    def _refuse(self, node: str, why: str, declared: InputSchema) -> Any:
        self.report(
            UNWRITABLE,
            f"the value of `{declared.name}` cannot be written in Reel: {why}",
            node,
            declared.name,
            "give it another value in the JSON file, or send the graph to ComfyUI as it is",
        )
        return _NOTHING


_NOTHING: Any = object()


def _converted(declared: InputSchema, value: Any) -> Any:
    """A literal as the server makes it."""
    try:
        return convert(declared.type, value)
    except (ValueError, TypeError, OverflowError):
        return value


def _title(data: Mapping[str, Any]) -> str:
    meta = data.get("_meta")
    title: Any = cast(dict[str, Any], meta).get("title") if isinstance(meta, dict) else None
    return title if isinstance(title, str) else ""


# -- equality --------------------------------------------------------------------------------


def identities(nodes: Mapping[str, RawNode]) -> dict[str, bytes]:
    """For each node what it is, by its class, its literals and what it reads from; ids and titles do not count.

    Args:
        nodes: each after those that it reads from.
    """
    import hashlib

    found: dict[str, bytes] = {}
    for node, raw in nodes.items():
        inputs = {name: _plain(value, raw.wanted[name], found) for name, value in raw.inputs.items()}
        found[node] = hashlib.sha256(canonical([raw.schema.class_type, inputs])).digest()
    return found


def _plain(value: Any, wanted: InputSchema, found: Mapping[str, bytes]) -> Any:
    if isinstance(value, Link):
        return ["link", found[value.node].hex(), value.slot]
    if isinstance(value, float) and wanted.is_combo and value.is_integer():
        # ComfyUI looks for a choice that is equal, and 1 equals 1.0.
        value = int(value)
    if isinstance(value, float):
        value += 0.0  # there is no -0.0 in Reel, and no node that minds
    return [type(value).__name__, value]

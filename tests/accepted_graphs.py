"""Hypothesis: graphs over a catalog that ComfyUI accepts."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from reelc_compiler.catalog import (
    DYNAMIC_COMBO,
    MATCH_TYPE,
    Catalog,
    InputSchema,
    NodeSchema,
    expand_inputs,
    load_catalog,
    same_dialect,
)

MAX_NODES = 25
# What a source file and a template are likely to trip over.
NASTY = [
    "{{ x }}",
    "{% if %}",
    "{#",
    "{{{",
    "a\n",
    "\\",
    '"',
    "\r\n",
    "}}",
    "\\n",
    "# no comment",
    "\t",
    "\u2028",
    "fog\n\n",
    "{",
    "{\n",
    "{\r",
]
texts = st.one_of(
    st.sampled_from(NASTY), st.lists(st.sampled_from(NASTY), max_size=4).map("".join), st.text(max_size=20)
)
ids = st.one_of(st.integers(1, 99).map(str), st.sampled_from(["57:8", "loader", "a.b", "é", "inputs"]))


@cache
def makers(catalog: Catalog) -> Mapping[str, tuple[tuple[NodeSchema, int], ...]]:
    """For each socket type the outputs that carry it."""
    found: dict[str, list[tuple[NodeSchema, int]]] = defaultdict(list)
    for name in catalog.class_names():
        schema = catalog.get(name)
        assert schema is not None
        if not schema.takes_lists:
            for slot, output in enumerate(schema.outputs):
                found[output.type].append((schema, slot))
    return {kind: tuple(made) for kind, made in found.items()}


@cache
def outputs(catalog: Catalog) -> tuple[NodeSchema, ...]:
    """The classes that save something."""
    schemas = [catalog.get(name) for name in catalog.class_names()]
    return tuple(s for s in schemas if s is not None and s.output_node)


class GiveUp(Exception):
    """A class that nothing in the catalog can feed within the limit."""


class Maker:
    """Makes one graph."""

    def __init__(self, draw: st.DrawFn, catalog: Catalog) -> None:
        self.draw = draw
        self.catalog = catalog
        self.graph: dict[str, dict[str, Any]] = {}
        self.slots: dict[str, list[tuple[str, int]]] = defaultdict(list)

    def node(self, schema: NodeSchema, depth: int) -> str:
        if len(self.graph) >= MAX_NODES or depth > 6:
            raise GiveUp
        given: dict[str, Any] = {}
        while True:
            # A choice opens inputs that have choices of their own.
            missing = [i for n, i in expand_inputs(schema, given).items() if n not in given and self.wanted(i)]
            if not missing:
                break
            for declared in missing:
                given[declared.name] = self.value(declared, depth)
        node = self.draw(ids.filter(lambda i: i not in self.graph))
        data: dict[str, Any] = {
            "class_type": schema.class_type,
            "inputs": {k: v for k, v in given.items() if v is not None},
        }
        if self.draw(st.booleans()):
            data["_meta"] = {"title": self.draw(st.one_of(st.just(schema.class_type), texts))}
        self.graph[node] = data
        for slot, output in enumerate(schema.outputs):
            self.slots[output.type].append((node, slot))
        return node

    def wanted(self, declared: InputSchema) -> bool:
        return declared.required or declared.type == DYNAMIC_COMBO

    def value(self, declared: InputSchema, depth: int) -> Any:
        draw = self.draw
        if declared.type == DYNAMIC_COMBO:
            return draw(st.sampled_from(sorted(declared.options or ()))) if declared.options else None
        if not declared.takes_literal or (declared.takes_link and draw(st.integers(0, 9)) == 0):
            link = self.link(declared, depth)
            if link is not None or not declared.takes_literal:
                return link
        return self.literal(declared)

    def link(self, declared: InputSchema, depth: int) -> list[Any] | None:
        wanted = self.draw(st.sampled_from(declared.allowed)) if declared.allowed else declared.type.split(",")[0]
        if wanted in ("*", MATCH_TYPE):
            wanted = "IMAGE"
        known = [(n, s) for n, s in self.slots[wanted] if self.fits(n, s, declared)]
        if known and self.draw(st.integers(0, 2)):
            return list(self.draw(st.sampled_from(known)))
        made = [
            (schema, slot)
            for schema, slot in makers(self.catalog).get(wanted, ())
            if declared.accepts(wanted) and same_dialect(schema.outputs[slot].dialect, declared.dialect)
        ]
        if not made or not declared.takes_link:
            if declared.takes_literal or not declared.required:
                return None
            raise GiveUp
        # Loaders and other small classes come first, so that most graphs come to an end.
        made.sort(key=lambda m: sum(1 for i in m[0].inputs if i.required and not i.takes_literal))
        schema, slot = made[self.draw(st.integers(0, min(len(made) - 1, 3 if depth > 2 else 30)))]
        return [self.node(schema, depth + 1), slot]

    def fits(self, node: str, slot: int, declared: InputSchema) -> bool:
        schema = self.catalog.get(self.graph[node]["class_type"])
        assert schema is not None
        output = schema.outputs[slot]
        return declared.accepts(output.type) and same_dialect(output.dialect, declared.dialect)

    def literal(self, declared: InputSchema) -> Any:
        draw = self.draw
        kinds = declared.type.split(",")
        low = declared.min if declared.min is not None else -(2**31)
        high = declared.max if declared.max is not None else 2**31
        if declared.is_combo:
            choices = list(declared.choices or ())
            if not choices and declared.files is None:
                raise GiveUp  # what the window makes up while it is used
            if choices and (declared.files is None or draw(st.booleans())):
                return draw(st.sampled_from(choices))
            return draw(st.sampled_from(["a.safetensors", "sub/b.png", "日本.png", 'x "y".png']))
        if "INT" in kinds:
            whole = draw(st.integers(int(low), int(high)))
            return (
                draw(st.sampled_from([whole, float(whole), str(whole)]))
                if abs(whole) < 2**50 and kinds == ["INT"]
                else whole
            )
        if "FLOAT" in kinds:
            value = draw(st.floats(float(max(low, -1e18)), float(min(high, 1e18)), allow_nan=False))
            if abs(value) < 1e-90:
                value = 0.0 if low <= 0 else float(low)  # Reel has no number that small
            return draw(st.sampled_from([value, round(value, 2) if low <= round(value, 2) <= high else value]))
        if "BOOLEAN" in kinds:
            return draw(st.booleans())
        if not {"STRING", "*"} & set(kinds):
            raise GiveUp  # a widget of its own kind, whose values only the window knows
        return draw(texts)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """A graph of the bundled catalog, with one output or two, and perhaps a node that nothing needs."""
    catalog = load_catalog()
    maker = Maker(draw, catalog)
    for _ in range(draw(st.integers(1, 2))):
        schema = draw(st.sampled_from(outputs(catalog)))
        before = dict(maker.graph), {k: list(v) for k, v in maker.slots.items()}
        try:
            maker.node(schema, 0)
        except GiveUp:
            maker.graph = before[0]
            maker.slots = defaultdict(list, before[1])
    if not maker.graph:
        preview = catalog.get("PreviewImage")
        assert preview is not None
        empty = {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 0}}
        return {"1": empty, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
    order = draw(st.permutations(sorted(maker.graph)))
    return {node: maker.graph[node] for node in order}

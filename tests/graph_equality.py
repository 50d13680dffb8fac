"""Whether two graphs do the same, told from ComfyUI's own point of view, without what the importer is made of."""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import Catalog, expand_inputs
from reelc_compiler.target.comfyui.replace import replace_class
from reelc_compiler.target.comfyui.validate import validate

Graph = Mapping[str, Mapping[str, Any]]


def same(left: Graph, right: Graph, catalog: Catalog) -> bool:
    """Whether the nodes that outputs need are the same in both, with the same values and links.

    Ids, titles, nodes that no output needs and inputs that the server passes over do not count; values are those
    that the server hands to the nodes. Equal nodes count once, as the server runs them once.
    """
    return meaning(left, catalog) == meaning(right, catalog)


def meaning(graph: Graph, catalog: Catalog) -> set[str]:
    """Every node that an output needs, written out with all that it needs in turn."""
    verdict = validate(graph, catalog)
    assert verdict.verdict == "accepted", verdict.errors
    known: dict[str, str] = {}

    def shown(node: str) -> str:
        if node not in known:
            data = replace_class(graph[node], catalog)
            schema = catalog.get(data["class_type"])
            assert schema is not None
            given = data["inputs"] | dict(verdict.coerced.get(node, {}))
            parts = [data["class_type"]]
            for name, wanted in sorted(expand_inputs(schema, data["inputs"]).items()):
                if name not in given or given[name] is None:
                    continue
                value = given[name]
                if isinstance(value, list):
                    origin = catalog.get(replace_class(graph[value[0]], catalog)["class_type"])
                    assert origin is not None
                    value = (shown(value[0]), value[1] % len(origin.outputs))
                elif isinstance(value, float | int) and not isinstance(value, bool):
                    # One number, whatever it is written like; the server has made ints and floats of it already.
                    # Reel has no negative zero; adding zero takes the sign off.
                    value = float(value) + 0.0 if wanted.type != "INT" and value == float(value) else value
                parts.append(f"{name}={value!r}")
            # A short name for what was written out, so that shared nodes are not written out many times.
            known[node] = "#" + str(hash(tuple(parts)))
        return known[node]

    for output in verdict.outputs:
        shown(output)
    return set(known.values())

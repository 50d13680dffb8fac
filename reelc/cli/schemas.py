"""A node class for people and for programs, as a catalog describes it."""

from collections.abc import Iterator, Sequence
from typing import Any

from reelc_compiler.catalog import Catalog, InputSchema, NodeSchema, OutputSchema, version_text

# More choices than this are a list that nobody reads.
MAX_CHOICES = 12
MAX_DEFAULT = 60


def class_lines(schema: NodeSchema, catalog: Catalog) -> list[str]:
    """A class in lines: where it comes from, inputs, outputs."""
    lines = [f"{schema.class_type}: {_origin(schema, catalog)}"]
    lines += [f"  {text}" for text in _remarks(schema)]
    for title, required in (("Inputs", True), ("Optional inputs", False)):
        rows = list(_rows([i for i in schema.inputs if i.required is required]))
        if rows:
            lines += ["", title, *_table(rows)]
    if schema.outputs:
        rows = [(str(n), o.name, _gives(o, schema)) for n, o in enumerate(schema.outputs)]
        lines += ["", "Outputs", *_table(rows)]
    return lines


def _gives(output: OutputSchema, schema: NodeSchema) -> str:
    like = next((i.name for i in schema.inputs if i.match is not None and i.match == output.match), None)
    kind = output.type if like is None else f"the type of `{like}`"
    return f"list of {kind}" if output.is_list else kind


def _origin(schema: NodeSchema, catalog: Catalog) -> str:
    version = version_text(catalog.comfyui)
    if schema.pack == "core":
        return f"{version} (catalog {catalog.name})"
    pack = catalog.packs[schema.pack]
    return f"node pack {pack.name} ({origin(pack.repo, pack.commit)}), for {version} (catalog {catalog.name})"


def origin(repo: str | None, commit: str | None) -> str:
    """Where a pack comes from, as far as it is known."""
    if repo is None:
        return "origin unknown"
    return f"{repo} at {commit[:12]}" if commit else f"{repo}, commit unknown"


def _remarks(schema: NodeSchema) -> Iterator[str]:
    if schema.deprecated:
        yield "deprecated: ComfyUI may drop it"
    if schema.experimental:
        yield "experimental: ComfyUI may change it"
    if schema.api:
        yield "calls a paid service over the internet: it costs money, and needs an account at Comfy.org"
    if schema.output_node:
        yield "an output: ComfyUI runs what it needs"
    if schema.takes_lists:
        yield "takes whole lists"


def _rows(inputs: Sequence[InputSchema], indent: str = "", prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Name, type and further facts of each input, those that a choice adds below it."""
    for item in inputs:
        name = f"{prefix}{item.name}"
        yield f"{indent}{name}", _type(item), ", ".join(_words(item))
        # What ComfyUI's own choices add is named after the choice, what a pack's add is not.
        added = [(k, i, f"{name}.") for k, i in (item.options or {}).items()]
        added += [(k, i, "") for k, i in item.widgets.items()]
        for key, inner, inside in added:
            if inner:
                yield f'{indent}  with "{key}":', "", ""
                yield from _rows(inner, f"{indent}    ", inside)


def _type(item: InputSchema) -> str:
    if item.autogrow is not None:
        return f"{item.autogrow.element.type}, repeated"
    if item.options is not None:
        return "COMBO"
    if item.match is not None:
        return " or ".join(item.allowed) if item.allowed not in ((), ("*",)) else "any type"
    return "any type" if item.type == "*" else item.type


def _words(item: InputSchema) -> Iterator[str]:
    if item.autogrow is not None:
        names = item.autogrow.names
        yield f"`{item.name}.{names[0]}` to `{item.name}.{names[-1]}`, at least {item.autogrow.minimum}"
    if item.files is not None:
        kind = "folder" if item.folders else "file"
        where = f"ComfyUI's {item.files} folder" if item.files in ("input", "output") else f"models/{item.files}"
        there = "" if item.present is None else f", of which there is {_some(item.present) or 'none'}"
        yield f"a {kind} in {where}{there}"
    choices = item.choices if item.options is None else tuple(item.options)
    if choices:
        yield f"{'or ' if item.files is not None else ''}one of {_some(choices)}"
    if item.min is not None or item.max is not None:
        low = "" if item.min is None else f"{item.min:g}" if isinstance(item.min, float) else str(item.min)
        high = "" if item.max is None else f"{item.max:g}" if isinstance(item.max, float) else str(item.max)
        yield f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}"
    if item.has_default and item.default is not None:
        text = _literal(item.default).replace("\n", "\\n")
        yield f"default {text if len(text) <= MAX_DEFAULT else text[: MAX_DEFAULT - 3] + '...'}"
    if item.force_input:
        yield "only as a link"
    if item.socketless:
        yield "never as a link"


def _some(values: Sequence[Any]) -> str:
    rest = len(values) - MAX_CHOICES
    return ", ".join(map(_literal, values[:MAX_CHOICES])) + (f" and {rest} more" if rest > 0 else "")


def _literal(value: Any) -> str:
    """A value as Reel writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _table(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    # A long name, as of a choice that adds inputs, may reach into the next column when nothing stands there.
    first = max((len(name) for name, kind, _ in rows if kind), default=0)
    second = max((len(kind) for _, kind, _ in rows), default=0)
    return [f"  {name:<{first}}  {kind:<{second}}  {words}".rstrip() for name, kind, words in rows]


# -- JSON ------------------------------------------------------------------------------------


def class_json(schema: NodeSchema, catalog: Catalog) -> dict[str, Any]:
    """A class as a JSON value, nothing left out that the catalog knows."""
    pack = catalog.packs[schema.pack]
    return {
        "class": schema.class_type,
        "catalog": catalog.name,
        "comfyui": catalog.comfyui,
        "pack": {"name": pack.name, "repo": pack.repo, "commit": pack.commit},
        "deprecated": schema.deprecated,
        "experimental": schema.experimental,
        "paid_service": schema.api,
        "output_node": schema.output_node,
        "takes_lists": schema.takes_lists,
        "inputs": [_input_json(i) for i in schema.inputs],
        "outputs": [{"name": o.name, "type": o.type, "list": o.is_list} for o in schema.outputs],
    }


def _input_json(item: InputSchema) -> dict[str, Any]:
    value: dict[str, Any] = {"name": item.name, "type": item.type, "required": item.required}
    if item.has_default:
        value["default"] = item.default
    for key in ("min", "max", "step"):
        if getattr(item, key) is not None:
            value[key] = getattr(item, key)
    if item.choices is not None:
        value["choices"] = list(item.choices)
    if item.files is not None:
        value["files"] = item.files
    if item.present is not None:
        value["present"] = list(item.present)
    if item.allowed:
        value["allowed"] = list(item.allowed)
    if item.options is not None:
        value["options"] = {key: [_input_json(i) for i in inner] for key, inner in item.options.items()}
    if item.widgets:
        value["adds"] = {key: [_input_json(i) for i in inner] for key, inner in item.widgets.items()}
    if item.autogrow is not None:
        value["repeats"] = {
            "names": [f"{item.name}.{name}" for name in item.autogrow.names],
            "min": item.autogrow.minimum,
            "element": _input_json(item.autogrow.element),
        }
    value["link"] = item.takes_link
    value["literal"] = item.takes_literal
    return value

"""The concrete inputs of a node: dynamic combos and repeating inputs written out as dotted names."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reelc_compiler.catalog.schema import InputSchema, NodeSchema
from reelc_compiler.catalog.store import Catalog

# A class has a few dozen combinations of keys at most; packs may have more.
_REMEMBERED = 256


def expand_inputs(schema: NodeSchema, values: Mapping[str, Any], *, widgets: bool = True) -> Mapping[str, InputSchema]:
    """The inputs that a node has, by the names that an API graph uses.

    A dynamic combo adds the inputs of the key that ``values`` chooses (``format`` -> ``format.codec``); without a
    known key it adds none. A dynamic slot adds its inputs when it is given. A repeating input is replaced by its slots
    (``images.image0``, ...); the first ones, as many as its minimum, are required. A pack's own widgets for the chosen
    value (``pix_fmt``) come last, optional.

    Args:
        schema: the node's class.
        values: its inputs by dotted name; a link among them chooses no key.
        widgets: False leaves out the packs' own widgets, of which ComfyUI knows nothing.

    Returns:
        Concrete inputs, each renamed to its dotted name, in ComfyUI's order. The mapping is shared: do not change it.
    """
    chosen = widgets, tuple(_chosen(schema.inputs, "", values, widgets=widgets))
    found = schema.expanded.get(chosen)
    if found is None:
        found = _expanded(schema, values, widgets=widgets)
        if len(schema.expanded) < _REMEMBERED:
            schema.expanded[chosen] = found
    return found


def possible_inputs(schema: NodeSchema) -> Mapping[str, InputSchema]:
    """All the inputs that some keys of the dynamic combos give the class, by dotted name."""
    if _ALL not in schema.expanded:
        found: dict[str, InputSchema] = {}
        for declared in schema.inputs:
            for name, concrete in _every(declared, ""):
                found.setdefault(name, concrete)
        schema.expanded[_ALL] = found
    return schema.expanded[_ALL]


_ALL = "all"


def _every(schema: InputSchema, prefix: str) -> Iterator[tuple[str, InputSchema]]:
    name = f"{prefix}{schema.name}"
    if schema.autogrow is not None:
        yield from _slots(schema, name, {})
        return
    yield name, schema
    for inner in (*(i for inputs in (schema.options or {}).values() for i in inputs), *(schema.inner or ())):
        yield from _every(inner, f"{name}.")


def _expanded(schema: NodeSchema, values: Mapping[str, Any], *, widgets: bool) -> Mapping[str, InputSchema]:
    found: dict[str, InputSchema] = {}
    for declared in schema.inputs:
        for name, concrete in _concrete(declared, "", values):
            # A name that is required and optional is required.
            if name not in found or (concrete.required and not found[name].required):
                found[name] = concrete
    if widgets:
        for declared in schema.inputs:
            for widget in declared.widgets.get(_key(values.get(declared.name)), ()):
                found.setdefault(widget.name, widget)
    return found


def _chosen(
    inputs: Iterable[InputSchema], prefix: str, values: Mapping[str, Any], *, widgets: bool
) -> Iterator[Hashable]:
    """All of ``values`` that the expansion depends on."""
    for schema in inputs:
        name = f"{prefix}{schema.name}"
        if schema.options is not None:
            key = _key(values.get(name))
            inner = schema.options.get(key)
            if inner is not None:
                yield name, key
                yield from _chosen(inner, f"{name}.", values, widgets=widgets)
        elif schema.inner is not None and name in values:
            yield name
            yield from _chosen(schema.inner, f"{name}.", values, widgets=widgets)
        elif widgets and schema.widgets:
            key = _key(values.get(name))
            if key in schema.widgets:
                yield name, key


def _concrete(schema: InputSchema, prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, InputSchema]]:
    name = f"{prefix}{schema.name}"
    if schema.autogrow is not None:
        yield from _slots(schema, name, values)
        return
    yield name, replace(schema, name=name) if prefix else schema
    if schema.options is not None:
        for inner in schema.options.get(_key(values.get(name)), ()):
            yield from _concrete(inner, f"{name}.", values)
    if schema.inner is not None and name in values:
        for inner in schema.inner:
            yield from _concrete(inner, f"{name}.", values)


def _slots(schema: InputSchema, name: str, values: Mapping[str, Any]) -> Iterator[tuple[str, InputSchema]]:
    grow = schema.autogrow
    assert grow is not None
    for i, slot in enumerate(grow.names):
        # The server asks for the first slots even where the repeating input itself is optional.
        wanted = i < grow.minimum and grow.element.required
        section = "required" if wanted else "optional"
        yield from _concrete(replace(grow.element, name=slot, section=section), f"{name}.", values)


def _key(value: Any) -> str:
    """A dynamic combo's key; what is no text chooses nothing."""
    return value if isinstance(value, str) else ""


def has_input(catalog: Catalog, class_type: str, name: str) -> bool:
    """Whether a class has an input of this dotted name, with whatever choices it is there."""
    schema = catalog.get(class_type)
    return schema is not None and any(name in _names(declared, "") for declared in schema.inputs)


def _names(schema: InputSchema, prefix: str) -> Iterator[str]:
    name = f"{prefix}{schema.name}"
    yield name
    for inner in (schema.options or {}).values():
        for below in inner:
            yield from _names(below, f"{name}.")
    if schema.autogrow is not None:
        for slot in schema.autogrow.names:
            yield from _names(replace(schema.autogrow.element, name=slot), f"{name}.")

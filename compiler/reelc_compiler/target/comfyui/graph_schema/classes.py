"""The inputs of a class as a schema: what is required, what each takes, what a choice adds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from reelc_compiler.catalog import DYNAMIC_COMBO, InputSchema, NodeSchema
from reelc_compiler.target.comfyui.graph_schema.dispatch import one_of
from reelc_compiler.target.comfyui.graph_schema.sharing import Definitions
from reelc_compiler.target.comfyui.graph_schema.values import Judge, Values
from reelc_dsl.records import dataclass

# Slots of a repeating input that stand by name, and not only in a pattern, for editors to offer.
NAMED_SLOTS = 2


@dataclass(slots=True)
class _Inputs:
    """A schema of ``inputs`` in the making."""

    properties: dict[str, Any] = field(default_factory=dict[str, Any])
    required: list[str] = field(default_factory=list[str])
    patterns: dict[str, Any] = field(default_factory=dict[str, Any])
    choices: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def schema(self) -> dict[str, Any]:
        """Without what is empty."""
        parts = {
            "properties": self.properties,
            "required": self.required,
            "patternProperties": self.patterns,
            "allOf": self.choices,
        }
        return {key: part for key, part in parts.items() if part}


class Classes:
    """Makes the schemas of classes' inputs.

    Args:
        definitions: where what they share is kept.
        strict: an input that the class does not have is refused, and so is a missing or unknown dynamic key.
    """

    def __init__(self, definitions: Definitions, *, strict: bool) -> None:
        self._values = Values(definitions, strict)
        self._strict = strict

    def inputs(self, schema: NodeSchema) -> dict[str, Any]:
        """The schema of a node's ``inputs``."""
        made = self._made(schema.inputs, "", schema)
        if self._strict:
            made.choices += self._widgets(schema)
        found = made.schema()
        if self._strict:
            found["unevaluatedProperties" if made.choices else "additionalProperties"] = False
        return found | ({"deprecated": True} if schema.deprecated else {})

    def _made(self, inputs: Iterable[InputSchema], prefix: str, schema: NodeSchema) -> _Inputs:
        made = _Inputs()
        for wanted in inputs:
            self._add(made, wanted, prefix, schema)
        return made

    def _add(self, made: _Inputs, wanted: InputSchema, prefix: str, schema: NodeSchema) -> None:
        name = f"{prefix}{wanted.name}"
        if wanted.autogrow is not None:
            self._grow(made, wanted, name, schema)
            return
        if name in made.properties and (name in made.required or not wanted.required):
            return  # declared twice: required counts
        made.properties[name] = self._values.of(wanted, _judge(wanted, name, schema), nested=bool(prefix))
        # ComfyUI does not ask for a dynamic combo's key; the class's own function cannot be called without its inputs.
        needed = wanted.required and (self._strict or wanted.type != DYNAMIC_COMBO)
        if needed or (name in schema.validates and wanted.options is None and not wanted.optional_check):
            made.required.append(name)
        made.choices += self._choices(wanted, name, schema)
        if wanted.inner:
            # A dynamic slot adds its inputs when it is given.
            then = self._made(wanted.inner, f"{name}.", schema).schema()
            made.choices.append({"if": {"properties": {name: True}, "required": [name]}, "then": then})

    def _grow(self, made: _Inputs, wanted: InputSchema, name: str, schema: NodeSchema) -> None:
        grow = wanted.autogrow
        assert grow is not None
        element = grow.element
        simple = element.options is None and element.autogrow is None
        # As in `expand_inputs`: the first slots are asked for even where the repeating input is optional.
        for i, slot in enumerate(grow.names):
            needed = i < grow.minimum and element.required
            if simple and not needed and i >= NAMED_SLOTS:
                break
            section = "required" if needed else "optional"
            self._add(made, replace(element, name=slot, section=section), f"{name}.", schema)
        # A property that matches a pattern as well is an error to some validators.
        rest = [slot for slot in (f"{name}.{n}" for n in grow.names) if slot not in made.properties]
        if rest:
            made.patterns[one_of(rest)] = self._values.of(element, _judge(element, "", schema), nested=True)

    def _choices(self, wanted: InputSchema, name: str, schema: NodeSchema) -> list[dict[str, Any]]:
        """What the keys of a dynamic combo add: each input once, with all keys that add it."""
        keys: dict[str, tuple[InputSchema, list[str]]] = {}
        for key, inner in (wanted.options or {}).items():
            for one in inner:
                keys.setdefault(repr(one), (one, []))[1].append(key)
        together: dict[tuple[str, ...], list[InputSchema]] = {}
        for one, theirs in keys.values():
            together.setdefault(tuple(theirs), []).append(one)
        return [
            _when(name, theirs, self._made(inputs, f"{name}.", schema).schema()) for theirs, inputs in together.items()
        ]

    def _widgets(self, schema: NodeSchema) -> list[dict[str, Any]]:
        """What a pack's own choices add (VideoHelperSuite's formats)."""
        found: list[dict[str, Any]] = []
        for wanted in schema.inputs:
            for key, widgets in wanted.widgets.items():
                own = {w.name: self._values.of(w) for w in widgets if schema.input(w.name) is None}
                if own:
                    found.append(_when(wanted.name, [key], {"properties": own}))
        return found


def _when(name: str, keys: Sequence[str], then: Mapping[str, Any]) -> dict[str, Any]:
    test = {"const": keys[0]} if len(keys) == 1 else {"enum": list(keys)}
    return {"if": {"properties": {name: test}, "required": [name]}, "then": then}


def _judge(wanted: InputSchema, name: str, schema: NodeSchema) -> Judge:
    """Who looks at an input's value."""
    if name in schema.validates and wanted.checked in ("file", "own_file", "folder"):
        return "opens"
    return "class" if schema.validates_all or name in schema.validates else "server"


def renamed_inputs(new: Mapping[str, Any], rules: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The inputs of a class that the server replaces, under their old names; None where it loses one that is required.

    Args:
        new: the schema of the new class's inputs.
        rules: for each new name the old one (``from``), or a ``value`` that the server puts in. It drops all others.
    """
    if not set(new.get("required", ())) <= rules.keys():
        return None
    old = {rule["from"]: new.get("properties", {}).get(name, True) for name, rule in rules.items() if "from" in rule}
    return {"properties": old, "required": list(old), "deprecated": True}

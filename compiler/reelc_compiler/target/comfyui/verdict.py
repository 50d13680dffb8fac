"""What ComfyUI's server would say to a graph, and what it would not."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from reelc_dsl.records import dataclass


@dataclass(frozen=True, slots=True)
class NodeError:
    """One error, under the type that ComfyUI gives it.

    Attributes:
        node: None when the error is about the whole graph.
        input: the input's dotted name, where one is to blame.
        suggestions: names or values that were probably meant, best first.
    """

    type: str
    node: str | None
    input: str | None
    message: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that ComfyUI lets pass in silence, and that is probably a mistake.

    Types: ``unknown_input``, ``hidden_input``, ``literal_for_link``, ``off_step``, ``not_a_number``, ``rewritten``,
    ``dynamic_key``, ``match_type``, ``foreign_type``, ``slot_gap``, ``widget_value``, ``file_kind``, ``unreached``,
    ``deprecated``, ``kills_server``.
    """

    type: str
    node: str
    input: str | None
    message: str
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """ComfyUI's answer to ``POST /prompt``, predicted.

    Attributes:
        verdict: ``partial`` means that some outputs run and others are dropped, which ComfyUI also answers with 200.
        outputs: the output nodes that would run, in the graph's order.
        coerced: values that ComfyUI rewrites before it runs the graph, by node and input.
        warnings: empty unless the graph is well formed enough to be read.
    """

    verdict: Literal["accepted", "partial", "rejected"]
    status: Literal[200, 400, 500]
    errors: tuple[NodeError, ...] = ()
    warnings: tuple[Notice, ...] = ()
    outputs: tuple[str, ...] = ()
    failures: tuple[Notice, ...] = ()
    coerced: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])

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
    """Something that ComfyUI accepts in silence.

    Types of failures, with which the graph fails when it runs:

    - ``literal_for_link``: a literal where only a link makes sense; a warning where the value works all the same.
    - ``dynamic_key``: a dynamic combo's key that is missing, unknown or linked; a warning where the class may do
      without.
    - ``extra_link``: a link under a name that the class does not have, or that the server fills in itself.
    - ``slot_overflow``: a slot that a repeating input does not have; as a literal it is ignored (a warning).
    - ``stale_input``: an input of another key of a dynamic combo; as a literal it is ignored (a warning).
    - ``wrapped_link``: ``{"__value__": [id, slot]}``, which runs as a link that nobody has checked; a warning where its
      type fits.
    - ``match_type``: a type outside those that the input allows.
    - ``foreign_type``: another pack's values under a borrowed type's name.
    - ``expression``: one that cannot be read, or that names what is not given; a warning where that may not be
      evaluated.
    - ``needed_input``: an input that is declared optional and that the class needs.
    - ``unusable_value``: NaN or infinity where the class computes or encodes with it, a folder in place of a file.
    - ``too_deep``: nearly as many nodes in a row as the server's own recursion allows.
    - ``kills_server``: it stops the server's queue for good: a dangling link that validation does not look at, a node
      without inputs that none needs.

    Types of warnings, with which it runs:

    - ``unknown_input``: a misspelt or extra input, which is ignored.
    - ``hidden_input``: an input that the server fills in itself.
    - ``slot_gap``: a repeating input's empty slot before a full one.
    - ``off_step``, ``not_a_number``, ``rewritten``: values off the step, NaN and infinity, values that the server
      changes.
    - ``widget_value``: a pack's own widget out of its range or list.
    - ``file_kind``: a file of a kind that the node does not read.
    - ``unknown_file``: whether a file is there cannot be known from the catalog.
    - ``odd_slot``: a slot given as a negative number or as a truth value.
    - ``unreached``: no output needs the node.
    - ``unknown_key``: a node's own key that is nearly one that ComfyUI knows.
    - ``deprecated``, ``experimental``, ``paid_service``: how the class is marked.
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
        warnings: empty unless the graph is well formed enough to be read, as are the failures.
        failures: what ComfyUI accepts although it fails when it runs. With the errors they are all that is wrong.
    """

    verdict: Literal["accepted", "partial", "rejected"]
    status: Literal[200, 400, 500]
    errors: tuple[NodeError, ...] = ()
    warnings: tuple[Notice, ...] = ()
    outputs: tuple[str, ...] = ()
    failures: tuple[Notice, ...] = ()
    coerced: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])

"""What a node class looks like: its inputs, outputs and flags, as ComfyUI declares them."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Any, Literal

from reelc_dsl.records import dataclass

Section = Literal["required", "optional", "hidden"]

# Types whose value is typed into a widget; a link can feed them too, unless the input is socketless.
WIDGET_TYPES = frozenset({"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"})
# Widgets of ComfyUI's window that have a type of their own: what they give is a literal in a graph.
OWN_WIDGETS = frozenset(
    {
        "ACNAUTOSIZE",
        "AUDIO_RECORD",
        "BOUNDING_BOX",
        "BOUNDING_BOXES",
        "COLOR",
        "COLORS",
        "COMPOSITOR",
        "CURVE",
        "IMAGECOMPARE",
        "LOAD_3D",
        "RANGE",
        "WEBCAM",
    }
)
DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
DYNAMIC_SLOT = "COMFY_DYNAMICSLOT_V3"
AUTOGROW = "COMFY_AUTOGROW_V3"
MATCH_TYPE = "COMFY_MATCHTYPE_V3"
ANY_TYPE = "*"


@dataclass(frozen=True, slots=True)
class PackInfo:
    """Where a set of node classes comes from: ``core``, or a pack of custom nodes; None is not known."""

    name: str
    repo: str | None
    commit: str | None


@dataclass(frozen=True, slots=True)
class Autogrow:
    """An input that repeats: ``images.image0``, ``images.image1``, ...

    Attributes:
        element: the schema that every slot has, under its template's name.
        names: the slots' own names, without the parent's prefix, in order.
        minimum: how many of the first slots ComfyUI requires.
    """

    element: "InputSchema"
    names: tuple[str, ...]
    minimum: int


@dataclass(frozen=True, slots=True)
class InputSchema:
    """One input of a node class.

    Attributes:
        type: ``INT``, ``IMAGE``, ``COMBO``, ``FLOAT,INT`` (either), ``*`` (any), ``COMFY_..._V3`` (dynamic).
        default: None when there is none; ask ``has_default``. A default over 120 characters is not kept.
        choices: the fixed values of a combo; None for what is no combo.
        listed: a combo written as a list of values (the classic form): it takes no link from a ``COMBO`` output.
        files: the models folder (or ``input``, ``output``) whose files are further choices.
        present: those of the files that a server listed; None when that is not known.
        under, extensions, folders: which of those files: below this prefix, with these endings, folders instead.
        upload: what the widget uploads into the input folder: ``image``, ``video``, ``audio`` or ``file``.
        controlled: the GUI keeps a second widget for it (``control_after_generate``).
        links_from: output types that link to it although ``type`` does not say so.
        dialect: whose values it takes where a pack borrows a type's name; ``*`` for anybody's. See ``same_dialect``.
        options: a dynamic combo's keys, each with the inputs that it adds (named without prefix).
        inner: what a dynamic slot adds when something is given for it.
        checked: what the class's own validator asks of a value: ``file``, ``own_file``, ``folder`` or ``path`` must be
            there; empty when it asks nothing, or what it asks is not known.
        optional_check: that validator can be called without it.
        widgets: a pack's own inputs for each choice (VideoHelperSuite's formats); ComfyUI does not know them.
        match: the name of the group whose inputs and outputs share one type; ``allowed`` are its types.
    """

    name: str
    type: str
    section: Section = "required"
    default: Any = None
    has_default: bool = False
    min: int | float | None = None
    max: int | float | None = None
    step: int | float | None = None
    choices: tuple[Any, ...] | None = None
    listed: bool = False
    files: str | None = None
    present: tuple[str, ...] | None = None
    under: str = ""
    extensions: tuple[str, ...] = ()
    folders: bool = False
    multiselect: bool = False
    force_input: bool = False
    socketless: bool = False
    hidden_widget: bool = False
    upload: str | None = None
    controlled: bool = False
    links_from: tuple[str, ...] = ()
    dialect: str = ""
    options: Mapping[str, tuple["InputSchema", ...]] | None = None
    inner: tuple["InputSchema", ...] | None = None
    checked: str = ""
    optional_check: bool = False
    widgets: Mapping[str, tuple["InputSchema", ...]] = field(default_factory=dict[str, tuple["InputSchema", ...]])
    autogrow: Autogrow | None = None
    match: str | None = None
    allowed: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether ComfyUI refuses a graph without it."""
        return self.section == "required"

    @property
    def is_combo(self) -> bool:
        """Whether its value is one of ``choices`` or of the files in ``files``."""
        return self.type == "COMBO"

    @property
    def takes_literal(self) -> bool:
        """Whether a literal makes sense: a widget type (or a union with one) that is not link-only."""
        if self.type in (DYNAMIC_COMBO, ANY_TYPE) or self.type in OWN_WIDGETS:
            return True
        if self.force_input or self.type in (AUTOGROW, MATCH_TYPE, DYNAMIC_SLOT):
            return False
        # A socketless input has no other way than a literal, whatever its type is called.
        return self.socketless or not WIDGET_TYPES.isdisjoint(type_names(self.type))

    @property
    def takes_link(self) -> bool:
        """Whether an output can be linked to it."""
        return not self.socketless and self.type not in (DYNAMIC_COMBO, AUTOGROW)

    def accepts(self, output_type: str) -> bool:
        """Whether ComfyUI's validator lets an output of this type be linked here."""
        if output_type in self.links_from:
            return True
        # A classic combo's type is its list of values, which equals no type name.
        return socket_compatible(output_type, self.type) if not self.listed else output_type in (ANY_TYPE, MATCH_TYPE)


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """One output slot.

    Attributes:
        match: the group of inputs whose type it takes on.
        choices: a list of values in place of a type, which links to a ``listed`` combo of the same list.
        links_to: input types that it links to although ``type`` does not say so.
        dialect: whose values it gives where a pack borrows a type's name; ``*`` when that is not known.
    """

    name: str
    type: str
    is_list: bool = False
    match: str | None = None
    dialect: str = ""
    choices: tuple[Any, ...] | None = None
    links_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeSchema:
    """One node class.

    Attributes:
        inputs: in ComfyUI's order, required before optional, without the hidden ones.
        hidden: what the server fills in itself (``prompt``, ``unique_id``).
        validates: the inputs that the class's own VALIDATE_INPUTS looks at; ComfyUI skips their checks.
        validates_all: that function takes ``**kwargs``: it gets every input, and all checks are skipped.
        validates_links: it takes ``input_types``: ComfyUI skips the type check of links.
        takes_lists: the class wants whole lists (``INPUT_IS_LIST``).
        v3: written against ComfyUI's new node interface; only these have dynamic inputs.
    """

    class_type: str
    pack: str
    inputs: tuple[InputSchema, ...] = ()
    hidden: tuple[InputSchema, ...] = ()
    outputs: tuple[OutputSchema, ...] = ()
    output_node: bool = False
    deprecated: bool = False
    experimental: bool = False
    api: bool = False
    takes_lists: bool = False
    v3: bool = False
    validates: frozenset[str] = frozenset()
    validates_all: bool = False
    validates_links: bool = False
    # What `expand_inputs` has worked out already, by what the answer depends on.
    expanded: dict[Any, Mapping[str, InputSchema]] = field(
        default_factory=dict[Any, Mapping[str, InputSchema]], compare=False, repr=False
    )

    def input(self, name: str) -> InputSchema | None:
        """The declared input of that name; see ``expand_inputs`` for dotted names."""
        return next((i for i in self.inputs if i.name == name), None)

    def output_index(self, name: str) -> int | None:
        """The slot of the output of that name; None when there is none."""
        return next((i for i, o in enumerate(self.outputs) if o.name == name), None)


@lru_cache(maxsize=4096)
def type_names(socket: str) -> frozenset[str]:
    """``"FLOAT,INT"`` -> its parts."""
    return frozenset(part.strip() for part in socket.split(","))


def socket_compatible(from_type: str, to_type: str) -> bool:
    """Whether ComfyUI 0.33 links an output of one type to an input of another.

    ``*`` on either side passes, a MatchType on either side passes, unions need one type in common.
    Nothing converts: INT does not link to FLOAT.
    """
    if from_type == to_type:
        return True
    given, wanted = type_names(from_type), type_names(to_type)
    if not {ANY_TYPE, MATCH_TYPE}.isdisjoint(given | wanted):
        return True
    return not given.isdisjoint(wanted)


def same_dialect(given: str, wanted: str) -> bool:
    """Whether values of one dialect are understood as another's.

    ComfyUI links by the type's name alone. ``""`` is its own dialect, ``*`` is unknown or anybody's.
    """
    return given == wanted or "*" in (given, wanted)


def names_of(inputs: Sequence[InputSchema]) -> tuple[str, ...]:
    """The names, in order."""
    return tuple(i.name for i in inputs)

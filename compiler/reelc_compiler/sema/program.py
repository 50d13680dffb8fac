"""What names mean: modules, their declarations, and the scopes that bodies see."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from reelc_compiler.sema.kinds import Kind
from reelc_dsl import ast
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

if TYPE_CHECKING:
    # Few programs have a workflow, and need what reads graphs.
    from reelc_compiler.importing.graphs import GraphText
    from reelc_compiler.importing.reading import RawNode


@dataclass(frozen=True, slots=True, eq=False)
class ParamInfo:
    """A stage's or pipeline's parameter with its kind."""

    name: str
    kind: Kind
    decl: ast.Param


@dataclass(frozen=True, slots=True, eq=False)
class StageInfo:
    """A stage with its signature. ``qualified`` is ``std.svd.animate``, or ``animate`` in the main file."""

    qualified: str
    module: "ModuleInfo"
    decl: ast.Stage
    params: tuple[ParamInfo, ...]
    returns: Kind


@dataclass(frozen=True, slots=True, eq=False)
class PipelineInfo:
    """A pipeline with its parameters."""

    module: "ModuleInfo"
    decl: ast.Pipeline
    params: tuple[ParamInfo, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PortInfo:
    """A port of a workflow with its kind.

    Args:
        needed: an `in` that must be given: the graph has no value of its own there.
        node, slot: what an `out` gives.
    """

    name: str
    kind: Kind
    decl: ast.Port
    needed: bool = False
    node: str = ""
    slot: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class WorkflowInfo:
    """A graph as a stage.

    Args:
        ins, outs: its ports.
        nodes: the graph's nodes that the outs need, each after what it reads from.
        returns: its outs, as a node has outputs.
    """

    module: "ModuleInfo"
    decl: ast.Workflow
    ins: tuple[PortInfo, ...]
    outs: tuple[PortInfo, ...]
    nodes: "Mapping[str, RawNode]"
    returns: Kind


@dataclass(slots=True, eq=False)
class ModuleInfo:
    """One file: its tree and what it declares.

    Args:
        key: ``std.svd``, ``acme.film`` of a package, or the POSIX path relative to the main file's folder.
        names: values (stages, constants, used names and modules).
        types: records, also used ones.
        kinds: the kind of each type expression of a ``let``, by identity.
    """

    key: str
    tree: ast.Module
    names: "dict[str, Binding]" = field(default_factory=dict[str, Any])
    types: dict[str, tuple[Kind, Span]] = field(default_factory=dict[str, tuple[Kind, Span]])
    stages: dict[str, StageInfo] = field(default_factory=dict[str, StageInfo])
    pipelines: dict[str, PipelineInfo] = field(default_factory=dict[str, PipelineInfo])
    workflows: dict[str, WorkflowInfo] = field(default_factory=dict[str, WorkflowInfo])
    kinds: dict[int, Kind] = field(default_factory=dict[int, Kind])
    uses: "list[ModuleInfo]" = field(default_factory=list[Any])
    used_types: "list[tuple[ast.Ident, ModuleInfo, ast.Record]]" = field(default_factory=list[Any])

    @property
    def source(self) -> Source:
        """The module's text."""
        return self.tree.source

    def qualify(self, name: str) -> str:
        """A name as reports show it."""
        return f"{self.key}.{name}" if self.source.library else name


# -- what a name can be bound to -------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class StageBinding:
    """The name of a stage; its signature is resolved after all names are known."""

    module: ModuleInfo
    decl: ast.Stage
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class ModuleBinding:
    """The name of a used module."""

    module: ModuleInfo
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class ConstBinding:
    """A ``let`` at the top level of a file."""

    module: ModuleInfo
    decl: ast.Let
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class BrokenBinding:
    """A name whose definition has an error already; nothing more is said about it.

    Args:
        misspelt: whether the name itself is the error, so that it is never suggested.
    """

    span: Span
    misspelt: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class WorkflowBinding:
    """The name of a workflow; its ports are checked when all types are known."""

    module: ModuleInfo
    decl: ast.Workflow
    text: "GraphText"
    span: Span


Binding = StageBinding | WorkflowBinding | ModuleBinding | ConstBinding | BrokenBinding
# What other files may take from a module, beside its records.
EXPORTED = StageBinding | WorkflowBinding | ConstBinding


@dataclass(slots=True, eq=False)
class Local:
    """A parameter or ``let`` in a body."""

    kind: Kind
    span: Span
    what: str
    used: bool = False


class Scope:
    """Names of a body: its own, then the enclosing body's, then the module's."""

    __slots__ = ("module", "names", "parent")

    def __init__(self, module: ModuleInfo, parent: "Scope | None" = None) -> None:
        self.module = module
        self.parent = parent
        self.names: dict[str, Local] = {}

    def find(self, name: str) -> "Local | Binding | None":
        """What a name is bound to, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return self.module.names.get(name)

    def visible(self) -> Iterable[str]:
        """All names that can be seen, for suggestions."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.parent
        for name, binding in self.module.names.items():
            if not (isinstance(binding, BrokenBinding) and binding.misspelt):
                yield name


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """All modules of a run, with the main file's first."""

    main: ModuleInfo
    modules: Mapping[str, ModuleInfo]
    prelude: ModuleInfo

"""Modules of stages by name, and which stage a name in one of them means."""

from collections.abc import Callable, Iterator, Mapping

from reelc_compiler.stages.texts import walk
from reelc_dsl import ast
from reelc_dsl.diagnostics import Sink
from reelc_dsl.frozen import library_tree
from reelc_dsl.parser import parse
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source

STD = "std."
PRELUDE = "std.prelude"


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A stage, with the module that declares it: ``std.svd``."""

    module: str
    decl: ast.Stage

    @property
    def qualified(self) -> str:
        """``std.svd.animate``"""
        return f"{self.module}.{self.decl.name.text}"


class Library:
    """Modules by the names that a ``use`` has for them, each parsed when it is asked for.

    Args:
        source: a module's name (``std.svd``, ``stages.grade``) to its text; None when there is none.
        listed: the names of the modules that are listed, in their order.
    """

    def __init__(self, source: Callable[[str], Source | None], listed: tuple[str, ...]) -> None:
        self.source = source
        self.listed = listed
        self._trees: dict[str, ast.Module | None] = {}
        self._names: dict[str, Mapping[str, Found | str]] = {}

    def tree(self, module: str) -> ast.Module | None:
        """A module's tree, as far as it parses; None when there is no such module."""
        if module not in self._trees:
            source = self.source(module)
            tree = None
            if source is not None:
                tree = (library_tree(source) if source.library else None) or parse(source, Sink())
            self._trees[module] = tree
        return self._trees[module]

    def stages(self, module: str) -> tuple[Found, ...]:
        """The stages that a module declares."""
        tree = self.tree(module)
        items = () if tree is None else tree.items
        return tuple(Found(module, item) for item in items if isinstance(item, ast.Stage))

    def records(self, module: str) -> tuple[ast.Record, ...]:
        """The records that a module declares."""
        tree = self.tree(module)
        return () if tree is None else tuple(i for i in tree.items if isinstance(i, ast.Record))

    def stage(self, module: str, name: str) -> Found | None:
        """A module's stage by its name."""
        return next((s for s in self.stages(module) if s.decl.name.text == name), None)

    def every(self) -> Iterator[Found]:
        """All stages of the modules that are listed."""
        for module in self.listed:
            yield from self.stages(module)

    def seen(self, module: str) -> Mapping[str, Found | str]:
        """What the names in a module mean: stages, and the names of used modules."""
        if module not in self._names:
            self._names[module] = self._resolve(module)
        return self._names[module]

    def _resolve(self, module: str) -> Mapping[str, Found | str]:
        tree = self.tree(module)
        out: dict[str, Found | str] = {s.decl.name.text: s for s in self.stages(PRELUDE)}
        for item in () if tree is None else tree.items:
            match item:
                case ast.UseModule() if not item.origin.file:
                    alias = item.alias.text if item.alias is not None else item.origin.path.rpartition(".")[2]
                    out[alias] = item.origin.path
                case ast.UseNames() if not item.origin.file:
                    for use in item.names:
                        found = self.stage(item.origin.path, use.name.text)
                        if found is not None:
                            out[(use.alias or use.name).text] = found
                case ast.Stage():
                    out[item.name.text] = Found(module, item)
                case _:
                    pass
        return out

    def calls(self, stage: Found) -> tuple[Found, ...]:
        """The stages that one calls, and those that they call, each once."""
        out: dict[str, Found] = {}
        waiting = [stage]
        while waiting:
            current = waiting.pop(0)
            for callee in self._called(current):
                if callee.qualified not in out and callee.qualified != stage.qualified:
                    out[callee.qualified] = callee
                    waiting.append(callee)
        return tuple(out.values())

    def _called(self, stage: Found) -> Iterator[Found]:
        for node in walk(stage.decl.body):
            if isinstance(node, ast.CallExpr | ast.PipeExpr):
                found = self.meant(stage.module, node.callee)
                if found is not None:
                    yield found

    def meant(self, module: str, callee: ast.Expr) -> Found | None:
        """The stage that is called in a module; None when it is a function, or not known."""
        seen = self.seen(module)
        found: Found | str | None = None
        match callee:
            case ast.NameExpr(name=name):
                found = seen.get(name)
            case ast.AttrExpr(value=ast.NameExpr(name=owner), name=ast.Ident(text=name)):
                used = seen.get(owner)
                found = self.stage(used, name) if isinstance(used, str) else None
            case _:
                pass
        return found if isinstance(found, Found) else None


def short(module: str) -> str:
    """How a module is called in a program: ``svd`` of ``std.svd``."""
    return module.rpartition(".")[2]

"""The reference of a stage: what its text and the node catalogs say of it."""

from collections.abc import Iterator, Mapping

from reelc_compiler.catalog import Catalog
from reelc_compiler.stages.library import PRELUDE, Found, Library, short
from reelc_compiler.stages.texts import above, head, names, walk, written
from reelc_compiler.stages.weights import ModelUse, models
from reelc_dsl import ast
from reelc_dsl.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter as written; ``among`` is a range or choices, None where there is none."""

    name: str
    kind: str
    among: str | None
    default: str | None

    @property
    def text(self) -> str:
        """``frames: int in 2..25 = 25``"""
        among = "" if self.among is None else f" in {self.among}"
        return f"{self.name}: {self.kind}{among}" + ("" if self.default is None else f" = {self.default}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A ``require``, ``warn`` or ``note``: what it tests, and what is said when that is false.

    Args:
        source: the comment above it, which says where it comes from; empty when there is none.
    """

    word: str
    test: str
    message: str | None
    help: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeUse:
    """A node class that a stage makes.

    Args:
        pack: whose it is; None where no catalog has it.
        catalogs: those that have it.
    """

    name: str
    pack: str | None
    catalogs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """All that is said of a stage.

    Args:
        module, name: ``std.svd``, ``animate``.
        call: :func:`call_text`.
        doc: its description; empty when it has none.
        facts: of what it returns, as far as the text states them: names and expressions.
        estimate: what it says that it takes: names and expressions.
        basis: the comment above the estimate, which says where it comes from; empty when there is none.
        window: how it is split in time, as written; None when it is not.
        where: the names that facts, estimate and window use, with the expressions that they stand for.
        preview: the stand-in; None when there is none.
        nodes, models: with those of the stages that it calls.
        calls: the stages that it calls, ``std.lora.lora``.
        like: the one of them whose result it returns, so that the facts are that one's; None when there is none.
    """

    module: str
    name: str
    call: str
    parameters: tuple[Parameter, ...]
    returns: str
    doc: str
    rules: tuple[Rule, ...]
    facts: tuple[tuple[str, str], ...]
    estimate: tuple[tuple[str, str], ...]
    basis: str
    window: str | None
    where: tuple[tuple[str, str], ...]
    preview: str | None
    nodes: tuple[NodeUse, ...]
    models: tuple[ModelUse, ...]
    calls: tuple[str, ...]
    like: str | None

    @property
    def signature(self) -> str:
        """``load(file: file["checkpoints"] = "svd.safetensors") -> SvdModel``, a line for each parameter but one."""
        head, tail = f"{self.name}(", f") -> {self.returns}"
        if len(self.parameters) < 2:
            return head + "".join(p.text for p in self.parameters) + tail
        return "\n".join([head, *(f"  {p.text}," for p in self.parameters), tail])

    @property
    def preview_text(self) -> str:
        """What a preview shows, also when there is no stand-in."""
        if self.preview is not None:
            return self.preview
        if self.like is not None:
            return "those of the stages that it calls"
        return "none: it makes no pictures" if self.returns not in ("clip", "image") else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleReference:
    """All that is said of a module. ``about`` is the comment that opens it; ``records`` are as written."""

    name: str
    about: str
    records: tuple[str, ...]
    stages: tuple[Reference, ...]


def call_text(stage: Found) -> str:
    """``svd.animate(start, using, seed) -> clip``: a stage as one line of a list."""
    owner = "" if stage.module == PRELUDE else f"{short(stage.module)}."
    params = ", ".join(param.name.text for param in stage.decl.params)
    return f"{owner}{stage.decl.name.text}({params}) -> {written(stage.decl.returns)}"


def module_reference(library: Library, module: str, catalogs: tuple[Catalog, ...]) -> ModuleReference:
    """The reference of a module that there is.

    Args:
        catalogs: the newest first: its word on a class counts.
    """
    tree = library.tree(module)
    assert tree is not None
    return ModuleReference(
        name=module,
        about=head(tree),
        records=tuple(written(record) for record in library.records(module)),
        stages=tuple(reference(library, stage, catalogs) for stage in library.stages(module)),
    )


def reference(library: Library, stage: Found, catalogs: tuple[Catalog, ...]) -> Reference:
    """The reference of a stage."""
    decl = stage.decl
    calls = library.calls(stage)
    estimate = settings(decl, "estimate")
    facts = _facts(decl)
    window = next((s for s in decl.body if isinstance(s, ast.Window)), None)
    windowed = () if window is None else window.args
    spoken = [*(value for _, value in facts), *(s.value for s in (*estimate, *windowed))]
    return Reference(
        module=stage.module,
        name=decl.name.text,
        call=call_text(stage),
        parameters=tuple(_parameter(param) for param in decl.params),
        returns=written(decl.returns),
        doc=(decl.doc or "").strip(),
        rules=tuple(_rules(decl)),
        facts=tuple((name, written(value)) for name, value in facts),
        estimate=tuple((setting.name.text, written(setting.value)) for setting in estimate),
        basis=_basis(decl),
        window=None if window is None else written(window).replace(", }", " }"),
        where=_where(decl, spoken),
        preview=_preview(decl),
        nodes=tuple(_nodes((stage, *calls), catalogs)),
        models=tuple(models((stage, *calls), catalogs)),
        calls=tuple(callee.qualified for callee in calls),
        like=_like(library, stage),
    )


def _parameter(param: ast.Param) -> Parameter:
    return Parameter(
        name=param.name.text,
        kind=written(param.type),
        among=None if param.among is None else written(param.among),
        default=None if param.default is None else written(param.default),
    )


def _rules(decl: ast.Stage) -> Iterator[Rule]:
    words: Mapping[type, str] = {ast.Require: "require", ast.Warn: "warn", ast.Note: "note"}
    for statement in decl.body:
        if isinstance(statement, ast.Require | ast.Warn | ast.Note):
            message, help_ = statement.message, statement.help
            yield Rule(
                word=words[type(statement)],
                test=written(statement.test),
                message=None if message is None else message.value,
                help=None if help_ is None else help_.value,
                source=above(statement),
            )


def _facts(decl: ast.Stage) -> list[tuple[str, ast.Expr]]:
    """What `clip(...)` or `image(...)` in the `return` states."""
    for statement in decl.body:
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.CallExpr):
            call = statement.value
            if isinstance(call.callee, ast.NameExpr) and call.callee.name in ("clip", "image"):
                return [(arg.name.text, arg.value) for arg in call.args if arg.name is not None]
    return []


def _basis(decl: ast.Stage) -> str:
    """What is said above an estimate; where it only takes a name, above what that stands for."""
    own = lets(decl)
    for statement in decl.body:
        if isinstance(statement, ast.Settings) and statement.kind == "estimate":
            used = {name for setting in statement.settings for name in names(setting.value)} & own.keys()
            behind = [s for s in decl.body if isinstance(s, ast.Let) and s.name.text in used]
            said = dict.fromkeys(above(each) for each in (*behind, statement))
            return " ".join(text for text in said if text)
    return ""


def _like(library: Library, stage: Found) -> str | None:
    """The stage whose result another returns as it is."""
    for statement in stage.decl.body:
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.CallExpr | ast.PipeExpr):
            found = library.meant(stage.module, statement.value.callee)
            return None if found is None else found.qualified
    return None


def settings(decl: ast.Stage, kind: str) -> tuple[ast.Setting, ...]:
    """The settings of an `estimate { }`; none where there is none."""
    found = (s for s in decl.body if isinstance(s, ast.Settings) and s.kind == kind)
    return next((s.settings for s in found), ())


def lets(decl: ast.Stage) -> dict[str, ast.Expr]:
    """The names that a stage introduces in its body."""
    return {s.name.text: s.value for s in decl.body if isinstance(s, ast.Let)}


def _where(decl: ast.Stage, values: list[ast.Expr]) -> tuple[tuple[str, str], ...]:
    """The `let`s that expressions use, and those that these use, in the order of the text."""
    own = lets(decl)
    wanted: set[str] = set()
    waiting = set[str]().union(*(names(value) for value in values))
    while waiting:
        name = waiting.pop()
        if name in own and name not in wanted:
            wanted.add(name)
            waiting |= names(own[name])
    return tuple((name, written(value)) for name, value in own.items() if name in wanted)


def _preview(decl: ast.Stage) -> str | None:
    found = next((s for s in decl.body if isinstance(s, ast.Preview)), None)
    if found is None or found.kind.text == "none":
        return None
    if not found.settings:
        return found.kind.text
    return f"{found.kind.text} {{ {', '.join(f'{s.name.text} = {written(s.value)}' for s in found.settings)} }}"


def _nodes(stages: tuple[Found, ...], catalogs: tuple[Catalog, ...]) -> Iterator[NodeUse]:
    made = (n.class_type.text for s in stages for n in walk(s.decl.body) if isinstance(n, ast.NodeExpr))
    for name in dict.fromkeys(made):
        having = [c for c in catalogs if name in c]
        schema = having[0].get(name) if having else None
        yield NodeUse(name=name, pack=None if schema is None else schema.pack, catalogs=tuple(c.name for c in having))

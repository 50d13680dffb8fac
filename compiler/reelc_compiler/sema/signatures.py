"""Type expressions to kinds; the signatures of records, stages and pipelines."""

from collections.abc import Collection

from reelc_compiler.sema.kinds import (
    NAMED,
    UNKNOWN,
    Kind,
    Opaque,
    RecordKind,
    file_in,
    list_of,
    optional,
)
from reelc_compiler.sema.program import (
    BrokenBinding,
    ModuleBinding,
    ModuleInfo,
    ParamInfo,
    PipelineInfo,
    StageInfo,
)
from reelc_compiler.sema.resolve import duplicate
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Fix, Label, Sink
from reelc_dsl.diagnostics.codes import KIND_MISMATCH, RECURSION, UNKNOWN_TYPE
from reelc_dsl.diagnostics.fixes import respell
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.source import Span

GENERIC = ("list", "file")


class Signatures:
    """Resolves the types of all modules, in the order in which they were found.

    Args:
        sockets: the catalog's socket types, ``MODEL`` and the like.
        sink: receives E0202, E0206 and E0301.
    """

    def __init__(self, sockets: Collection[str], sink: Sink) -> None:
        self.sockets = sockets
        self.sink = sink

    def module(self, info: ModuleInfo) -> None:
        """Enter a module's types, stages and pipelines; used modules come first."""
        for name, _, record in info.used_types:
            known = next((m for m in self._sources(info) if record.name.text in m.types), None)
            if known is not None:
                self.enter_type(info, name, known.types[record.name.text][0])
        for item in info.tree.items:
            if isinstance(item, ast.Record):
                self.enter_type(info, item.name, self.record(info, item))
        for item in info.tree.items:
            if isinstance(item, ast.Stage) and item.name.text not in info.stages:
                info.stages[item.name.text] = self.stage(info, item)
            elif isinstance(item, ast.Pipeline):
                self.pipeline(info, item)

    def _sources(self, info: ModuleInfo) -> list[ModuleInfo]:
        return [module for _, module, _ in info.used_types]

    def enter_type(self, info: ModuleInfo, name: ast.Ident, kind: Kind) -> None:
        if name.text in NAMED or name.text in GENERIC:
            self.sink.add(
                Diagnostic(
                    code=UNKNOWN_TYPE,
                    message=f"`{name.text}` is a type of Reel itself",
                    span=name.span,
                    help=("choose another name for the record",),
                )
            )
        elif name.text in info.types:
            self.sink.add(duplicate(name, info.types[name.text][1]))
        else:
            info.types[name.text] = (kind, name.span)

    def record(self, info: ModuleInfo, record: ast.Record) -> Kind:
        fields: dict[str, tuple[Kind, Span]] = {}
        for field in record.fields:
            if field.name.text in fields:
                self.sink.add(duplicate(field.name, fields[field.name.text][1]))
            elif field.type.name == record.name.text:
                fields[field.name.text] = (UNKNOWN, field.name.span)
                self.sink.add(
                    Diagnostic(
                        code=RECURSION,
                        message=f"the record `{record.name.text}` contains itself",
                        span=field.type.span,
                    )
                )
            else:
                fields[field.name.text] = (self.kind(info, field.type), field.name.span)
        name = info.qualify(record.name.text)
        return RecordKind(name, tuple((n, k) for n, (k, _) in fields.items()), declared=True)

    def stage(self, info: ModuleInfo, decl: ast.Stage) -> StageInfo:
        return StageInfo(
            qualified=info.qualify(decl.name.text),
            module=info,
            decl=decl,
            params=self.params(info, decl.params),
            returns=self.kind(info, decl.returns),
        )

    def pipeline(self, info: ModuleInfo, decl: ast.Pipeline) -> None:
        other = info.pipelines.get(decl.name.text)
        if other is not None:
            self.sink.add(duplicate(decl.name, other.decl.name.span))
            return
        params = tuple(s.param for s in decl.body if isinstance(s, ast.ParamStmt))
        info.pipelines[decl.name.text] = PipelineInfo(info, decl, self.params(info, params))

    def params(self, info: ModuleInfo, params: tuple[ast.Param, ...]) -> tuple[ParamInfo, ...]:
        return tuple(ParamInfo(p.name.text, self.kind(info, p.type), p) for p in params)

    # -- one type ----------------------------------------------------------------------------

    def kind(self, info: ModuleInfo, expr: ast.TypeExpr) -> Kind:
        """The kind that a type expression means; unknown after a diagnostic."""
        kind = self._kind(info, expr)
        return optional(kind) if expr.optional and kind != UNKNOWN else kind

    def _kind(self, info: ModuleInfo, expr: ast.TypeExpr) -> Kind:
        if expr.name == "list":
            return self._list(info, expr)
        if expr.name == "file":
            return self._file(expr)
        if expr.args:
            self.sink.add(
                Diagnostic(
                    code=KIND_MISMATCH,
                    message=f"the type `{expr.name}` takes nothing in brackets",
                    span=expr.span,
                    help=("write `name: type in [..]` for choices and `in 2..25` for a range",),
                )
            )
        if expr.name in NAMED:
            return NAMED[expr.name]
        if expr.name in info.types:
            return info.types[expr.name][0]
        if "." in expr.name:
            return self._qualified(info, expr)
        if expr.name in self.sockets:
            return Opaque(expr.name)
        if expr.name in info.tree.broken:
            return UNKNOWN
        return self._unknown(info, expr)

    def _list(self, info: ModuleInfo, expr: ast.TypeExpr) -> Kind:
        if len(expr.args) == 1 and isinstance(expr.args[0], ast.TypeExpr):
            return list_of(self.kind(info, expr.args[0]))
        self.sink.add(
            Diagnostic(
                code=KIND_MISMATCH,
                message="a list type names the kind of its elements",
                span=expr.span,
                help=("for example `list[image]`",),
            )
        )
        return UNKNOWN

    def _file(self, expr: ast.TypeExpr) -> Kind:
        if len(expr.args) == 1 and isinstance(expr.args[0], ast.TextLit):
            return file_in(expr.args[0].value)
        self.sink.add(
            Diagnostic(
                code=KIND_MISMATCH,
                message="a file type names one of ComfyUI's model folders",
                span=expr.span,
                help=('for example `file["checkpoints"]`',),
            )
        )
        return UNKNOWN

    def _qualified(self, info: ModuleInfo, expr: ast.TypeExpr) -> Kind:
        owner, _, name = expr.name.rpartition(".")
        binding = info.names.get(owner)
        if isinstance(binding, BrokenBinding):
            return UNKNOWN
        if isinstance(binding, ModuleBinding) and name in binding.module.types:
            return binding.module.types[name][0]
        names = binding.module.types if isinstance(binding, ModuleBinding) else ()
        self.sink.add(
            Diagnostic(
                code=UNKNOWN_TYPE,
                message=f"there is no type `{expr.name}`",
                span=expr.span,
                help=did_you_mean(name, names),
                fix=_respelt(expr, len(owner) + 1, name, names),
            )
        )
        return UNKNOWN

    def _unknown(self, info: ModuleInfo, expr: ast.TypeExpr) -> Kind:
        candidates = [*NAMED, *GENERIC, *info.types, *self.sockets]
        labels = ()
        binding = info.names.get(expr.name)
        if binding is not None:
            labels = (Label(binding.span, f"`{expr.name}` is a value"),)
        self.sink.add(
            Diagnostic(
                code=UNKNOWN_TYPE,
                message=f"there is no type `{expr.name}`",
                span=expr.span,
                labels=labels,
                help=did_you_mean(expr.name, candidates),
                fix=_respelt(expr, 0, expr.name, candidates),
            )
        )
        return UNKNOWN


def _respelt(expr: ast.TypeExpr, skip: int, name: str, candidates: Collection[str]) -> Fix | None:
    """The fix for a misspelt name ``skip`` characters into a type, which may go on with brackets."""
    start = expr.span.start + skip
    span = Span(expr.span.source, min(start, expr.span.end), min(start + len(name), expr.span.end))
    return respell(span, name, candidates)

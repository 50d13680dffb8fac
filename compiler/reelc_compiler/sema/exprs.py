"""The kind of every expression, with a diagnostic wherever two sides do not fit.

An unknown kind fits everywhere, so that one mistake is said once.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from reelc_compiler.catalog import Catalog
from reelc_compiler.sema import callees, nodes, texts
from reelc_compiler.sema.builtins import BUILTINS
from reelc_compiler.sema.fold import known_test, left_out
from reelc_compiler.sema.hints import conversions, operand_help, with_unit
from reelc_compiler.sema.kinds import (
    BOOL,
    BYTES,
    CLIP,
    DURATION,
    FACTS,
    FLOAT,
    IMAGE,
    INT,
    MONEY,
    NONE,
    PERCENT,
    RANGE,
    RATE,
    SIZE,
    TEXT,
    UNKNOWN,
    Kind,
    ListKind,
    NodeKind,
    OptionalKind,
    RecordKind,
    a_kind,
    arithmetic,
    assignable,
    comparable,
    join,
    list_of,
    single,
)
from reelc_compiler.sema.program import (
    EXPORTED,
    BrokenBinding,
    ConstBinding,
    Local,
    ModuleBinding,
    ModuleInfo,
    Program,
    Scope,
    StageBinding,
    StageInfo,
    WorkflowBinding,
)
from reelc_compiler.sema.signatures import Signatures
from reelc_compiler.units import UNITS, quantity, too_long
from reelc_dsl import ast
from reelc_dsl.diagnostics import Code, Diagnostic, Fix, Label, Sink
from reelc_dsl.diagnostics.codes import (
    BAD_ARITHMETIC,
    BAD_OPERANDS,
    BAD_RECORD,
    BRANCHES_DIFFER,
    DUPLICATE_NAME,
    ELEMENTS_DIFFER,
    KIND_MISMATCH,
    NOT_IN_MODULE,
    RECURSION,
    UNKNOWN_FIELD,
    UNKNOWN_NAME,
    UNKNOWN_UNIT,
)
from reelc_dsl.diagnostics.fixes import respell
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.source import Span

QUANTITY_KINDS = {"Duration": DURATION, "Rate": RATE, "Bytes": BYTES, "Money": MONEY, "Percent": PERCENT}


class Exprs:
    """Finds kinds. ``scope`` and ``caller`` are set by whoever walks the statements.

    ``calls`` collects who calls whom, for the search for circles; None is whoever is no stage.
    """

    def __init__(
        self, program: Program, catalog: Catalog, signatures: Signatures, sink: Sink, library_texts: bool
    ) -> None:
        self.program = program
        self.catalog = catalog
        self.signatures = signatures
        self.sink = sink
        self.library_texts = library_texts
        self.scope: Scope = Scope(program.main)
        self.caller: StageInfo | None = None
        self.calls: dict[StageInfo | None, list[tuple[StageInfo, Span]]] = {}
        self.constants: dict[int, Kind | None] = {}
        # Inside a branch that the catalog rules out, what the catalog lacks is no error.
        self.dead = False

    def report(
        self,
        code: Code,
        message: str,
        span: Span,
        *help_: str,
        labels: tuple[Label, ...] = (),
        fix: Fix | None = None,
    ) -> Kind:
        """Add a diagnostic; the kind is unknown from here on."""
        self.sink.add(Diagnostic(code=code, message=message, span=span, help=help_, labels=labels, fix=fix))
        return UNKNOWN

    def expect(self, expr: ast.Expr, wanted: Kind, what: str, declared: Span | None) -> None:
        """Check that an expression may stand where ``wanted`` is declared."""
        given = self.kind(expr, wanted)
        if assignable(given, wanted):
            return
        if isinstance(given, RecordKind) and isinstance(wanted, RecordKind) and not given.declared:
            self.record_differs(expr, given, wanted)
            return
        labels = (Label(declared, f"declared as {wanted}"),) if declared is not None else ()
        help_ = conversions(single(given), wanted)
        self.report(
            KIND_MISMATCH,
            f"{what} is {a_kind(wanted)}, and this is {a_kind(given)}",
            expr.span,
            *help_,
            labels=labels,
            fix=with_unit(expr, wanted),
        )

    def record_differs(self, expr: ast.Expr, given: RecordKind, wanted: RecordKind) -> None:
        lacks = [n for n in wanted.map if n not in given.map]
        extra = [n for n in given.map if n not in wanted.map]
        for name in extra:
            span = _entry(expr, name)
            self.report(
                BAD_RECORD,
                f"`{wanted}` has no field `{name}`",
                span,
                *did_you_mean(name, lacks),
                fix=respell(span, name, lacks),
            )
        if lacks:
            shown = ", ".join(f"`{n}`" for n in lacks)
            self.report(BAD_RECORD, f"this lacks {shown}, which `{wanted}` has", expr.span)
        for name, kind in wanted.fields:
            if name in given.map and not assignable(given.map[name], kind):
                self.report(
                    KIND_MISMATCH,
                    f"the field `{name}` is {a_kind(kind)}, and this is {a_kind(given.map[name])}",
                    _entry(expr, name),
                )

    # -- dispatch ----------------------------------------------------------------------------

    def kind(self, expr: ast.Expr, wanted: Kind | None = None) -> Kind:
        """The kind of an expression; ``wanted`` only helps to read literals."""
        match expr:
            case ast.NameExpr():
                return self.name(expr)
            case ast.NumberLit(whole=whole):
                return self.sensible(expr, expr.text, INT if whole else FLOAT)
            case ast.QuantityLit():
                return self.sensible(expr, expr.number, self.quantity(expr))
            case ast.SizeLit():
                return SIZE
            case ast.TextLit():
                texts.check(self, expr)
                return TEXT
            case ast.BoolLit():
                return BOOL
            case ast.NoneLit():
                return NONE
            case ast.ListExpr():
                return self.list(expr, wanted)
            case ast.OptionalExpr():
                self.report(KIND_MISMATCH, "`?` marks a type, and here is a value", expr.span)
                return UNKNOWN
            case ast.RecordExpr():
                return self.record(expr, wanted)
            case ast.NodeExpr():
                return nodes.check(self, expr)
            case ast.CallExpr(callee=callee, args=args):
                return callees.call(self, callee, args, None)
            case ast.PipeExpr(callee=callee, args=args, value=value):
                return callees.call(self, callee, args, value)
            case ast.AttrExpr():
                return self.attribute(expr)
            case ast.IndexExpr():
                return self.index(expr)
            case ast.UnaryExpr():
                return self.unary(expr)
            case ast.BinaryExpr():
                return self.binary(expr)
            case ast.RangeExpr(low=low, high=high):
                for end in (low, high):
                    if end is not None and single(self.kind(end)) not in (INT, FLOAT, UNKNOWN):
                        self.report(KIND_MISMATCH, "a range has numbers at its ends", end.span)
                return RANGE
            case ast.IfExpr():
                return self.if_(expr)
            case ast.ForExpr():
                return self.for_(expr)
            case ast.ChainExpr():
                return self.chain(expr)

    # -- names -------------------------------------------------------------------------------

    def name(self, expr: ast.NameExpr) -> Kind:
        found = self.scope.find(expr.name)
        match found:
            case Local():
                found.used = True
                return found.kind
            case ConstBinding():
                return self.constant(found.module, found.decl, expr.span)
            case BrokenBinding():
                return UNKNOWN
            case WorkflowBinding():
                return self.report(
                    KIND_MISMATCH,
                    f"`{expr.name}` is a workflow, not a value",
                    expr.span,
                    f"call it: `{expr.name}(...)`",
                )
            case StageBinding():
                return self.report(
                    KIND_MISMATCH, f"`{expr.name}` is a stage, not a value", expr.span, f"call it: `{expr.name}(...)`"
                )
            case ModuleBinding():
                return self.report(
                    KIND_MISMATCH, f"`{expr.name}` is a module, not a value", expr.span, f"write `{expr.name}.NAME`"
                )
            case None:
                return self.unknown_name(expr)

    def unknown_name(self, expr: ast.NameExpr) -> Kind:
        if expr.name in self.program.prelude.stages or expr.name in BUILTINS:
            return self.report(KIND_MISMATCH, f"`{expr.name}` must be called", expr.span, f"`{expr.name}(...)`")
        if expr.name in self.scope.module.tree.broken:
            return UNKNOWN
        names = [*self.scope.visible(), *self.program.prelude.stages, *BUILTINS]
        return self.report(
            UNKNOWN_NAME,
            f"nothing is named `{expr.name}`",
            expr.span,
            *did_you_mean(expr.name, names),
            fix=respell(expr.span, expr.name, names),
        )

    def constant(self, module: ModuleInfo, let: ast.Let, used: Span | None = None) -> Kind:
        """The kind of a file's ``let``, found once, in the file's own scope."""
        if id(let) in self.constants:
            kind = self.constants[id(let)]
            if kind is None:
                return self.report(RECURSION, f"`{let.name.text}` stands in its own definition", used or let.name.span)
            return kind
        self.constants[id(let)] = None
        outer, self.scope = self.scope, Scope(module)
        if let.type is None:
            kind = self.kind(let.value)
        else:
            kind = self.signatures.kind(module, let.type)
            module.kinds[id(let)] = kind
            self.expect(let.value, kind, f"`{let.name.text}`", let.type.span)
        self.scope = outer
        self.constants[id(let)] = kind
        return kind

    def attribute(self, expr: ast.AttrExpr) -> Kind:
        if isinstance(expr.value, ast.NameExpr):
            binding = self.scope.find(expr.value.name)
            if isinstance(binding, ModuleBinding):
                return self.member(binding.module, expr)
        kind = single(self.kind(expr.value))
        if kind == UNKNOWN:
            return UNKNOWN
        known = fields_of(kind)
        if expr.name.text in known:
            return known[expr.name.text]
        help_ = did_you_mean(expr.name.text, known)
        if not help_ and known:
            help_ = ("it has " + ", ".join(f"`{n}`" for n in known),)
        if isinstance(kind, OptionalKind):
            help_ = ("it may be `none`: test it first with `if x == none then ... else ...`",)
        what = "this node" if isinstance(kind, NodeKind) else a_kind(kind)
        name = expr.name
        fix = respell(name.span, name.text, known)
        return self.report(UNKNOWN_FIELD, f"{what} has no `{name.text}`", name.span, *help_, fix=fix)

    def member(self, module: ModuleInfo, expr: ast.AttrExpr) -> Kind:
        found = module.names.get(expr.name.text)
        if isinstance(found, ConstBinding) and found.module is module:
            return self.constant(module, found.decl, expr.span)
        if isinstance(found, StageBinding | WorkflowBinding) and found.module is module:
            what = "stage" if isinstance(found, StageBinding) else "workflow"
            return self.report(
                KIND_MISMATCH, f"`{expr.name.text}` is a {what}, not a value", expr.span, "call it with (...)"
            )
        return self.not_in_module(module, expr.name)

    def not_in_module(self, module: ModuleInfo, name: ast.Ident) -> Kind:
        if name.text in module.tree.broken or isinstance(module.names.get(name.text), BrokenBinding):
            return UNKNOWN
        own = [n for n, b in module.names.items() if isinstance(b, EXPORTED) and b.module is module]
        help_ = did_you_mean(name.text, own) or (("it has " + ", ".join(f"`{n}`" for n in own),) if own else ())
        message = f"`{module.key}` has nothing named `{name.text}`"
        return self.report(NOT_IN_MODULE, message, name.span, *help_, fix=respell(name.span, name.text, own))

    # -- values ------------------------------------------------------------------------------

    def sensible(self, expr: ast.Expr, number: str, kind: Kind) -> Kind:
        """The kind of a number, unless it is longer than any number that means something."""
        if too_long(number):
            return self.report(BAD_ARITHMETIC, "this number is absurdly long", expr.span)
        return kind

    def quantity(self, expr: ast.QuantityLit) -> Kind:
        value = quantity("1", expr.unit)
        if value is None:
            start = expr.span.end - len(expr.unit)
            span = Span(expr.span.source, start, expr.span.end)
            help_ = did_you_mean(expr.unit, UNITS) or ("the units are " + ", ".join(UNITS),)
            fix = respell(span, expr.unit, UNITS)
            return self.report(UNKNOWN_UNIT, f"`{expr.unit}` is not a unit", span, *help_, fix=fix)
        return QUANTITY_KINDS[type(value).__name__]

    def list(self, expr: ast.ListExpr, wanted: Kind | None) -> Kind:
        inner = wanted.element if isinstance(wanted, ListKind) else None
        element: Kind = UNKNOWN
        for item in expr.items:
            kind = single(self.kind(item, inner))
            both = join(element, kind)
            if both is None:
                self.report(
                    ELEMENTS_DIFFER,
                    f"this is {a_kind(kind)}, and the elements before are of kind {element}",
                    item.span,
                    labels=(Label(expr.items[0].span, f"{a_kind(element)}"),),
                )
            else:
                element = both
        return list_of(element)

    def record(self, expr: ast.RecordExpr, wanted: Kind | None) -> Kind:
        fields: dict[str, Kind] = {}
        hints: Mapping[str, Kind] = wanted.map if isinstance(wanted, RecordKind) else {}
        for entry in expr.entries:
            name = entry.name.text
            kind = single(self.kind(entry.value, hints.get(name)))
            if name in fields:
                self.report(DUPLICATE_NAME, f"the field `{name}` is given twice", entry.name.span)
            fields[name] = kind
        return RecordKind("{" + ", ".join(fields) + "}", tuple(fields.items()))

    def index(self, expr: ast.IndexExpr) -> Kind:
        # `[0]` on a node picks an output, so the node must not collapse to its value first.
        kind = self.kind(expr.value)
        self.expect(expr.index, INT, "an index", None)
        if isinstance(kind, NodeKind):
            if isinstance(expr.index, ast.NumberLit) and expr.index.whole and int(expr.index.text) < len(kind.outputs):
                return kind.outputs[int(expr.index.text)][1]
            return self.report(
                UNKNOWN_FIELD,
                f"this node has {len(kind.outputs)} output{'s' if len(kind.outputs) != 1 else ''}",
                expr.index.span,
                "outputs are counted from 0",
            )
        if isinstance(kind, ListKind):
            return kind.element
        if kind != UNKNOWN:
            self.report(KIND_MISMATCH, f"{a_kind(kind)} has no elements", expr.value.span)
        return UNKNOWN

    # -- operators ---------------------------------------------------------------------------

    def unary(self, expr: ast.UnaryExpr) -> Kind:
        if expr.op == "not":
            self.expect(expr.value, BOOL, "what `not` negates", None)
            return BOOL
        kind = single(self.kind(expr.value))
        if kind in (INT, FLOAT, DURATION, MONEY, PERCENT, UNKNOWN):
            return kind
        return self.report(BAD_OPERANDS, f"{a_kind(kind)} cannot be negated", expr.span)

    def binary(self, expr: ast.BinaryExpr) -> Kind:
        if expr.op in ("and", "or"):
            self.expect(expr.left, BOOL, f"a side of `{expr.op}`", None)
            self.expect(expr.right, BOOL, f"a side of `{expr.op}`", None)
            return BOOL
        left, right = single(self.kind(expr.left)), single(self.kind(expr.right))
        labels = (Label(expr.left.span, a_kind(left)), Label(expr.right.span, a_kind(right)))
        if expr.op in ("+", "-", "*", "/", "%"):
            kind = arithmetic(expr.op, left, right)
            if kind is None:
                message = f"`{expr.op}` cannot combine {a_kind(left)} and {a_kind(right)}"
                return self.report(BAD_OPERANDS, message, expr.op_span, *operand_help(left, right), labels=labels)
            return kind
        if not comparable(expr.op, left, right):
            message = f"`{expr.op}` cannot compare {a_kind(left)} and {a_kind(right)}"
            fix = with_unit(expr.left, right) or with_unit(expr.right, left)
            self.report(BAD_OPERANDS, message, expr.op_span, labels=labels, fix=fix)
        return BOOL

    # -- control -----------------------------------------------------------------------------

    def if_(self, expr: ast.IfExpr) -> Kind:
        self.expect(expr.test, BOOL, "the test of an `if`", None)
        known = known_test(expr.test, self.catalog)
        maybe, absent = self.tested_for_none(expr.test)
        with narrowed(maybe if absent is False else None):
            then = self.branch(expr.then, dead=known is False)
        with narrowed(maybe if absent is True else None):
            orelse = self.branch(expr.orelse, dead=known is True)
        if known is not None and NONE in (then, orelse):
            # Whether there is a value at all is decided here and now.
            return then if known else orelse
        both = join(then, orelse)
        if both is None:
            return self.report(
                BRANCHES_DIFFER,
                f"one branch gives {a_kind(then)}, the other {a_kind(orelse)}",
                expr.span,
                labels=(Label(expr.then.span, a_kind(then)), Label(expr.orelse.span, a_kind(orelse))),
            )
        return both

    def tested_for_none(self, test: ast.Expr) -> tuple[Local | None, bool | None]:
        """The optional name that ``x == none`` or ``x != none`` asks about, and whether *true* means absent."""
        if isinstance(test, ast.BinaryExpr) and test.op in ("==", "!="):
            for side, other in ((test.left, test.right), (test.right, test.left)):
                if isinstance(side, ast.NameExpr) and isinstance(other, ast.NoneLit):
                    found = self.scope.find(side.name)
                    if isinstance(found, Local) and isinstance(found.kind, OptionalKind):
                        return found, test.op == "=="
        return None, None

    def left_out(self, expr: ast.Expr) -> bool:
        """Whether the catalog decides that there is no value."""
        return left_out(expr, self.catalog)

    def branch(self, expr: ast.Expr, dead: bool) -> Kind:
        outer, self.dead = self.dead, self.dead or dead
        kind = single(self.kind(expr))
        self.dead = outer
        return kind

    def for_(self, expr: ast.ForExpr) -> Kind:
        items = self.kind(expr.items)
        if not isinstance(items, ListKind) and items not in (UNKNOWN, RANGE):
            self.report(KIND_MISMATCH, f"`for` goes over a list, and this is {a_kind(items)}", expr.items.span)
        element = items.element if isinstance(items, ListKind) else INT if items == RANGE else UNKNOWN
        return list_of(self.body(((expr.name, element),), expr.body))

    def body(self, names: tuple[tuple[ast.Ident, Kind], ...], body: ast.Body) -> Kind:
        outer = self.scope
        self.scope = Scope(outer.module, outer)
        for name, kind in names:
            self.enter(name, kind, "loop variable")
        for let in body.lets:
            if let.type is None:
                value = self.kind(let.value)
            else:
                value = self.signatures.kind(outer.module, let.type)
                outer.module.kinds[id(let)] = value
                self.expect(let.value, value, f"`{let.name.text}`", let.type.span)
            self.enter(let.name, value, "let")
        kind = single(self.kind(body.value))
        self.scope = outer
        return kind

    def enter(self, name: ast.Ident, kind: Kind, what: str) -> None:
        other = self.scope.find(name.text)
        if other is not None:
            self.report(
                DUPLICATE_NAME,
                f"`{name.text}` is already taken",
                name.span,
                "choose another name: Reel has no shadowing",
                labels=(Label(other.span, f"`{name.text}` is first introduced here"),),
            )
        self.scope.names[name.text] = Local(kind, name.span, what)

    def chain(self, expr: ast.ChainExpr) -> Kind:
        self.expect(expr.start, IMAGE, "what a chain starts from", None)
        until = expr.mode == "until"
        limit = "how long a chain becomes" if until else "how many segments a chain has"
        self.expect(expr.limit, DURATION if until else INT, limit, None)
        if expr.overlap is not None:
            self.expect(expr.overlap, INT, "how many frames segments share", None)
        segment = self.body(((expr.name, IMAGE), *(() if expr.number is None else ((expr.number, INT),))), expr.body)
        if not assignable(segment, CLIP):
            self.report(KIND_MISMATCH, f"a segment is a clip, and this is {a_kind(segment)}", expr.body.value.span)
        return list_of(CLIP)


@contextmanager
def narrowed(local: Local | None) -> Generator[None]:
    """Inside, an optional name is known to have a value."""
    if local is None or not isinstance(local.kind, OptionalKind):
        yield
        return
    outer = local.kind
    local.kind = outer.inner
    try:
        yield
    finally:
        local.kind = outer


def fields_of(kind: Kind) -> dict[str, Kind]:
    """What stands after a dot."""
    if isinstance(kind, RecordKind):
        return dict(kind.fields)
    if isinstance(kind, NodeKind):
        return dict(kind.outputs)
    return dict(FACTS.get(kind, {}))


def _entry(expr: ast.Expr, name: str) -> Span:
    if isinstance(expr, ast.RecordExpr):
        for entry in expr.entries:
            if entry.name.text == name:
                return entry.name.span
    return expr.span

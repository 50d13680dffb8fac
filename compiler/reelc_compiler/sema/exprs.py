"""The kind of every expression, with a diagnostic wherever two sides do not fit.

An unknown kind fits everywhere, so that one mistake is said once.
"""

from collections.abc import Mapping

from reelc_compiler.catalog import Catalog
from reelc_compiler.sema import calls, nodes, texts
from reelc_compiler.sema.builtins import BUILTINS, RESERVED, Builtin, takes
from reelc_compiler.sema.fold import known_test
from reelc_compiler.sema.kinds import (
    BOOL,
    BYTES,
    DURATION,
    FACTS,
    FLOAT,
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
    BrokenBinding,
    ConstBinding,
    Local,
    ModuleBinding,
    ModuleInfo,
    NotYetBinding,
    Program,
    Scope,
    StageBinding,
    StageInfo,
)
from reelc_compiler.sema.signatures import Signatures
from reelc_compiler.units import UNITS, quantity
from reelc_dsl import ast
from reelc_dsl.diagnostics import Code, Diagnostic, Label, Sink
from reelc_dsl.diagnostics.codes import (
    BAD_OPERANDS,
    BAD_RECORD,
    BRANCHES_DIFFER,
    DUPLICATE_NAME,
    ELEMENTS_DIFFER,
    FRAGILE_SEED,
    KIND_MISMATCH,
    MISSING_ARGUMENT,
    NOT_CALLABLE,
    NOT_IN_MODULE,
    NOT_YET,
    RECURSION,
    SURPLUS_ARGUMENT,
    UNKNOWN_ARGUMENT,
    UNKNOWN_FIELD,
    UNKNOWN_NAME,
    UNKNOWN_UNIT,
)
from reelc_dsl.diagnostics.suggest import did_you_mean, nearest
from reelc_dsl.source import Span

QUANTITY_KINDS = {"Duration": DURATION, "Rate": RATE, "Bytes": BYTES, "Money": MONEY, "Percent": PERCENT}


class Exprs:
    """Finds kinds. ``scope`` and ``caller`` are set by whoever walks the statements.

    ``calls`` collects who calls whom, for the search for circles.
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
        self.calls: dict[StageInfo, list[tuple[StageInfo, Span]]] = {}
        self.constants: dict[int, Kind | None] = {}
        # Inside a branch that the catalog rules out, what the catalog lacks is no error.
        self.dead = False

    def report(self, code: Code, message: str, span: Span, *help_: str, labels: tuple[Label, ...] = ()) -> Kind:
        """Add a diagnostic; the kind is unknown from here on."""
        self.sink.add(Diagnostic(code=code, message=message, span=span, help=help_, labels=labels))
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
            KIND_MISMATCH, f"{what} is {a_kind(wanted)}, and this is {a_kind(given)}", expr.span, *help_, labels=labels
        )

    def record_differs(self, expr: ast.Expr, given: RecordKind, wanted: RecordKind) -> None:
        lacks = [n for n in wanted.map if n not in given.map]
        extra = [n for n in given.map if n not in wanted.map]
        for name in extra:
            self.report(BAD_RECORD, f"`{wanted}` has no field `{name}`", _entry(expr, name), *did_you_mean(name, lacks))
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
                return INT if whole else FLOAT
            case ast.QuantityLit():
                return self.quantity(expr)
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
            case ast.RecordExpr():
                return self.record(expr, wanted)
            case ast.NodeExpr():
                return nodes.check(self, expr)
            case ast.CallExpr(callee=callee, args=args):
                return self.call(callee, args, None, expr.span)
            case ast.PipeExpr(callee=callee, args=args, value=value):
                return self.call(callee, args, value, callee.span)
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
            case BrokenBinding() | NotYetBinding():
                return UNKNOWN
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
        return self.report(UNKNOWN_NAME, f"nothing is named `{expr.name}`", expr.span, *did_you_mean(expr.name, names))

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
        return self.report(UNKNOWN_FIELD, f"{what} has no `{expr.name.text}`", expr.name.span, *help_)

    def member(self, module: ModuleInfo, expr: ast.AttrExpr) -> Kind:
        found = module.names.get(expr.name.text)
        if isinstance(found, ConstBinding) and found.module is module:
            return self.constant(module, found.decl, expr.span)
        if isinstance(found, StageBinding) and found.module is module:
            return self.report(
                KIND_MISMATCH, f"`{expr.name.text}` is a stage, not a value", expr.span, "call it with (...)"
            )
        return self.not_in_module(module, expr.name)

    def not_in_module(self, module: ModuleInfo, name: ast.Ident) -> Kind:
        if name.text in module.tree.broken or isinstance(module.names.get(name.text), BrokenBinding):
            return UNKNOWN
        own = [n for n, b in module.names.items() if isinstance(b, StageBinding | ConstBinding) and b.module is module]
        help_ = did_you_mean(name.text, own) or (("it has " + ", ".join(f"`{n}`" for n in own),) if own else ())
        return self.report(NOT_IN_MODULE, f"`{module.key}` has nothing named `{name.text}`", name.span, *help_)

    # -- calls -------------------------------------------------------------------------------

    def call(self, callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None, span: Span) -> Kind:
        target = self.callee(callee)
        if isinstance(target, StageInfo):
            return self.stage_call(target, callee, args, piped)
        if isinstance(target, Builtin):
            return self.builtin_call(target, callee, args, piped)
        if piped is not None:
            self.kind(piped)
        for arg in args:
            self.kind(arg.value)
        return UNKNOWN

    def callee(self, callee: ast.Expr) -> StageInfo | Builtin | None:
        """What is called; None after a diagnostic."""
        match callee:
            case ast.NameExpr(name=name):
                found = self.scope.find(name)
                if found is None:
                    return self.implicit(callee)
                if isinstance(found, StageBinding):
                    return found.module.stages.get(name) or self._stage_of(found)
                if isinstance(found, Local):
                    found.used = True
                if not isinstance(found, BrokenBinding | NotYetBinding):
                    hides = name in BUILTINS or name in self.program.prelude.stages
                    what = found.what if isinstance(found, Local) and hides else ""
                    self.report(
                        NOT_CALLABLE,
                        f"`{name}` is not a stage",
                        callee.span,
                        *((f"the {what} hides the function of this name: rename it",) if what else ()),
                        labels=(Label(found.span, f"`{name}` is introduced here"),),
                    )
                return None
            case ast.AttrExpr(value=ast.NameExpr(name=owner), name=name):
                binding = self.scope.find(owner)
                if isinstance(binding, ModuleBinding):
                    stage = binding.module.stages.get(name.text)
                    if stage is None:
                        self.not_in_module(binding.module, name)
                    return stage
                if binding is None:
                    self.kind(callee.value)
                    return None
                if isinstance(binding, BrokenBinding | NotYetBinding):
                    return None
            case _:
                pass
        kind = self.kind(callee)
        if kind != UNKNOWN:
            self.report(NOT_CALLABLE, f"{a_kind(kind)} cannot be called", callee.span)
        return None

    def _stage_of(self, binding: StageBinding) -> StageInfo | None:
        return binding.module.stages.get(binding.decl.name.text)

    def implicit(self, callee: ast.NameExpr) -> StageInfo | Builtin | None:
        """A stage of the prelude or a function of the language."""
        name = callee.name
        if name in self.program.prelude.stages:
            return self.program.prelude.stages[name]
        if name in BUILTINS:
            return BUILTINS[name]
        if name in RESERVED:
            self.report(NOT_YET, f"`{name}` is part of Reel, and has no meaning yet", callee.span)
        elif name not in self.scope.module.tree.broken:
            names = [*self.scope.visible(), *self.program.prelude.stages, *BUILTINS]
            self.report(UNKNOWN_NAME, f"nothing is named `{name}`", callee.span, *did_you_mean(name, names))
        return None

    def stage_call(self, stage: StageInfo, callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None) -> Kind:
        if self.caller is not None:
            self.calls.setdefault(self.caller, []).append((stage, callee.span))
        params = {p.name: p for p in stage.params}
        bound = calls.bind(list(params), args, piped)
        self.misfits(f"the stage `{stage.decl.name.text}`", list(params), bound, stage.decl.name.span)
        for name, arg in bound.args.items():
            param = params[name]
            self.expect(arg.value, param.kind, f"`{name}`", param.decl.type.span)
        missing = [n for n, p in params.items() if n not in bound.args and p.decl.default is None]
        missing = not_misspelt(missing, bound)
        self.missing(f"the stage `{stage.decl.name.text}`", missing, callee.span, stage.decl.name.span)
        return stage.returns

    def builtin_call(
        self, builtin: Builtin, callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None
    ) -> Kind:
        params = {p.name: p for p in builtin.params}
        bound = calls.bind(list(params), args, piped)
        self.misfits(f"`{builtin.name}`", list(params), bound, None)
        kinds: dict[str, Kind] = {}
        for name, arg in bound.args.items():
            kinds[name] = self.kind(arg.value)
            if not takes(params[name], kinds[name]):
                wanted = " or ".join(str(k) for k in params[name].kinds)
                self.report(KIND_MISMATCH, f"`{name}` is {wanted}, and this is {a_kind(kinds[name])}", arg.value.span)
                kinds[name] = UNKNOWN
        missing = not_misspelt([n for n, p in params.items() if p.required and n not in bound.args], bound)
        self.missing(f"`{builtin.name}`", missing, callee.span, None)
        if builtin.name == "derive" and single(kinds.get("name", TEXT)) == INT:
            self.report(
                FRAGILE_SEED,
                "this seed depends on a position",
                bound.args["name"].value.span,
                'derive it from a name, `derive(seed, "harbor")`: inserting a shot then changes no other',
            )
        return builtin.result(kinds)

    def misfits(self, what: str, names: list[str], bound: calls.Bound, declared: Span | None) -> None:
        labels = (Label(declared, "declared here"),) if declared is not None else ()
        for misfit in bound.misfits:
            arg = misfit.arg
            self.kind(arg.value)
            span = arg.name.span if arg.name is not None else arg.span
            match misfit.why:
                case "unknown":
                    assert arg.name is not None
                    free = [n for n in names if n not in bound.args]
                    help_ = did_you_mean(arg.name.text, free) or ("it takes " + ", ".join(f"`{n}`" for n in names),)
                    message = f"{what} has no parameter `{arg.name.text}`"
                    self.report(UNKNOWN_ARGUMENT, message, span, *help_, labels=labels)
                case "twice":
                    assert misfit.first is not None
                    first = (Label(misfit.first.span, "given here first"),)
                    self.report(SURPLUS_ARGUMENT, f"`{span.text}` is given twice", span, labels=first)
                case "surplus":
                    count = len(names)
                    message = f"{what} takes {count} argument{'s' if count != 1 else ''}, this is one more"
                    self.report(SURPLUS_ARGUMENT, message, span, labels=labels)
                case "order":
                    message = "an argument without a name stands after one with a name"
                    self.report(SURPLUS_ARGUMENT, message, span, "give it a name, or put it first")
                case "spread":
                    self.report(NOT_YET, "`...` has no meaning yet", arg.span, "name the arguments one by one")

    def missing(self, what: str, names: list[str], span: Span, declared: Span | None) -> None:
        if names:
            shown = ", ".join(f"`{n}`" for n in names)
            labels = (Label(declared, "declared here"),) if declared is not None else ()
            self.report(MISSING_ARGUMENT, f"{what} needs {shown}", span, labels=labels)

    # -- values ------------------------------------------------------------------------------

    def quantity(self, expr: ast.QuantityLit) -> Kind:
        value = quantity(expr.number, expr.unit)
        if value is None:
            start = expr.span.end - len(expr.unit)
            span = Span(expr.span.source, start, expr.span.end)
            help_ = did_you_mean(expr.unit, UNITS) or ("the units are " + ", ".join(UNITS),)
            return self.report(UNKNOWN_UNIT, f"`{expr.unit}` is not a unit", span, *help_)
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
            self.report(BAD_OPERANDS, message, expr.op_span, labels=labels)
        return BOOL

    # -- control -----------------------------------------------------------------------------

    def if_(self, expr: ast.IfExpr) -> Kind:
        self.expect(expr.test, BOOL, "the test of an `if`", None)
        known = known_test(expr.test, lambda name: name in self.catalog)
        then = self.branch(expr.then, dead=known is False)
        orelse = self.branch(expr.orelse, dead=known is True)
        if known is not None:
            taken, other = (then, orelse) if known else (orelse, then)
            return taken if join(taken, other) is None or other == UNKNOWN else join(taken, other) or taken
        both = join(then, orelse)
        if both is None:
            return self.report(
                BRANCHES_DIFFER,
                f"one branch gives {a_kind(then)}, the other {a_kind(orelse)}",
                expr.span,
                labels=(Label(expr.then.span, a_kind(then)), Label(expr.orelse.span, a_kind(orelse))),
            )
        return both

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
        return list_of(self.body(expr.name, element, expr.body))

    def body(self, name: ast.Ident, kind: Kind, body: ast.Body) -> Kind:
        outer = self.scope
        self.scope = Scope(outer.module, outer)
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
        self.kind(expr.start)
        self.kind(expr.limit)
        self.body(expr.name, UNKNOWN, expr.body)
        span = Span(expr.span.source, expr.span.start, expr.span.start + len("chain"))
        return self.report(NOT_YET, "`chain` has no meaning yet: segments cannot follow each other", span)


def not_misspelt(missing: list[str], bound: calls.Bound) -> list[str]:
    """Missing parameters without those that a misspelt argument was meant for: one mistake is said once."""
    wrong = [m.arg.name.text for m in bound.misfits if m.why == "unknown" and m.arg.name is not None]
    meant = {found for name in wrong for found in nearest(name, missing)}
    return [name for name in missing if name not in meant]


def fields_of(kind: Kind) -> dict[str, Kind]:
    """What stands after a dot."""
    if isinstance(kind, RecordKind):
        return dict(kind.fields)
    if isinstance(kind, NodeKind):
        return dict(kind.outputs)
    return dict(FACTS.get(kind, {}))


def conversions(given: Kind, wanted: Kind) -> tuple[str, ...]:
    """How to get from one kind to the other, where there is a common way."""
    if (given, wanted) == (FLOAT, INT):
        return ("make it whole with `floor`, `ceil` or `round`",)
    if wanted.name in ("rate", "duration", "bytes", "money", "percent") and given in (
        INT,
        FLOAT,
    ):
        unit = {"rate": "24fps", "duration": "2.5s", "bytes": "48GB", "money": "1.50usd", "percent": "50%"}
        return (f"give it a unit: {a_kind(wanted)} is written like `{unit[wanted.name]}`",)
    if wanted in (INT, FLOAT) and given.name in ("rate", "duration"):
        return ("write the number without its unit",)
    if isinstance(given, NodeKind):
        return ("pick one of the node's outputs: " + ", ".join(f"`.{n}`" for n, _ in given.outputs),)
    if given.name == "IMAGE" and wanted.name in ("image", "clip"):
        return (f"state what is known of it: `{wanted}(..., size: ...)`",)
    if (given.name, wanted.name) == ("clip", "film"):
        return ("say how it is written: `|> video()`",)
    if (given.name, wanted.name) == ("image", "clip"):
        return ("an image must be animated first, for example with `svd.animate`",)
    if wanted.name == "size" and given == INT:
        return ("a size is written like `1024x576`",)
    return ()


def operand_help(left: Kind, right: Kind) -> tuple[str, ...]:
    """What was probably meant by an impossible calculation."""
    pair = {left.name, right.name}
    if pair == {"duration", "rate"}:
        return ("a duration times a rate is a number of frames",)
    if pair == {"text"}:
        return ('texts are joined in a template: "{{ a }}{{ b }}"',)
    return ()


def _entry(expr: ast.Expr, name: str) -> Span:
    if isinstance(expr, ast.RecordExpr):
        for entry in expr.entries:
            if entry.name.text == name:
                return entry.name.span
    return expr.span

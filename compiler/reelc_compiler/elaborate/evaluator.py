"""Expressions to values. Kinds were checked before; here facts, ranges and requirements are."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from reelc_compiler import values
from reelc_compiler.catalog import Catalog, InputSchema, NodeSchema, expand_inputs, same_dialect
from reelc_compiler.elaborate import arithmetic, dynamic, functions, media, sockets, stages
from reelc_compiler.elaborate.arithmetic import ArithmeticFault
from reelc_compiler.elaborate.media import one_medium
from reelc_compiler.elaborate.regions import Region
from reelc_compiler.elaborate.reports import Reporter
from reelc_compiler.elaborate.scope import Cell, Env, Stop
from reelc_compiler.inputs import FindFiles, ReadTable
from reelc_compiler.ir.graph import GraphBuilder, Medium, Ref
from reelc_compiler.overrides import SET
from reelc_compiler.sema import nodes
from reelc_compiler.sema.fold import has_template
from reelc_compiler.sema.hints import respelt_text
from reelc_compiler.sema.program import (
    ConstBinding,
    ModuleBinding,
    ModuleInfo,
    Program,
)
from reelc_compiler.units import Size, quantity
from reelc_compiler.values import Named, NodeValue, RangeValue, RecordValue, SequenceValue, name_of, only
from reelc_dsl import ast
from reelc_dsl.diagnostics import Frame
from reelc_dsl.diagnostics.codes import (
    BAD_ARITHMETIC,
    BAD_INDEX,
    BAD_INPUT_VALUE,
    BAD_LINK,
    BAD_TEMPLATE,
    MISSING_INPUT,
    NOT_WHOLE,
    TOO_LARGE,
    UNKNOWN_INPUT,
    UNKNOWN_NODE,
)
from reelc_dsl.source import Span

MAX_STEPS = 5_000_000

# An input file of the program, by the path that is written and the kind of medium that is wanted: its medium.
LoadInput = Callable[[str, str, str, Span], Medium]


class Evaluator:
    """Evaluates expressions in environments and makes nodes in the graph."""

    def __init__(
        self,
        program: Program,
        catalog: Catalog,
        builder: GraphBuilder,
        reporter: Reporter,
        *,
        load_input: LoadInput,
        table: ReadTable,
        files: FindFiles,
    ) -> None:
        self.program = program
        self.catalog = catalog
        self.builder = builder
        self.reporter = reporter
        self.load_input = load_input
        # Seeds that were chosen, which of them were asked for, and all names that were.
        self.takes: Mapping[str, int] = {}
        self.taken: set[str] = set()
        self.derived: set[str] = set()
        self.table = table
        self.files = files
        self.region = Region(-1, sealed=False)
        self.constants: dict[int, Cell] = {}
        self.steps = 0

    def stop(self, *args: Any, **kwargs: Any) -> Stop:
        """Report, and what to raise."""
        self.reporter.add(*args, **kwargs)
        return Stop()

    # -- expressions -------------------------------------------------------------------------

    def value(self, expr: ast.Expr, env: Env) -> Any:
        """The value of an expression.

        Raises:
            Stop: after a diagnostic.
        """
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise self.stop(TOO_LARGE, f"the program takes more than {MAX_STEPS} steps", expr.span)
        match expr:
            case ast.NumberLit(text=text, whole=whole):
                return int(text) if whole else Fraction(text)
            case ast.QuantityLit(number=number, unit=unit):
                return quantity(number, unit)
            case ast.SizeLit(width=width, height=height):
                return Size(width, height)
            case ast.TextLit():
                return self.text(expr, env)
            case ast.BoolLit(value=value):
                return value
            case ast.NoneLit():
                return None
            case ast.NameExpr(name=name):
                return self.name(name, env)
            case ast.ListExpr(items=items):
                return tuple(only(self.value(i, env)) for i in items)
            case ast.OptionalExpr():
                raise AssertionError("it stands among the columns of a table, which are no value")
            case ast.RecordExpr(entries=entries):
                return RecordValue({e.name.text: only(self.value(e.value, env)) for e in entries})
            case ast.NodeExpr():
                return self.node(expr, env)
            case ast.CallExpr(callee=callee, args=args):
                return stages.call(self, callee, args, None, expr.span, env)
            case ast.PipeExpr(callee=callee, args=args, value=value):
                span = Span(expr.span.source, callee.span.start, expr.span.end)
                return stages.call(self, callee, args, value, span, env)
            case ast.AttrExpr():
                return self.attribute(expr, env)
            case ast.IndexExpr():
                return self.index(expr, env)
            case ast.UnaryExpr(op=op, value=value):
                inner = only(self.value(value, env))
                return not inner if op == "not" else arithmetic.negate(inner)
            case ast.BinaryExpr():
                return self.binary(expr, env)
            case ast.RangeExpr(low=low, high=high):
                top = None if high is None else Fraction(self.value(high, env))
                return RangeValue(Fraction(self.value(low, env)), top)
            case ast.IfExpr(test=test, then=then, orelse=orelse):
                return only(self.value(then if self.value(test, env) else orelse, env))
            case ast.ForExpr():
                return self.for_(expr, env)
            case ast.ChainExpr():
                # Few programs have one.
                from reelc_compiler.elaborate import chains

                return chains.chain(self, expr, env)

    def text(self, expr: ast.TextLit, env: Env) -> str:
        # What the command line gives is a text and no template: it must arrive as it was typed.
        if not has_template(expr.value) or expr.span.source.name.startswith(SET):
            return expr.value
        from reelc_compiler import templates

        renderer = templates.Renderer(lambda name: self.name(name, env), values.field, values.show, functions.PURE)
        try:
            return renderer.render(expr.value)
        except (templates.TemplateError, ArithmeticFault) as error:
            line, word = (error.line, error.word) if isinstance(error, templates.TemplateError) else (1, "")
            span = expr.inner(*templates.locate(expr.value, line, word))
            raise self.stop(BAD_TEMPLATE, f"a template cannot be carried out: {error}", span) from None

    def name(self, name: str, env: Env) -> Any:
        cell = env.find(name)
        if cell is not None:
            return cell.force()
        binding = env.module.names.get(name)
        if isinstance(binding, ConstBinding):
            return self.constant(binding.module, binding.decl)
        raise KeyError(name)

    def constant(self, module: ModuleInfo, let: ast.Let) -> Any:
        cell = self.constants.get(id(let))
        if cell is None:
            env = Env(module)
            cell = Cell(lambda: self.typed(let, env), let.name.span)
            self.constants[id(let)] = cell
        return cell.force()

    def typed(self, let: ast.Let, env: Env) -> Any:
        """A ``let``'s value, as its declared kind."""
        value = only(self.value(let.value, env)) if let.type is not None else self.value(let.value, env)
        kind = env.module.kinds.get(id(let))
        return value if kind is None else media.coerce(self, value, kind, let.value.span, env.module)

    def attribute(self, expr: ast.AttrExpr, env: Env) -> Any:
        if isinstance(expr.value, ast.NameExpr) and env.find(expr.value.name) is None:
            binding = env.module.names.get(expr.value.name)
            if isinstance(binding, ModuleBinding):
                member = binding.module.names[expr.name.text]
                assert isinstance(member, ConstBinding)
                return self.constant(member.module, member.decl)
        value = self.value(expr.value, env)
        if isinstance(value, Medium | SequenceValue) and expr.name.text == "audio":
            return media.sound_of(self, value, expr.name.span)
        if isinstance(value, NodeValue) and expr.name.text not in dict(value.outputs):
            value = only(value)
        return values.field(value, expr.name.text)

    def index(self, expr: ast.IndexExpr, env: Env) -> Any:
        value = self.value(expr.value, env)
        index = self.value(expr.index, env)
        items: Any = [ref for _, ref in value.outputs] if isinstance(value, NodeValue) else value
        if not 0 <= index < len(items):
            count = len(items)
            raise self.stop(
                BAD_INDEX,
                f"there is no element {index} in a list of {count}",
                expr.index.span,
                f"elements are counted from 0 to {count - 1}" if count else "the list is empty",
            )
        return items[index]

    def binary(self, expr: ast.BinaryExpr, env: Env) -> Any:
        left = only(self.value(expr.left, env))
        if expr.op == "and":
            return left and self.value(expr.right, env)
        if expr.op == "or":
            return left or self.value(expr.right, env)
        right = only(self.value(expr.right, env))
        if expr.op in ("==", "!=", "<", "<=", ">", ">="):
            return arithmetic.compare(expr.op, left, right)
        try:
            return arithmetic.binary(expr.op, left, right)
        except ArithmeticFault as fault:
            code = NOT_WHOLE if fault.whole else BAD_ARITHMETIC
            raise self.stop(code, str(fault), expr.span, *((fault.help,) if fault.help else ())) from None

    def for_(self, expr: ast.ForExpr, env: Env) -> tuple[Any, ...]:
        items = self.value(expr.items, env)
        if isinstance(items, RangeValue):
            items = self.counted(items, expr.items.span)
        out: list[Any] = []
        called: list[str | None] = []
        known: Any = items.names if isinstance(items, Named) else None
        for number, item in enumerate(items):
            out.append(self.block(expr.body, ((expr.name, item),), env))
            called.append(name_of(item) or (known[number] if known is not None else None))
        return Named.of(out, called)

    def block(self, body: ast.Body, names: tuple[tuple[ast.Ident, Any], ...], env: Env) -> Any:
        """The value of a block in which some names have values."""
        inner = Env(env.module, env)
        for name, value in names:
            inner.cells[name.text] = Cell.of(value, name.span)
        for let in body.lets:
            inner.cells[let.name.text] = self.let_cell(let, inner)
        return only(self.value(body.value, inner))

    def counted(self, value: RangeValue, span: Span) -> range:
        if value.high is None:
            raise self.stop(TOO_LARGE, "a range without an end cannot be gone through", span)
        return range(int(value.low), min(int(value.high), int(value.low) + MAX_STEPS) + 1)

    def let_cell(self, let: ast.Let, env: Env) -> Cell:
        return Cell(lambda: self.typed(let, env), let.name.span)

    # -- nodes -------------------------------------------------------------------------------

    def node(self, expr: ast.NodeExpr, env: Env) -> NodeValue:
        schema = self.catalog.get(expr.class_type.text)
        if schema is None:
            raise self.stop(
                UNKNOWN_NODE,
                f"the catalog {self.catalog.name} has no node class `{expr.class_type.text}`, which this stage needs",
                expr.class_type.span,
                "compile for another catalog with `--catalog`, or do without the stage",
                where="the node is used here",
            )
        if self.builder.full:
            raise self.stop(TOO_LARGE, f"the program makes more than {self.builder.limit} nodes", expr.class_type.span)
        evaluated = self.inputs(expr, schema, env)
        known = expand_inputs(schema, {name: item.value for name, item in evaluated.items()})
        inputs: dict[str, Any] = {}
        found: list[Medium] = []
        places: dict[str, Span] = {}
        refused: Stop | None = None
        for name, wanted in known.items():
            item = evaluated.get(name)
            if item is None or item.value is None:
                if wanted.required and "." in name and not nodes.old_way(name, known, evaluated):
                    # What a list or a record lacks shows only here, where they are values.
                    raise self.stop(
                        MISSING_INPUT, f"the node `{schema.class_type}` needs `{name}`", expr.class_type.span
                    )
                continue
            span = item.expr.span
            places[name] = span
            value = one_medium(self, item.value, span)
            if isinstance(value, Medium):
                found.append(value)
                inputs[name] = self.link(value.ref, wanted, span)
            elif isinstance(value, Ref):
                inputs[name] = self.link(value, wanted, span)
            else:
                try:
                    inputs[name] = sockets.literal(value, wanted)
                except sockets.BadValue as bad:
                    refused = self.stop(
                        BAD_INPUT_VALUE,
                        str(bad),
                        span,
                        *bad.help,
                        where="the node's input is set here",
                        fix=respelt_text(item.expr, bad.choices),
                    )
        if refused is not None:
            raise refused
        op = self.builder.op(
            schema.class_type,
            inputs,
            region=self.region.id,
            stack=self.reporter.frames(Frame(expr.span, f"node {schema.class_type}")),
            places=places,
            media=tuple(found),
        )
        outputs = tuple((o.name, Ref(op, i, o.type, o.dialect)) for i, o in enumerate(schema.outputs))
        return NodeValue(outputs, op)

    def inputs(self, expr: ast.NodeExpr, schema: NodeSchema, env: Env) -> dict[str, dynamic.Value]:
        """What a node is given, by dotted name.

        Raises:
            Stop: after E0502 or E0504.
        """
        given = {a.name.text: (self.value(a.value, env), a.value) for a in expr.args if a.name is not None}
        try:
            found = dynamic.spread(schema, {name: (only(value), e) for name, (value, e) in given.items()})
        except dynamic.TooMany as error:
            raise self.stop(
                BAD_INPUT_VALUE, str(error), error.expr.span, where="the node's input is set here"
            ) from None
        known = expand_inputs(schema, {name: item.value for name, item in found.items()})
        for name, item in found.items():
            # The check has seen every name that is written out for a choice that is.
            if name not in known and name not in given and item.value is not None:
                raise self.stop(
                    UNKNOWN_INPUT,
                    f"the node `{schema.class_type}` has no input `{name}` with these choices",
                    item.expr.span,
                    "its inputs are " + ", ".join(f"`{n}`" for n in known),
                )
        return found

    def link(self, ref: Ref, wanted: InputSchema, span: Span) -> Ref:
        """A link as it is, unless a declaration hid from the check whose values it carries.

        Raises:
            Stop: after E0505.
        """
        if not same_dialect(ref.dialect, wanted.dialect):
            raise self.stop(
                BAD_LINK,
                nodes.misunderstood(wanted, ref.type, ref.dialect),
                span,
                nodes.SAME_NAME_ONLY,
                where="the link is made here",
            )
        return ref

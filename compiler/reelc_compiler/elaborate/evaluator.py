"""Expressions to values. Kinds were checked before; here facts, ranges and requirements are."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reelc_compiler import values
from reelc_compiler.catalog import Catalog, expand_inputs
from reelc_compiler.elaborate import arithmetic, functions, sockets
from reelc_compiler.elaborate.arithmetic import ArithmeticFault
from reelc_compiler.elaborate.reports import Reporter
from reelc_compiler.elaborate.scope import Cell, Env, Stop
from reelc_compiler.facts import Facts
from reelc_compiler.ir.graph import GraphBuilder, Medium, Ref
from reelc_compiler.sema import calls
from reelc_compiler.sema.builtins import BUILTINS
from reelc_compiler.sema.fold import has_template
from reelc_compiler.sema.kinds import (
    FLOAT,
    IMAGE,
    SEED,
    FileKind,
    Kind,
    ListKind,
    OptionalKind,
    RecordKind,
)
from reelc_compiler.sema.program import (
    ConstBinding,
    ModuleBinding,
    ModuleInfo,
    ParamInfo,
    Program,
    StageBinding,
    StageInfo,
)
from reelc_compiler.units import Bytes, Rate, Size, quantity
from reelc_compiler.values import FilmValue, ModelFile, NodeValue, RangeValue, RecordValue, only
from reelc_dsl import ast
from reelc_dsl.diagnostics import Frame, Label
from reelc_dsl.diagnostics.codes import (
    BAD_ARITHMETIC,
    BAD_INDEX,
    BAD_INPUT_VALUE,
    BAD_SEED,
    BAD_TEMPLATE,
    NOT_WHOLE,
    OUT_OF_RANGE,
    REQUIREMENT,
    STAGE_WARNING,
    TOO_LARGE,
)
from reelc_dsl.source import Span

MAX_STEPS = 5_000_000
CODECS = ("h264",)

# An input file of the program, by the path that is written: its medium.
LoadPicture = Callable[[str, str, Span], Medium]


@dataclass(slots=True)
class Region:
    """The stage instance that new nodes belong to; ``sealed`` ones own what they call, too."""

    id: int
    sealed: bool


class Evaluator:
    """Evaluates expressions in environments and makes nodes in the graph."""

    def __init__(
        self,
        program: Program,
        catalog: Catalog,
        builder: GraphBuilder,
        reporter: Reporter,
        load_picture: LoadPicture,
    ) -> None:
        self.program = program
        self.catalog = catalog
        self.builder = builder
        self.reporter = reporter
        self.load_picture = load_picture
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
                return int(text) if whole and len(text) < 150 else self.big_number(expr, text)
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
            case ast.RecordExpr(entries=entries):
                return RecordValue({e.name.text: only(self.value(e.value, env)) for e in entries})
            case ast.NodeExpr():
                return self.node(expr, env)
            case ast.CallExpr(callee=callee, args=args):
                return self.call(callee, args, None, expr.span, env)
            case ast.PipeExpr(callee=callee, args=args, value=value):
                span = Span(expr.span.source, callee.span.start, expr.span.end)
                return self.call(callee, args, value, span, env)
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
                raise AssertionError("the checker refuses `chain`")

    def big_number(self, expr: ast.Expr, text: str) -> Fraction:
        mantissa, _, exponent = text.lower().partition("e")
        if len(mantissa) > 150 or len(exponent) > 4:
            raise self.stop(BAD_ARITHMETIC, "this number is absurdly long", expr.span)
        return Fraction(text)

    def text(self, expr: ast.TextLit, env: Env) -> str:
        if not has_template(expr.value):
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
        return value if kind is None else self.coerce(value, kind, let.value.span, env.module)

    def attribute(self, expr: ast.AttrExpr, env: Env) -> Any:
        if isinstance(expr.value, ast.NameExpr) and env.find(expr.value.name) is None:
            binding = env.module.names.get(expr.value.name)
            if isinstance(binding, ModuleBinding):
                member = binding.module.names[expr.name.text]
                assert isinstance(member, ConstBinding)
                return self.constant(member.module, member.decl)
        value = self.value(expr.value, env)
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
        for item in items:
            inner = Env(env.module, env)
            inner.cells[expr.name.text] = Cell.of(item, expr.name.span)
            for let in expr.body.lets:
                inner.cells[let.name.text] = self.let_cell(let, inner)
            out.append(only(self.value(expr.body.value, inner)))
        return tuple(out)

    def counted(self, value: RangeValue, span: Span) -> range:
        if value.high is None:
            raise self.stop(TOO_LARGE, "a range without an end cannot be gone through", span)
        return range(int(value.low), min(int(value.high), int(value.low) + MAX_STEPS) + 1)

    def let_cell(self, let: ast.Let, env: Env) -> Cell:
        return Cell(lambda: self.typed(let, env), let.name.span)

    # -- nodes -------------------------------------------------------------------------------

    def node(self, expr: ast.NodeExpr, env: Env) -> NodeValue:
        schema = self.catalog.get(expr.class_type.text)
        assert schema is not None, "the checker refuses unknown nodes"
        if self.builder.full:
            raise self.stop(TOO_LARGE, f"the program makes more than {self.builder.limit} nodes", expr.class_type.span)
        given = {a.name.text: a for a in expr.args if a.name is not None}
        evaluated = {name: only(self.value(arg.value, env)) for name, arg in given.items()}
        known = expand_inputs(schema, evaluated)
        inputs: dict[str, Any] = {}
        media: list[Medium] = []
        places: dict[str, Span] = {}
        for name, wanted in known.items():
            value = evaluated.get(name)
            if name not in given or value is None:
                continue
            span = given[name].value.span
            places[name] = span
            if isinstance(value, Medium):
                media.append(value)
                inputs[name] = value.ref
            elif isinstance(value, Ref):
                inputs[name] = value
            else:
                try:
                    inputs[name] = sockets.literal(value, wanted)
                except sockets.BadValue as bad:
                    raise self.stop(
                        BAD_INPUT_VALUE, str(bad), span, *bad.help, where="the node's input is set here"
                    ) from None
        op = self.builder.op(
            schema.class_type,
            inputs,
            region=self.region.id,
            stack=self.reporter.frames(Frame(expr.span, f"node {schema.class_type}")),
            places=places,
            media=tuple(media),
        )
        return NodeValue(tuple((o.name, Ref(op, i, o.type)) for i, o in enumerate(schema.outputs)))

    # -- calls -------------------------------------------------------------------------------

    def call(self, callee: ast.Expr, args: tuple[ast.Arg, ...], piped: ast.Expr | None, span: Span, env: Env) -> Any:
        stage = self.stage_of(callee, env)
        if stage is not None:
            bound = calls.bind([p.name for p in stage.params], args, piped)
            return self.call_stage(stage, bound, span, env)
        assert isinstance(callee, ast.NameExpr)
        builtin = BUILTINS[callee.name]
        bound = calls.bind([p.name for p in builtin.params], args, piped)
        given = {name: only(self.value(arg.value, env)) for name, arg in bound.args.items()}
        places = {name: arg.value.span for name, arg in bound.args.items()}
        return self.function(builtin.name, given, places, span)

    def stage_of(self, callee: ast.Expr, env: Env) -> StageInfo | None:
        """The stage that is called; None for a function of the language."""
        match callee:
            case ast.NameExpr(name=name):
                binding = env.module.names.get(name)
                if isinstance(binding, StageBinding):
                    return binding.module.stages[binding.decl.name.text]
                return self.program.prelude.stages.get(name)
            case ast.AttrExpr(value=ast.NameExpr(name=owner), name=name):
                binding = env.module.names[owner]
                assert isinstance(binding, ModuleBinding)
                return binding.module.stages[name.text]
            case _:
                raise AssertionError("the checker refuses other callees")

    def call_stage(self, stage: StageInfo, bound: calls.Bound, span: Span, env: Env) -> Any:
        evaluated: dict[str, Any] = {}
        params = {p.name: p for p in stage.params}
        for name, arg in bound.args.items():
            value = only(self.value(arg.value, env))
            evaluated[name] = self.coerce(value, params[name].kind, arg.value.span, env.module)
        inner = Env(stage.module)
        with self.inside(stage, span) as opened:
            for param in stage.params:
                self.param(param, evaluated, bound, inner)
            return self.run(stage, inner, opened)

    @contextmanager
    def inside(self, stage: StageInfo, span: Span) -> Generator[Region | None]:
        """The calls and the region of a stage's body; None where an enclosing stage's goes on."""
        self.reporter.stack.append(Frame(span, stage.decl.name.text))
        outer = self.region
        opened: Region | None = None
        if not outer.sealed:
            declares = any(isinstance(s, ast.Preview) for s in stage.decl.body)
            number = self.builder.region(stage.qualified, self.reporter.frames())
            opened = self.region = Region(number, sealed=declares)
        try:
            yield opened
        finally:
            self.region = outer
            self.reporter.stack.pop()

    def param(self, param: ParamInfo, given: dict[str, Any], bound: calls.Bound, inner: Env) -> None:
        """Enter a parameter: the argument, or the default, within what the parameter takes."""
        decl = param.decl
        if param.name in given:
            value, span = given[param.name], bound.args[param.name].value.span
        else:
            assert decl.default is not None
            raw = only(self.value(decl.default, inner))
            value, span = self.coerce(raw, param.kind, decl.default.span, inner.module), decl.default.span
        self.among(param, value, span, inner)
        inner.cells[param.name] = Cell.of(value, decl.name.span)

    def among(self, param: ParamInfo, value: Any, span: Span, env: Env) -> None:
        """Check a value against a parameter's range or choices.

        Raises:
            Stop: after E0402.
        """
        if param.decl.among is None or value is None:
            return
        allowed = self.value(param.decl.among, env)
        if isinstance(allowed, RangeValue):
            fits = allowed.low <= value and (allowed.high is None or value <= allowed.high)
            takes = (
                f"{values.show(allowed.low)} to {values.show(allowed.high)}"
                if allowed.high is not None
                else (f"at least {values.show(allowed.low)}")
            )
        else:
            fits = value in allowed
            takes = "one of " + ", ".join(f'"{v}"' if isinstance(v, str) else values.show(v) for v in allowed)
        if not fits:
            raise self.stop(
                OUT_OF_RANGE,
                f"`{param.name}` takes {takes}, and this is {values.show(value)}",
                span,
                labels=(Label(param.decl.among.span, "declared here"),),
            )

    def run(self, stage: StageInfo, env: Env, opened: Region | None) -> Any:
        """A stage's statements, and what it returns."""
        result: Any = None
        stand_in: tuple[str, dict[str, Any]] | None = None
        estimate: dict[str, Any] = {}
        for statement in stage.decl.body:
            match statement:
                case ast.Let(name=name):
                    env.cells[name.text] = self.let_cell(statement, env)
                case ast.Require() | ast.Warn():
                    self.require(statement, env)
                case ast.Settings(kind="estimate", settings=settings):
                    estimate = {s.name.text: self.amount(self.value(s.value, env)) for s in settings}
                case ast.Preview(kind=kind, settings=settings):
                    shown = {s.name.text: values.to_json(self.value(s.value, env)) for s in settings}
                    stand_in = None if kind.text == "none" else (kind.text, shown)
                case ast.Return(value=value):
                    raw = only(self.value(value, env))
                    result = self.coerce(raw, stage.returns, value.span, stage.module)
                case _:
                    pass
        if opened is not None:
            self.builder.close(opened.id, stand_in, estimate)
        return result

    def amount(self, value: Any) -> Any:
        """An estimate as a JSON number: bytes whole, others as they are."""
        if isinstance(value, Bytes):
            return int(value.count)
        return values.to_json(value)

    def require(self, statement: ast.Require | ast.Warn, env: Env) -> None:
        """Check a requirement, or warn.

        Raises:
            Stop: a requirement is not met.
        """
        if self.value(statement.test, env):
            return
        is_warning = isinstance(statement, ast.Warn)
        message = "a requirement is not met" if statement.message is None else self.text(statement.message, env)
        help_ = () if statement.help is None else (self.text(statement.help, env),)
        where = "this is advised" if is_warning else "this is required"
        code = STAGE_WARNING if is_warning else REQUIREMENT
        self.reporter.add(code, message, statement.test.span, *help_, where=where)
        if not is_warning:
            raise Stop

    # -- the language's own functions --------------------------------------------------------

    def function(self, name: str, given: dict[str, Any], places: dict[str, Span], span: Span) -> Any:
        match name:
            case "has_node":
                return given["name"] in self.catalog
            case "image":
                return self.medium(given["frames"], "image", given["size"], 1, None, places["size"])
            case "clip":
                return self.medium(
                    given["frames_of"], "clip", given["size"], given["frames"], given["fps"], places["size"]
                )
            case "video":
                return self.film(given, places, span)
            case _:
                try:
                    return functions.PURE[name](*[given[p.name] for p in BUILTINS[name].params if p.name in given])
                except ArithmeticFault as fault:
                    raise self.stop(BAD_ARITHMETIC, str(fault), span) from None

    def medium(self, source: Any, kind: str, size: Size, frames: int, fps: Rate | None, span: Span) -> Medium:
        """State the facts of pictures."""
        if size.width < 1 or size.height < 1 or frames < 1 or (fps is not None and fps.fps <= 0):
            raise self.stop(REQUIREMENT, "a clip has at least one frame, one pixel and a rate above zero", span)
        read = source if isinstance(source, Medium) else None
        ref = source.ref if isinstance(source, Medium) else source
        facts = Facts(
            kind=kind, width=size.width, height=size.height, frames=frames, fps=None if fps is None else fps.fps
        )
        medium = Medium(ref, facts)
        self.builder.medium(medium, self.region.id, read)
        return medium

    def film(self, given: dict[str, Any], places: dict[str, Span], span: Span) -> FilmValue:
        clip: Medium = given["clip"]
        codec, crf = given.get("codec", "h264"), given.get("crf", 18)
        if codec not in CODECS:
            shown = ", ".join(f'"{c}"' for c in CODECS)
            raise self.stop(
                OUT_OF_RANGE,
                f'`codec` takes {shown}, and this is "{codec}"',
                places["codec"],
                "this version writes H.264 in MP4 only",
            )
        if not 0 <= crf <= 51:
            raise self.stop(OUT_OF_RANGE, f"`crf` takes 0 to 51, and this is {crf}", places["crf"])
        if clip.facts.width % 2 or clip.facts.height % 2:
            size = Size(clip.facts.width, clip.facts.height)
            raise self.stop(
                REQUIREMENT,
                f"H.264 with 4:2:0 colour takes even widths and heights, this is {values.show(size)}",
                span,
                f"use {values.show(functions.nearest(size, 2))}",
            )
        return FilmValue(clip, codec, crf)

    # -- declared kinds ----------------------------------------------------------------------

    def coerce(self, value: Any, kind: Kind, span: Span, module: ModuleInfo) -> Any:
        """A value as its declared kind: texts become files, ints become floats, seeds are bounded.

        Raises:
            Stop: after a diagnostic.
        """
        value = only(value)
        if isinstance(kind, OptionalKind):
            return None if value is None else self.coerce(value, kind.inner, span, module)
        if isinstance(kind, ListKind):
            return tuple(self.coerce(v, kind.element, span, module) for v in value)
        if isinstance(kind, RecordKind) and isinstance(value, RecordValue):
            fields = {n: self.coerce(v, kind.map[n], span, module) for n, v in value.fields.items()}
            return RecordValue(fields)
        if isinstance(kind, FileKind) and isinstance(value, str):
            return ModelFile(kind.folder, value)
        if kind == IMAGE and isinstance(value, str):
            return self.load_picture(value, module.key, span)
        if kind == FLOAT and isinstance(value, int):
            return Fraction(value)
        if kind == SEED and not 0 <= value < functions.SEED_LIMIT:
            raise self.stop(
                BAD_SEED,
                f"a seed is a whole number from 0 to {functions.SEED_LIMIT - 1}, and this is {value}",
                span,
                "larger ones change silently in ComfyUI's window, which is JavaScript",
            )
        return value

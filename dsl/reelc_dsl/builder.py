"""The parse tree to the syntax tree of :mod:`reelc_dsl.ast`."""

from collections.abc import Callable
from typing import Any, cast

from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import BAD_ESCAPE
from reelc_dsl.lalr import Child, Token, Tree
from reelc_dsl.source import Source, Span

ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}


class Builder:
    """Turns the trees of one source into nodes.

    Args:
        source: the text.
        base: offset of the parsed piece inside the text; trees count from the piece's start.
        sink: receives faults inside literals.
    """

    def __init__(self, source: Source, base: int, sink: Sink) -> None:
        self.source = source
        self.base = base
        self.sink = sink

    # -- places ------------------------------------------------------------------------------

    def span(self, item: Child) -> Span:
        """The place of a tree or a token."""
        if item.end < 0:
            return Span(self.source, self.base, self.base)
        return Span(self.source, self.base + item.start, self.base + item.end)

    def ident(self, token: Child) -> ast.Ident:
        """A NAME, or a quoted name."""
        token = cast(Token, token)
        if token.type == "STRING":
            lit = self.text(token)
            return ast.Ident(span=lit.span, text=lit.value)
        return ast.Ident(span=self.span(token), text=str(token))

    # -- dispatch ----------------------------------------------------------------------------

    def build(self, tree: Child) -> Any:
        """The node for a tree, whatever it is."""
        tree = cast(Tree, tree)
        return cast(Callable[[Tree], Any], getattr(self, "on_" + tree.data.rstrip("_")))(tree)

    def expr(self, tree: Child) -> ast.Expr:
        """The node for an expression's tree."""
        return cast(ast.Expr, self.build(tree))

    def all(self, trees: list[Child]) -> tuple[Any, ...]:
        """The nodes for several trees."""
        return tuple(self.build(t) for t in trees)

    # -- top level ---------------------------------------------------------------------------

    def on_use(self, tree: Tree) -> ast.UseModule | ast.UseNames:
        children = cast("list[Tree]", tree.children)
        items = [c for c in children if c.data == "use_item"]
        origins = [c for c in children if c.data != "use_item"]
        span = self.span(tree)
        if not origins:
            item = items[0]
            alias = self.ident(item.children[1]) if len(item.children) > 1 else None
            return ast.UseModule(span=span, origin=self.origin(item.children[0]), alias=alias)
        names: list[ast.UseName] = []
        for item in items:
            name = cast(Tree, item.children[0])
            alias = self.ident(item.children[1]) if len(item.children) > 1 else None
            ident = ast.Ident(span=self.span(name), text=self.origin(name).path)
            names.append(ast.UseName(span=self.span(item), name=ident, alias=alias))
        return ast.UseNames(span=span, names=tuple(names), origin=self.origin(origins[0]))

    def origin(self, tree: Child) -> ast.Origin:
        tree = cast(Tree, tree)
        span = self.span(tree)
        if tree.data == "file":
            return ast.Origin(span=span, path=self.text(cast(Token, tree.children[0])).value, file=True)
        return ast.Origin(span=span, path=".".join(str(c) for c in tree.children), file=False)

    def on_const(self, tree: Tree) -> ast.Let:
        return self.on_let(tree)

    def on_record(self, tree: Tree) -> ast.Record:
        name, *fields = tree.children
        return ast.Record(span=self.span(tree), name=self.ident(name), fields=self.all(fields))

    def on_field(self, tree: Tree) -> ast.Field:
        name, kind = tree.children
        return ast.Field(span=self.span(tree), name=self.ident(name), type=self.build(kind))

    def on_stage(self, tree: Tree) -> ast.Stage:
        name, *rest = tree.children
        params = [c for c in rest if _is(c, "param")]
        returns = next(c for c in rest if _is(c, "type"))
        body = rest[rest.index(returns) + 1 :]
        doc, body = self.doc(body)
        return ast.Stage(
            span=self.span(tree),
            name=self.ident(name),
            params=self.all(params),
            returns=self.build(returns),
            doc=doc,
            body=self.all(body),
        )

    def on_pipeline(self, tree: Tree) -> ast.Pipeline:
        name, *rest = tree.children
        doc, body = self.doc(rest)
        return ast.Pipeline(span=self.span(tree), name=self.ident(name), doc=doc, body=self.all(body))

    def doc(self, children: list[Child]) -> tuple[str | None, list[Child]]:
        if children and isinstance(children[0], Token):
            return self.text(children[0]).value.strip(), children[1:]
        return None, children

    def on_workflow(self, tree: Tree) -> ast.Workflow:
        name, file, *ports = tree.children
        return ast.Workflow(
            span=self.span(tree), name=self.ident(name), file=self.text(cast(Token, file)), ports=self.all(ports)
        )

    def on_wf_in(self, tree: Tree) -> ast.Port:
        return self.port(tree, "in")

    def on_wf_out(self, tree: Tree) -> ast.Port:
        return self.port(tree, "out")

    def port(self, tree: Tree, direction: str) -> ast.Port:
        name, kind, path = tree.children
        return ast.Port(
            span=self.span(tree),
            direction=direction,
            name=self.ident(name),
            type=self.build(kind),
            path=self.text(cast(Token, path)),
        )

    # -- declarations and statements ---------------------------------------------------------

    def on_param(self, tree: Tree) -> ast.Param:
        name, kind, *rest = tree.children
        parts = {cast(Tree, c).data: cast(Tree, c).children[0] for c in rest}
        return ast.Param(
            span=self.span(tree),
            name=self.ident(name),
            type=self.build(kind),
            among=self.expr(parts["among"]) if "among" in parts else None,
            default=self.expr(parts["default"]) if "default" in parts else None,
        )

    def on_type(self, tree: Tree) -> ast.TypeExpr:
        names: list[str] = []
        args: tuple[Any, ...] = ()
        optional = False
        for child in tree.children:
            if isinstance(child, Token):
                if child.type == "OPTIONAL":
                    optional = True
                else:
                    names.append(str(child))
            else:
                args = self.all(child.children)
        return ast.TypeExpr(span=self.span(tree), name=".".join(names), args=args, optional=optional)

    def on_param_stmt(self, tree: Tree) -> ast.ParamStmt:
        return ast.ParamStmt(span=self.span(tree), param=self.build(tree.children[0]))

    def on_let(self, tree: Tree) -> ast.Let:
        name, *rest = tree.children
        kind = None
        if len(rest) == 2:
            kind = self.build(cast(Tree, rest[0]).children[0])
        return ast.Let(span=self.span(tree), name=self.ident(name), type=kind, value=self.expr(rest[-1]))

    def on_require(self, tree: Tree) -> ast.Require:
        test, *rest = tree.children
        texts = self.texts(rest)
        return ast.Require(
            span=self.span(tree), test=self.expr(test), message=texts.get("or_else"), help=texts.get("help")
        )

    def on_warn(self, tree: Tree) -> ast.Warn:
        test, *rest = tree.children
        texts = self.texts(rest)
        return ast.Warn(span=self.span(tree), test=self.expr(test), message=texts["or_else"], help=texts.get("help"))

    def on_note(self, tree: Tree) -> ast.Note:
        test, *rest = tree.children
        texts = self.texts(rest)
        return ast.Note(span=self.span(tree), test=self.expr(test), message=texts["or_else"], help=texts.get("help"))

    def texts(self, children: list[Child]) -> dict[str, ast.TextLit]:
        return {str(cast(Tree, c).data): self.build(cast(Tree, c).children[0]) for c in children}

    def on_output(self, tree: Tree) -> ast.OutputStmt:
        name, value = tree.children
        return ast.OutputStmt(span=self.span(tree), name=self.ident(name), value=self.expr(value))

    def on_return(self, tree: Tree) -> ast.Return:
        return ast.Return(span=self.span(tree), value=self.expr(tree.children[0]))

    def on_estimate(self, tree: Tree) -> ast.Settings:
        return ast.Settings(span=self.span(tree), kind="estimate", settings=self.all(tree.children))

    def on_target(self, tree: Tree) -> ast.Settings:
        return ast.Settings(span=self.span(tree), kind="target", settings=self.all(tree.children))

    def on_window(self, tree: Tree) -> ast.Window:
        mode, *args = tree.children
        return ast.Window(span=self.span(tree), mode=self.ident(mode), args=self.all(args))

    def on_window_arg(self, tree: Tree) -> ast.Setting:
        return self.on_setting(tree)

    def on_preview(self, tree: Tree) -> ast.Preview:
        kind, *settings = tree.children
        return ast.Preview(span=self.span(tree), kind=self.ident(kind), settings=self.all(settings))

    def on_setting(self, tree: Tree) -> ast.Setting:
        name, value = tree.children
        return ast.Setting(span=self.span(tree), name=self.ident(name), value=self.expr(value))

    # -- expressions -------------------------------------------------------------------------

    def on_if(self, tree: Tree) -> ast.IfExpr:
        test, then, orelse = (self.expr(c) for c in tree.children)
        return ast.IfExpr(span=self.span(tree), test=test, then=then, orelse=orelse)

    def on_for(self, tree: Tree) -> ast.ForExpr:
        name, items, body = tree.children
        return ast.ForExpr(span=self.span(tree), name=self.ident(name), items=self.expr(items), body=self.build(body))

    def on_chain(self, tree: Tree) -> ast.ChainExpr:
        at = next(n for n, child in enumerate(tree.children) if getattr(child, "type", "") in ("UNTIL", "TIMES"))
        (name, *number, start), mode, limit, *overlap, body = tree.children[:at], *tree.children[at:]
        return ast.ChainExpr(
            span=self.span(tree),
            name=self.ident(name),
            number=self.ident(number[0]) if number else None,
            start=self.expr(start),
            mode=str(mode),
            limit=self.expr(limit),
            # Behind its word.
            overlap=self.expr(overlap[1]) if overlap else None,
            body=self.build(body),
        )

    def on_block(self, tree: Tree) -> ast.Body:
        *lets, value = tree.children
        return ast.Body(span=self.span(tree), lets=self.all(lets), value=self.expr(value))

    def on_pipe(self, tree: Tree) -> ast.PipeExpr:
        value, first, *rest = tree.children
        callee: ast.Expr = ast.NameExpr(span=self.span(first), name=str(first))
        args: tuple[ast.Arg, ...] = ()
        for child in rest:
            if isinstance(child, Token):
                name = self.ident(child)
                callee = ast.AttrExpr(span=callee.span.to(name.span), value=callee, name=name)
            else:
                args = self.args(child)
        return ast.PipeExpr(span=self.span(tree), value=self.expr(value), callee=callee, args=args)

    def on_or(self, tree: Tree) -> ast.BinaryExpr:
        return self.logical(tree, "or")

    def on_and(self, tree: Tree) -> ast.BinaryExpr:
        return self.logical(tree, "and")

    def logical(self, tree: Tree, op: str) -> ast.BinaryExpr:
        left, right = (self.expr(c) for c in tree.children)
        gap = Span(self.source, left.span.end, right.span.start)
        return ast.BinaryExpr(span=self.span(tree), op=op, op_span=gap, left=left, right=right)

    def on_not(self, tree: Tree) -> ast.UnaryExpr:
        return ast.UnaryExpr(span=self.span(tree), op="not", value=self.expr(tree.children[0]))

    def on_neg(self, tree: Tree) -> ast.UnaryExpr:
        return ast.UnaryExpr(span=self.span(tree), op="-", value=self.expr(tree.children[1]))

    def binary(self, tree: Tree) -> ast.BinaryExpr:
        left, op, right = tree.children
        return ast.BinaryExpr(
            span=self.span(tree),
            op=str(op),
            op_span=self.span(op),
            left=self.expr(left),
            right=self.expr(right),
        )

    on_cmp = on_sum = on_term = binary

    def on_range(self, tree: Tree) -> ast.RangeExpr:
        low, *high = tree.children
        return ast.RangeExpr(span=self.span(tree), low=self.expr(low), high=self.expr(high[0]) if high else None)

    def on_attr(self, tree: Tree) -> ast.AttrExpr:
        value, name = tree.children
        return ast.AttrExpr(span=self.span(tree), value=self.expr(value), name=self.ident(name))

    def on_call(self, tree: Tree) -> ast.CallExpr:
        callee, args = tree.children
        return ast.CallExpr(span=self.span(tree), callee=self.expr(callee), args=self.args(args))

    def on_index(self, tree: Tree) -> ast.IndexExpr:
        value, index = tree.children
        return ast.IndexExpr(span=self.span(tree), value=self.expr(value), index=self.expr(index))

    def args(self, tree: Child) -> tuple[ast.Arg, ...]:
        out: list[ast.Arg] = []
        for child in cast(Tree, tree).children:
            if _is(child, "named"):
                name, value = cast(Tree, child).children
                out.append(ast.Arg(span=self.span(child), name=self.ident(name), value=self.expr(value)))
            elif _is(child, "spread"):
                value = self.expr(cast(Tree, child).children[0])
                out.append(ast.Arg(span=self.span(child), name=None, value=value, spread=True))
            else:
                out.append(ast.Arg(span=self.span(child), name=None, value=self.expr(child)))
        return tuple(out)

    def on_name(self, tree: Tree) -> ast.NameExpr:
        return ast.NameExpr(span=self.span(tree), name=str(tree.children[0]))

    def on_paren(self, tree: Tree) -> ast.Expr:
        return self.expr(tree.children[0])

    def on_list(self, tree: Tree) -> ast.ListExpr:
        return ast.ListExpr(span=self.span(tree), items=self.all(tree.children))

    def on_object(self, tree: Tree) -> ast.RecordExpr:
        return ast.RecordExpr(span=self.span(tree), entries=self.all(tree.children))

    def on_entry(self, tree: Tree) -> ast.Entry:
        name, value = tree.children
        return ast.Entry(span=self.span(tree), name=self.ident(name), value=self.expr(value))

    def on_optional(self, tree: Tree) -> ast.OptionalExpr:
        return ast.OptionalExpr(span=self.span(tree), value=self.expr(tree.children[0]))

    def on_node(self, tree: Tree) -> ast.NodeExpr:
        name, args = tree.children
        return ast.NodeExpr(span=self.span(tree), class_type=self.ident(name), args=self.args(args))

    # -- literals ----------------------------------------------------------------------------

    def on_number(self, tree: Tree) -> ast.NumberLit:
        token = cast(Token, tree.children[0])
        return ast.NumberLit(span=self.span(tree), text=str(token), whole=token.type == "INT")

    def on_quantity(self, tree: Tree) -> ast.QuantityLit:
        text = str(tree.children[0])
        cut = next(i for i, c in enumerate(text) if not (c.isdigit() or c == "."))
        return ast.QuantityLit(span=self.span(tree), number=text[:cut], unit=text[cut:])

    def on_size(self, tree: Tree) -> ast.SizeLit:
        width, height = str(tree.children[0]).split("x")
        return ast.SizeLit(span=self.span(tree), width=_bounded(width), height=_bounded(height))

    def on_bool(self, tree: Tree) -> ast.BoolLit:
        return ast.BoolLit(span=self.span(tree), value=str(tree.children[0]) == "true")

    def on_none(self, tree: Tree) -> ast.NoneLit:
        return ast.NoneLit(span=self.span(tree))

    def on_text(self, tree: Tree) -> ast.TextLit:
        return self.text(cast(Token, tree.children[0]))

    def text(self, token: Token) -> ast.TextLit:
        """Resolve a literal's escapes; a block is dedented as a Python docstring is."""
        raw = str(token)
        span = self.span(token)
        quote = 3 if raw.startswith('"""') else 1
        chars: list[str] = []
        offsets: list[int] = []
        i, end = quote, len(raw) - quote
        while i < end:
            offsets.append(i)
            if raw[i] != "\\":
                chars.append(raw[i])
                i += 1
                continue
            if raw[i + 1] in ESCAPES:
                chars.append(ESCAPES[raw[i + 1]])
            else:
                chars.append(raw[i + 1])
                self.bad_escape(Span(self.source, span.start + i, span.start + i + 2))
            i += 2
        if quote == 3:
            chars, offsets = _dedent(chars, offsets)
        return ast.TextLit(span=span, value="".join(chars), offsets=(*offsets, end))

    def bad_escape(self, span: Span) -> None:
        self.sink.add(
            Diagnostic(
                code=BAD_ESCAPE,
                message=f"`{span.text}` is not an escape",
                span=span,
                help=('the escapes are \\", \\\\, \\n and \\t; write \\\\ for one backslash, and / in a path',),
            )
        )


def _is(child: Child, data: str) -> bool:
    return isinstance(child, Tree) and child.data == data


def _bounded(digits: str) -> int:
    """A pixel count; absurdly long digits would cost time and mean nothing."""
    return int(digits[:12])


def _dedent(chars: list[str], offsets: list[int]) -> tuple[list[str], list[int]]:
    """Remove the common indentation of all lines but the first, and blank first and last lines."""
    lines: list[list[tuple[str, int]]] = [[]]
    for char, offset in zip(chars, offsets, strict=True):
        lines[-1].append((char, offset))
        if char == "\n":
            lines.append([])
    widths: list[int] = []
    for line in lines[1:]:
        text = "".join(c for c, _ in line)
        if text.strip():
            widths.append(len(text) - len(text.lstrip(" \t")))
    indent = min(widths, default=0)
    out = lines[0] + [pair for line in lines[1:] for pair in _strip_indent(line, indent)]
    while out and out[0][0] in " \t\n":
        out.pop(0)
    while out and out[-1][0] in " \t\n":
        out.pop()
    return [c for c, _ in out], [o for _, o in out]


def _strip_indent(line: list[tuple[str, int]], indent: int) -> list[tuple[str, int]]:
    cut = 0
    while cut < min(indent, len(line)) and line[cut][0] in " \t":
        cut += 1
    return line[cut:]

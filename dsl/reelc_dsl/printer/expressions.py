"""The layout of expressions and types."""

from collections.abc import Sequence
from functools import partial
from typing import assert_never

from reelc_dsl import ast
from reelc_dsl.printer.cursor import comments
from reelc_dsl.printer.layout import LINE, NOTHING, SOFT, SPACE, Doc, Nest, group, row
from reelc_dsl.printer.pieces import Pieces

# Operators that stand in one row of the same rank; a row breaks before all of its operators or none.
RANKS = (("or",), ("and",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%"))
RANK = {op: rank for rank, ops in enumerate(RANKS) for op in ops}


class Expressions(Pieces):
    """Prints expressions."""

    def expr(self, node: ast.Expr, *, first: bool = False) -> Doc:
        """An expression with the parentheses around it.

        Args:
            first: whether it begins a line where the group around it is broken. What it breaks into
                then needs no indentation of its own.
        """
        before = comments(self.cursor.gap())
        begins = first or before != NOTHING
        doc = self.paren(node) if self.cursor.at < node.span.start else self.plain(node, begins)
        if before == NOTHING:
            return doc
        return row(before, doc) if first else Nest(row(before, doc))

    def plain(self, node: ast.Expr, first: bool) -> Doc:
        """An expression without parentheses."""
        match node:
            case ast.TextLit():
                text = self.text(node)
                return text if first else Nest(text)
            case ast.NameExpr() | ast.NumberLit() | ast.QuantityLit() | ast.SizeLit() | ast.BoolLit() | ast.NoneLit():
                return self.cursor.leaf(node.span)
            case ast.ListExpr():
                parts = [partial(self.expr, item, first=True) for item in node.items]
                return self.bracket("[", parts, "]", apart=any(map(_is_collection, node.items)))
            case ast.OptionalExpr():
                return row(self.expr(node.value), self.cursor.word("?"))
            case ast.RecordExpr():
                parts = [partial(self.labelled, entry.name, entry.value) for entry in node.entries]
                return self.bracket("{", parts, "}", pad=" ")
            case ast.NodeExpr():
                return row(
                    self.cursor.word("node"), SPACE, self.cursor.leaf(node.class_type.span), self.args(node.args)
                )
            case ast.CallExpr() | ast.AttrExpr() | ast.IndexExpr():
                return self.postfix(node)
            case ast.PipeExpr():
                return self.pipe(node, first)
            case ast.UnaryExpr():
                return row(self.cursor.word(node.op), SPACE if node.op == "not" else NOTHING, self.expr(node.value))
            case ast.BinaryExpr():
                return self.operators(node, first)
            case ast.RangeExpr():
                low = self.expr(node.low)
                dots = self.cursor.word("..")
                return row(low, dots, self.expr(node.high) if node.high is not None else NOTHING)
            case ast.IfExpr():
                return self.branches(node, first)
            case ast.ForExpr():
                return self.loop(node)
            case ast.ChainExpr():
                return self.chain(node)
            case _:
                assert_never(node)

    # -- brackets ----------------------------------------------------------------------------

    def paren(self, node: ast.Expr) -> Doc:
        """Parentheses around an expression."""
        return self.enclosed(
            "(", node, ")", tight=_is_collection(node) or isinstance(node, ast.ForExpr | ast.ChainExpr)
        )

    def enclosed(self, opening: str, node: ast.Expr, closing: str, *, tight: bool = False) -> Doc:
        """Brackets around one expression, without a comma; ``tight`` ones never break inside."""
        head = self.cursor.word(opening)
        inner = self.expr(node, first=True)
        tail = comments(self.cursor.gap())
        end = self.cursor.word(closing)
        if tight and tail == NOTHING:
            return row(head, inner, end)
        return row(head, group(Nest(row(SOFT, inner, tail)), SOFT, end))

    def args(self, args: Sequence[ast.Arg]) -> Doc:
        """The arguments of a call, with their parentheses."""
        alone = len(args) == 1 and args[0].name is None and not args[0].spread
        hugs = alone and _is_collection(args[0].value)
        return self.bracket("(", [partial(self.arg, arg) for arg in args], ")", hugs=hugs)

    def arg(self, arg: ast.Arg) -> Doc:
        """One argument."""
        if arg.name is not None:
            return self.labelled(arg.name, arg.value)
        if arg.spread:
            return row(self.cursor.word("..."), self.expr(arg.value))
        return self.expr(arg.value, first=True)

    def labelled(self, name: ast.Ident, value: ast.Expr) -> Doc:
        """``name: value``"""
        return row(self.cursor.leaf(name.span), self.cursor.word(":"), SPACE, self.expr(value))

    # -- rows --------------------------------------------------------------------------------

    def postfix(self, node: ast.Expr) -> Doc:
        """Calls, fields and indexes behind a value."""
        parts: list[ast.CallExpr | ast.AttrExpr | ast.IndexExpr] = []
        start = node.span.start
        while isinstance(node, ast.CallExpr | ast.AttrExpr | ast.IndexExpr) and node.span.start == start:
            parts.append(node)
            node = node.callee if isinstance(node, ast.CallExpr) else node.value
        docs = [self.expr(node)]
        for part in reversed(parts):
            match part:
                case ast.CallExpr():
                    docs.append(self.args(part.args))
                case ast.AttrExpr():
                    docs += [self.cursor.word("."), self.cursor.leaf(part.name.span)]
                case ast.IndexExpr():
                    docs.append(self.enclosed("[", part.index, "]"))
        return row(*docs)

    def pipe(self, node: ast.PipeExpr, first: bool) -> Doc:
        """A value and the steps that it goes through."""
        steps: list[ast.PipeExpr] = []
        value: ast.Expr = node
        while isinstance(value, ast.PipeExpr) and value.span.start == node.span.start:
            steps.append(value)
            value = value.value
        docs = [self.expr(value, first=first)]
        broken = False
        for step in reversed(steps):
            broken = broken or self.cursor.breaks()
            mark = self.line("|>")
            callee = self.expr(step.callee)
            args = self.args(step.args) if self.cursor.sees("(") else NOTHING
            docs.append(Nest(row(mark, callee, args)))
        return group(*docs, broken=broken)

    def operators(self, node: ast.BinaryExpr, first: bool) -> Doc:
        """Operators of one rank and what stands between them."""
        rank = RANK[node.op]
        rights: list[ast.BinaryExpr] = []
        left: ast.Expr = node
        while isinstance(left, ast.BinaryExpr) and RANK[left.op] == rank and left.span.start == node.span.start:
            rights.append(left)
            left = left.left
        docs = [self.expr(left, first=first)]
        for part in reversed(rights):
            doc = row(self.line(part.op), self.expr(part.right))
            docs.append(doc if first else Nest(doc))
        return group(*docs)

    # -- forms -------------------------------------------------------------------------------

    def branches(self, node: ast.IfExpr, first: bool) -> Doc:
        """``if``, every ``else if``, ``else``."""
        cursor = self.cursor

        def moved(doc: Doc) -> Doc:
            return doc if first else Nest(doc)

        docs: list[Doc] = []
        broken = False
        while True:
            docs += [cursor.word("if"), SPACE, self.expr(node.test), SPACE, cursor.word("then")]
            broken = broken or cursor.breaks()
            docs.append(moved(Nest(row(LINE, self.expr(node.then, first=True)))))
            broken = broken or cursor.breaks()
            docs.append(moved(self.line("else")))
            follows = node.orelse
            if not isinstance(follows, ast.IfExpr) or cursor.ahead() != follows.span.start:
                break
            node = follows
        broken = broken or cursor.breaks()
        docs.append(moved(Nest(row(LINE, self.expr(follows, first=True)))))
        return group(*docs, broken=broken)

    def loop(self, node: ast.ForExpr) -> Doc:
        """``for name in items { ... }``"""
        word = self.cursor.word
        return row(
            *(word("for"), SPACE, self.cursor.leaf(node.name.span), SPACE),
            *(word("in"), SPACE, self.expr(node.items), SPACE),
            self.body(node.body),
        )

    def chain(self, node: ast.ChainExpr) -> Doc:
        """``chain name, number from start until limit overlap frames { ... }``"""
        word = self.cursor.word
        number = node.number
        return row(
            *(word("chain"), SPACE, self.cursor.leaf(node.name.span)),
            *(() if number is None else (word(","), SPACE, self.cursor.leaf(number.span))),
            SPACE,
            *(word("from"), SPACE, self.expr(node.start), SPACE),
            *(word(node.mode), SPACE, self.expr(node.limit), SPACE),
            *(() if node.overlap is None else (word("overlap"), SPACE, self.expr(node.overlap), SPACE)),
            self.body(node.body),
        )

    def body(self, node: ast.Body) -> Doc:
        """``{ let ... value }``"""
        value = partial(self.expr, node.value, first=True)
        if node.lets:
            return self.block([*(partial(self.let, let) for let in node.lets), value])
        head = self.opening()
        broken = self.cursor.breaks()
        inner = row(LINE, value(), comments(self.cursor.gap()))
        return row(head, group(Nest(inner), LINE, self.cursor.word("}"), broken=broken))

    def let(self, node: ast.Let) -> Doc:
        """``let name: type = value``"""
        kind = NOTHING
        head = row(self.cursor.word("let"), SPACE, self.cursor.leaf(node.name.span))
        if node.type is not None:
            kind = row(self.cursor.word(":"), SPACE, self.type(node.type))
        return row(head, kind, SPACE, self.cursor.word("="), SPACE, self.expr(node.value))

    # -- words -------------------------------------------------------------------------------

    def text(self, node: ast.TextLit) -> Doc:
        """A text, as it is written."""
        return self.literal(node.span.text)

    def type(self, node: ast.TypeExpr) -> Doc:
        """``file["checkpoints"]``, ``house.Look?``"""
        args = NOTHING
        name = self.dotted(node.name)
        if node.args:
            args = self.bracket("[", [partial(self.type_arg, arg) for arg in node.args], "]")
        return row(name, args, self.cursor.word("?") if node.optional else NOTHING)

    def type_arg(self, node: ast.TypeExpr | ast.Expr) -> Doc:
        """What stands in the brackets of a type."""
        return self.type(node) if isinstance(node, ast.TypeExpr) else self.expr(node)


def _is_collection(node: ast.Expr) -> bool:
    return isinstance(node, ast.ListExpr | ast.RecordExpr)

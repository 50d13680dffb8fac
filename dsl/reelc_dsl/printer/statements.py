"""The layout of statements and of what stands at the top level."""

import re
from collections.abc import Sequence
from functools import partial
from typing import assert_never

from reelc_dsl import ast
from reelc_dsl.printer.cursor import comments
from reelc_dsl.printer.expressions import Expressions
from reelc_dsl.printer.layout import SPACE, Cell, Doc, Nest, fill, group, row
from reelc_dsl.printer.pieces import Part
from reelc_dsl.printer.texts import DOC

_NUMBER = re.compile(r"[0-9]+")
_STRING = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_NAME = re.compile(r"[^\W\d]\w*")


class Statements(Expressions):
    """Prints modules."""

    def module(self, module: ast.Module) -> Doc:
        """A whole file."""
        parts: list[Part] = [partial(self.item, item) for item in module.items]
        tall = [isinstance(item, ast.Stage | ast.Pipeline | ast.Workflow) for item in module.items]
        if module.version is not None:
            parts.insert(0, self.version)
            tall.insert(0, False)
        doc = row(*self.lines(parts, tall), self.ending(bool(parts)))
        self.cursor.finish()
        return doc

    def version(self) -> Doc:
        """``reel 1``"""
        return row(self.cursor.word("reel"), SPACE, self.cursor.match(_NUMBER))

    # -- items -------------------------------------------------------------------------------

    def item(self, node: ast.Item) -> Doc:
        """Something that stands at the top level."""
        match node:
            case ast.UseModule() | ast.UseNames():
                return self.use()
            case ast.Let():
                return self.let(node)
            case ast.Record():
                parts = [partial(self.field, field.name, field.type) for field in node.fields]
                return row(self.named("record", node.name), SPACE, self.bracket("{", parts, "}", pad=" "))
            case ast.Stage():
                head = self.named("stage", node.name)
                params = self.bracket("(", [partial(self.param, param) for param in node.params], ")")
                arrow = self.cursor.word("->")
                return row(head, params, SPACE, arrow, SPACE, self.type(node.returns), SPACE, self.main(node))
            case ast.Pipeline():
                return row(self.named("pipeline", node.name), SPACE, self.main(node))
            case ast.Workflow():
                head = self.named("workflow", node.name)
                file = row(SPACE, self.cursor.word("="), SPACE, self.text(node.file), SPACE)
                return row(head, file, self.block([partial(self.port, port) for port in node.ports]))
            case _:
                assert_never(node)

    def named(self, keyword: str, name: ast.Ident) -> Doc:
        """A keyword and the name that it introduces."""
        return row(self.cursor.word(keyword), SPACE, self.cursor.leaf(name.span))

    def main(self, node: ast.Stage | ast.Pipeline) -> Doc:
        """The body of a stage or pipeline, its description first."""
        parts: list[Part] = [partial(self.statement, statement) for statement in node.body]
        if node.doc is not None:
            parts.insert(0, self.description)
        return self.block(parts)

    def description(self) -> Doc:
        """The text that opens a stage or pipeline."""
        found = DOC.match(self.cursor.text, self.cursor.ahead())
        return self.literal(found.group() if found else '"""')

    def use(self) -> Doc:
        """``use a, b as c from std.finish``"""
        cursor = self.cursor
        docs = [cursor.word("use"), SPACE]
        cells: list[Cell] = []
        gap = cursor.gap()
        while True:
            before, begins = comments(gap), bool(cells) and gap.newline
            doc = self.origin()
            if cursor.sees("as"):
                doc = row(doc, SPACE, cursor.word("as"), SPACE, cursor.match(_NAME))
            cells.append(Cell(doc, before, begins))
            if not cursor.sees(","):
                break
            gap = cursor.gap()
            cursor.word(",")
            gap = gap.then(cursor.gap())
        docs.append(group(Nest(fill(cells))))
        if cursor.sees("from"):
            docs += [SPACE, cursor.word("from"), SPACE, self.origin()]
        return row(*docs)

    def origin(self) -> Doc:
        """``std.svd`` or ``"./house.reel"``"""
        if self.cursor.sees('"'):
            return self.cursor.match(_STRING)
        docs = [self.cursor.match(_NAME)]
        while self.cursor.sees("."):
            docs += [self.cursor.word("."), self.cursor.match(_NAME)]
        return row(*docs)

    def field(self, name: ast.Ident, kind: ast.TypeExpr) -> Doc:
        """``name: type``"""
        return row(self.cursor.leaf(name.span), self.cursor.word(":"), SPACE, self.type(kind))

    def port(self, node: ast.Port) -> Doc:
        """``in photo: image = "12.image"``"""
        head = row(self.cursor.word(node.direction), SPACE, self.field(node.name, node.type))
        return row(head, SPACE, self.cursor.word("="), SPACE, self.text(node.path))

    def param(self, node: ast.Param) -> Doc:
        """``frames: int in 2..25 = 25``"""
        docs = [self.field(node.name, node.type)]
        if node.among is not None:
            docs += [SPACE, self.cursor.word("in"), SPACE, self.expr(node.among)]
        if node.default is not None:
            docs += [SPACE, self.cursor.word("="), SPACE, self.expr(node.default)]
        return row(*docs)

    # -- statements --------------------------------------------------------------------------

    def statement(self, node: ast.Stmt) -> Doc:
        """A statement of a stage or pipeline."""
        word = self.cursor.word
        match node:
            case ast.ParamStmt():
                return row(word("param"), SPACE, self.param(node.param))
            case ast.Let():
                return self.let(node)
            case ast.Require():
                return self.demand("require", node.test, node.message, node.help)
            case ast.Warn():
                return self.demand("warn", node.test, node.message, node.help)
            case ast.Note():
                return self.demand("note", node.test, node.message, node.help)
            case ast.OutputStmt():
                return row(self.named("output", node.name), SPACE, word("="), SPACE, self.expr(node.value))
            case ast.Return():
                return row(word("return"), SPACE, self.expr(node.value))
            case ast.Settings():
                return row(word(node.kind), SPACE, self.settings(node.settings))
            case ast.Window():
                first = partial(self.cursor.leaf, node.mode.span)
                more = [partial(self.labelled, setting.name, setting.value) for setting in node.args]
                return row(word("window"), SPACE, self.bracket("{", [first, *more], "}", pad=" "))
            case ast.Preview():
                head = self.named("preview", node.kind)
                return row(head, SPACE, self.settings(node.settings)) if self.cursor.sees("{") else head
            case _:
                assert_never(node)

    def demand(self, keyword: str, test: ast.Expr, message: ast.TextLit | None, advice: ast.TextLit | None) -> Doc:
        """``require``, ``warn`` or ``note``: on one line, or ``else`` and ``help`` each on its own."""
        docs = [self.cursor.word(keyword), SPACE, Nest(self.expr(test))]
        broken = False
        for introduction, text in (("else", message), ("help", advice)):
            if text is not None:
                broken = broken or self.cursor.breaks()
                docs.append(Nest(row(self.line(introduction), self.text(text))))
        return group(*docs, broken=broken)

    def settings(self, settings: Sequence[ast.Setting]) -> Doc:
        """``{ name = value, ... }``"""
        return self.bracket("{", [partial(self.setting, setting) for setting in settings], "}", pad=" ")

    def setting(self, node: ast.Setting) -> Doc:
        """``vram = 14GB``"""
        return row(self.cursor.leaf(node.name.span), SPACE, self.cursor.word("="), SPACE, self.expr(node.value))

"""Text to syntax tree, with every independent syntax error in one run.

The whole text is parsed first, which is all that a correct program costs. Only when that fails is
the text cut at the top level into items, and a stage or pipeline into statements, each parsed
alone, so that one slip does not hide the next. What could not be parsed leaves its name behind as
*broken*: using it is no second error.
"""

from collections.abc import Iterator
from typing import Any, cast

from reelc_dsl import ast, lalr, outline
from reelc_dsl.builder import Builder
from reelc_dsl.diagnostics import Diagnostic, Sink
from reelc_dsl.diagnostics.codes import BAD_VERSION, TOO_DEEP
from reelc_dsl.lalr import Token, Tree
from reelc_dsl.source import Source, Span
from reelc_dsl.syntax_errors import explain, unclosed_doc

MAX_DEPTH = 100


def parse(source: Source, sink: Sink) -> ast.Module:
    """The module that a text says, as far as it can be told.

    Args:
        source: newlines as ``\\n``.
        sink: receives syntax errors (E0104 to E0111). Nothing is raised for any text.
    """
    deep = outline.too_deep(source.text, MAX_DEPTH)
    if deep is not None:
        sink.add(
            Diagnostic(
                code=TOO_DEEP,
                message=f"more than {MAX_DEPTH} brackets are open here",
                span=Span(source, deep, deep + 1),
                help=("give parts of the expression names with `let`",),
            )
        )
        return ast.Module(source=source, version=None, items=())
    try:
        tree = lalr.parse(source.text, "start")
    except lalr.Unexpected:
        return _Recovery(source, sink).module()
    builder = Builder(source, 0, sink)
    version: int | None = None
    items: list[ast.Item] = []
    for child in tree.children:
        child = cast(Tree, child)
        if child.data == "version":
            version = _version(source, child, sink)
        else:
            items.append(builder.build(child))
    return ast.Module(source=source, version=version, items=tuple(items))


def _version(source: Source, tree: Tree, sink: Sink) -> int:
    token = cast(Token, tree.children[0])
    value = int(str(token)[:9])
    if value != 1:
        sink.add(
            Diagnostic(
                code=BAD_VERSION,
                message=f"this file is written in Reel {token}, and this reelc speaks Reel 1",
                span=Span(source, token.start, token.end),
                help=("install a newer reelc, or write `reel 1`",),
            )
        )
    return value


class _Recovery:
    """Parses piece by piece and reports each piece's first error."""

    def __init__(self, source: Source, sink: Sink) -> None:
        self.source = source
        self.sink = sink
        self.broken: set[str] = set()

    def module(self) -> ast.Module:
        version: int | None = None
        items: list[ast.Item] = []
        swallowed = self.unclosed_doc()
        for piece in outline.items(self.source.text):
            if piece.end > swallowed:
                self.broken.update(piece.names)
            elif piece.keyword == "reel":
                tree = self.piece(piece, "start")
                if tree is not None:
                    version = _version(self.source, cast(Tree, tree.children[0]), self.sink)
            elif piece.keyword in ("stage", "pipeline") and piece.body is not None:
                items.extend(self.block(piece))
            else:
                tree = self.piece(piece, "item")
                if tree is None:
                    self.broken.update(piece.names)
                else:
                    items.append(Builder(self.source, piece.start, self.sink).build(tree))
        return ast.Module(source=self.source, version=version, items=tuple(items), broken=frozenset(self.broken))

    def unclosed_doc(self) -> int:
        """Where the rest of the text becomes part of a ``\"\"\"text\"\"\"`` that nothing closes; its end if nowhere.

        That is the one error then: whatever stands behind it may define any of the words there.
        """
        text = self.source.text
        at = outline.unclosed_doc(text)
        if at is None:
            return len(text)
        self.sink.add(unclosed_doc(self.source, at))
        self.broken.update(outline.words(text[at:]))
        return at

    def block(self, piece: outline.Piece) -> Iterator[ast.Item]:
        """A stage or pipeline whose statements may be broken one by one."""
        if self.piece(piece, "item", report=False) is not None:
            tree = cast(Tree, self.piece(piece, "item"))
            yield Builder(self.source, piece.start, self.sink).build(tree)
            return
        assert piece.body is not None
        head_end, body_end = piece.body
        text = self.source.text[piece.start : head_end] + "}"
        head = self._try(text, "item", piece.start, piece.unclosed, report=True)
        statements: list[ast.Stmt] = []
        for inner in outline.statements(self.source.text, head_end, body_end):
            tree = self.piece(inner, "stmt")
            if tree is None:
                self.broken.update(inner.names)
            else:
                statements.append(Builder(self.source, inner.start, self.sink).build(tree))
        if piece.unclosed is not None:
            self.sink.add(outline.unclosed(self.source, piece.unclosed))
        if head is None:
            self.broken.update(piece.names)
            return
        # The head was parsed with an invented `}` that may lie past the end of the text.
        shell: Any = Builder(Source(self.source.name, self.source.text + "}"), piece.start, Sink()).build(head)
        yield _rehome(shell, self.source, tuple(statements))

    def piece(self, piece: outline.Piece, start: str, report: bool = True) -> Tree | None:
        text = self.source.text[piece.start : piece.end]
        return self._try(text, start, piece.start, piece.unclosed, report)

    def _try(self, text: str, start: str, base: int, unclosed: int | None, report: bool) -> Tree | None:
        try:
            return lalr.parse(text, start)
        except lalr.Unexpected as error:
            if report:
                self.sink.add(explain(self.source, base, len(text), error, unclosed))
            return None


def _rehome(node: Any, source: Source, body: tuple[ast.Stmt, ...]) -> Any:
    """The same declaration with its spans in ``source`` and another body, marked broken."""
    from dataclasses import fields, is_dataclass, replace

    def move(value: Any) -> Any:
        if isinstance(value, Span):
            return Span(source, min(value.start, len(source.text)), min(value.end, len(source.text)))
        if isinstance(value, tuple):
            return tuple(move(v) for v in cast("tuple[Any, ...]", value))
        if is_dataclass(value) and not isinstance(value, type) and isinstance(value, ast.Node):
            changes: dict[str, Any] = {f.name: move(getattr(value, f.name)) for f in fields(value)}
            return replace(value, **changes)
        return value

    return replace(move(node), body=body, broken=True)

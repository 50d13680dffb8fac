"""What all layouts are made of: words, brackets around elements, and lines of a block."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from reelc_dsl.printer.cursor import Cursor, Gap, comments
from reelc_dsl.printer.layout import LINE, NOTHING, SPACE, Broken, Cell, Doc, Hard, Line, Nest, fill, group, row
from reelc_dsl.printer.texts import block as text_block

# Prints one thing. It is called when its turn comes, for every word is taken from the text in order.
Part = Callable[[], Doc]


class Pieces:
    """Prints what needs no syntax tree."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def line(self, word: str) -> Doc:
        """A place to break, and the word behind it."""
        before = comments(self.cursor.gap())
        return row(LINE, before, self.cursor.word(word), SPACE)

    def literal(self, raw: str) -> Doc:
        """A text that stands here."""
        before = comments(self.cursor.gap())
        self.cursor.word(raw)
        return row(before, text_block(raw))

    def dotted(self, path: str) -> Doc:
        """A name of several words with dots between them."""
        first, *more = path.split(".")
        docs = [self.cursor.word(first)]
        for name in more:
            docs += [self.cursor.word("."), self.cursor.word(name)]
        return row(*docs)

    def bracket(
        self,
        opening: str,
        parts: Sequence[Part],
        closing: str,
        *,
        pad: str = "",
        apart: bool = False,
        hugs: bool = False,
    ) -> Doc:
        """Brackets around elements with commas between them.

        One line when it fits and no comma stands behind the last element. Else the elements stand
        between the lines of the brackets; line breaks that the author made between them stay.

        Args:
            pad: what stands inside the brackets on one line.
            apart: whether every element begins a line where the brackets are broken.
            hugs: whether an only element, itself in brackets, is broken instead of these.
        """
        cursor = self.cursor
        head = cursor.word(opening)
        cells: list[Cell] = []
        gap, comma = cursor.gap(), False
        for part in parts:
            before, begins = comments(gap), bool(cells) and (apart or gap.newline)
            cells.append(Cell(part(), before, begins))
            gap = cursor.gap()
            comma = cursor.sees(",")
            if comma:
                cursor.word(",")
                gap = gap.then(cursor.gap())
        tail = comments(gap)
        if not cells:
            inner = NOTHING if tail == NOTHING else row(Nest(row(LINE, tail)), LINE)
            return row(head, inner, cursor.word(closing))
        if hugs and not comma and tail == NOTHING and cells[0].comments == NOTHING:
            return row(head, cells[0].doc, cursor.word(closing))
        inner = row(Line(pad), fill(cells), Broken(","), tail)
        return row(head, group(Nest(inner), Line(pad), cursor.word(closing), broken=comma))

    def opening(self) -> Doc:
        """The brace that opens a block."""
        return row(comments(self.cursor.gap()), self.cursor.word("{"))

    def lines(self, parts: Sequence[Part], tall: Sequence[bool] = ()) -> list[Doc]:
        """Parts on lines of their own, with the comments before them.

        The author's empty lines stay, one in a row, but not before the first part.

        Args:
            tall: for each part, whether it is set off from its neighbours by an empty line.
        """
        docs: list[Doc] = []
        for index, part in enumerate(parts):
            first = index == 0
            gap = self.cursor.gap()
            if not first and any(tall[index - 1 : index + 1]):
                gap = _set_off(gap)
            docs.append(comments(gap, blank=True, first=first))
            docs.append(Hard(gap.blank and not (first and not gap.alone)))
            docs.append(part())
        return docs

    def ending(self, blank: bool) -> Doc:
        """The comments at the end of a block or file; ``blank`` allows an empty line before them."""
        return comments(self.cursor.gap(), blank=True, first=not blank)

    def block(self, parts: Sequence[Part]) -> Doc:
        """Braces around lines."""
        head = self.opening()
        docs = [*self.lines(parts), self.ending(bool(parts))]
        empty = all(doc == NOTHING for doc in docs)
        return row(head, Nest(row(*docs)), NOTHING if empty else Hard(), self.cursor.word("}"))


def _set_off(gap: Gap) -> Gap:
    """The gap with an empty line in it, before its comments."""
    if gap.blank or any(comment.blank for comment in gap.alone):
        return gap
    if not gap.alone:
        return Gap(gap.behind, (), True, True)
    first, *more = gap.alone
    return Gap(gap.behind, (replace(first, blank=True), *more), True, False)

"""Documents and how they become lines: where a group may break, and where it must.

A document is text with places for line breaks, after Wadler's "A prettier printer". A group is one line
when it fits, else all of its places break. Comments are documents of their own, since they end a line
wherever they stand: no group that holds one is ever one line.
"""

from collections.abc import Iterator

from reelc_dsl.records import dataclass

INDENT = 2


@dataclass(frozen=True, slots=True)
class Space:
    """A space, unless the line ends here anyway."""


@dataclass(frozen=True, slots=True)
class Line:
    """A place to break: a line end in a broken group, ``flat`` in one that stands on one line."""

    flat: str = " "


@dataclass(frozen=True, slots=True)
class Hard:
    """A line end in any case, with one empty line behind it where ``blank``."""

    blank: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """A comment behind what was printed last, on the same line."""

    text: str


@dataclass(frozen=True, slots=True)
class Alone:
    """A comment on a line of its own, with one empty line before it where ``blank``."""

    text: str
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """Text that is printed only where the group around it is broken."""

    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A text literal of several lines; all but the first are indented, unless they are ``exact``."""

    lines: tuple[str, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class Row:
    """Documents one behind the other."""

    parts: tuple["Doc", ...]
    forced: bool


@dataclass(frozen=True, slots=True)
class Nest:
    """Lines that begin inside are indented further."""

    doc: "Doc"


@dataclass(frozen=True, slots=True)
class Group:
    """One line when it fits, and else broken at its places; broken in any case where ``forced``."""

    doc: "Doc"
    forced: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """An element of a :class:`Fill`.

    Args:
        comments: what stands before the element.
        apart: whether the element begins a line where the group around it is broken.
    """

    doc: "Doc"
    comments: "Doc"
    apart: bool


@dataclass(frozen=True, slots=True)
class Fill:
    """Elements and the commas between them; in a broken group as many on a line as fit.

    An element that needs several lines has them for itself.
    """

    cells: tuple[Cell, ...]
    forced: bool


Doc = str | Space | Line | Hard | Behind | Alone | Broken | Block | Row | Nest | Group | Fill

SPACE = Space()
LINE = Line()
SOFT = Line("")
NOTHING = ""


def forced(doc: Doc) -> bool:
    """Whether a document cannot stand on one line."""
    match doc:
        case Hard() | Behind() | Alone() | Block():
            return True
        case Row() | Group() | Fill():
            return doc.forced
        case Nest():
            return forced(doc.doc)
        case _:
            return False


def row(*parts: Doc) -> Doc:
    """Documents one behind the other."""
    return Row(parts, any(forced(part) for part in parts))


def group(*parts: Doc, broken: bool = False) -> Doc:
    """A group; ``broken`` breaks it even where it fits."""
    inner = row(*parts)
    return Group(inner, broken or forced(inner))


def fill(cells: list[Cell]) -> Doc:
    """Elements and the commas between them."""
    return Fill(tuple(cells), any(forced(cell.doc) or forced(cell.comments) for cell in cells))


def render(doc: Doc, width: int) -> str:
    """The lines of a document, each ended by ``\\n``.

    Args:
        width: how long a line may become, in code points, where there is a place to break it.
    """
    return _Renderer(width).run(doc)


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is left of a fill; ``tall`` tells that the element before took several lines."""

    cells: tuple[Cell, ...]
    index: int
    tall: bool


# Indentation, whether the group around is one line, and what to print.
_Todo = tuple[int, bool, Doc | _Rest]


class _Renderer:
    def __init__(self, width: int) -> None:
        self.width = width
        self.out: list[str] = []
        # Spaces and line ends wait here until it is known what follows them.
        self.gap = ""
        self.indent = 0
        self.column = 0

    def run(self, doc: Doc) -> str:
        stack: list[_Todo] = [(0, False, doc)]
        while stack:
            indent, flat, item = stack.pop()
            match item:
                case str():
                    self.write(item)
                case Space():
                    self.space()
                case Line():
                    if not flat:
                        self.newline(indent, False)
                    elif item.flat:
                        self.space()
                case Hard():
                    self.newline(indent, item.blank)
                case Behind():
                    self.behind(item, indent)
                case Alone():
                    self.newline(indent, item.blank)
                    self.write(item.text)
                    self.newline(indent, False)
                case Broken():
                    if not flat:
                        self.write(item.text)
                case Block():
                    self.block(item, indent)
                case Row():
                    stack.extend((indent, flat, part) for part in reversed(item.parts))
                case Nest():
                    stack.append((indent + INDENT, flat, item.doc))
                case Group():
                    room = self.width - self.start()
                    flat = flat or (not item.forced and _fits(item.doc, room, stack))
                    stack.append((indent, flat, item.doc))
                case Fill():
                    if flat:
                        stack.extend((indent, True, part) for part in reversed(list(_flat(item))))
                    else:
                        stack.append((indent, False, _Rest(item.cells, 0, False)))
                case _Rest():
                    stack.extend(reversed(list(self.cell(item, indent))))
        return "".join(self.out) + "\n" if self.out else ""

    def cell(self, rest: _Rest, indent: int) -> Iterator[_Todo]:
        """The next element of a broken fill, and what comes after it."""
        cell = rest.cells[rest.index]
        # One more for the comma.
        room = self.width - self.start() - len(",")
        if rest.index > 0:
            here = not (rest.tall or cell.apart or forced(cell.comments) or forced(cell.doc))
            if here and _fits(cell.doc, room - len(" "), []):
                yield indent, True, SPACE
            else:
                yield indent, False, SOFT
                room = self.width - indent - len(",")
        yield indent, False, cell.comments
        tall = forced(cell.doc) or not _fits(cell.doc, room, [])
        yield indent, not tall, cell.doc
        if rest.index + 1 < len(rest.cells):
            yield indent, False, ","
            yield indent, False, _Rest(rest.cells, rest.index + 1, tall)

    # -- output ------------------------------------------------------------------------------

    def start(self) -> int:
        """The column at which the next text will begin."""
        return self.indent if "\n" in self.gap else self.column + len(self.gap)

    def write(self, text: str) -> None:
        if not text:
            return
        if "\n" in self.gap:
            if self.out:
                self.out.append(self.gap)
            self.out.append(" " * self.indent)
            self.column = self.indent
        elif self.gap:
            self.out.append(self.gap)
            self.column += len(self.gap)
        self.gap = ""
        self.out.append(text)
        self.column += len(text)

    def space(self) -> None:
        if not self.gap:
            self.gap = " "

    def newline(self, indent: int, blank: bool) -> None:
        self.gap = "\n\n" if blank or self.gap == "\n\n" else "\n"
        self.indent = indent

    def behind(self, comment: Behind, indent: int) -> None:
        self.out.append("  " + comment.text)
        if "\n" not in self.gap:
            self.newline(indent, False)

    def block(self, block: Block, indent: int) -> None:
        self.write(block.lines[0])
        for line in block.lines[1:]:
            text = line if block.exact or not line else " " * indent + line
            self.out.append("\n" + text)
            self.column = len(text)


def _flat(item: Fill) -> Iterator[Doc]:
    for index, cell in enumerate(item.cells):
        if index:
            yield ","
            yield SPACE
        yield cell.doc


def _fits(doc: Doc, room: int, after: list[_Todo]) -> bool:
    """Whether a document on one line has room, with what stands behind it up to the next line end.

    Args:
        after: what follows, last first.
    """
    todo: list[tuple[bool, Doc | _Rest]] = [(True, doc)]
    following = len(after)
    while room >= 0:
        if not todo:
            if not following:
                return True
            following -= 1
            todo.append(after[following][1:])
            continue
        flat, item = todo.pop()
        match item:
            case str():
                room -= len(item)
            case Space():
                room -= 1
            case Line():
                if not flat:
                    return True
                room -= len(item.flat)
            case Hard() | Behind() | Alone() | _Rest():
                return True
            case Broken():
                room -= 0 if flat else len(item.text)
            case Block():
                return len(item.lines[0]) <= room
            case Row():
                todo.extend((flat, part) for part in reversed(item.parts))
            case Nest() | Group():
                todo.append((flat, item.doc))
            case Fill():
                todo.extend((flat, part) for part in reversed(list(_flat(item))))
    return False

"""The rough shape of a text, found without the grammar: for recovery after a syntax error.

A scanner that knows texts, comments, brackets and words, and nothing else. It never fails.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import UNCLOSED
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

ITEMS = frozenset({"reel", "use", "let", "record", "stage", "pipeline", "workflow"})
# A `let` or `require` at the left margin is a statement of a file whose body was not indented.
ITEMS_AT_MARGIN = ITEMS - {"let", "reel"}
STATEMENTS = frozenset(
    {"param", "let", "require", "warn", "note", "output", "return", "estimate", "target", "window", "preview"}
)
BLOCKS = frozenset({"record", "stage", "pipeline", "workflow"})
NAMING = frozenset({"let", "record", "stage", "pipeline", "workflow", "param", "output"})
OPEN_BLOCK, CLOSE_BLOCK = "{", "}"
CLOSERS = {"}": "{", ")": "(", "]": "["}


# Only when a text has an error: compiling them is a hundredth of a check's time.
@cache
def _token() -> re.Pattern[str]:
    return re.compile(
        r'"""(?:[^"\\]|\\.|"(?!""))*(?:"""|\Z)|"(?:[^"\\\n]|\\[^\n])*"?|#[^\n]*|[^\W\d]\w*|[{}()\[\]]', re.S
    )


@cache
def _doc() -> re.Pattern[str]:
    return re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""', re.S)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch ``[start, end)`` that begins with ``keyword``.

    Args:
        names: names that the piece would introduce.
        body: for a block, the offsets just inside its braces.
        unclosed: offset of an opening bracket that the piece never closes.
    """

    keyword: str
    start: int
    end: int
    names: tuple[str, ...] = ()
    body: tuple[int, int] | None = None
    unclosed: int | None = None


class Brackets:
    """The brackets that are open at a place.

    A closing bracket closes the nearest one of its own sort, and with it what was opened inside and
    never closed: one forgotten `)` does not take the `}` of the block that it stands in.
    """

    def __init__(self) -> None:
        self.open: list[tuple[str, int]] = []

    def feed(self, token: str, at: int) -> None:
        """Take in a token; what is no bracket changes nothing."""
        if token in CLOSERS.values():
            self.open.append((token, at))
        elif token in CLOSERS:
            mates = [i for i, (bracket, _) in enumerate(self.open) if bracket == CLOSERS[token]]
            if mates:
                del self.open[mates[-1] :]


def unclosed_doc(text: str) -> int | None:
    """The offset of a ``\"\"\"`` that nothing closes, if there is one."""
    for match in _token().finditer(text):
        token = match.group()
        if token.startswith('"""') and not _doc().fullmatch(token):
            return match.start()
    return None


def words(text: str) -> frozenset[str]:
    """Every word of a text, also inside texts and comments."""
    return frozenset(re.findall(r"[^\W\d]\w*", text))


def too_deep(text: str, limit: int) -> int | None:
    """The offset at which more than ``limit`` brackets are open, if there is one."""
    # Most texts have fewer than that in all; no expression need be compiled to know it.
    if sum(map(text.count, CLOSERS.values())) <= limit:
        return None
    depth = 0
    for match in _token().finditer(text):
        token = match.group()
        if token in ("{", "(", "["):
            depth += 1
            if depth > limit:
                return match.start()
        elif token in CLOSERS:
            depth = max(0, depth - 1)
    return None


def items(text: str) -> Iterator[Piece]:
    """Top-level pieces. Text before the first keyword belongs to a piece without one."""
    starts: list[tuple[int, str]] = []
    brackets = Brackets()
    for match in _token().finditer(text):
        token, at = match.group(), match.start()
        margin = at == 0 or text[at - 1] == "\n"
        if (
            token in ITEMS
            and (not brackets.open or (margin and token in ITEMS_AT_MARGIN))
            and not _is_label(text, match.end())
        ):
            if brackets.open or not (starts and _in_use(text, starts[-1], at)):
                starts.append((at, token))
                brackets = Brackets()
        else:
            brackets.feed(token, at)
    lead = text[: starts[0][0]] if starts else text
    if _has_code(lead):
        yield Piece("", 0, len(lead))
    for (start, keyword), (end, _) in pairwise([*starts, (len(text), "")]):
        piece = _piece(text, keyword, start, end)
        if keyword in BLOCKS and piece.body is not None and piece.unclosed is None:
            # What follows the closing brace and is no item: a misspelt keyword, most likely.
            close = piece.body[1] + 1
            yield _piece(text, keyword, start, close)
            if _has_code(text[close:end]):
                yield Piece("", close, end)
        else:
            yield piece


def statements(text: str, start: int, end: int) -> Iterator[Piece]:
    """The statements between a block's braces."""
    starts: list[tuple[int, str]] = []
    brackets = Brackets()
    for match in _token().finditer(text, start, end):
        token, at = match.group(), match.start()
        first = not brackets.open or _first_on_line(text, at, token, brackets)
        if token in STATEMENTS and not _is_label(text, match.end()) and first:
            starts.append((at, token))
            brackets = Brackets()
        else:
            brackets.feed(token, at)
    lead_end = starts[0][0] if starts else end
    lead = text[start:lead_end]
    doc = _doc().match(lead.lstrip())
    if _has_code(lead if doc is None else lead.lstrip()[doc.end() :]):
        yield Piece("", start, lead_end)
    for (at, keyword), (stop, _) in pairwise([*starts, (end, "")]):
        yield _piece(text, keyword, at, stop)


def unclosed(source: Source, at: int) -> Diagnostic:
    """The diagnostic for a bracket that is never closed."""
    bracket = source.text[at]
    closer = {v: k for k, v in CLOSERS.items()}[bracket]
    return Diagnostic(
        code=UNCLOSED,
        message=f"this `{bracket}` is never closed",
        span=Span(source, at, at + 1),
        help=(f"add the `{closer}` where the block or list ends",),
    )


def _piece(text: str, keyword: str, start: int, end: int) -> Piece:
    brackets = Brackets()
    body_start: int | None = None
    body_end: int | None = None
    for match in _token().finditer(text, start, end):
        token, at = match.group(), match.start()
        if not brackets.open and token == OPEN_BLOCK and body_start is None:
            body_start = at + 1
        brackets.feed(token, at)
        if not brackets.open and body_start is not None and body_end is None and token == CLOSE_BLOCK:
            body_end = at
    unclosed = brackets.open[0][1] if brackets.open else None
    if body_start is not None and body_end is None and (close := text[start:end].rstrip()).endswith("\n}"):
        # A `}` at the left margin is the block's own: what was never closed stands inside.
        body_end, unclosed = start + len(close) - 1, None
    body = None if body_start is None else (body_start, body_end if body_end is not None else end)
    return Piece(keyword, start, end, _names(text, keyword, start, end), body, unclosed)


def _names(text: str, keyword: str, start: int, end: int) -> tuple[str, ...]:
    words = [m.group() for m in _token().finditer(text, start, end) if m.group()[0].isalpha() or m.group()[0] == "_"]
    if keyword in NAMING:
        return tuple(words[1:2])
    if keyword == "use":
        return tuple(words[1:])
    return ()


def _is_label(text: str, end: int) -> bool:
    """Whether the word is a label (``stage:``) or an attribute's owner, so no keyword."""
    rest = text[end : end + 40].lstrip(" \t")
    return rest[:1] in (":", ".", "=", ",", ")") and rest[:2] != "=="


def _in_use(text: str, last: tuple[int, str], at: int) -> bool:
    """Whether a keyword is a name inside ``use a, b from``."""
    return last[1] == "use" and text[last[0] : at].rstrip().endswith(("use", ",", "."))


def _first_on_line(text: str, at: int, token: str, brackets: Brackets) -> bool:
    """Whether a keyword begins a statement although a bracket is open: then it was never closed."""
    if token in ("let", "window", "preview", "target", "estimate") and brackets.open[-1][0] == OPEN_BLOCK:
        return False
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return not line.strip()


def _has_code(text: str) -> bool:
    return bool(re.sub(r"#[^\n]*", "", text).strip())

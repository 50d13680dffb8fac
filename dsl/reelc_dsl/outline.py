"""The rough shape of a text, found without the grammar: for recovery after a syntax error.

A scanner that knows texts, comments, brackets and words, and nothing else. It never fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import UNCLOSED
from reelc_dsl.source import Source, Span

ITEMS = frozenset({"reel", "use", "let", "record", "stage", "pipeline", "workflow"})
# A `let` or `require` at the left margin is a statement of a file whose body was not indented.
ITEMS_AT_MARGIN = ITEMS - {"let", "reel"}
STATEMENTS = frozenset(
    {"param", "let", "require", "warn", "output", "return", "estimate", "target", "window", "preview"}
)
BLOCKS = frozenset({"record", "stage", "pipeline", "workflow"})
NAMING = frozenset({"let", "record", "stage", "pipeline", "workflow", "param", "output"})
OPEN_BLOCK, CLOSE_BLOCK = "{", "}"
CLOSERS = {"}": "{", ")": "(", "]": "["}

_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*(?:"""|\Z)|"(?:[^"\\\n]|\\[^\n])*"?|#[^\n]*|[^\W\d]\w*|[{}()\[\]]', re.S
)


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


def too_deep(text: str, limit: int) -> int | None:
    """The offset at which more than ``limit`` brackets are open, if there is one."""
    depth = 0
    for match in _TOKEN.finditer(text):
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
    depth = 0
    for match in _TOKEN.finditer(text):
        token, at = match.group(), match.start()
        margin = at == 0 or text[at - 1] == "\n"
        if (
            token in ITEMS
            and (depth == 0 or (margin and token in ITEMS_AT_MARGIN))
            and not _is_label(text, match.end())
        ):
            if not (starts and depth == 0 and _in_use(text, starts[-1], at)):
                starts.append((at, token))
                depth = 0
        elif token in ("{", "(", "["):
            depth += 1
        elif token in CLOSERS:
            depth = max(0, depth - 1)
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
    depth = 0
    for match in _TOKEN.finditer(text, start, end):
        token, at = match.group(), match.start()
        if token in STATEMENTS and not _is_label(text, match.end()) and (depth == 0 or _first_on_line(text, at, token)):
            starts.append((at, token))
            depth = 0
        elif token in ("{", "(", "["):
            depth += 1
        elif token in CLOSERS:
            depth = max(0, depth - 1)
    lead_end = starts[0][0] if starts else end
    lead = text[start:lead_end]
    if _has_code(re.sub(r'\A\s*"""(?:[^"\\]|\\.|"(?!""))*"""', "", lead, flags=re.S)):
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
    opened: list[int] = []
    body_start: int | None = None
    body_end: int | None = None
    for match in _TOKEN.finditer(text, start, end):
        token, at = match.group(), match.start()
        if token in ("{", "(", "["):
            if not opened and token == OPEN_BLOCK and body_start is None:
                body_start = at + 1
            opened.append(at)
        elif token in CLOSERS:
            if opened:
                opened.pop()
            if not opened and body_start is not None and body_end is None and token == CLOSE_BLOCK:
                body_end = at
    body = None if body_start is None else (body_start, body_end if body_end is not None else end)
    return Piece(keyword, start, end, _names(text, keyword, start, end), body, opened[0] if opened else None)


def _names(text: str, keyword: str, start: int, end: int) -> tuple[str, ...]:
    words = [m.group() for m in _TOKEN.finditer(text, start, end) if m.group()[0].isalpha() or m.group()[0] == "_"]
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


def _first_on_line(text: str, at: int, token: str) -> bool:
    if token in ("let", "window", "preview", "target", "estimate"):
        return False
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return not line.strip()


def _has_code(text: str) -> bool:
    return bool(re.sub(r"#[^\n]*", "", text).strip())

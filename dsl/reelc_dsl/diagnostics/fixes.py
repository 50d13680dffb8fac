"""Fixes: making them where the answer is certain, and applying them to texts.

A fix that is applied unseen must be what the author meant. So a name is corrected only to the one name that is near,
and only over a slip of the hand; ``shot2`` never becomes ``shot1``.
"""

import re
from collections.abc import Iterable, Sequence

from reelc_dsl.diagnostics.model import Diagnostic, Edit, Fix
from reelc_dsl.diagnostics.suggest import slip
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

# Where an expression may begin, these are no names.
_KEYWORDS = frozenset({"node", "if", "for", "chain", "not", "true", "false", "none"})


def change(span: Span, text: str) -> Fix:
    """Replace what a span covers."""
    return Fix(f"change `{span.text}` to `{text}`", (Edit(span, text),))


def add(span: Span, text: str) -> Fix:
    """Put something right after a span."""
    return Fix(f"add `{text}`", (Edit(Span(span.source, span.end, span.end), text),))


def in_brackets(span: Span) -> Fix | None:
    """Make a list of one value."""
    if span.source.library:
        return None
    ends = (Span(span.source, span.start, span.start), "["), (Span(span.source, span.end, span.end), "]")
    return Fix("make a list of it", tuple(Edit(place, text) for place, text in ends))


def respell(span: Span, name: str, candidates: Iterable[str], *, quoted: bool = False) -> Fix | None:
    """Correct a misspelt name.

    Args:
        span: where it stands, as it is or in quotes.
        name: what it says.
        candidates: the names that could have been meant.
        quoted: names that are none of Reel may be written in quotes there.

    Returns:
        None where it is not certain which name was meant.
    """
    meant = slip(name, candidates)
    if meant is None or span.source.library:
        return None
    if span.text == name:
        if re.fullmatch(r"[^\W\d]\w*", meant) and meant not in _KEYWORDS:
            return change(span, meant)
        return change(span, quote(meant)) if quoted and meant.isprintable() else None
    return change(span, quote(meant)) if span.text == quote(name) and meant.isprintable() else None


def quote(text: str) -> str:
    """A text as a literal of Reel."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


# -- applying --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Applied:
    """A finding whose fix was applied."""

    diagnostic: Diagnostic
    fix: Fix


def select(diagnostics: Iterable[Diagnostic]) -> tuple[Applied, ...]:
    """The safe fixes that can be applied together: no two touch the same place.

    Only files of the user are changed: never the library, never what the command line gave.
    """
    chosen: list[Applied] = []
    taken: dict[Source, list[Span]] = {}
    for diagnostic in diagnostics:
        fix = diagnostic.fix
        if fix is None or not fix.safe or not fix.edits:
            continue
        if any(e.span.source.library or not e.span.source.is_file for e in fix.edits):
            continue
        if any(_touches(e.span, other) for e in fix.edits for other in taken.get(e.span.source, ())):
            continue
        for edit in fix.edits:
            taken.setdefault(edit.span.source, []).append(edit.span)
        chosen.append(Applied(diagnostic, fix))
    return tuple(chosen)


def edits_of(applied: Iterable[Applied]) -> dict[Source, list[Edit]]:
    """All edits, by the text that they change."""
    found: dict[Source, list[Edit]] = {}
    for item in applied:
        for edit in item.fix.edits:
            found.setdefault(edit.span.source, []).append(edit)
    return found


def apply(text: str, edits: Sequence[Edit]) -> str:
    """A text with edits that do not touch each other made in it."""
    out: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda e: e.span.start):
        assert edit.span.start >= at, "edits overlap"
        out += [text[at : edit.span.start], edit.text]
        at = edit.span.end
    return "".join([*out, text[at:]])


def _touches(a: Span, b: Span) -> bool:
    """Whether two places overlap or meet: two insertions at one offset have no order."""
    return a.start <= b.end and b.start <= a.end

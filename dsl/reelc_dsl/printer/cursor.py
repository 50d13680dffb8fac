"""A reader that walks a text beside its syntax tree and finds what the tree leaves out: comments, blank
lines, brackets and commas.

Whoever prints a tree takes every word of the text in order, so nothing between two words is ever lost: it
is the gap before the second. Text literals are taken whole by their spans, and a `#` inside one is never
seen.
"""

import re

from reelc_dsl.printer.layout import NOTHING, Alone, Behind, Doc, Nest, row
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source, Span

_WORD = re.compile(r"[^\W\d]\w*")
_SPACE = " \t\r\f"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a line of its own; ``blank`` tells of an empty line before it."""

    text: str
    blank: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands between two words.

    Args:
        behind: the comment on the line of the word before; empty when there is none.
        alone: the comments on lines of their own.
        newline: whether a line ends in the gap.
        blank: whether an empty line stands right before the second word.
    """

    behind: str = ""
    alone: tuple[Comment, ...] = ()
    newline: bool = False
    blank: bool = False

    @property
    def commented(self) -> bool:
        """Whether there is a comment in it."""
        return bool(self.behind or self.alone)

    def then(self, after: "Gap") -> "Gap":
        """Both gaps as one, when the word between them (a comma) is printed before them."""
        if not self.commented:
            return Gap(after.behind, after.alone, self.newline or after.newline, after.blank)
        first = (Comment(after.behind, False),) if after.behind else ()
        return Gap(self.behind, (*self.alone, *first, *after.alone), True, after.blank)


class Cursor:
    """The place up to which a text was taken."""

    def __init__(self, source: Source) -> None:
        self.text = source.text
        self.at = 0

    def gap(self) -> Gap:
        """Take all up to the next word."""
        text, at, end = self.text, self.at, len(self.text)
        behind = ""
        alone: list[Comment] = []
        # What is left of the first line of a file is a line of its own.
        lines = 0 if at else 1
        newline = not at
        while at < end:
            if text[at] == "\n":
                lines += 1
                newline = True
            elif text[at] == "#":
                stop = text.find("\n", at)
                stop = end if stop < 0 else stop
                comment = text[at:stop].rstrip(_SPACE)
                if lines:
                    alone.append(Comment(comment, lines > 1))
                else:
                    behind = comment
                at, lines = stop, 0
                continue
            elif text[at] not in _SPACE:
                break
            at += 1
        self.at = at
        return Gap(behind, tuple(alone), newline, lines > 1)

    def ahead(self) -> int:
        """Where the next word begins."""
        here = self.at
        self.gap()
        at, self.at = self.at, here
        return at

    def breaks(self) -> bool:
        """Whether a line ends before the next word."""
        return "\n" in self.text[self.at : self.ahead()]

    def sees(self, word: str) -> bool:
        """Whether this is the next word. A keyword is never seen in the beginning of a longer word."""
        at = self.ahead()
        found = _WORD.match(self.text, at)
        return found.group() == word if found else self.text.startswith(word, at)

    def word(self, word: str) -> Doc:
        """Take a word that must stand here, with the comments before it.

        Raises:
            ValueError: another one stands here; whoever prints a tree has not followed the grammar.
        """
        before = comments(self.gap())
        if not self.text.startswith(word, self.at):
            raise ValueError(f"{word!r} expected at {self.at}, found {self.text[self.at : self.at + 20]!r}")
        self.at += len(word)
        return row(Nest(before), word)

    def leaf(self, span: Span) -> Doc:
        """Take what a span covers, with the comments before it."""
        return self.word(span.text)

    def match(self, pattern: re.Pattern[str]) -> Doc:
        """Take what a pattern matches here, with the comments before it.

        Raises:
            ValueError: it matches nothing.
        """
        found = pattern.match(self.text, self.ahead())
        return self.word(found.group() if found else pattern.pattern)

    def finish(self) -> None:
        """Nothing is left.

        Raises:
            ValueError: words are left that nobody has printed.
        """
        if self.at < len(self.text):
            raise ValueError(f"left at {self.at}: {self.text[self.at : self.at + 20]!r}")


def comments(gap: Gap, *, blank: bool = False, first: bool = False) -> Doc:
    """The comments of a gap.

    Args:
        blank: keep the empty lines before them.
        first: drop the one before the first.
    """
    if not gap.commented:
        return NOTHING
    behind = (Behind(gap.behind),) if gap.behind else ()
    alone = [Alone(c.text, blank and c.blank and not (first and i == 0)) for i, c in enumerate(gap.alone)]
    return row(*behind, *alone)

"""Source texts and the spans that point into them.

Offsets are code points into ``Source.text`` (what the parser reports), half-open. Lines and columns
exist only where something is shown to a person or a program, and are made in one place:
:meth:`Source.position`.
"""

from bisect import bisect_right
from dataclasses import field
from functools import cached_property

from reelc_dsl.records import dataclass

# How texts that the command line gives are named: the option and what it sets.
COMMAND_LINE = "--set "


@dataclass(frozen=True)
class Source:
    """One text that can be pointed into.

    Args:
        name: how the file is shown: a POSIX path relative to where the user stands, or
            ``<std/svd.reel>`` for a file of the standard library.
        text: the content, newlines as ``\\n``.
        library: true for files that are not the user's own; a diagnostic prefers a frame
            in the user's own files as its primary place.
    """

    name: str
    text: str = field(repr=False)
    library: bool = False

    @property
    def is_file(self) -> bool:
        """Whether the text is a file's; what the command line sets is named ``--set NAME`` and is none."""
        return not self.name.startswith(COMMAND_LINE)

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offsets at which lines begin; the first is 0."""
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return tuple(starts)

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and 1-based column (in code points) of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a 1-based line, without its line end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] - 1 if number < len(self.line_starts) else len(self.text)
        return self.text[start:end]


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range ``[start, end)`` of code points in a source."""

    source: Source
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= len(self.source.text):
            raise ValueError(f"span {self.start}..{self.end} outside {self.source.name}")

    @property
    def text(self) -> str:
        """The text that the span covers."""
        return self.source.text[self.start : self.end]

    def to(self, other: "Span") -> "Span":
        """The smallest span that covers both; both must lie in one source."""
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))

"""Diagnostics as data: made where the fault is found, rendered elsewhere."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum

from reelc_dsl.records import dataclass
from reelc_dsl.source import Span


class Severity(StrEnum):
    """How grave a diagnostic is. Only errors make a command fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A stable identity, declared once in :mod:`reelc_dsl.diagnostics.codes`.

    Args:
        code: ``E0301``; never reused once published.
        name: a short name of the problem, ``kind-mismatch``.
        severity: the level at which it is reported.
        summary: one sentence that says what the problem is.
        since: the version that introduced it.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    since: str = "0.1"


@dataclass(frozen=True, slots=True)
class Label:
    """A secondary place, with a few words on what it has to do with the problem."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of a span stack: ``span`` is where ``name`` was called from."""

    span: Span
    name: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace what the span covers with ``text``; no line begins or ends by it."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that removes the problem.

    Args:
        title: what it does, as an order: ``change `fti` to `fit```.
        edits: what is replaced by what; no two of them touch.
        safe: it is certain enough to be applied unseen.
    """

    title: str
    edits: tuple[Edit, ...]
    safe: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding. The headline must make sense alone; the label stays brief.

    Args:
        code: which problem.
        message: the headline, one line, no full stop.
        span: the primary place, as narrow as possible; None where no text is to blame.
        label: a few words beside the primary place.
        labels: other places that matter (where the other side was declared).
        notes: further facts, one sentence each.
        help: what to do, one sentence each.
        fix: an edit that would do it, where there is one.
        stack: calls from the user's file inwards, outermost first, when the fault lies in
            code that was called.
    """

    code: Code
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    fix: Fix | None = None
    stack: tuple[Frame, ...] = ()

    @property
    def severity(self) -> Severity:
        """The level of the diagnostic's code."""
        return self.code.severity

    @property
    def is_error(self) -> bool:
        """Whether this makes a command fail."""
        return self.severity is Severity.ERROR

    def with_help(self, *sentences: str) -> "Diagnostic":
        """The same finding with more help."""
        return replace(self, help=(*self.help, *sentences))


class ReelError(Exception):
    """Diagnostics on their way to whoever prints them; at least one is an error."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("; ".join(d.message for d in self.diagnostics))


class Sink:
    """Collects diagnostics, drops exact repeats, and hands them out in reading order."""

    __slots__ = ("_items", "_seen")

    def __init__(self) -> None:
        self._items: list[Diagnostic] = []
        self._seen: set[tuple[object, ...]] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        """Record a finding; the same code at the same place with the same words counts once."""
        span = diagnostic.span
        key = (
            diagnostic.code.code,
            diagnostic.message,
            None if span is None else (span.source.name, span.start, span.end),
        )
        if key not in self._seen:
            self._seen.add(key)
            self._items.append(diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Record several findings."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def has_errors(self) -> bool:
        """Whether any recorded finding is an error."""
        return any(d.is_error for d in self._items)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self.sorted())

    def __len__(self) -> int:
        return len(self._items)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """Findings by file in order of first appearance, then by position; placeless ones first."""
        order: dict[str, int] = {}
        for item in self._items:
            if item.span is not None:
                order.setdefault(item.span.source.name, len(order))

        def key(pair: tuple[int, Diagnostic]) -> tuple[int, int, int, int]:
            number, item = pair
            if item.span is None:
                return (-1, 0, 0, number)
            return (order[item.span.source.name], item.span.start, item.span.end, number)

        return tuple(item for _, item in sorted(enumerate(self._items), key=key))

"""Where a finding at elaboration is shown: at the user's line, with the calls that led there."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import field

from reelc_compiler.ir.graph import Medium, Stack
from reelc_dsl.diagnostics import Code, Diagnostic, Fix, Frame, Label, Sink
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span


@dataclass(slots=True)
class Reporter:
    """Adds diagnostics under the current calls.

    Args:
        sink: where they go.
        stack: calls from the user's file inwards, outermost first.
        held_back: what stages say of clips that are made in windows, should anything need them whole.
    """

    sink: Sink
    stack: list[Frame] = field(default_factory=list[Frame])
    held_back: list[tuple[Medium, tuple[Diagnostic, ...]]] = field(
        default_factory=list[tuple[Medium, tuple[Diagnostic, ...]]]
    )

    def frames(self, *inner: Frame) -> Stack:
        """The calls so far, and further ones."""
        return (*self.stack, *inner)

    def add(
        self,
        code: Code,
        message: str,
        span: Span,
        *help_: str,
        where: str = "",
        labels: tuple[Label, ...] = (),
        fix: Fix | None = None,
    ) -> None:
        """Report at ``span``, or at the innermost call in the user's own files when it lies in a library.

        Args:
            where: a few words for the place in the library.
        """
        primary, extra = self.primary(span)
        if extra is not None:
            labels = (*labels, Label(extra, where or "here"))
        self.sink.add(
            Diagnostic(
                code=code,
                message=message,
                span=primary,
                help=help_,
                labels=labels,
                fix=fix,
                stack=tuple(self.stack),
            )
        )

    def primary(self, span: Span) -> tuple[Span, Span | None]:
        """The place to show first, and the place in the library when that is another."""
        called = own_span(self.stack) if span.source.library else None
        return (span, None) if called is None else (called, span)

    @contextmanager
    def apart(self, sink: Sink) -> Generator[None]:
        """What is added meanwhile goes into another sink."""
        outer, self.sink = self.sink, sink
        try:
            yield
        finally:
            self.sink = outer


def own_span(stack: Sequence[Frame]) -> Span | None:
    """The innermost call in the user's own files; None where all are in libraries."""
    return next((frame.span for frame in reversed(stack) if not frame.span.source.library), None)

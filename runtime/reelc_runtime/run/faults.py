"""What goes wrong in a run, as diagnostics at the line of the program that caused it."""

from collections.abc import Mapping

from reelc_compiler.plan import Place, Plan, Stack
from reelc_dsl.diagnostics import Code, Diagnostic, Frame, Label, ReelError
from reelc_dsl.source import Source, Span


class RunFault(ReelError):
    """A run cannot go on; what was finished stays where it is."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics)


class Locator:
    """Finds the places that a plan names in the sources that are at hand.

    Args:
        plan: with its span stacks.
        sources: file keys (``harbor.reel``, ``std/svd.reel``) to sources; a plan that was read from
            disk may have none of them.
    """

    def __init__(self, plan: Plan, sources: Mapping[str, Source]) -> None:
        self.plan = plan
        self.sources = sources

    def span(self, place: Place) -> Span | None:
        """The place in its source; None when the source is not at hand or has changed."""
        source = self.sources.get(place.file)
        if source is None or max(place.line, place.end_line) > len(source.line_starts):
            return None
        start = source.line_starts[place.line - 1] + place.column - 1
        end = source.line_starts[place.end_line - 1] + place.end_column - 1
        return Span(source, start, end) if start <= end <= len(source.text) else None

    def at(
        self, code: Code, message: str, job: str, node: str | None, *help_: str, notes: tuple[str, ...] = ()
    ) -> Diagnostic:
        """A diagnostic at the user's line that made a node.

        Args:
            job, node: which node of which graph; None or an unknown node gives no place.
        """
        stack: Stack = self.plan.spans.get(job, {}).get(node or "", ())
        users = [p for p in stack if not p.library]
        primary = self.span(users[-1]) if users else None
        if users and primary is None:
            notes = (f"the line is {users[-1].file}:{users[-1].line}:{users[-1].column}", *notes)
        inner = self.span(stack[-1]) if stack and stack[-1].library else None
        frames: list[Frame] = []
        for place in stack[:-1]:
            span = self.span(place)
            if span is not None:
                frames.append(Frame(span, place.name))
        return Diagnostic(
            code=code,
            message=message,
            span=primary,
            labels=(Label(inner, "by this node"),) if inner is not None and primary is not None else (),
            notes=notes,
            help=help_,
            stack=tuple(frames),
        )

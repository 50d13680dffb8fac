"""What goes wrong in a run, as diagnostics at the line of the program that caused it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from reelc_dsl.diagnostics import Code, Diagnostic, Frame, Label, ReelError
from reelc_dsl.diagnostics.codes import (
    BAD_DATABASE,
    BAD_WORKER,
    CODES,
    INTERNAL,
    WORKER_FORBIDS,
    WORKER_SILENT,
    WORKER_UNREACHABLE,
)
from reelc_dsl.source import Source, Span

if TYPE_CHECKING:
    # Looking at a run's record must not load an HTTP client.
    from reelc_compiler.plan import Place, Plan, Stack
    from reelc_runtime import comfy


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

    def __init__(self, plan: "Plan", sources: Mapping[str, Source]) -> None:
        self.plan = plan
        self.sources = sources

    def span(self, place: "Place") -> Span | None:
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


def worker_fault(error: "comfy.ComfyError") -> Diagnostic:
    """The diagnostic for a worker that cannot be talked to."""
    from reelc_runtime import comfy

    match error:
        case comfy.AuthRefused():
            return Diagnostic(
                code=WORKER_FORBIDS,
                message=str(error),
                help=("set REELC_WORKER_TOKEN in the environment to the worker's token",),
            )
        case comfy.Unreachable():
            return Diagnostic(
                code=WORKER_UNREACHABLE,
                message=str(error),
                help=("is ComfyUI running there, and is the address right?",),
            )
        case comfy.TimedOut() | comfy.Stalled():
            return Diagnostic(
                code=WORKER_SILENT,
                message=str(error),
                help=("look at the worker's log; the same command tries again, and what is finished is kept",),
            )
        case _:
            return Diagnostic(code=BAD_WORKER, message=str(error), help=("is this the address of a ComfyUI server?",))


def bad_address(error: Exception) -> Diagnostic:
    """The diagnostic for an address, a token or headers that cannot be used."""
    return Diagnostic(
        code=BAD_WORKER,
        message=str(error),
        help=("look at --worker, and at REELC_WORKER_TOKEN and REELC_WORKER_HEADERS in the environment",),
    )


def bad_database(error: Exception) -> Diagnostic:
    """The diagnostic for a database that cannot be used."""
    return Diagnostic(
        code=BAD_DATABASE,
        message=str(error),
        help=("look at REELC_DB and REELC_STATE in the environment; without them a SQLite file is used",),
    )


def to_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """A fault as it is recorded: what to say, and the line as a note."""
    place: list[str] = []
    if diagnostic.span is not None:
        source = diagnostic.span.source
        line, column = source.position(diagnostic.span.start)
        place.append(f"the line is {source.name}:{line}:{column}")
    return {
        "code": diagnostic.code.code,
        "message": diagnostic.message,
        "notes": [*place, *diagnostic.notes],
        "help": list(diagnostic.help),
    }


def from_json(value: dict[str, Any]) -> Diagnostic:
    """A recorded fault; its place in the source has become a note."""
    return Diagnostic(
        code=CODES.get(value["code"], INTERNAL),
        message=value["message"],
        notes=tuple(value["notes"]),
        help=tuple(value["help"]),
    )


def told_faults(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The recorded faults of an entry of a run's log; what is none is passed over."""
    found: Any = entry.get("diagnostics")
    values = cast("list[Any]", found) if isinstance(found, list) else []
    return [value for value in values if _is_fault(value)]


def _is_fault(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    fault = cast("dict[str, Any]", value)
    texts = (fault.get("code"), fault.get("message"))
    lists = (fault.get("notes"), fault.get("help"))
    return all(isinstance(text, str) for text in texts) and all(isinstance(item, list) for item in lists)

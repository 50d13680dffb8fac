"""Diagnostics as workflow commands of GitHub Actions, which shows them at the lines of a pull request."""

from collections.abc import Iterable

from reelc_dsl.diagnostics.model import Diagnostic, Severity
from reelc_dsl.diagnostics.render.text import clean, place
from reelc_dsl.source import Span

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def to_github(diagnostics: Iterable[Diagnostic], *, checked: str) -> list[str]:
    """One line for each finding.

    Args:
        diagnostics: the findings.
        checked: the file that was checked, as the user named it: the place of findings without one.
    """
    return [_command(d, checked) for d in diagnostics]


def _command(diagnostic: Diagnostic, checked: str) -> str:
    span = diagnostic.span
    properties = {"file": checked} if span is None else _place(span)
    properties["title"] = f"reelc {diagnostic.code.code} {diagnostic.code.name}"
    # A step's log shows the message only, so the place is said there too.
    lines = [f"{checked if span is None else place(span)}: {diagnostic.message}"]
    for label in diagnostic.labels:
        lines.append(f"{place(label.span)}: {label.text}")
    lines += [f"note: {note}" for note in diagnostic.notes]
    lines += [f"help: {text}" for text in diagnostic.help]
    shown = ",".join(f"{name}={escape_property(value)}" for name, value in properties.items())
    # What comes from a file must neither drive a terminal nor begin a command of its own.
    message = escape("\n".join(clean(line) for line in lines))
    return f"::{COMMANDS[diagnostic.severity]} {shown}::{message}"


def _place(span: Span) -> dict[str, str]:
    if not span.source.is_file:
        return {}
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    if line != end_line:
        # GitHub takes columns only where the place begins and ends on one line.
        return {"file": span.source.name, "line": str(line), "endLine": str(end_line)}
    return {
        "file": span.source.name,
        "line": str(line),
        "col": str(column),
        "endLine": str(end_line),
        "endColumn": str(end_column),
    }


def escape(text: str) -> str:
    """A message without the characters that would end the command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """A property's value: there a colon and a comma have a meaning as well."""
    return escape(text).replace(":", "%3A").replace(",", "%2C")

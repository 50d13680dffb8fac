"""Diagnostics for programs: one JSON value, lines and columns 1-based, columns in code points."""

from collections.abc import Iterable
from typing import Any

from reelc_dsl.diagnostics.model import Diagnostic, Fix
from reelc_dsl.source import Span


def to_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Diagnostics as JSON values."""
    return [one(d) for d in diagnostics]


def one(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as a JSON value."""
    return {
        "code": diagnostic.code.code,
        "name": diagnostic.code.name,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "span": None if diagnostic.span is None else span_json(diagnostic.span),
        "label": diagnostic.label,
        "labels": [{"span": span_json(label.span), "text": label.text} for label in diagnostic.labels],
        "notes": list(diagnostic.notes),
        "help": list(diagnostic.help),
        "fix": None if diagnostic.fix is None else fix_json(diagnostic.fix),
        "stack": [{"span": span_json(f.span), "name": f.name} for f in diagnostic.stack],
    }


def fix_json(fix: Fix) -> dict[str, Any]:
    """A fix as a JSON value."""
    edits = [{**span_json(e.span), "replacement": e.text} for e in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}


def span_json(span: Span) -> dict[str, Any]:
    """A place as a JSON value; the end is exclusive."""
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }

"""Diagnostics as SARIF 2.1.0 (OASIS Static Analysis Results Interchange Format), for code scanning.

Columns are in code points, which SARIF calls ``unicodeCodePoints``; its default is UTF-16 units.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from reelc_dsl.diagnostics.model import Code, Diagnostic, Fix
from reelc_dsl.source import Source, Span

Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# The standard library lies inside the package: where is nothing that a report could promise.
LIBRARY = "REELC"

Page = Callable[[str], str | None]


def to_sarif(diagnostics: Iterable[Diagnostic], *, version: str, checked: str, page: Page) -> Json:
    """One SARIF log with one run.

    Args:
        diagnostics: the findings.
        version: reelc's.
        checked: the file that was checked, as the user named it: the place of findings without one.
        page: gives the help page of a code, in Markdown; None where there is none.
    """
    found = list(diagnostics)
    rules = sorted({d.code.code: d.code for d in found}.values(), key=lambda code: code.code)
    index = {rule.code: number for number, rule in enumerate(rules)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "reelc", "version": version, "rules": [_rule(rule, page) for rule in rules]}
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {LIBRARY: {"description": {"text": "reelc's standard library, in the package"}}},
                "invocations": [{"executionSuccessful": True}],
                "results": [_result(d, index[d.code.code], checked) for d in found],
            }
        ],
    }


def _rule(code: Code, page: Page) -> Json:
    text = page(code.code)
    about = f"{code.summary} `reelc explain {code.code}` says more."
    return {
        "id": code.code,
        "name": "".join(word.capitalize() for word in code.name.split("-")),
        "shortDescription": {"text": code.summary},
        "help": {"text": about} if text is None else {"text": text, "markdown": text},
        "defaultConfiguration": {"level": code.severity.value},
    }


def _result(diagnostic: Diagnostic, rule: int, checked: str) -> Json:
    lines = [diagnostic.message]
    lines += [f"note: {note}" for note in diagnostic.notes]
    lines += [f"help: {text}" for text in diagnostic.help]
    span = diagnostic.span
    here: Json = {} if span is None else _location(span)
    # Code scanning refuses a result that is in no file.
    here.setdefault("physicalLocation", {"artifactLocation": {"uri": uri(checked)}})
    result: Json = {
        "ruleId": diagnostic.code.code,
        "ruleIndex": rule,
        "level": diagnostic.severity.value,
        "message": {"text": "\n".join(lines)},
        "locations": [here],
    }
    related = [_location(label.span, label.text) for label in diagnostic.labels]
    # Innermost call first, as a reader goes from the fault outwards.
    for frame in reversed(diagnostic.stack):
        if frame.span != span:
            related.append(_location(frame.span, f"in `{frame.name}`, called here"))
    if related:
        result["relatedLocations"] = [{"id": number, **place} for number, place in enumerate(related, 1)]
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(diagnostic.fix)]
    return result


def _fix(fix: Fix) -> Json:
    changes: dict[str, Json] = {}
    for edit in fix.edits:
        change = changes.setdefault(
            edit.span.source.name, {"artifactLocation": _artifact(edit.span.source), "replacements": []}
        )
        change["replacements"].append({"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}})
    return {"description": {"text": fix.title}, "artifactChanges": list(changes.values())}


def _location(span: Span, text: str = "") -> Json:
    place: Json
    if span.source.is_file:
        place = {"physicalLocation": {"artifactLocation": _artifact(span.source), "region": _region(span)}}
    else:
        # A parameter from the command line stands in no file.
        name = span.source.name.split()[-1]
        place = {"logicalLocations": [{"name": name, "fullyQualifiedName": span.source.name, "kind": "parameter"}]}
    return {**place, "message": {"text": text}} if text else place


def _artifact(source: Source) -> Json:
    return {"uri": uri(source.name), "uriBaseId": LIBRARY} if source.library else {"uri": uri(source.name)}


def _region(span: Span) -> Json:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def uri(name: str) -> str:
    """A file's name as a URI: relative as it was named, absolute with ``file://``."""
    if re.match(r"[A-Za-z]:/", name):
        return f"file:///{name[:2]}{quote(name[2:])}"
    return f"file://{quote(name)}" if name.startswith("/") else quote(name)

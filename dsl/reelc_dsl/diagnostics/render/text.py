"""Diagnostics for people: headline, source excerpt, what to do."""

import unicodedata
from collections.abc import Iterable

from reelc_dsl.diagnostics.model import Diagnostic, Label, Severity
from reelc_dsl.source import Span

MAX_LINE = 160
COLORS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}


class Style:
    """ANSI colours, or none."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def paint(self, text: str, code: str) -> str:
        """The text in a colour."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text


def render(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """One diagnostic as lines of text, without a final newline."""
    style = Style(color)
    hue = COLORS[diagnostic.severity]
    head = style.paint(f"{diagnostic.severity.value}[{diagnostic.code.code}]", f"1;{hue}")
    lines = [f"{head}: {style.paint(clean(diagnostic.message), '1')}"]
    if diagnostic.span is not None:
        lines += _excerpts(diagnostic, diagnostic.span, style, hue)
    for frame in reversed(diagnostic.stack):
        if diagnostic.span is None or frame.span != diagnostic.span:
            lines.append(style.paint(f"  = in `{clean(frame.name)}`, called at {place(frame.span)}", "2"))
    lines += [f"  {style.paint('=', '34')} note: {clean(note)}" for note in diagnostic.notes]
    lines += [f"  {style.paint('=', '34')} help: {clean(text)}" for text in diagnostic.help]
    if diagnostic.fix is not None and diagnostic.fix.safe:
        lines.append(f"  {style.paint('=', '34')} help: `reelc check --fix` will {clean(diagnostic.fix.title)}")
    return "\n".join(lines)


def place(span: Span) -> str:
    """``examples/harbor.reel:11:8``"""
    line, column = span.source.position(span.start)
    return f"{span.source.name}:{line}:{column}"


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """``2 errors, 1 warning``; empty when there is nothing to say."""
    found = list(diagnostics)
    parts: list[str] = []
    for severity in Severity:
        count = sum(d.severity is severity for d in found)
        if count:
            parts.append(f"{count} {severity.value}{'s' if count != 1 else ''}")
    return ", ".join(parts)


def _excerpts(diagnostic: Diagnostic, span: Span, style: Style, hue: str) -> list[str]:
    labels = [(Label(span, diagnostic.label), hue, "^")]
    labels += [(label, "34", "-") for label in diagnostic.labels]
    files: dict[str, list[tuple[Label, str, str]]] = {}
    for label in labels:
        files.setdefault(label[0].span.source.name, []).append(label)
    width = len(str(max(label.span.source.position(label.span.start)[0] for label, _, _ in labels)))
    out: list[str] = []
    for number, (_, group) in enumerate(files.items()):
        arrow = "-->" if number == 0 else ":::"
        out.append(f"{' ' * width}{style.paint(arrow, '34')} {place(group[0][0].span)}")
        out.append(f"{' ' * width} {style.paint('|', '34')}")
        previous = 0
        for label, paint, mark in sorted(group, key=lambda item: item[0].span.start):
            line, _ = label.span.source.position(label.span.start)
            if previous and line > previous + 1:
                out.append(style.paint("...", "34"))
            out += _marked(label, line, width, style, paint, mark, repeat=line == previous)
            previous = line
    return out


def _marked(label: Label, number: int, width: int, style: Style, hue: str, mark: str, repeat: bool) -> list[str]:
    """A source line, unless it was just shown, and the mark below it."""
    source = label.span.source
    text = source.line(number)
    start = label.span.start - source.line_starts[number - 1]
    end = min(label.span.end - source.line_starts[number - 1], len(text))
    offset = max(0, start - MAX_LINE // 2) if len(text) > MAX_LINE else 0
    shown = text[offset : offset + MAX_LINE]
    start, end = start - offset, min(max(end - offset, start - offset), len(shown))
    bar = style.paint("|", "34")
    out: list[str] = []
    if not repeat:
        out.append(f"{style.paint(str(number).rjust(width), '34')} {bar} {clean(shown.expandtabs(1))}")
    pad = " " * columns(shown[:start])
    marks = mark * max(1, columns(shown[start:end]))
    out.append(f"{' ' * width} {bar} {pad}{style.paint(f'{marks} {clean(label.text)}'.rstrip(), hue)}")
    return out


def columns(text: str) -> int:
    """How wide a text is on a terminal: East Asian wide characters take two columns."""
    width = 0
    for char in text:
        if unicodedata.combining(char):
            continue
        width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return width


def clean(text: str) -> str:
    """A text without control characters: what comes from a file must not drive the terminal."""
    return "".join(c if c.isprintable() or c == " " else " " if c in "\t\n" else f"\\x{ord(c):02x}" for c in text)

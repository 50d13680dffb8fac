"""Names of outputs, which become names of files: on any system, whichever compiled the plan."""

from collections.abc import Iterable
from unicodedata import normalize

from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Label, Sink
from reelc_dsl.diagnostics.codes import OUTPUT_NAME

# File systems take 255 bytes or UTF-16 units; the longest name that is made of one has a number, a stage's or a
# medium's name, and several endings.
MOST_BYTES = 100
# What Windows keeps for devices, whatever ending follows.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})


def check(names: Iterable[ast.Ident], sink: Sink) -> None:
    """Report names that no file can have everywhere; two that are equal letter for letter were reported before.

    Args:
        names: of one pipeline's outputs.
        sink: receives E0216.
    """
    seen: dict[str, ast.Ident] = {}
    for name in names:
        folded = normalize("NFC", normalize("NFC", name.text).casefold())
        first = seen.setdefault(folded, name)
        size = len(name.text.encode())
        if folded in DEVICES:
            _report(sink, name, f"Windows keeps the name `{name.text}` for a device", "choose another name")
        elif size > MOST_BYTES:
            message = f"this name has {size} bytes, and the film's file could not be written under it everywhere"
            _report(sink, name, message, f"{MOST_BYTES} bytes are enough for a name")
        elif first.text != name.text:
            message = f"`{name.text}` and `{first.text}` are one file on Windows and macOS"
            label = Label(first.span, f"`{first.text}` is here")
            _report(sink, name, message, "let them differ in more than capitals and accents", label)


def _report(sink: Sink, name: ast.Ident, message: str, help_: str, *labels: Label) -> None:
    sink.add(Diagnostic(code=OUTPUT_NAME, message=message, span=name.span, labels=labels, help=(help_,)))

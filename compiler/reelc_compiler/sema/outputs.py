"""Names of outputs, which become names of files."""

from collections.abc import Iterable

from reelc_compiler.filenames import MOST_BYTES, folded, is_device, is_short
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Label, Sink
from reelc_dsl.diagnostics.codes import OUTPUT_NAME


def check(names: Iterable[ast.Ident], sink: Sink) -> None:
    """Report names that no file can have everywhere; two that are equal letter for letter were reported before.

    Args:
        names: of one pipeline's outputs.
        sink: receives E0216.
    """
    seen: dict[str, ast.Ident] = {}
    for name in names:
        first = seen.setdefault(folded(name.text), name)
        if is_device(name.text):
            _report(sink, name, f"Windows keeps the name `{name.text}` for a device", "choose another name")
        elif not is_short(name.text):
            size = len(name.text.encode())
            message = f"this name has {size} bytes, and the film's file could not be written under it everywhere"
            _report(sink, name, message, f"{MOST_BYTES} bytes are enough for a name")
        elif first.text != name.text:
            message = f"`{name.text}` and `{first.text}` are one file on Windows and macOS"
            label = Label(first.span, f"`{first.text}` is here")
            _report(sink, name, message, "let them differ in more than capitals and accents", label)


def _report(sink: Sink, name: ast.Ident, message: str, help_: str, *labels: Label) -> None:
    sink.add(Diagnostic(code=OUTPUT_NAME, message=message, span=name.span, labels=labels, help=(help_,)))

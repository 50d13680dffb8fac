"""Syntax errors in the words of someone who writes films."""

from reelc_dsl.diagnostics import Diagnostic, Edit, Fix, Label
from reelc_dsl.diagnostics.codes import BAD_CHARACTER, SYNTAX, UNCLOSED, UNCLOSED_TEXT
from reelc_dsl.diagnostics.fixes import change, respell
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.lalr import END, Token, Unexpected
from reelc_dsl.source import Source, Span

# Terminals as people call them; anything else is shown as it is written.
SPOKEN = {
    "NAME": "a name",
    "STRING": "a text",
    "DOC": 'a """text"""',
    "INT": "a number",
    "FLOAT": "a number",
    "QUANTITY": "a number with a unit",
    "SIZE": "a size",
    "CMP": "a comparison",
}
PUNCTUATION = {
    "COLON": ":",
    "COMMA": ",",
    "DOT": ".",
    "LBRACE": "{",
    "RBRACE": "}",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "EQUAL": "=",
    "PLUS": "+",
    "MINUS": "-",
    "STAR": "*",
    "SLASH": "/",
    "PERCENT": "%",
    "OPTIONAL": "?",
    "__ANON_0": "->",
    "__ANON_1": "|>",
    "__ANON_2": "..",
    "__ANON_3": "...",
}
OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "CMP", "_OR", "_AND", "__ANON_1", "__ANON_2"})
LOOKALIKES = dict(
    zip("“”‘’（）｛｝，：、＝「」×−'", '""""(){},:,=""x-"', strict=True)
)  # typed by Japanese keyboards, too


def explain(source: Source, base: int, length: int, error: Unexpected, unclosed: int | None) -> Diagnostic:
    """The diagnostic for a failed parse of ``source.text[base:base + length]``."""
    if error.token is None:
        return _character(source, base + error.at, error.expected)
    if error.token.type == END:
        return _end(source, base + length, error.expected, unclosed)
    return _token(source, base, error.token, error.expected)


def _token(source: Source, base: int, token: Token, expected: frozenset[str]) -> Diagnostic:
    span = Span(source, base + token.start, base + token.end)
    help_: tuple[str, ...] = ()
    words = [e.strip("`") for e in _spoken(expected) if e.startswith("`") and e.strip("`").isalpha()]
    fix: Fix | None = None
    if token.type == "NAME":
        help_, fix = did_you_mean(str(token), words), respell(span, str(token), words)
    if not help_ and span.text == "=" and "COLON" in expected:
        help_, fix = ("arguments and fields are written `name: value`",), _separator(span, ":")
    if not help_ and span.text == ":" and "EQUAL" in expected:
        help_, fix = ("here a value is given with `=`",), _separator(span, "=")
    return Diagnostic(
        code=SYNTAX,
        message=f"`{_short(span.text)}` cannot stand here",
        span=span,
        label=_wanted(expected),
        help=help_,
        fix=fix,
    )


def _separator(span: Span, meant: str) -> Fix:
    """The fix for `=` instead of `:`, or the other way round, with the spaces that go with it."""
    text, start = span.source.text, span.start
    while text[start - 1] in " \t":
        start -= 1
    after = "" if text[span.end : span.end + 1].isspace() else " "
    before = " " if meant == "=" else ""
    edit = Edit(Span(span.source, start, span.end), f"{before}{meant}{after}")
    return Fix(f"change `{span.text}` to `{meant}`", (edit,))


def _end(source: Source, end: int, expected: frozenset[str], unclosed: int | None) -> Diagnostic:
    text = source.text[:end]
    at = len(text.rstrip())
    if unclosed is not None:
        bracket = source.text[unclosed]
        return Diagnostic(
            code=UNCLOSED,
            message=f"this `{bracket}` is never closed",
            span=Span(source, unclosed, unclosed + 1),
            labels=(Label(Span(source, max(0, at - 1), at), "it is still open here"),) if at > unclosed + 1 else (),
            help=("add the closing bracket where it belongs",),
        )
    return Diagnostic(
        code=SYNTAX,
        message="something is missing here",
        span=Span(source, max(0, at - 1), at),
        label=_wanted(expected),
    )


def _character(source: Source, at: int, expected: frozenset[str]) -> Diagnostic:
    char = source.text[at]
    if char == '"':
        return Diagnostic(
            code=UNCLOSED_TEXT,
            message="this text has no closing quote",
            span=_to_line_end(source, at),
            help=('close it with " on the same line; for several lines use """ ... """',),
        )
    span = Span(source, at, at + 1)
    fix: Fix | None = None
    if LOOKALIKES.get(char):
        help_ = (f"write `{LOOKALIKES[char]}`",)
        fix = _typed_alike(span, LOOKALIKES[char])
    elif char == ";":
        help_ = ("statements need no separator",)
        # Where nothing else keeps two words apart, the separator was one.
        fix = Fix("remove `;`", (Edit(span, "" if source.text[at + 1 : at + 2].isspace() else " "),))
    elif char == "!":
        help_ = ("`not` negates, `!=` compares",)
    elif char in "&|":
        help_ = ("write `and`, `or`, or `|>` to pass a value on",)
    elif char == "=":
        help_ = ("`==` compares",)
    else:
        help_ = ()
    known = char.isalnum() or char in PUNCTUATION.values()
    return Diagnostic(
        code=SYNTAX if known else BAD_CHARACTER,
        message=f"`{_show(char)}` cannot stand here" if known else f"`{_show(char)}` is not a character of Reel",
        span=span,
        label=_wanted(expected) if known else "",
        help=help_,
        fix=fix,
    )


def _typed_alike(span: Span, meant: str) -> Fix | None:
    """The fix for a character of another keyboard; quotes only as a pair, or a text would be left open."""
    if meant != '"':
        return change(span, meant)
    text, at = span.source.text, span.start
    line = text[at + 1 : len(text) if (stop := text.find("\n", at)) < 0 else stop]
    other = next((i for i, c in enumerate(line) if LOOKALIKES.get(c) == '"'), None)
    if other is None or '"' in line[:other] or "\\" in line[:other]:
        return None
    closing = Span(span.source, at + 1 + other, at + 2 + other)
    return Fix('write `"` around the text', (Edit(span, '"'), Edit(closing, '"')))


def unclosed_doc(source: Source, at: int) -> Diagnostic:
    """The diagnostic for a ``\"\"\"`` at ``at`` that nothing closes."""
    return Diagnostic(
        code=UNCLOSED_TEXT,
        message='this text has no closing """',
        span=_to_line_end(source, at),
        help=('close it with """ where it ends',),
    )


def _to_line_end(source: Source, at: int) -> Span:
    stop = source.text.find("\n", at)
    return Span(source, at, len(source.text) if stop < 0 else stop)


def _spoken(expected: frozenset[str]) -> list[str]:
    out: set[str] = set()
    for name in expected - {END}:
        if name in SPOKEN:
            out.add(SPOKEN[name])
        elif name in PUNCTUATION:
            out.add(f"`{PUNCTUATION[name]}`")
        else:
            out.add(f"`{name.strip('_').lower()}`")
    return sorted(out, key=lambda s: (s.startswith("`"), s))


def _wanted(expected: frozenset[str]) -> str:
    """What could stand here, in a few words: operators never help, and long lists hide."""
    if {"NAME", "STRING", "INT", "LPAR"} <= expected:
        return "expected a value"
    spoken = _spoken(expected - OPERATORS) or _spoken(expected)
    if not spoken:
        return ""
    if len(spoken) > 6:
        return "expected the next statement or the end of this one" if "RBRACE" in expected else ""
    return "expected " + (spoken[0] if len(spoken) == 1 else ", ".join(spoken[:-1]) + " or " + spoken[-1])


def _short(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= 40 else line[:37] + "..."


def _show(char: str) -> str:
    return char if char.isprintable() else f"U+{ord(char):04X}"

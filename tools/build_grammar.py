"""Rewrite dsl/reelc_dsl/grammar_table.py from grammar.lark; a test checks that it is up to date."""

import hashlib
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

HERE = Path(__file__).resolve().parent.parent / "dsl" / "reelc_dsl"
STARTS = ["item", "start", "stmt"]
REDUCE = 1


def lark() -> Lark:
    """The grammar as lark understands it; it works out the LALR(1) tables, and tests compare its trees with ours."""
    return Lark(
        (HERE / "grammar.lark").read_text("utf-8"),
        parser="lalr",
        lexer="contextual",
        start=STARTS,
        propagate_positions=True,
        maybe_placeholders=False,
    )


def table() -> str:
    """The module's text."""
    parser = lark()
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    tables, conf = data["parser"]["parser"], data["parser"]["lexer_conf"]
    names: dict[int, str] = tables["tokens"]
    used = [ref["@"] for ref in data["rules"]]
    rules = [rule(memo[ref]) for ref in used]
    # Lark numbers states as its sets have them, another way in every process: here as they are come to.
    order = list[int](tables["start_states"][name] for name in STARTS)
    for state in order:
        cells = sorted((names[symbol], arg) for symbol, (action, arg) in tables["states"][state].items() if not action)
        order += dict.fromkeys(new for _, new in cells if new not in order)
    new = {old: number for number, old in enumerate(order)}
    rows = [row(tables["states"][old], names, used, new) for old in order]
    defs = sorted(
        (t for t in parser.terminals if t.name not in conf["ignore"]),
        key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name),
    )
    ignored = sorted(t.pattern.to_regexp() for t in parser.terminals if t.name in conf["ignore"])
    digest = hashlib.sha256((HERE / "grammar.lark").read_bytes()).hexdigest()
    starts = {name: (new[tables["start_states"][name]], new[tables["end_states"][name]]) for name in STARTS}
    return "\n".join(
        (
            '"""Tables that tools/build_grammar.py made of grammar.lark, for :mod:`reelc_dsl.lalr`."""',
            "",
            "# ruff: noqa: E501",
            "# fmt: off",
            f'GRAMMAR = "{digest}"',
            f"STARTS = {starts!r}",
            f"IGNORED = {'|'.join(ignored)!r}",
            'TERMINALS = r"""' + "\n".join(f"{t.name} {pattern(t)}" for t in defs) + '"""',
            'RULES = """' + "\n".join(rules) + '"""',
            'STATES = """' + "\n".join(rows) + '"""',
            "",
        )
    )


def pattern(terminal: TerminalDef) -> str:
    """A terminal's regular expression; it stands in a raw text of three quotes."""
    return terminal.pattern.to_regexp().replace('"', r"\x22").replace("\n", r"\n")


def rule(rule: dict[str, Any]) -> str:
    """What a rule is reduced to: its symbol, the tree's name, and for each of its parts what becomes of it.

    ``k`` is kept as a child, ``x`` gives its own children, ``-`` is dropped. A name of ``?`` is that of the only part.
    """
    origin, options, parts = rule["origin"]["name"], rule["options"], rule["expansion"]
    assert not options["keep_all_tokens"]
    keep = "".join(
        ("-" if part["filter_out"] else "k")
        if part["__type__"] == "Terminal"
        else ("x" if part["name"].startswith("_") else "k")
        for part in parts
    )
    name = rule["alias"] or origin
    if options["expand1"] and not rule["alias"]:
        assert keep in ("k", "x"), "a `?rule` has one part"
        name = "?"
    return f"{origin} {name} {keep or '.'}"


def row(row: dict[int, Any], names: dict[int, str], used: list[int], new: dict[int, int]) -> str:
    """A state: for each symbol the next state, or for a reduction the inverse (``~``) of the rule's number."""
    cells = [
        f"{names[symbol]} {~used.index(arg['@']) if action == REDUCE else new[arg]}"
        for symbol, (action, arg) in sorted(row.items(), key=lambda cell: names[cell[0]])
    ]
    return " ".join(cells)


if __name__ == "__main__":
    (HERE / "grammar_table.py").write_text(table(), "utf-8")

"""Rewrite dsl/reelc_dsl/grammar_table.json from grammar.lark; a test checks that it is up to date."""

import hashlib
import json
from pathlib import Path

from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

HERE = Path(__file__).resolve().parent.parent / "dsl" / "reelc_dsl"
STARTS = ["start", "item", "stmt"]


def table() -> str:
    """The file's text: lark's own serialisation of the LALR(1) tables as JSON."""
    parser = Lark(
        (HERE / "grammar.lark").read_text("utf-8"),
        parser="lalr",
        lexer="contextual",
        start=STARTS,
        propagate_positions=True,
        maybe_placeholders=False,
    )
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    data["options"]["source_path"] = None
    digest = hashlib.sha256((HERE / "grammar.lark").read_bytes()).hexdigest()
    return (
        json.dumps({"data": data, "grammar_sha256": digest, "memo": memo}, separators=(",", ":"), sort_keys=True) + "\n"
    )


if __name__ == "__main__":
    (HERE / "grammar_table.json").write_text(table(), "utf-8")

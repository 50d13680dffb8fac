"""The parser: reads the tables that lark made of grammar.lark, and gives the trees that lark would give.

lark itself is needed only where the tables are made. Importing it and building its objects took three times what a
whole `reelc check` takes now; a table's rows are read here only when the parser comes to them.

Keywords are contextual: of the terminals that match at a place, the first that can stand there counts.
"""

import re
from functools import cache

from reelc_dsl.grammar_table import IGNORED, RULES, STARTS, STATES, TERMINALS

END = "$END"


class Token:
    """A terminal in the text; offsets are code points, half-open."""

    __slots__ = ("end", "start", "text", "type")

    def __init__(self, type_: str, text: str, start: int, end: int) -> None:
        self.type = type_
        self.text = text
        self.start = start
        self.end = end

    def __str__(self) -> str:
        return self.text


class Tree:
    """A rule that was found; ``start`` and ``end`` are -1 when it covers no text."""

    __slots__ = ("children", "data", "end", "start")

    def __init__(self, data: str, children: "list[Tree | Token]", start: int, end: int) -> None:
        self.data = data
        self.children = children
        self.start = start
        self.end = end


Child = Tree | Token


class Unexpected(Exception):
    """The text is not in the grammar.

    Args:
        at: the offset of what cannot stand there.
        token: what stands there; None when it is no terminal at all.
        expected: the terminals that could stand there.
    """

    def __init__(self, at: int, token: Token | None, expected: frozenset[str]) -> None:
        super().__init__(at)
        self.at = at
        self.token = token
        self.expected = expected


_Row = dict[str, int]


class _Rows(dict[int, _Row]):
    """What each state does for each symbol: the next state, or the inverse of a rule's number. Read when asked for."""

    lines = STATES.split("\n")

    def __missing__(self, state: int) -> _Row:
        cells = self.lines[state].split()
        row = self[state] = dict(zip(cells[::2], map(int, cells[1::2]), strict=True))
        return row


class _Rules(dict[int, tuple[str, str, str]]):
    """Each rule's symbol, its tree's name, and what becomes of its parts. Read when asked for."""

    lines = RULES.split("\n")

    def __missing__(self, number: int) -> tuple[str, str, str]:
        origin, name, parts = self.lines[number].split(" ")
        rule = self[number] = (origin, name, "" if parts == "." else parts)
        return rule


_rows = _Rows()
_rules = _Rules()

# In the order in which they are tried; a keyword is a word and its end.
_patterns = {name: text for name, _, text in (line.partition(" ") for line in TERMINALS.split("\n"))}
_keywords = {text[:-2]: name for name, text in _patterns.items() if text.endswith(r"\b") and text[:-2].isalpha()}


@cache
def _all() -> re.Pattern[str]:
    """Any terminal but keywords, which are names first, behind what is ignored.

    One expression: a check would spend a tenth of its time on compiling one for each set of terminals.
    """
    words = frozenset(_keywords.values())
    either = "|".join(f"(?P<{name}>{text})" for name, text in _patterns.items() if name not in words)
    return re.compile(f"(?:{IGNORED})*+(?:{either})?")


@cache
def _one(name: str) -> re.Pattern[str]:
    return re.compile(_patterns[name])


def _terminals(row: _Row) -> frozenset[str]:
    return frozenset(name for name in row if name.isupper())


def parse(text: str, start: str) -> Tree:
    """The tree of a text.

    Args:
        start: the rule that the whole text is: ``start``, ``item`` or ``stmt``.

    Raises:
        Unexpected: at the first place that cannot be.
    """
    first, last = STARTS[start]
    states, values = [first], list[Child]()
    at, end = 0, False
    while not end:
        token = _scan(text, at, states, last)
        at, end = token.end, token.type == END
        symbol = token.type
        row = _rows[states[-1]]
        while (action := row.get(symbol)) is not None and action < 0:
            _reduce(_rules[~action], states, values)
            if end and states[-1] == last:
                tree = values[-1]
                assert isinstance(tree, Tree)
                return tree
            row = _rows[states[-1]]
        if action is None:
            raise Unexpected(token.start, token, _acceptable(states, last))
        states.append(action)
        values.append(token)
    raise AssertionError("a text ends in its last state")


def _scan(text: str, at: int, states: list[int], last: int) -> Token:
    """The next terminal, of those that can stand here."""
    row = _rows[states[-1]]
    match = _all().match(text, at)
    assert match is not None
    kind = match.lastgroup
    if kind is None:
        at = match.end()
        if at == len(text):
            return Token(END, "", at, at)
        raise Unexpected(at, None, _terminals(row) - {END})
    start, end = match.span(kind)
    word = text[start:end]
    if kind == "NAME":
        keyword = _keywords.get(word, kind)
        if keyword in row or kind not in row:
            kind = keyword
    if kind in row:
        return Token(kind, word, start, end)
    # `"""` where a name may be quoted, `->` where there may only be a minus: what may stand here, matches.
    for name in _patterns:
        if name in row and (found := _one(name).match(text, start)) is not None:
            return Token(name, found[0], start, found.end())
    raise Unexpected(start, Token(kind, word, start, end), _acceptable(states, last))


def _reduce(rule: tuple[str, str, str], states: list[int], values: list[Child]) -> None:
    """Replace a rule's parts by the tree that they make."""
    origin, name, parts = rule
    count = len(parts)
    inlined = origin[0] == "_"
    if count == 1 and ((inlined and parts == "x") or (name == "?" and parts == "k")):
        # Most reductions only rename: an expression's levels. The value stays as it is.
        states[-1] = _rows[states[-2]][origin]
        return
    children: list[Child] = []
    start = end = -1
    if count:
        found = values[-count:]
        del values[-count:]
        del states[-count:]
        for part, value in zip(parts, found, strict=True):
            if value.end >= 0:
                if start < 0:
                    start = value.start
                end = value.end
            if part == "k":
                children.append(value)
            elif part == "x":
                assert isinstance(value, Tree)
                children += value.children
    values.append(children[0] if name == "?" else Tree(name, children, start, end))
    states.append(_rows[states[-1]][origin])


def _acceptable(states: list[int], last: int) -> frozenset[str]:
    """The terminals that can really stand here: a row also has some that only a reduction finds out about."""
    here = _terminals(_rows[states[-1]])
    return frozenset(symbol for symbol in here if _accepts(list(states), symbol, last)) or here


def _accepts(states: list[int], symbol: str, last: int) -> bool:
    while (action := _rows[states[-1]].get(symbol)) is not None and action < 0:
        origin, _, parts = _rules[~action]
        del states[len(states) - len(parts) :]
        states.append(_rows[states[-1]][origin])
        if symbol == END and states[-1] == last:
            return True
    return action is not None

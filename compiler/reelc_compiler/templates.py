"""Templates in texts: Jinja2's syntax, a whitelist of its tree, and an interpreter of our own.

Jinja parses; nothing of it runs. What is allowed is walked here, so a template can read values that
are in scope and do nothing else: no calls but a few pure functions, no attributes but fields and
facts, no globals, and limits that count steps and characters instead of watching a clock.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateSyntaxError, nodes

from reelc_dsl.records import dataclass

MAX_STEPS = 10_000
MAX_TEXT = 100_000
FUNCTIONS = frozenset({"nearest", "floor", "ceil", "round", "abs", "min", "max", "len"})
FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "upper": lambda v: str(v).upper(),
    "lower": lambda v: str(v).lower(),
    "title": lambda v: str(v).title(),
    "capitalize": lambda v: str(v).capitalize(),
    "trim": lambda v: str(v).strip(),
    "length": len,
    "first": lambda v: v[0],
    "last": lambda v: v[-1],
}
# The one filter that takes something: the text between the elements of a list.
JOIN = "join"
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "lteq": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gteq": lambda a, b: a >= b,
}
ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Add,
    nodes.Sub,
    nodes.Filter,
    nodes.Call,
)


class TemplateError(Exception):
    """A template that cannot be used; ``word`` is what to point at, ``line`` is 1-based."""

    def __init__(self, message: str, line: int, word: str = "") -> None:
        self.line = line
        self.word = word
        super().__init__(message)


class UnknownName(TemplateError):
    """A template names something that is not in scope."""


@dataclass(frozen=True, slots=True)
class Use:
    """A value that a template reads: ``start.size`` is name ``start`` with path ``("size",)``."""

    name: str
    path: tuple[str, ...]
    line: int


@lru_cache(maxsize=512)
def parse(text: str) -> nodes.Template:
    """The tree of a template.

    Raises:
        TemplateError: bad syntax, or something outside the whitelist.
    """
    try:
        tree = Environment(undefined=StrictUndefined, autoescape=False).parse(text)  # noqa: S701 - nothing is rendered by Jinja
    except TemplateSyntaxError as error:
        raise TemplateError(_lower(error.message or "bad syntax"), error.lineno) from None
    except RecursionError:
        raise TemplateError("the template is nested too deeply", 1) from None
    _allow(tree)
    return tree


def _allow(node: nodes.Node) -> None:
    if not isinstance(node, ALLOWED):
        what = type(node).__name__.lower()
        raise TemplateError(f"templates here have no `{what}`", getattr(node, "lineno", 1))
    if isinstance(node, nodes.Call) and not (
        isinstance(node.node, nodes.Name)
        and node.node.name in FUNCTIONS
        and not node.kwargs
        and node.dyn_args is None
        and node.dyn_kwargs is None
    ):
        raise TemplateError("templates here call only " + ", ".join(sorted(FUNCTIONS)), node.lineno)
    if isinstance(node, nodes.Filter) and node.name == JOIN:
        if node.kwargs or len(node.args) != 1 or not _is_text(node.args[0]):
            raise TemplateError('`join` takes what stands between the elements: `join(", ")`', node.lineno, node.name)
    elif isinstance(node, nodes.Filter) and (node.name not in FILTERS or node.args or node.kwargs):
        raise TemplateError(f"templates here have no filter `{node.name}`", node.lineno, node.name)
    if isinstance(node, nodes.For) and (node.recursive or not isinstance(node.target, nodes.Name)):
        raise TemplateError("`for` in a template goes over a list with one name", node.lineno)
    for child in node.iter_child_nodes():
        _allow(child)


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)


def uses(tree: nodes.Template) -> list[Use]:
    """The values that a template reads from outside."""
    found: list[Use] = []
    _uses(tree, frozenset(), found)
    return found


def _uses(node: nodes.Node, bound: frozenset[str], found: list[Use]) -> None:
    match node:
        case nodes.Getattr():
            path: list[str] = []
            inner: nodes.Node = node
            while isinstance(inner, nodes.Getattr):
                path.insert(0, inner.attr)
                inner = inner.node
            if isinstance(inner, nodes.Name):
                if inner.name not in bound:
                    found.append(Use(inner.name, tuple(path), node.lineno))
                return
            _uses(inner, bound, found)
        case nodes.Name():
            if node.ctx == "load" and node.name not in bound:
                found.append(Use(node.name, (), node.lineno))
        case nodes.Call():
            for arg in node.args:
                _uses(arg, bound, found)
        case nodes.For():
            _uses(node.iter, bound, found)
            assert isinstance(node.target, nodes.Name)
            inner_bound = bound | {node.target.name}
            for child in [*node.body, *([node.test] if node.test else [])]:
                _uses(child, inner_bound, found)
            for child in node.else_:
                _uses(child, bound, found)
        case _:
            for child in node.iter_child_nodes():
                _uses(child, bound, found)


class Renderer:
    """Interprets one template.

    Args:
        lookup: a name's value; raises KeyError for none.
        field: a field or fact of a value; raises KeyError for none.
        show: a value as text.
        functions: the pure functions by name.
    """

    def __init__(
        self,
        lookup: Callable[[str], Any],
        field: Callable[[Any, str], Any],
        show: Callable[[Any], str],
        functions: Mapping[str, Callable[..., Any]],
    ) -> None:
        self.lookup = lookup
        self.field = field
        self.show = show
        self.functions = functions
        self.steps = 0
        self.locals: list[dict[str, Any]] = []

    def render(self, text: str) -> str:
        """The text with its template carried out.

        Raises:
            TemplateError: the template is not allowed, names nothing, or does too much.
        """
        out = "".join(self.body(parse(text).body))
        if len(out) > MAX_TEXT:
            raise TemplateError(f"the text grew beyond {MAX_TEXT} characters", 1)
        return out

    def body(self, body: list[nodes.Node]) -> list[str]:
        out: list[str] = []
        for node in body:
            self.step(node)
            match node:
                case nodes.Output():
                    for part in node.nodes:
                        value = part.data if isinstance(part, nodes.TemplateData) else self.show(self.value(part))
                        out.append(value)
                case nodes.If():
                    out.extend(self.branch(node))
                case nodes.For():
                    out.extend(self.loop(node))
                case _:
                    raise TemplateError("templates here have no such statement", node.lineno)
        return out

    def branch(self, node: nodes.If) -> list[str]:
        if self.value(node.test):
            return self.body(node.body)
        for other in node.elif_:
            if self.value(other.test):
                return self.body(other.body)
        return self.body(node.else_)

    def loop(self, node: nodes.For) -> list[str]:
        items = self.value(node.iter)
        if not isinstance(items, tuple):
            raise TemplateError("`for` in a template goes over a list", node.lineno)
        assert isinstance(node.target, nodes.Name)
        out: list[str] = []
        for item in items:  # pyright: ignore[reportUnknownVariableType]
            self.step(node)
            self.locals.append({node.target.name: item})
            if node.test is None or self.value(node.test):
                out.extend(self.body(node.body))
            self.locals.pop()
        return out if items else self.body(node.else_)

    def step(self, node: nodes.Node) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TemplateError(f"the template takes more than {MAX_STEPS} steps", node.lineno)

    def value(self, node: nodes.Node) -> Any:
        self.step(node)
        match node:
            case nodes.Const():
                return node.value
            case nodes.Name():
                return self.name(node)
            case nodes.Getattr():
                owner = self.value(node.node)
                try:
                    return self.field(owner, node.attr)
                except KeyError:
                    raise UnknownName(f"there is no `{node.attr}` here", node.lineno, node.attr) from None
            case nodes.CondExpr():
                if self.value(node.test):
                    return self.value(node.expr1)
                return "" if node.expr2 is None else self.value(node.expr2)
            case nodes.And():
                return self.value(node.left) and self.value(node.right)
            case nodes.Or():
                return self.value(node.left) or self.value(node.right)
            case nodes.Not():
                return not self.value(node.node)
            case _:
                return self.computed(node)

    def computed(self, node: nodes.Node) -> Any:
        try:
            match node:
                case nodes.Neg():
                    return -self.value(node.node)
                case nodes.Add():
                    return self.number(node.left) + self.number(node.right)
                case nodes.Sub():
                    return self.number(node.left) - self.number(node.right)
                case nodes.Compare():
                    left = self.value(node.expr)
                    for operand in node.ops:
                        right = self.value(operand.expr)
                        if not COMPARE[operand.op](left, right):
                            return False
                        left = right
                    return True
                case nodes.Filter() if node.name == JOIN:
                    assert node.node is not None
                    assert isinstance(node.args[0], nodes.Const)
                    return node.args[0].value.join(self.show(item) for item in self.value(node.node))
                case nodes.Filter():
                    assert node.node is not None
                    return FILTERS[node.name](self.value(node.node))
                case nodes.Call():
                    assert isinstance(node.node, nodes.Name)
                    return self.functions[node.node.name](*[self.value(a) for a in node.args])
                case _:
                    raise TemplateError("templates here cannot calculate this", node.lineno)
        except (TypeError, ValueError, IndexError, KeyError, ArithmeticError):
            raise TemplateError("this cannot be calculated", node.lineno) from None

    def number(self, node: nodes.Node) -> Any:
        value = self.value(node)
        if isinstance(value, str):
            raise TypeError("texts are written side by side, not added")
        return value

    def name(self, node: nodes.Name) -> Any:
        for names in reversed(self.locals):
            if node.name in names:
                return names[node.name]
        try:
            return self.lookup(node.name)
        except KeyError:
            raise UnknownName(f"nothing is named `{node.name}`", node.lineno, node.name) from None


def locate(text: str, line: int, word: str) -> tuple[int, int]:
    """Where in a template's text to point: the word on that line, else the line's first tag."""
    lines = text.split("\n")
    line = max(1, min(line, len(lines)))
    start = sum(len(part) + 1 for part in lines[: line - 1])
    content = lines[line - 1]
    tags = re.finditer(r"\{\{.*?\}\}|\{%.*?%\}|\{[{%#].*", content)
    if word:
        for tag in tags:
            found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", tag.group())
            if found:
                return start + tag.start() + found.start(), start + tag.start() + found.end()
    tag = re.search(r"\{\{.*?\}\}|\{%.*?%\}|\{[{%#].*", content)
    if tag:
        return start + tag.start(), start + tag.end()
    return start, start + len(content)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")

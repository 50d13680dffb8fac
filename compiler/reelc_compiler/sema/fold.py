"""What is known of an expression before any value is: literals, and questions to the catalog."""

from collections.abc import Callable

from reelc_dsl import ast


def literal_text(expr: ast.Expr) -> str | None:
    """The text of a literal without a template in it."""
    if isinstance(expr, ast.TextLit) and not has_template(expr.value):
        return expr.value
    return None


def has_template(text: str) -> bool:
    """Whether a text has anything for a template to do."""
    return "{{" in text or "{%" in text or "{#" in text


def known_test(expr: ast.Expr, has_node: Callable[[str], bool]) -> bool | None:
    """The value of a test made only of ``has_node("...")``, ``not``, ``and``, ``or`` and constants.

    The catalog decides it for the whole plan, so the branch that is not taken need not fit it.
    """
    match expr:
        case ast.BoolLit(value=value):
            return value
        case ast.UnaryExpr(op="not", value=value):
            inner = known_test(value, has_node)
            return None if inner is None else not inner
        case ast.BinaryExpr(op="and" | "or" as op, left=left, right=right):
            a, b = known_test(left, has_node), known_test(right, has_node)
            short = op == "or"
            if short in (a, b):
                return short
            return None if None in (a, b) else not short
        case ast.CallExpr(callee=ast.NameExpr(name="has_node"), args=(ast.Arg(value=arg),)):
            name = literal_text(arg)
            return None if name is None else has_node(name)
        case _:
            return None

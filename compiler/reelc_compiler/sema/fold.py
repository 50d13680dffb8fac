"""What is known of an expression before any value is: literals, and questions to the catalog."""

from reelc_compiler.catalog import Catalog, has_input
from reelc_dsl import ast


def literal_text(expr: ast.Expr) -> str | None:
    """The text of a literal without a template in it."""
    if isinstance(expr, ast.TextLit) and not has_template(expr.value):
        return expr.value
    return None


def has_template(text: str) -> bool:
    """Whether a text has anything for a template to do."""
    return "{{" in text or "{%" in text or "{#" in text


def known_test(expr: ast.Expr, catalog: Catalog) -> bool | None:
    """The value of a test made only of ``has_node``, ``has_input``, ``not``, ``and``, ``or`` and constants.

    The catalog decides it for the whole plan, so the branch that is not taken need not fit it.
    """
    match expr:
        case ast.BoolLit(value=value):
            return value
        case ast.UnaryExpr(op="not", value=value):
            inner = known_test(value, catalog)
            return None if inner is None else not inner
        case ast.BinaryExpr(op="and" | "or" as op, left=left, right=right):
            a, b = known_test(left, catalog), known_test(right, catalog)
            short = op == "or"
            if short in (a, b):
                return short
            return None if None in (a, b) else not short
        case ast.CallExpr(callee=ast.NameExpr(name="has_node"), args=(ast.Arg(value=arg),)):
            name = literal_text(arg)
            return None if name is None else name in catalog
        case ast.CallExpr(callee=ast.NameExpr(name="has_input"), args=(ast.Arg(value=first), ast.Arg(value=second))):
            node, name = literal_text(first), literal_text(second)
            return None if node is None or name is None else has_input(catalog, node, name)
        case _:
            return None


def left_out(expr: ast.Expr, catalog: Catalog) -> bool:
    """Whether the catalog decides that a value is ``none``: ``if has_input("C", "x") then 1 else none``."""
    if not isinstance(expr, ast.IfExpr):
        return False
    known = known_test(expr.test, catalog)
    taken = None if known is None else expr.then if known else expr.orelse
    return isinstance(taken, ast.NoneLit) or (taken is not None and left_out(taken, catalog))

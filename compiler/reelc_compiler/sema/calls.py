"""Arguments to parameters: the one rule, used when kinds are checked and when values are made.

Positional arguments come first and fill parameters in order; a piped value is the first of them.
"""

from collections.abc import Sequence
from typing import Literal

from reelc_dsl import ast
from reelc_dsl.records import dataclass

Why = Literal["unknown", "twice", "surplus", "order", "spread"]


@dataclass(frozen=True, slots=True)
class Misfit:
    """An argument that fits no parameter, and why."""

    why: Why
    arg: ast.Arg
    first: ast.Arg | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """Parameters to the arguments that fill them, and the arguments that fill none."""

    args: dict[str, ast.Arg]
    misfits: tuple[Misfit, ...]


def bind(names: Sequence[str], args: Sequence[ast.Arg], piped: ast.Expr | None = None) -> Bound:
    """Distribute arguments over parameter names."""
    if piped is not None:
        args = (ast.Arg(span=piped.span, name=None, value=piped), *args)
    bound: dict[str, ast.Arg] = {}
    misfits: list[Misfit] = []
    position = 0
    named = False
    for arg in args:
        if arg.spread:
            misfits.append(Misfit("spread", arg))
        elif arg.name is None:
            if named:
                misfits.append(Misfit("order", arg))
            elif position >= len(names):
                misfits.append(Misfit("surplus", arg))
            else:
                bound[names[position]] = arg
                position += 1
        else:
            named = True
            name = arg.name.text
            if name not in names:
                misfits.append(Misfit("unknown", arg))
            elif name in bound:
                misfits.append(Misfit("twice", arg, bound[name]))
            else:
                bound[name] = arg
    return Bound(bound, tuple(misfits))

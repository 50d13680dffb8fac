"""``node`` expressions against the catalog: class, input names, links. Values come at elaboration."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reelc_compiler.catalog import (
    DYNAMIC_COMBO,
    MATCH_TYPE,
    InputSchema,
    NodeSchema,
    OutputSchema,
    expand_inputs,
    same_dialect,
)
from reelc_compiler.catalog.schema import type_names
from reelc_compiler.sema.fold import literal_text
from reelc_compiler.sema.kinds import (
    BOOL,
    DURATION,
    FLOAT,
    INT,
    NONE,
    PERCENT,
    RATE,
    SEED,
    SOCKETS,
    TEXT,
    UNKNOWN,
    FileKind,
    Kind,
    NodeKind,
    Opaque,
    OptionalKind,
    a_kind,
    single,
)
from reelc_dsl import ast
from reelc_dsl.diagnostics.codes import (
    BAD_LINK,
    MISSING_INPUT,
    NOT_YET,
    OLD_NODE,
    SURPLUS_ARGUMENT,
    UNKNOWN_INPUT,
    UNKNOWN_NODE,
)
from reelc_dsl.diagnostics.fixes import respell
from reelc_dsl.diagnostics.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from reelc_compiler.sema.exprs import Exprs

# Kinds whose values become literals of a widget type.
LITERALS: dict[str, tuple[Kind, ...]] = {
    "INT": (INT, SEED, RATE),
    "FLOAT": (INT, FLOAT, RATE, DURATION, PERCENT),
    "STRING": (TEXT,),
    "BOOLEAN": (BOOL,),
    "COMBO": (TEXT, INT, FLOAT, BOOL),
}


def check(exprs: "Exprs", expr: ast.NodeExpr) -> Kind:
    """The kind of a node: its outputs by name."""
    name = expr.class_type.text
    schema = exprs.catalog.get(name)
    if schema is None:
        for arg in expr.args:
            exprs.kind(arg.value)
        # A library serves many catalogs: what this one lacks matters when the stage is called.
        if not exprs.dead and not expr.span.source.library:
            known = exprs.catalog.class_names()
            exprs.report(
                UNKNOWN_NODE,
                f"the catalog {exprs.catalog.name} has no node class `{name}`",
                expr.class_type.span,
                *did_you_mean(name, known),
                fix=respell(expr.class_type.span, name, known, quoted=True),
            )
        return UNKNOWN
    if (schema.deprecated or schema.experimental) and not expr.span.source.library:
        state = "deprecated" if schema.deprecated else "experimental"
        exprs.report(OLD_NODE, f"ComfyUI calls the node `{name}` {state}", expr.class_type.span)
    arguments(exprs, expr, schema)
    outputs = tuple((o.name, socket_kind(o)) for o in schema.outputs)
    return NodeKind(f"node {name}", outputs, saves=schema.output_node)


def socket_kind(output: OutputSchema) -> Kind:
    """The kind of a node's output: numbers and texts stay links, so all are opaque."""
    return Opaque(output.type, output.dialect)


def arguments(exprs: "Exprs", expr: ast.NodeExpr, schema: NodeSchema) -> None:
    literals: dict[str, str] = {}
    for arg in expr.args:
        text = literal_text(arg.value)
        if arg.name is not None and text is not None:
            literals[arg.name.text] = text
    known = expand_inputs(schema, literals)
    given: dict[str, ast.Arg] = {}
    for arg in expr.args:
        if arg.spread:
            exprs.kind(arg.value)
            exprs.report(NOT_YET, "`...` has no meaning yet", arg.span, "name the inputs one by one")
        elif arg.name is None:
            exprs.kind(arg.value)
            exprs.report(SURPLUS_ARGUMENT, "a node's inputs are given by name", arg.span, "for example `images: clip`")
        elif arg.name.text in given:
            exprs.kind(arg.value)
            exprs.report(SURPLUS_ARGUMENT, f"the input `{arg.name.text}` is given twice", arg.name.span)
        else:
            given[arg.name.text] = arg
            argument(exprs, expr, arg, known)
    # A choice that is not a literal may open inputs that only its value tells.
    chosen = all(n in literals or n not in given for n, i in known.items() if i.type == DYNAMIC_COMBO)
    lacking = [n for n, i in known.items() if i.required and n not in given and not old_way(n, known, given)]
    meant = {found for n in given if n not in known for found in nearest(n, lacking)}
    lacking = [n for n in lacking if n not in meant]
    if lacking and chosen and not exprs.dead:
        names = ", ".join(f"`{n}`" for n in lacking)
        exprs.report(MISSING_INPUT, f"the node `{schema.class_type}` needs {names}", expr.class_type.span)


def old_way(name: str, known: Mapping[str, InputSchema], given: Mapping[str, ast.Arg]) -> bool:
    """Whether an input of a choice (``format.codec``) is given as the class took it before it had that choice."""
    last = name.rsplit(".", 1)[-1]
    return last != name and last in given and last in known and known[last].hidden_widget


def argument(exprs: "Exprs", expr: ast.NodeExpr, arg: ast.Arg, known: dict[str, InputSchema]) -> None:
    assert arg.name is not None
    kind = single(exprs.kind(arg.value))
    schema = known.get(arg.name.text)
    if schema is None:
        dynamic = any(arg.name.text.startswith(f"{n}.") for n, i in known.items() if i.type.startswith("COMFY_"))
        if not exprs.dead:
            help_ = did_you_mean(arg.name.text, known) or ("its inputs are " + ", ".join(f"`{n}`" for n in known),)
            if dynamic:
                help_ = (*help_, "which inputs there are depends on the choice before the dot")
            exprs.report(
                UNKNOWN_INPUT,
                f"the node `{expr.class_type.text}` has no input `{arg.name.text}`",
                arg.name.span,
                *help_,
                fix=respell(arg.name.span, arg.name.text, known, quoted=True),
            )
        return
    if not fits(kind, schema) and not exprs.dead:
        exprs.report(
            BAD_LINK, f"the input `{arg.name.text}` takes {wanted(schema)}, and this is {a_kind(kind)}", arg.value.span
        )
    elif isinstance(kind, Opaque) and not same_dialect(kind.dialect, schema.dialect) and not exprs.dead:
        exprs.report(BAD_LINK, misunderstood(schema, kind.name, kind.dialect), arg.value.span, SAME_NAME_ONLY)


SAME_NAME_ONLY = "they share the type's name alone: ComfyUI links them, and fails when the node runs"


def misunderstood(schema: InputSchema, socket: str, dialect: str) -> str:
    """What is wrong with a link that ComfyUI makes by the type's name, between two dialects."""
    whose = f"that of {dialect}" if dialect else "ComfyUI's own"
    takes = f"the {socket} of {schema.dialect}" if schema.dialect else f"ComfyUI's own {socket}"
    return f"the input `{schema.name}` takes {takes}, and this is {whose}"


def fits(kind: Kind, schema: InputSchema) -> bool:
    """Whether a kind may go into an input, as a literal or as a link."""
    if kind == UNKNOWN:
        return True
    if kind == NONE:
        return not schema.required
    if isinstance(kind, OptionalKind):
        return not schema.required and fits(kind.inner, schema)
    socket = kind.name if isinstance(kind, Opaque) else SOCKETS.get(kind)
    if socket is not None:
        return schema.takes_link and schema.accepts(socket)
    if not schema.takes_literal or schema.type == MATCH_TYPE:
        return False
    if isinstance(kind, FileKind):
        return schema.type in ("COMBO", "STRING") and schema.files in (None, kind.folder)
    if schema.type == DYNAMIC_COMBO:
        return kind == TEXT
    return schema.type == "*" or any(kind in LITERALS.get(t, ()) for t in type_names(schema.type))


def wanted(schema: InputSchema) -> str:
    """What an input takes, for a sentence."""
    if schema.type == "COMBO" and schema.files:
        return f'a file["{schema.files}"]'
    if schema.type in ("COMBO", DYNAMIC_COMBO):
        return "one of its choices"
    return schema.type

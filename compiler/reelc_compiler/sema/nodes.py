"""``node`` expressions against the catalog: class, input names, links. Values come at elaboration."""

from collections.abc import Collection, Mapping
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
from reelc_compiler.sema.dynamic import KEY, Given, spread
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
    ListKind,
    NodeKind,
    Opaque,
    OptionalKind,
    RecordKind,
    a_kind,
    single,
)
from reelc_dsl import ast
from reelc_dsl.diagnostics.codes import (
    BAD_INPUT_VALUE,
    BAD_LINK,
    MISSING_INPUT,
    NOT_YET,
    OLD_NODE,
    SURPLUS_ARGUMENT,
    UNKNOWN_INPUT,
    UNKNOWN_NODE,
)
from reelc_dsl.diagnostics.fixes import in_brackets, quote, respell
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
    """Check what a node is given against what its class takes."""
    for arg in expr.args:
        if arg.spread:
            exprs.kind(arg.value)
            exprs.report(NOT_YET, "`...` has no meaning yet", arg.span, "name the inputs one by one")
        elif arg.name is None:
            exprs.kind(arg.value)
            exprs.report(SURPLUS_ARGUMENT, "a node's inputs are given by name", arg.span, "for example `images: clip`")
    given: dict[str, Given] = {}
    for item in spread(schema, (a for a in expr.args if not a.spread)):
        if item.name in given:
            exprs.kind(item.value)
            exprs.report(SURPLUS_ARGUMENT, f"the input `{item.name}` is given twice", item.place)
        else:
            given[item.name] = item
    literals = {n: text for n, item in given.items() if (text := literal_text(item.value)) is not None}
    known = expand_inputs(schema, literals)
    # Lists and records that only their values take apart.
    whole = {n for n, item in given.items() if argument(exprs, expr, item, known)}
    missing(exprs, expr, known, given, literals, whole)


def missing(
    exprs: "Exprs",
    expr: ast.NodeExpr,
    known: Mapping[str, InputSchema],
    given: Mapping[str, Given],
    literals: Mapping[str, str],
    whole: Collection[str],
) -> None:
    """Report required inputs that are not given."""
    # A choice that is not a literal may open inputs that only its value tells.
    chosen = all(n in literals or n not in given for n, i in known.items() if i.type == DYNAMIC_COMBO)
    lacking = [n for n, i in known.items() if i.required and n not in given and not old_way(n, known, given)]
    lacking = [n for n in lacking if not any(n.startswith(f"{w}.") for w in whole)]
    meant = {found for n in given if n not in known for found in nearest(n, lacking)}
    lacking = [n for n in lacking if n not in meant]
    if not lacking or not chosen or exprs.dead:
        return
    names = ", ".join(f"`{n}`" for n in lacking)
    help_ = [
        f"`{n}` has inputs of its own: write `{n}: {{ {KEY}: {quote(literals[n])}, ... }}`"
        for n, i in known.items()
        if i.type == DYNAMIC_COMBO and n in literals and any(m.startswith(f"{n}.") for m in lacking)
    ]
    exprs.report(MISSING_INPUT, f"the node `{expr.class_type.text}` needs {names}", expr.class_type.span, *help_[:1])


def old_way(name: str, known: Mapping[str, InputSchema], given: Collection[str]) -> bool:
    """Whether an input of a choice (``format.codec``) is given as the class took it before it had that choice."""
    last = name.rsplit(".", 1)[-1]
    return last != name and last in given and last in known and known[last].hidden_widget


def argument(exprs: "Exprs", expr: ast.NodeExpr, item: Given, known: Mapping[str, InputSchema]) -> bool:
    """Check one input; whether it is a whole list or record that elaboration takes apart."""
    schema = known.get(item.name)
    if item.schema is not None and (item.schema.autogrow is not None or isinstance(item.value, ast.RecordExpr)):
        return dynamic(exprs, expr, item, item.schema)
    kind = single(exprs.kind(item.value))
    if item.schema is not None and item.schema.type == DYNAMIC_COMBO and isinstance(kind, RecordKind):
        if KEY not in kind.map and not exprs.dead:
            no_key(exprs, item, item.schema)
        return True
    if schema is None:
        if not exprs.dead and not exprs.left_out(item.value):
            unknown(exprs, expr, item, known)
    elif not fits(kind, schema) and not exprs.dead:
        exprs.report(
            BAD_LINK, f"the input `{item.name}` takes {wanted(schema)}, and this is {a_kind(kind)}", item.value.span
        )
    elif isinstance(kind, Opaque) and not same_dialect(kind.dialect, schema.dialect) and not exprs.dead:
        exprs.report(BAD_LINK, misunderstood(schema, kind.name, kind.dialect), item.value.span, SAME_NAME_ONLY)
    return False


def unknown(exprs: "Exprs", expr: ast.NodeExpr, item: Given, known: Mapping[str, InputSchema]) -> None:
    """Report an input that the class does not have."""
    written = item.name.removeprefix(item.prefix)
    near = [n.removeprefix(item.prefix) for n in known if n.startswith(item.prefix)]
    help_ = did_you_mean(written, near) or ("its inputs are " + ", ".join(f"`{n}`" for n in known),)
    if any(item.name.startswith(f"{n}.") for n, i in known.items() if i.type == DYNAMIC_COMBO):
        help_ = (*help_, "which inputs there are depends on the choice before the dot")
    exprs.report(
        UNKNOWN_INPUT,
        f"the node `{expr.class_type.text}` has no input `{item.name}`",
        item.place,
        *help_,
        fix=respell(item.place, written, near, quoted=True),
    )


def dynamic(exprs: "Exprs", expr: ast.NodeExpr, item: Given, schema: InputSchema) -> bool:
    """Check a value for a repeating input, or a record for a choice, that is not taken apart here."""
    grow = schema.autogrow
    kind = exprs.kind(item.value)
    if exprs.dead or kind == UNKNOWN:
        return True
    if grow is None:
        no_key(exprs, item, schema)
    elif isinstance(item.value, ast.ListExpr) and len(item.value.items) > len(grow.names):
        exprs.report(
            BAD_INPUT_VALUE,
            f"the input `{item.name}` takes up to {len(grow.names)} values, and these are {len(item.value.items)}",
            item.value.span,
        )
    elif not isinstance(kind, ListKind | RecordKind):
        alone = single(kind)
        exprs.report(
            BAD_LINK,
            f"the input `{item.name}` repeats and takes a list, and this is {a_kind(alone)}",
            item.value.span,
            f"write `{item.name}: [...]`",
            fix=in_brackets(item.value.span) if fits(alone, grow.element) else None,
        )
    elif isinstance(kind, ListKind) and not fits(single(kind.element), grow.element):
        message = f"the input `{item.name}` takes a list of {wanted(grow.element)}, and this is {a_kind(kind)}"
        exprs.report(BAD_LINK, message, item.value.span)
    return True


def no_key(exprs: "Exprs", item: Given, schema: InputSchema) -> None:
    """Report a record for a choice that does not say what is chosen."""
    keys = ", ".join(quote(k) for k in schema.options or ())
    exprs.report(
        MISSING_INPUT,
        f"the record for `{item.name}` does not say what is chosen",
        item.value.span,
        f"add `{KEY}: ...`, one of {keys}",
    )


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

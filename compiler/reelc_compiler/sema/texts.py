"""Templates in texts, as far as kinds can tell: syntax, names, fields."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from reelc_compiler.sema.fold import has_template
from reelc_compiler.sema.kinds import FACTS, NodeKind, Opaque, RecordKind, a_kind, single
from reelc_compiler.sema.program import BrokenBinding, ConstBinding, Local
from reelc_dsl import ast
from reelc_dsl.diagnostics import Fix
from reelc_dsl.diagnostics.codes import BAD_TEMPLATE, TEMPLATE_NAME
from reelc_dsl.diagnostics.fixes import respell
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.sema.exprs import Exprs
    from reelc_compiler.templates import Use


def check(exprs: "Exprs", text: ast.TextLit) -> None:
    """Report what is wrong with a text's template; the standard library's are checked by its tests."""
    if not has_template(text.value):
        return
    if exprs.scope.module.key.startswith("std.") and not exprs.library_texts:
        return
    # Jinja2 is slow to import, and most texts need none of it.
    from reelc_compiler import templates

    try:
        tree = templates.parse(text.value)
    except templates.TemplateError as error:
        span = text.inner(*templates.locate(text.value, error.line, error.word))
        exprs.report(BAD_TEMPLATE, f"a template cannot be read: {error}", span)
        return
    for use in templates.uses(tree):
        _use(exprs, text, use)


def _use(exprs: "Exprs", text: ast.TextLit, use: "Use") -> None:
    from reelc_compiler import templates

    found = exprs.scope.find(use.name)
    if isinstance(found, BrokenBinding) or use.name in exprs.scope.module.tree.broken:
        return
    if not isinstance(found, Local | ConstBinding):
        span = text.inner(*templates.locate(text.value, use.line, use.name))
        exprs.report(
            TEMPLATE_NAME,
            f"nothing is named `{use.name}` here",
            span,
            *did_you_mean(use.name, exprs.scope.visible()),
            fix=_respelt(text, span, use.name, exprs.scope.visible()),
        )
        return
    if isinstance(found, Local):
        found.used = True
        kind = single(found.kind)
    else:
        kind = single(exprs.constant(found.module, found.decl))
    for name in use.path:
        fields = dict(kind.fields) if isinstance(kind, RecordKind) else dict(FACTS.get(kind, {}))
        if kind.name == "?" or isinstance(kind, NodeKind):
            return
        if name not in fields:
            span = text.inner(*templates.locate(text.value, use.line, name))
            help_, fix = did_you_mean(name, fields), _respelt(text, span, name, fields)
            exprs.report(TEMPLATE_NAME, f"{a_kind(kind)} has no `{name}`", span, *help_, fix=fix)
            return
        kind = single(fields[name])
    if isinstance(kind, NodeKind | Opaque):
        span = text.inner(*templates.locate(text.value, use.line, use.name))
        exprs.report(BAD_TEMPLATE, f"{a_kind(kind)} cannot be shown in a text", span)


def _respelt(text: ast.TextLit, span: Span, name: str, candidates: Iterable[str]) -> Fix | None:
    """The fix for a misspelt name, where there is no doubt which of the text's words it is."""
    words = re.findall(rf"(?<!\w){re.escape(name)}(?!\w)", text.value)
    return respell(span, name, candidates) if len(words) == 1 else None

"""Families of models that turn a still image into a clip, side by side: what their files state, nothing else."""

from collections.abc import Iterator
from fractions import Fraction

from reelc_compiler.catalog import Catalog
from reelc_compiler.stages.library import Found, Library
from reelc_compiler.stages.reference import ModelUse, lets, models, settings
from reelc_compiler.stages.texts import names, walk, written
from reelc_compiler.units import BYTE_UNITS, Bytes, quantity
from reelc_dsl import ast
from reelc_dsl.records import dataclass

STAGE = "animate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family as its `animate` states it.

    Args:
        module: ``std.svd``.
        size: what it demands of the size of the still, as tests; empty when it demands nothing.
        frames: the range of its parameter, then what it demands of a count, as tests.
        default: the frames when none are asked for; None where the text does not say it plainly.
        rate: frames per second; of a parameter its default.
        end: whether it takes a last image.
        models: the files that its stages name by themselves.
        vram: what its estimate names: one amount, or the least and the most; empty when it names none.
    """

    module: str
    size: tuple[str, ...]
    frames: tuple[str, ...]
    default: str | None
    rate: str | None
    end: bool
    models: tuple[ModelUse, ...]
    vram: tuple[str, ...]


def families(library: Library, catalogs: tuple[Catalog, ...]) -> tuple[Family, ...]:
    """The modules with a stage `animate` that makes a clip of an image, in their order."""
    out: list[Family] = []
    for module in library.listed:
        stage = library.stage(module, STAGE)
        if stage is None or stage.decl.returns.name != "clip" or not stage.decl.params:
            continue
        if stage.decl.params[0].type.name == "image":
            out.append(_family(library, stage, catalogs))
    return tuple(out)


def _family(library: Library, stage: Found, catalogs: tuple[Catalog, ...]) -> Family:
    decl = stage.decl
    own = {s.qualified: s for each in library.stages(stage.module) for s in (each, *library.calls(each))}
    facts = _facts(decl)
    count, rate = facts.get("frames"), facts.get("fps")
    return Family(
        module=stage.module,
        size=tuple(_tests(decl, decl.params[0].name.text)),
        frames=tuple(_frames(decl, count)),
        default=None if count is None else _default(decl, count),
        rate=None if rate is None else _rate(decl, rate),
        end=any(param.name.text == "end" and param.type.name == "image" for param in decl.params),
        models=tuple(models(tuple(own.values()), catalogs)),
        vram=_vram(library, stage),
    )


def _facts(decl: ast.Stage) -> dict[str, ast.Expr]:
    for statement in decl.body:
        if isinstance(statement, ast.Return) and isinstance(statement.value, ast.CallExpr):
            return {arg.name.text: arg.value for arg in statement.value.args if arg.name is not None}
    return {}


def _tests(decl: ast.Stage, still: str) -> Iterator[str]:
    """The requirements on the still's size: what each tests, and what the names in it stand for.

    What the still must be beside something else that is given, as an end or a larger size, is left out.
    """
    own = lets(decl)
    others = {param.name.text for param in decl.params if param.name.text != still and not _is_record(param.type)}
    for statement in decl.body:
        if not isinstance(statement, ast.Require):
            continue
        behind = _reached(statement.test, own)
        values = [statement.test, *(own[name] for name in sorted(behind))]
        if any(_is_side(value, still) for value in values) and not others & _weighed(values):
            meant = "".join(f", {name} = {written(own[name])}" for name in own if name in behind)
            yield written(statement.test) + meant


def _weighed(values: list[ast.Expr]) -> set[str]:
    """The names whose values count, and not only whether there are any: all but the `end` of `end == none`."""
    every = [node for value in values for node in walk(value)]
    asked = {id(n.left) for n in every if isinstance(n, ast.BinaryExpr) and isinstance(n.right, ast.NoneLit)}
    return {node.name for node in every if isinstance(node, ast.NameExpr) and id(node) not in asked}


def _is_record(kind: ast.TypeExpr) -> bool:
    """Whether a type is a record: those of ComfyUI's sockets are in capitals, Reel's own kinds small."""
    return kind.name[:1].isupper() and not kind.name.isupper()


def _is_side(value: ast.Expr, still: str) -> bool:
    return any(
        isinstance(node, ast.AttrExpr)
        and isinstance(node.value, ast.NameExpr)
        and node.value.name == still
        and node.name.text in ("size", "width", "height")
        for node in walk(value)
    )


def _frames(decl: ast.Stage, count: ast.Expr | None) -> Iterator[str]:
    param = next((p for p in decl.params if p.name.text == "frames"), None)
    if param is not None and param.among is not None:
        yield written(param.among)
    if isinstance(count, ast.NameExpr):
        for statement in decl.body:
            if isinstance(statement, ast.Require) and names(statement.test) == {count.name}:
                yield written(statement.test)


def _default(decl: ast.Stage, count: ast.Expr) -> str | None:
    """The last `else` of what the count stands for, where that is a number."""
    value = lets(decl).get(count.name, count) if isinstance(count, ast.NameExpr) else count
    while isinstance(value, ast.IfExpr):
        value = value.orelse
    return value.text if isinstance(value, ast.NumberLit) else None


def _rate(decl: ast.Stage, rate: ast.Expr) -> str | None:
    if isinstance(rate, ast.NameExpr):
        param = next((p for p in decl.params if p.name.text == rate.name), None)
        if param is not None and param.default is not None:
            return f"{written(param.default)} unless given"
        rate = lets(decl).get(rate.name, rate)
    return written(rate)


# -- VRAM ------------------------------------------------------------------------------------


def _vram(library: Library, stage: Found) -> tuple[str, ...]:
    """The least and the most that an estimate of VRAM names; of a field of a record, that it is made with."""
    setting = next((s for s in settings(stage.decl, "estimate") if s.name.text == "vram"), None)
    if setting is None:
        return ()
    amounts: dict[Fraction, str] = {}
    for value in _behind(library, stage, setting.value):
        for node in walk(value):
            if isinstance(node, ast.QuantityLit):
                amount = quantity(node.number, node.unit)
                # What is less is a factor of a sum.
                if isinstance(amount, Bytes) and amount.count >= BYTE_UNITS["GB"]:
                    amounts[amount.count] = written(node)
    ordered = [amounts[count] for count in sorted(amounts)]
    return (ordered[0], ordered[-1]) if len(ordered) > 1 else tuple(ordered)


def _behind(library: Library, stage: Found, value: ast.Expr) -> Iterator[ast.Expr]:
    """An expression, the `let`s that it uses, and of `using.vram` what the module's stages put into that field."""
    own = lets(stage.decl)
    yield value
    for name in sorted(_reached(value, own)):
        yield own[name]
    fields = {n.name.text for n in walk(value) if isinstance(n, ast.AttrExpr)} & {"vram"}
    for maker in library.stages(stage.module) if fields else ():
        made = lets(maker.decl)
        for node in walk(maker.decl.body):
            if isinstance(node, ast.Entry) and node.name.text in fields:
                yield node.value
                yield from (made[name] for name in sorted(_reached(node.value, made)))


def _reached(value: ast.Expr, own: dict[str, ast.Expr]) -> set[str]:
    found: set[str] = set()
    waiting = names(value) & own.keys()
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= (names(own[name]) & own.keys()) - found
    return found

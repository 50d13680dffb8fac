"""The text of a stage's call, with something for every parameter that it needs."""

from collections.abc import Mapping

from reelc_compiler.stages.library import PRELUDE, Found, Library, short
from reelc_compiler.stages.texts import written
from reelc_dsl import ast
from reelc_dsl.records import dataclass

SVD = "std.svd"
PROMPT = "fog drifts over the harbor"
PICTURES = ("clip", "image")
# What is given where a kind is wanted.
LITERALS: Mapping[str, str] = {"rate": "24fps", "duration": "2s", "bytes": "24GB", "percent": "1%", "bool": "true"}
# Kinds that belong to no module and to no catalog.
PLAIN_KINDS = frozenset({"image", "clip", "text", "int", "float", "seed", "size", "list", "file", "bool", "bytes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How parameters are filled.

    Args:
        start: the size of a still that is given.
        to: the size that is asked for.
        extra: an optional parameter that is given all the same; None for none.
    """

    start: str
    to: str
    extra: str | None


class Writer:
    """Writes a call, and remembers which modules it uses and whether it needs a clip."""

    def __init__(self, library: Library, how: Filling) -> None:
        self.library = library
        self.how = how
        self.uses: set[str] = set()
        self.clip = False

    def call(self, stage: Found, given: tuple[ast.TypeExpr, str] | None = None, depth: int = 0) -> str | None:
        """The call of a stage; None when a parameter cannot be filled.

        Args:
            given: the kind and the text of what one parameter is to be given.
        """
        if depth > 3:
            return None
        piped, args = "", list[str]()
        for index, param in enumerate(stage.decl.params):
            name = param.name.text
            if given is not None and param.type.name == given[0].name:
                value: str | None = given[1]
                given = None
            elif param.default is not None and not self._wanted(param, depth):
                continue
            else:
                value = self.value(stage, param, depth)
            if value is None:
                return None
            if index == 0 and param.type.name not in PLAIN_KINDS - {*PICTURES}:
                piped = f"{value} |> "
            else:
                args.append(f"{name}: {value}")
        if stage.module != PRELUDE:
            self.uses.add(stage.module)
        owner = "" if stage.module == PRELUDE else f"{short(stage.module)}."
        return f"{piped}{owner}{stage.decl.name.text}({', '.join(args)})"

    def _wanted(self, param: ast.Param, depth: int) -> bool:
        name = param.name.text
        return (name == "prompt" and param.type.name == "text") or (depth == 0 and name == self.how.extra)

    def animated(self, still: str) -> str:
        """A clip that begins with a still, so that it can become a film."""
        self.uses.add(SVD)
        return f"{still} |> svd.animate(using: svd.load(), seed: 1)"

    def value(self, stage: Found, param: ast.Param, depth: int) -> str | None:
        """Something that a parameter can be given; None when there is nothing."""
        among = param.among
        if isinstance(among, ast.ListExpr) and among.items:
            return written(among.items[0])
        kind = param.type
        match kind.name:
            case "image":
                return "photo" if stage.module == PRELUDE else f"photo |> fit({self.how.start})"
            case "clip":
                self.clip = True
                self.uses.add(SVD)
                return "clip"
            case "list" if written(kind) == "list[clip]":
                self.clip = True
                self.uses.add(SVD)
                return "[clip, clip]"
            case "text":
                return f'"{PROMPT}"' if param.name.text == "prompt" else '"harbor"'
            case "file":
                return '"example.safetensors"'
            case "int" | "float" | "seed":
                many = param.name.text == "frames" or param.default is not None
                return _number(kind.name, 12 if many else 1, among)
            case _:
                return LITERALS.get(kind.name) or (
                    self.how.to if kind.name == "size" else self.made(stage, kind, depth)
                )

    def made(self, stage: Found, kind: ast.TypeExpr, depth: int) -> str | None:
        """A record or a socket type, as a stage makes it: by its own module first, then by any."""
        for maker in [*self.library.stages(stage.module), *self.library.every()]:
            if maker.qualified == stage.qualified:
                continue
            needs = [p for p in maker.decl.params if p.default is None]
            if same_type(self.library, stage, kind, maker, maker.decl.returns) and not _same_kind(needs, kind):
                found = self.call(maker, depth=depth + 1)
                if found is not None:
                    return found
            record = next(
                (r for r in self.library.records(maker.module) if r.name.text == maker.decl.returns.name), None
            )
            field = next((f for f in record.fields if f.type.name == kind.name), None) if record is not None else None
            if field is not None and not needs and not kind.optional:
                found = self.call(maker, depth=depth + 1)
                if found is not None:
                    return f"{found}.{field.name.text}"
        return None


def _same_kind(needs: list[ast.Param], kind: ast.TypeExpr) -> bool:
    """Whether a stage takes what it makes: it cannot be where that comes from."""
    return any(param.type.name == kind.name for param in needs)


def same_type(library: Library, a: Found, kind: ast.TypeExpr, b: Found, other: ast.TypeExpr) -> bool:
    """Whether two modules mean one type by two names. Plain kinds are nobody's own."""
    if kind.name in PLAIN_KINDS or kind.name in LITERALS:
        return False
    return _home(library, a.module, kind.name) == _home(library, b.module, other.name)


def _home(library: Library, module: str, name: str) -> tuple[str, str]:
    """The module that declares a record, and its name there; of a socket type an empty one."""
    owner, _, last = name.rpartition(".")
    if owner:
        used = library.seen(module).get(owner)
        return (used if isinstance(used, str) else owner, last)
    own = any(record.name.text == name for record in library.records(module))
    return (module if own else "", name)


def _number(kind: str, wanted: int, among: ast.Expr | None) -> str:
    """A number within a range, the nearest to the one that is wanted."""
    if kind == "seed":
        return "1"
    if isinstance(among, ast.RangeExpr):
        low = _literal(among.low)
        high = None if among.high is None else _literal(among.high)
        wanted = max(wanted, low if low is not None else wanted)
        wanted = min(wanted, high if high is not None else wanted)
    return str(wanted)


def _literal(value: ast.Expr) -> int | None:
    if isinstance(value, ast.NumberLit) and value.whole:
        return int(value.text)
    return None

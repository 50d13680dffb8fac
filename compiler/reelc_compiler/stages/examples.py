"""A film for each stage: the smallest that calls it, made from signatures and tried out by compiling it."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise, product

from reelc_compiler.catalog import Catalog
from reelc_compiler.driver import Request, check_all
from reelc_compiler.inputs import PictureInfo
from reelc_compiler.sema.resolve import SourceProvider
from reelc_compiler.stages.library import PRELUDE, Found, Library, short
from reelc_compiler.stages.texts import walk, written
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, ReelError, Severity, Sink
from reelc_dsl.printer import reformat
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source

PHOTO = PictureInfo(path="photo.jpg", sha256="0" * 64, bytes=1, width=1920, height=1080)
STILL = "1024x576"
CLIP = "photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1)"
SVD = "std.svd"
PROMPT = "fog drifts over the harbor"
# By what a stage is tried with when its own text names no size.
SIZES = ("1024x576", "720x480", "832x480", "1280x720")
MOST_TRIES = 60
_FITTING = re.compile(r"\bfit\(([1-9]\d*x[1-9]\d*)\)")
PICTURES = ("clip", "image")
# Kinds that belong to no module and to no catalog.
PLAIN_KINDS = frozenset({"image", "clip", "text", "int", "float", "seed", "size", "list", "file", "bool", "bytes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    """How one attempt fills parameters.

    Args:
        start: the size of a still that is given.
        to: the size that is asked for.
        extra: an optional parameter that is given all the same; None for none.
    """

    start: str
    to: str
    extra: str | None


class Examples:
    """Finds examples.

    Args:
        library: the stages that may be called.
        provider: the texts of their modules, for compiling.
        catalog: what an example compiles against.
    """

    def __init__(self, library: Library, provider: SourceProvider, catalog: Catalog) -> None:
        self.library = library
        self.provider = provider
        self.catalog = catalog

    def example(self, stage: Found) -> str:
        """A program in the one layout that calls a stage and compiles.

        What can become a film does. A stage that makes or takes what no film shows, and one for which no film
        compiles, is called by a stage that is given the rest.
        """
        best: tuple[int, str] | None = None
        for text, told in self._films(stage):
            found = self.findings(text)
            told += [size for finding in found for help_ in finding.help for size in _FITTING.findall(help_)]
            if any(finding.is_error for finding in found):
                continue
            warnings = sum(1 for finding in found if finding.code.severity is Severity.WARNING)
            if best is None or warnings < best[0]:
                best = (warnings, text)
            if not warnings:
                break
        return _formatted(best[1] if best is not None else self._wrapped(stage))

    def findings(self, text: str) -> tuple[Diagnostic, ...]:
        """What checking a program says."""
        sink = Sink()
        request = Request(
            source=Source("example.reel", text),
            key="example.reel",
            catalog=self.catalog,
            provider=self.provider,
            probe=lambda _path, _module: PHOTO,
        )
        try:
            check_all(request, sink)
        except ReelError as error:
            return error.diagnostics
        return sink.sorted()

    # -- films -------------------------------------------------------------------------------

    def _films(self, stage: Found) -> Iterator[tuple[str, list[str]]]:
        """Films to try, each with a list for the sizes that are advised when it is tried."""
        extras: list[str | None] = [None, *(p.name.text for p in stage.decl.params if p.default is not None)]
        count = 0
        for chain, extra in product(self._chains(stage), extras):
            sizes = [size for each in chain for size in _sizes(each.decl)]
            wanted = any(p.type.name == "size" for each in chain for p in each.decl.params)
            starts = list(dict.fromkeys([*_sizes(chain[-1].decl), *SIZES]))
            for start in starts:
                for to in _targets(start, sizes) if wanted else ("",):
                    text = self._film(chain, _Try(start=start, to=to, extra=extra))
                    if text is None or count >= MOST_TRIES:
                        break
                    told: list[str] = []
                    yield text, told
                    count += 1
                    # The list grows while it is gone through.
                    starts += [size for size in dict.fromkeys(told) if size not in starts]

    def _film(self, chain: tuple[Found, ...], how: _Try) -> str | None:
        """A film by stages of which each takes what the one before makes."""
        writer = _Writer(self.library, how)
        call = writer.call(chain[0])
        for before, stage in pairwise(chain):
            if call is not None:
                call = writer.call(stage, given=(before.decl.returns, call), depth=1)
        if call is None:
            return None
        if chain[-1].decl.returns.name == "image":
            call = writer.animated(call)
        head = "".join(f"use {module}\n" for module in sorted(writer.uses))
        photo = '  param photo: image = "photo.jpg"\n' if re.search(r"\bphoto\b", call) or writer.clip else ""
        clip = f"  let clip = {CLIP}\n" if writer.clip else ""
        body = f"{photo}{clip}  output film = {call} |> video()\n"
        return f"reel 1\n\n{head}\npipeline example {{\n{body}}}\n"

    def _chains(self, stage: Found) -> list[tuple[Found, ...]]:
        """Ways from a stage to pictures: itself, or stages that take what it makes, the shortest first."""
        out: list[tuple[Found, ...]] = []
        waiting = [(stage,)]
        while waiting and len(out) < 3:
            chain = waiting.pop(0)
            if chain[-1].decl.returns.name in PICTURES:
                out.append(chain)
            elif len(chain) < 4:
                waiting += [(*chain, taker) for taker in self._takers(chain[-1]) if taker not in chain]
        return out

    def _takers(self, stage: Found) -> list[Found]:
        """Stages that take what one makes and make something else, those of its own module first."""
        kind = stage.decl.returns
        out: dict[str, Found] = {}
        for found in [*self.library.stages(stage.module), *self.library.every()]:
            takes = any(_same(self.library, found, p.type, stage, kind) for p in found.decl.params)
            if takes and not _same(self.library, found, found.decl.returns, stage, kind):
                out.setdefault(found.qualified, found)
        return [found for found in out.values() if found.module == stage.module] or list(out.values())

    # -- a stage that calls it ---------------------------------------------------------------

    def _wrapped(self, stage: Found) -> str:
        owner = "" if stage.module == PRELUDE else short(stage.module)
        records = {record.name.text for record in self.library.records(stage.module)}
        # A parameter may not be called as the module is.
        taken = {owner, stage.decl.name.text}
        params, args = list[str](), list[str]()
        for param in stage.decl.params:
            if param.default is not None:
                continue
            name = param.name.text if param.name.text not in taken else f"{param.name.text}_"
            params.append(f"{name}: {_qualified(param.type, owner, records)}")
            args.append(name if not args else f"{param.name.text}: {name}")
        # Behind the first, arguments are named, so that their order does not matter.
        returns = _qualified(stage.decl.returns, owner, records)
        called = f"{owner}.{stage.decl.name.text}" if owner else stage.decl.name.text
        use = f"use {stage.module}\n\n" if owner else ""
        signature = f"stage example({', '.join(params)}) -> {returns}"
        return f"reel 1\n\n{use}{signature} {{\n  return {called}({', '.join(args)})\n}}\n"


class _Writer:
    """Writes a call, and remembers which modules it uses and whether it needs a clip."""

    def __init__(self, library: Library, how: _Try) -> None:
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
                return _PLAIN.get(kind.name) or (self.how.to if kind.name == "size" else self.made(stage, kind, depth))

    def made(self, stage: Found, kind: ast.TypeExpr, depth: int) -> str | None:
        """A record or a socket type, as a stage makes it: by its own module first, then by any."""
        for maker in [*self.library.stages(stage.module), *self.library.every()]:
            if maker.qualified == stage.qualified:
                continue
            needs = [p for p in maker.decl.params if p.default is None]
            if _same(self.library, stage, kind, maker, maker.decl.returns) and not _same_kind(needs, kind):
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


_PLAIN: Mapping[str, str] = {"rate": "24fps", "duration": "2s", "bytes": "24GB", "percent": "1%", "bool": "true"}


def _same_kind(needs: list[ast.Param], kind: ast.TypeExpr) -> bool:
    """Whether a stage takes what it makes: it cannot be where that comes from."""
    return any(param.type.name == kind.name for param in needs)


def _same(library: Library, a: Found, kind: ast.TypeExpr, b: Found, other: ast.TypeExpr) -> bool:
    """Whether two modules mean one type by two names. Plain kinds are nobody's own."""
    if kind.name in PLAIN_KINDS or kind.name in _PLAIN:
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


def _qualified(kind: ast.TypeExpr, owner: str, records: set[str]) -> str:
    text = written(kind)
    return f"{owner}.{text}" if kind.name in records and owner else text


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


def _sizes(decl: ast.Stage) -> list[str]:
    """The sizes that a stage's text names, also in what it says."""
    out: dict[str, None] = {}
    for node in walk(decl.body):
        match node:
            case ast.SizeLit(width=width, height=height):
                out[f"{width}x{height}"] = None
            case ast.TextLit(value=value):
                out |= dict.fromkeys(re.findall(r"\b[1-9]\d{2,3}x[1-9]\d{2,3}\b", value))
            case _:
                pass
    # The photo that is tried with is wider than high.
    return sorted(out, key=lambda size: int(size.split("x")[0]) < int(size.split("x")[1]))


def _targets(start: str, named: list[str]) -> list[str]:
    """Sizes to ask for: twice that of the start, half of it, its own, and what the stage names."""
    width, height = (int(side) for side in start.split("x"))
    own = [f"{width * 2}x{height * 2}", f"{width // 2}x{height // 2}", start]
    return list(dict.fromkeys([*own, *named]))


def _formatted(text: str) -> str:
    done = reformat(Source("example.reel", text), Sink())
    assert done is not None, f"an example does not parse:\n{text}"
    return done

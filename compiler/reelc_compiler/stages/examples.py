"""A film for each stage: the smallest that calls it, made from signatures and tried out by compiling it."""

import re
from collections.abc import Iterator
from itertools import pairwise, product

from reelc_compiler.catalog import Catalog
from reelc_compiler.driver import Request, check_all
from reelc_compiler.facts import Facts
from reelc_compiler.inputs import InputInfo
from reelc_compiler.sema.resolve import SourceProvider
from reelc_compiler.stages.calls import PICTURES, Filling, Writer, same_type
from reelc_compiler.stages.library import PRELUDE, Found, Library, short
from reelc_compiler.stages.texts import walk, written
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, ReelError, Severity, Sink
from reelc_dsl.printer import reformat
from reelc_dsl.source import Source

PHOTO = InputInfo(
    path="photo.jpg", sha256="0" * 64, bytes=1, facts=Facts(kind="image", width=1920, height=1080, frames=1)
)
CLIP = "photo |> fit(1024x576) |> svd.animate(using: svd.load(), seed: 1)"
# By what a stage is tried with when its own text names no size.
SIZES = ("1024x576", "720x480", "832x480", "1280x720")
MOST_TRIES = 60
_FITTING = re.compile(r"\bfit\(([1-9]\d*x[1-9]\d*)\)")


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
            probe=lambda _path, _module, _kind: PHOTO,
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
                    text = self._film(chain, Filling(start=start, to=to, extra=extra))
                    if text is None or count >= MOST_TRIES:
                        break
                    told: list[str] = []
                    yield text, told
                    count += 1
                    # The list grows while it is gone through.
                    starts += [size for size in dict.fromkeys(told) if size not in starts]

    def _film(self, chain: tuple[Found, ...], how: Filling) -> str | None:
        """A film by stages of which each takes what the one before makes."""
        writer = Writer(self.library, how)
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
            takes = any(same_type(self.library, found, p.type, stage, kind) for p in found.decl.params)
            if takes and not same_type(self.library, found, found.decl.returns, stage, kind):
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


def _qualified(kind: ast.TypeExpr, owner: str, records: set[str]) -> str:
    text = written(kind)
    return f"{owner}.{text}" if kind.name in records and owner else text


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

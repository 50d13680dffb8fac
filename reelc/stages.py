"""Stages by name, for people who look one up: the standard library's, a project's own, those of installed packages."""

from functools import cache
from pathlib import Path

import click

from reelc.packages import find, modules, offers
from reelc_compiler.catalog import Catalog, catalog_names, load_catalog
from reelc_compiler.loader import read_source, std_names, std_source
from reelc_compiler.sema.resolve import OWN, SourceProvider, own_file
from reelc_compiler.stages.examples import Examples
from reelc_compiler.stages.library import PRELUDE, STD, Found, Library, short
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.source import Source


def std_library() -> Library:
    """The standard library: the prelude first, then its modules by name."""
    return Library(_std, _std_modules())


def _std(module: str) -> Source | None:
    return std_source(module.removeprefix(STD)) if module.startswith(STD) else None


def _std_modules() -> tuple[str, ...]:
    return (PRELUDE, *(f"{STD}{name}" for name in std_names()))


def whole_library() -> Library:
    """The standard library, then the stages of the folder that the user is in, then those of installed packages.

    Raises, when a module is asked for: ReelError: E0101 to E0103, E0217, E0218.
    """
    own = sorted(f"{OWN}{path.stem}" for path in Path("stages").glob("*.reel"))
    packages = [module for name in dict.fromkeys(offer.name for offer in offers()) for module in modules(name)]
    return Library(_any, (*_std_modules(), *own, *packages))


def _any(module: str) -> Source | None:
    if module.startswith(OWN):
        path = Path(own_file(module))
        return read_source(path, path.as_posix()) if path.is_file() else None
    if module.startswith(STD) or module.count(".") != 1:
        return _std(module)
    found = find(module)
    return None if found is None else found.source


@cache
def catalogs() -> tuple[Catalog, ...]:
    """The bundled catalogs, the default first: its word on a class counts."""
    default = load_catalog()
    return (default, *(load_catalog(name) for name in catalog_names() if name != default.name))


def examples(library: Library) -> Examples:
    """Finds examples for stages, against the default catalog."""

    def load(key: str) -> Source | None:
        return library.source(key.removesuffix(".reel").replace("/", "."))

    provider = SourceProvider(load, std_source, std_names, package=library.source)
    return Examples(library, provider, catalogs()[0])


def meant(library: Library, name: str) -> str | tuple[Found, ...]:
    """The module that a name means, or the stages: ``svd``, ``std.svd``, ``svd.animate``, ``upscale``.

    Raises:
        click.UsageError: there is no such one.
    """
    for module in _modules(library, name):
        if library.tree(module) is not None:
            return module
    owner, _, last = name.rpartition(".")
    if owner:
        for module in _modules(library, owner):
            found = library.stage(module, last)
            if found is not None:
                return (found,)
    else:
        every = tuple(stage for stage in library.every() if stage.decl.name.text == last)
        if every:
            return every
    known = [short(m) for m in library.listed] + [called(s) for s in library.every()]
    known += [s.decl.name.text for s in library.every()]
    hint = "".join(f" {s[:1].upper()}{s[1:]}" for s in did_you_mean(name, dict.fromkeys(known)))
    raise click.UsageError(f"There is no stage or module `{name}`.{hint or ' `reelc stages` lists them.'}")


def _modules(library: Library, name: str) -> list[str]:
    """The modules that a name may be, as it stands first."""
    return [name, f"{STD}{name}", *(module for module in library.listed if short(module) == name)]


def called(stage: Found) -> str:
    """``svd.animate``"""
    return f"{short(stage.module)}.{stage.decl.name.text}"

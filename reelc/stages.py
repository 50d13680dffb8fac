"""Stages by name, for people who look one up: the standard library's."""

from functools import cache

import click

from reelc_compiler.catalog import Catalog, catalog_names, load_catalog
from reelc_compiler.loader import std_names, std_source
from reelc_compiler.sema.resolve import SourceProvider
from reelc_compiler.stages.examples import Examples
from reelc_compiler.stages.library import PRELUDE, STD, Found, Library, short
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.source import Source


def _source(module: str) -> Source | None:
    return std_source(module.removeprefix(STD)) if module.startswith(STD) else None


def std_library() -> Library:
    """The standard library: the prelude first, then its modules by name."""
    return Library(_source, (PRELUDE, *(f"{STD}{name}" for name in std_names())))


@cache
def catalogs() -> tuple[Catalog, ...]:
    """The bundled catalogs, the default first."""
    default = load_catalog()
    return (default, *(load_catalog(name) for name in catalog_names() if name != default.name))


def examples(library: Library) -> Examples:
    """Finds examples for stages, against the default catalog."""
    provider = SourceProvider(lambda _: None, std_source, std_names)
    return Examples(library, provider, catalogs()[0])


def meant(library: Library, name: str) -> tuple[str, Found | None]:
    """The module that a name means, or the stage in it: ``svd``, ``std.svd``, ``svd.animate``, ``upscale``.

    Raises:
        click.UsageError: there is no such one, or several.
    """
    for module in (name, f"{STD}{name}"):
        if library.tree(module) is not None:
            return module, None
    owner, _, last = name.rpartition(".")
    if owner:
        for module in (owner, f"{STD}{owner}"):
            found = library.stage(module, last)
            if found is not None:
                return module, found
    else:
        every = [stage for stage in library.every() if stage.decl.name.text == last]
        if len(every) == 1:
            return every[0].module, every[0]
        if every:
            each = ", ".join(f"`{called(stage)}`" for stage in every)
            raise click.UsageError(f"Several modules have a stage `{name}`. Name one: {each}.")
    known = [short(m) for m in library.listed] + [called(s) for s in library.every()]
    known += [s.decl.name.text for s in library.every()]
    hint = "".join(f" {s[:1].upper()}{s[1:]}" for s in did_you_mean(name, dict.fromkeys(known)))
    raise click.UsageError(f"There is no stage or module `{name}`.{hint or ' `reelc stages` lists them.'}")


def called(stage: Found) -> str:
    """``svd.animate``"""
    return f"{short(stage.module)}.{stage.decl.name.text}"

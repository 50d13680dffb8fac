"""Modules that a `use` names without a path: those of the project's folder, of packages, and such as are not there."""

from posixpath import dirname, join
from typing import TYPE_CHECKING

from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Fix, Label, Sink
from reelc_dsl.diagnostics.codes import BROKEN_PACKAGE, PACKAGE_REACH, UNKNOWN_MODULE
from reelc_dsl.diagnostics.fixes import change
from reelc_dsl.diagnostics.suggest import did_you_mean, slip
from reelc_dsl.parser import parse
from reelc_dsl.source import Source, Span

if TYPE_CHECKING:
    from reelc_compiler.sema.resolve import SourceProvider

# How a project's own modules are named: those of the folder `stages`.
OWN = "stages."


def own_file(module: str) -> str:
    """The file of a project's own module: ``stages/grade.reel`` of ``stages.grade``."""
    return f"{module.replace('.', '/')}.reel"


def packaged(origin: ast.Origin, source: Source, sink: Sink) -> ast.Module | None:
    """The tree of a package's module; None after a diagnostic at the `use`: its text is not the user's to mend."""
    found = Sink()
    tree = parse(source, found)
    fault = next((finding for finding in found.sorted() if finding.is_error), None)
    if fault is None:
        return tree
    sink.add(
        Diagnostic(
            code=BROKEN_PACKAGE,
            message=f"`{origin.path}` has errors: {fault.message}",
            span=origin.span,
            labels=(Label(fault.span, "the first is here"),) if fault.span is not None else (),
            help=("install another version of the package, or tell its makers",),
        )
    )
    return None


def meant(provider: "SourceProvider", path: str) -> list[str]:
    """The modules that a name without a file may have been meant to be."""
    if path.startswith(OWN):
        near = provider.near(own_file(path))
        return [] if near is None else [f"{OWN}{near.removesuffix('.reel')}"]
    own = f"{OWN}{path}"
    mine = [own] if "." not in path and provider.load(own_file(own)) is not None else []
    packaged = provider.package_modules(path.split(".")[0]) if "." in path else []
    return [*mine, *_std_modules(provider), *packaged]


def unknown_module(provider: "SourceProvider", origin: ast.Origin, key: str) -> Diagnostic:
    """That a `use` names what is not there."""
    fix: Fix | None = None
    if origin.path.startswith(OWN) and not origin.file:
        names = meant(provider, origin.path)
        message = f"there is no module `{origin.path}`: there is no file `{key}`"
        help_ = ("the folder `stages` lies beside the main file",)
        if names:
            help_ = (f"did you mean `{names[0]}`?",)
    elif origin.file:
        near = provider.near(key)
        message = f"there is no file `{key}`"
        if not key.isprintable():
            help_ = ("a backslash begins an escape, so a path has `/` on all systems",)
        elif near is not None:
            help_ = (f"did you mean `{join(dirname(origin.path), near)}`?",)
        else:
            help_ = ("the path is relative to this file",)
    else:
        names = meant(provider, origin.path)
        message = f"there is no module `{origin.path}`"
        help_ = _help(provider, origin.path, names)
        near = slip(origin.path, names)
        if near is not None and origin.span.text == origin.path:
            fix = change(origin.span, near)
    return Diagnostic(code=UNKNOWN_MODULE, message=message, span=origin.span, help=help_, fix=fix)


def _help(provider: "SourceProvider", path: str, names: list[str]) -> tuple[str, ...]:
    """What to do about a name that no module has."""
    head, dot, _ = path.partition(".")
    if f"{OWN}{path}" in names:
        return (f"a file of the folder `stages` is named with it: `use {OWN}{path}`",)
    near = did_you_mean(path, names)
    if near or not dot or head in ("std", "stages"):
        return near or ("the standard library has " + ", ".join(_std_modules(provider)),)
    mine = [name for name in names if name.startswith(f"{head}.")]
    if mine:
        return (f"the package has {', '.join(f'`{name}`' for name in mine)}",)
    return (
        f"no package that is installed beside reelc offers stages as `{head}`: install the one that does",
        "`reelc stages` lists all that there are",
    )


def _std_modules(provider: "SourceProvider") -> list[str]:
    return [f"std.{n}" for n in provider.std_names()]


def beyond_package(module: str, path: str, span: Span) -> Diagnostic:
    """A file that the stages of a package name: they are used in many projects, and have none."""
    return Diagnostic(
        code=PACKAGE_REACH,
        message=f"`{module}` is a package's, and names the file `{path}`",
        span=span,
        help=(f"its makers write `use {module.split('.')[0]}.NAME` for another module of the package",),
    )

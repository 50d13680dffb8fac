"""Which file a `use` means and which declaration a name means.

Two phases: first every module that can be reached is parsed and its top-level names are entered,
so that order in a file does not matter; then signatures and bodies are checked elsewhere.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from posixpath import dirname, join, normpath

from reelc_compiler.sema.program import (
    EXPORTED,
    Binding,
    BrokenBinding,
    ConstBinding,
    ModuleBinding,
    ModuleInfo,
    Program,
    StageBinding,
    WorkflowBinding,
)
from reelc_dsl import ast
from reelc_dsl.diagnostics import Diagnostic, Fix, Label, ReelError, Sink
from reelc_dsl.diagnostics.codes import (
    BROKEN_PACKAGE,
    CIRCULAR_USE,
    DUPLICATE_NAME,
    MISSING_INPUT_FILE,
    NOT_IN_MODULE,
    OUTSIDE_PROJECT,
    PACKAGE_REACH,
    SYNTAX,
    UNKNOWN_MODULE,
)
from reelc_dsl.diagnostics.fixes import change, respell
from reelc_dsl.diagnostics.suggest import did_you_mean, nearest, slip
from reelc_dsl.frozen import library_tree
from reelc_dsl.parser import parse
from reelc_dsl.source import Source, Span

PRELUDE = "std.prelude"
# How a project's own modules are named: those of the folder `stages`.
OWN = "stages."
# Compiled where it is used: few files use another.
BAD_ESCAPE = r'(?<!\\)(?:\\\\)*\\(?![\\"nt])'

Load = Callable[[str], Source | None]


class SourceProvider:
    """Hands in the texts of modules; the only thing here that may read files.

    Args:
        load: a file's key (POSIX path relative to the main file's folder) to its text, None when
            there is no such file; raises ReelError for a file that cannot be used.
        std: names of the standard library's modules (``svd``) to texts.
        near: a key for which there is no file to the name of one in its folder that was probably meant.
        package: a module of an installed package (``acme.film``) to its text, None when there is none; raises
            ReelError for one that cannot be used.
        package_modules: a name that packages are called by (``acme``) to the modules that one has under it.
    """

    def __init__(
        self,
        load: Load,
        std: Callable[[str], Source | None],
        std_names: Callable[[], list[str]],
        near: Callable[[str], str | None] = lambda _: None,
        package: Callable[[str], Source | None] = lambda _: None,
        package_modules: Callable[[str], list[str]] = lambda _: [],
    ) -> None:
        self.load = load
        self.std = std
        self.std_names = std_names
        self.near = near
        self.package = package
        self.package_modules = package_modules


def resolve(main: Source, key: str, provider: SourceProvider, sink: Sink) -> Program:
    """Parse the main file and all that it uses, and enter their names.

    Args:
        main: the user's file.
        key: its file name.
        provider: where other texts come from.
        sink: receives E0202 to E0205, E0604 and syntax errors.
    """
    resolver = _Resolver(provider, sink)
    prelude_source = provider.std("prelude")
    assert prelude_source is not None, "the standard library has a prelude"
    prelude = resolver.module(PRELUDE, prelude_source)
    module = resolver.module(key, main)
    return Program(main=module, modules=resolver.modules, prelude=prelude)


class _Resolver:
    def __init__(self, provider: SourceProvider, sink: Sink) -> None:
        self.provider = provider
        self.sink = sink
        self.modules: dict[str, ModuleInfo] = {}
        # Keys of the files that are being resolved, with the `use` that led to each.
        self.path: list[tuple[str, Span | None]] = []

    def module(self, key: str, source: Source, via: Span | None = None, tree: ast.Module | None = None) -> ModuleInfo:
        if tree is None:
            tree = _library_tree(source) if source.library else parse(source, self.sink)
        info = ModuleInfo(key=key, tree=tree)
        self.modules[key] = info
        self.path.append((key, via))
        for name in sorted(info.tree.broken):
            info.names[name] = BrokenBinding(Span(source, 0, 0))
        for item in info.tree.items:
            self.item(info, item)
        self.path.pop()
        return info

    # -- declarations ------------------------------------------------------------------------

    def item(self, info: ModuleInfo, item: ast.Item) -> None:
        match item:
            case ast.UseModule():
                self.use_module(info, item)
            case ast.UseNames():
                self.use_names(info, item)
            case ast.Stage(name=name):
                self.enter(info, name, StageBinding(info, item, name.span))
            case ast.Let(name=name):
                self.enter(info, name, ConstBinding(info, item, name.span))
            case ast.Workflow():
                self.workflow(info, item)
            case ast.Record() | ast.Pipeline():
                pass  # types and pipelines have namespaces of their own, filled with their signatures

    def enter(self, info: ModuleInfo, name: ast.Ident, binding: Binding) -> None:
        other = info.names.get(name.text)
        if other is None or isinstance(other, BrokenBinding):
            info.names[name.text] = binding
        else:
            self.sink.add(duplicate(name, other.span))

    def enter_misspelt(self, info: ModuleInfo, name: ast.Ident, meant: Iterable[str]) -> None:
        """Enter a name of a `use` that does not exist, and what was most likely meant by it.

        The rest of the file uses one or the other; either way the error is in the `use` alone.
        """
        self.enter(info, name, BrokenBinding(name.span, misspelt=True))
        for other in meant:
            info.names.setdefault(other, BrokenBinding(name.span))

    def workflow(self, info: ModuleInfo, item: ast.Workflow) -> None:
        """Read a workflow's graph."""
        from reelc_compiler.importing.graphs import Unreadable, parse_graph, unreadable

        key = self.below(info, item.file.value, item.file.span)
        source = None if key is None else self.provider.load(key)
        if key is not None and source is None:
            near = self.provider.near(key)
            self.sink.add(
                Diagnostic(
                    code=MISSING_INPUT_FILE,
                    message=f"there is no file `{key}`",
                    span=item.file.span,
                    help=("the path is relative to this file" if near is None else f"did you mean `{near}`?",),
                )
            )
        if source is None:
            self.enter(info, item.name, BrokenBinding(item.name.span))
            return
        try:
            self.enter(info, item.name, WorkflowBinding(info, item, parse_graph(source), item.name.span))
        except Unreadable as error:
            found = unreadable(source, error)
            label = (Label(found.span, "here"),) if found.span is not None and found.span.end else ()
            self.sink.add(
                Diagnostic(
                    code=found.code,
                    message=f"`{key}`: {found.message}",
                    span=item.file.span,
                    labels=label,
                    help=found.help,
                )
            )
            self.enter(info, item.name, BrokenBinding(item.name.span))

    def below(self, info: ModuleInfo, path: str, span: Span) -> str | None:
        """The key of a file that a file names; None after a diagnostic, also of a bad escape in its name."""
        if info.source.library:
            self.sink.add(beyond_package(info.key, path, span))
            return None
        if re.search(BAD_ESCAPE, span.text):
            return None
        key = normpath(join(dirname(info.key), path.replace("\\", "/")))
        if key.startswith(("../", "/")) or key == "..":
            self.sink.add(outside(path, span))
            return None
        return key

    # -- use ---------------------------------------------------------------------------------

    def use_module(self, info: ModuleInfo, use: ast.UseModule) -> None:
        used = self.find(info, use.origin)
        name = use.alias or self.implied(use.origin)
        if name is None:
            self.sink.add(
                Diagnostic(
                    code=SYNTAX,
                    message="a used file needs a name of its own",
                    span=use.origin.span,
                    help=(f'write `use "{use.origin.path}" as NAME`',),
                )
            )
            return
        if used is not None:
            self.enter(info, name, ModuleBinding(used, name.span))
        elif use.alias is not None:
            self.enter(info, name, BrokenBinding(name.span))
        else:
            meant = nearest(use.origin.path, self.meant(use.origin.path))
            self.enter_misspelt(info, name, (m.rsplit(".", 1)[-1] for m in meant))

    def implied(self, origin: ast.Origin) -> ast.Ident | None:
        if origin.file:
            return None
        last = origin.path.rsplit(".", 1)[-1]
        return ast.Ident(span=Span(origin.span.source, origin.span.end - len(last), origin.span.end), text=last)

    def use_names(self, info: ModuleInfo, use: ast.UseNames) -> None:
        used = self.find(info, use.origin)
        for item in use.names:
            name = item.alias or item.name
            if used is None:
                self.enter(info, name, BrokenBinding(name.span))
                continue
            record = next((i for i in records(used) if i.name.text == item.name.text), None)
            found = used.names.get(item.name.text)
            if record is not None:
                info.used_types.append((name, used, record))
            if isinstance(found, EXPORTED) and found.module is used:
                self.enter(info, name, found)
            elif record is None:
                if isinstance(found, BrokenBinding):
                    self.enter(info, name, BrokenBinding(name.span))
                    continue
                self.not_in_module(used, item.name)
                meant = nearest(item.name.text, exported(used)) if item.alias is None else ()
                self.enter_misspelt(info, name, meant)

    def not_in_module(self, used: ModuleInfo, name: ast.Ident) -> None:
        known = exported(used)
        self.sink.add(
            Diagnostic(
                code=NOT_IN_MODULE,
                message=f"`{used.key}` has nothing named `{name.text}`",
                span=name.span,
                help=did_you_mean(name.text, known),
                fix=respell(name.span, name.text, known),
            )
        )

    def find(self, info: ModuleInfo, origin: ast.Origin) -> ModuleInfo | None:
        """The module that a `use` means, parsed if it is new; None after a diagnostic."""
        key = origin.path
        if origin.file:
            found = self.below(info, origin.path, origin.span)
            if found is None:
                return None
            key = found
        elif key.startswith(OWN):
            if info.source.library:
                self.sink.add(beyond_package(info.key, key, origin.span))
                return None
            key = own_file(key)
        waiting = [k for k, _ in self.path]
        if key in waiting:
            self.circle(waiting[waiting.index(key) :], origin)
            return None
        if key in self.modules:
            info.uses.append(self.modules[key])
            return self.modules[key]
        source, tree = self.text(origin, key)
        if source is None:
            return None
        used = self.module(key, source, origin.span, tree)
        info.uses.append(used)
        return used

    def text(self, origin: ast.Origin, key: str) -> tuple[Source | None, ast.Module | None]:
        """The text that a `use` means, of a package with its tree; none after a diagnostic."""
        tree: ast.Module | None = None
        if origin.file or origin.path.startswith(OWN):
            source = self.provider.load(key)
        elif key.startswith("std."):
            source = self.provider.std(key.removeprefix("std."))
        else:
            try:
                source = self.provider.package(key) if key.count(".") == 1 else None
            except ReelError as error:
                for fault in error.diagnostics:
                    self.sink.add(replace(fault, span=origin.span))
                return None, None
            if source is not None:
                tree = self.packaged(origin, source)
                return (None, None) if tree is None else (source, tree)
        if source is None:
            self.missing(origin, key)
        return source, tree

    def packaged(self, origin: ast.Origin, source: Source) -> ast.Module | None:
        """The tree of a package's module; None after a diagnostic at the `use`: its text is not the user's to mend."""
        sink = Sink()
        tree = parse(source, sink)
        fault = next((finding for finding in sink.sorted() if finding.is_error), None)
        if fault is None:
            return tree
        self.sink.add(
            Diagnostic(
                code=BROKEN_PACKAGE,
                message=f"`{origin.path}` has errors: {fault.message}",
                span=origin.span,
                labels=(Label(fault.span, "the first is here"),) if fault.span is not None else (),
                help=("install another version of the package, or tell its makers",),
            )
        )
        return None

    def meant(self, path: str) -> list[str]:
        """The modules that a name without a file may have been meant to be."""
        if path.startswith(OWN):
            near = self.provider.near(own_file(path))
            return [] if near is None else [f"{OWN}{near.removesuffix('.reel')}"]
        own = f"{OWN}{path}"
        mine = [own] if "." not in path and self.provider.load(own_file(own)) is not None else []
        packaged = self.provider.package_modules(path.split(".")[0]) if "." in path else []
        return [*mine, *self.std_modules(), *packaged]

    def std_modules(self) -> list[str]:
        return [f"std.{n}" for n in self.provider.std_names()]

    def missing(self, origin: ast.Origin, key: str) -> None:
        fix: Fix | None = None
        if origin.path.startswith(OWN) and not origin.file:
            names = self.meant(origin.path)
            message = f"there is no module `{origin.path}`: there is no file `{key}`"
            help_ = ("the folder `stages` lies beside the main file",)
            if names:
                help_ = (f"did you mean `{names[0]}`?",)
        elif origin.file:
            near = self.provider.near(key)
            message = f"there is no file `{key}`"
            if not key.isprintable():
                help_ = ("a backslash begins an escape, so a path has `/` on all systems",)
            elif near is not None:
                help_ = (f"did you mean `{join(dirname(origin.path), near)}`?",)
            else:
                help_ = ("the path is relative to this file",)
        else:
            names = self.meant(origin.path)
            message = f"there is no module `{origin.path}`"
            help_ = self.help_of(origin.path, names)
            meant = slip(origin.path, names)
            if meant is not None and origin.span.text == origin.path:
                fix = change(origin.span, meant)
        self.sink.add(Diagnostic(code=UNKNOWN_MODULE, message=message, span=origin.span, help=help_, fix=fix))

    def help_of(self, path: str, names: list[str]) -> tuple[str, ...]:
        """What to do about a name that no module has."""
        head, dot, _ = path.partition(".")
        if f"{OWN}{path}" in names:
            return (f"a file of the folder `stages` is named with it: `use {OWN}{path}`",)
        near = did_you_mean(path, names)
        if near or not dot or head in ("std", "stages"):
            return near or ("the standard library has " + ", ".join(self.std_modules()),)
        mine = [name for name in names if name.startswith(f"{head}.")]
        if mine:
            return (f"the package has {', '.join(f'`{name}`' for name in mine)}",)
        return (
            f"no package that is installed beside reelc offers stages as `{head}`: install the one that does",
            "`reelc stages` lists all that there are",
        )

    def circle(self, keys: list[str], origin: ast.Origin) -> None:
        shown = " -> ".join([*keys, keys[0]])
        self.sink.add(
            Diagnostic(
                code=CIRCULAR_USE,
                message=f"files use each other in a circle: {shown}",
                span=origin.span,
                help=("move what both need into a third file",),
            )
        )


@cache
def _library_tree(source: Source) -> ast.Module:
    """The tree of a module of the standard library, which never changes while reelc runs."""
    tree = library_tree(source)
    if tree is not None:
        return tree
    sink = Sink()
    tree = parse(source, sink)
    assert not len(sink), f"the standard library does not parse: {source.name}"
    return tree


def exported(module: ModuleInfo) -> list[str]:
    """What other files may take from a module: its own stages, workflows, constants and records."""
    own = [n for n, b in module.names.items() if isinstance(b, EXPORTED) and b.module is module]
    return own + [i.name.text for i in records(module)]


def records(module: ModuleInfo) -> list[ast.Record]:
    """The records that a module declares."""
    return [i for i in module.tree.items if isinstance(i, ast.Record)]


def own_file(module: str) -> str:
    """The file of a project's own module: ``stages/grade.reel`` of ``stages.grade``."""
    return f"{module.replace('.', '/')}.reel"


def beyond_package(module: str, path: str, span: Span) -> Diagnostic:
    """A file that the stages of a package name: they are used in many projects, and have none."""
    return Diagnostic(
        code=PACKAGE_REACH,
        message=f"`{module}` is a package's, and names the file `{path}`",
        span=span,
        help=(f"its makers write `use {module.split('.')[0]}.NAME` for another module of the package",),
    )


def outside(path: str, span: Span) -> Diagnostic:
    """A path that leads out of the project's folder."""
    return Diagnostic(
        code=OUTSIDE_PROJECT,
        message=f"`{path}` lies outside the project's folder",
        span=span,
        help=("copy the file beside the .reel file, or into a folder below it",),
    )


def duplicate(name: ast.Ident, first: Span) -> Diagnostic:
    """A name that is introduced twice, with both places."""
    return Diagnostic(
        code=DUPLICATE_NAME,
        message=f"`{name.text}` is already taken",
        span=name.span,
        label="introduced again here",
        labels=(Label(first, f"`{name.text}` is first introduced here"),),
        help=("choose another name: Reel has no shadowing",),
    )

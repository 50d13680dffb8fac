"""``reel.lock`` beside a program: found, held to, and written."""

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from reelc.catalogs import DUMP, FOLDER, SUFFIX, open_catalog, read_catalog
from reelc_compiler.catalog import Catalog, ModelInfo, catalog_names, load_catalog, lookup
from reelc_compiler.facts import AUDIO, Facts
from reelc_compiler.inputs import InputFault, InputInfo, Measure, Packaged, Table
from reelc_compiler.loader import Project, std_names, std_source
from reelc_compiler.lock import NAME, Lock, LockedInput, LockedStages
from reelc_compiler.locktext import BadLock, read, write
from reelc_dsl.diagnostics import Code, Diagnostic, ReelError, Sink
from reelc_dsl.diagnostics.codes import (
    BAD_LOCK,
    INPUT_FROM_LOCK,
    LOCK_CATALOG,
    LOCKED_INPUT_CHANGED,
    MISSING_INPUT_FILE,
    NO_MEDIA_LIBRARY,
    NOT_IN_LOCK,
    PACKAGE_CHANGED,
    PACKAGE_REACH,
    STD_CHANGED,
)
from reelc_dsl.source import Source

MAX_BYTES = 4 * 2**20
# What a lock says of itself; of no interest while it is renewed.
RENEWED = frozenset({STD_CHANGED, PACKAGE_CHANGED, LOCKED_INPUT_CHANGED, NOT_IN_LOCK})


def lock_path(project: Project) -> Path:
    """Where the lock of a program lies, if it has one."""
    return project.root / NAME


def find_lock(project: Project) -> Lock | None:
    """The lock beside a program; None when there is none.

    Raises:
        ReelError: E0605.
    """
    path = lock_path(project)
    if not os.path.lexists(path):
        return None
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _bad(project, f"it cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    if len(text) > MAX_BYTES:
        raise _bad(project, f"it is larger than {MAX_BYTES // 2**20} MiB")
    try:
        return read(text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise _bad(project, "it is not UTF-8") from None
    except BadLock as error:
        raise _bad(project, str(error)) from None


def _bad(project: Project, reason: str) -> ReelError:
    message = f"`{shown(project)}` cannot be used: {reason}"
    help_ = f"correct it, or remove it and write it anew with `{renewal(project)}`"
    return ReelError([Diagnostic(code=BAD_LOCK, message=message, help=(help_,))])


def shown(project: Project) -> str:
    """The lock's name for people, as the program was named."""
    return (project.shown.parent / NAME).as_posix()


def renewal(project: Project) -> str:
    """The command that writes the lock of a program."""
    return f"reelc models lock {project.shown.as_posix()}"


# -- its catalog -----------------------------------------------------------------------------


def catalog_for(project: Project, named: str | None) -> Catalog:
    """The catalog of a program's plan: the one that is named, else the lock's, else the bundled default.

    Raises:
        ReelError: E0506, E0508, E0510; E0605, E0606.
    """
    lock = find_lock(project) if named is None else None
    return open_catalog(named) if lock is None else _locked_catalog(lock, project)


def _locked_catalog(lock: Lock, project: Project) -> Catalog:
    wanted = lock.catalog
    other: str | None = None
    if wanted.name in catalog_names():
        bundled = load_catalog(wanted.name)
        if bundled.sha256 == wanted.sha256:
            return bundled
        other = "reelc's own"
    # A catalog's file is called after it.
    if re.fullmatch(r"[\w.+-]+", wanted.name):
        for folder in (project.root, project.root / FOLDER, Path(), Path(FOLDER)):
            for ending in (SUFFIX, DUMP):
                path = folder / f"{wanted.name}{ending}"
                with suppress(ReelError):
                    if path.is_file():
                        found = read_catalog(path)
                        if found.sha256 == wanted.sha256:
                            return found
                        other = f"`{path.as_posix()}`"
    message = f"`{shown(project)}` names the catalog {wanted.name} ({wanted.sha256[:12]}), "
    message += "which is not here" if other is None else f"and {other} is another one of that name"
    help_ = (
        f"put the file `{wanted.name}{SUFFIX}` beside the program or into `{FOLDER}/`",
        "or name another catalog with `--catalog`",
        f"or take another for good: `{renewal(project)} --catalog NAME|FILE`",
    )
    raise ReelError([Diagnostic(code=LOCK_CATALOG, message=message, help=help_)])


# -- holding to it ---------------------------------------------------------------------------


class Held:
    """A program that is held to its lock, or to nothing when it has none: answers what compiling asks.

    Args:
        project: the program.
        lock: what it is held to.
    """

    def __init__(self, project: Project, lock: Lock | None) -> None:
        self.project = project
        self.lock = lock
        self._changed: dict[str, None] = {}
        self._absent: dict[str, None] = {}
        self._lacking: dict[str, None] = {}

    def probe(self, path: str, module: str, kind: str) -> InputInfo:
        """The facts of an input file; of one that is not there, as the lock has them.

        Raises:
            InputFault: E0601 to E0604, E0613, E0614.
        """
        self._reach(path, module)
        try:
            info = self.project.probe(path, module, kind, None if kind == "image" else media_library())
        except InputFault as fault:
            if self.lock is None or fault.code not in (MISSING_INPUT_FILE, NO_MEDIA_LIBRARY):
                raise
            key = self.project.input_key(path, module)
            locked = self.lock.inputs.get(key)
            there = os.path.lexists(self.project.input_path(key))
            if locked is None or there != (fault.code is NO_MEDIA_LIBRARY) or not _serves(locked.facts, kind):
                raise
            if there:
                return self._unmeasured(key, locked, fault)
            self._absent[key] = None
            return InputInfo(path=key, sha256=locked.sha256, bytes=locked.bytes, facts=locked.facts)
        if self.lock is not None:
            locked = self.lock.inputs.get(info.path)
            if locked is not None and locked.sha256 != info.sha256:
                self._changed[info.path] = None
        return info

    def table(self, path: str, module: str) -> Table:
        """The rows of a table file.

        Raises:
            InputFault: E0601, E0604, E0615.
        """
        self._reach(path, module)
        return self.project.table(path, module)

    def files(self, pattern: str, module: str) -> tuple[str, ...]:
        """The files of the project that are like a pattern.

        Raises:
            InputFault: E0601, E0604.
        """
        self._reach(pattern, module)
        return self.project.files(pattern, module)

    def _reach(self, path: str, module: str) -> None:
        """Refuse files that a package's stages name.

        Raises:
            InputFault: E0219.
        """
        if module in self.project.packaged:
            raise InputFault(
                PACKAGE_REACH,
                f"`{module}` is a package's, and names the file `{path}`",
                "give it the file as an argument, or tell its makers",
            )

    def _unmeasured(self, key: str, locked: LockedInput, fault: InputFault) -> InputInfo:
        """A file that is there and cannot be measured: the lock's facts, if it is the lock's file.

        Raises:
            InputFault: it is another one, or cannot be read.
        """
        import hashlib

        try:
            with self.project.input_path(key).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            raise fault from None
        if digest != locked.sha256:
            raise fault
        return InputInfo(path=key, sha256=digest, bytes=locked.bytes, facts=locked.facts)

    def models(self, folder: str | None, file: str) -> ModelInfo | None:
        """What is known of a model file: where it comes from and what it is, as the lock has it."""
        known = lookup(folder, file)
        if self.lock is None or folder is None:
            return known
        locked = self.lock.models.get((folder, file))
        if locked is None:
            self._lacking[f"{folder}/{file}"] = None
            return known
        return ModelInfo(
            file=file,
            folder=folder,
            url=locked.url,
            bytes=locked.bytes,
            bytes_exact=locked.exact,
            sha256=locked.sha256,
            licence=locked.licence,
            commercial=locked.commercial,
            gated=known.gated if known is not None else False,
            source=NAME,
            note=known.note if known is not None else "",
            excludes=known.excludes if known is not None else (),
        )

    def package(self, module: str) -> Source | None:
        """The text of a module of an installed package, ``acme.film``; None when there is none.

        Raises:
            ReelError: E0217, E0218.
        """
        # Few programs use a package, and looking for one reads what all of them say of themselves.
        from reelc.packages import find

        found = find(module)
        if found is None:
            return None
        self.project.packaged[module] = found
        return found.source

    def package_modules(self, name: str) -> list[str]:
        """The modules that an installed package has under a name."""
        from reelc.packages import modules

        return modules(name)

    def tell(self, sink: Sink) -> None:
        """Say where the program and its lock differ."""
        if self.lock is None:
            return
        name, renew = shown(self.project), f"`{renewal(self.project)}` renews it"

        def say(code: Code, message: str, help_: str) -> None:
            sink.add(Diagnostic(code=code, message=message, help=(help_,)))

        for path in self._absent:
            message = f"`{path}` is not here: its size and hash are those of {name}"
            say(INPUT_FROM_LOCK, message, "a run needs the file itself")
        if self.lock.std != std_digest():
            say(STD_CHANGED, f"the standard library is not the one that {name} was made with", renew)
        for package, mine in used_packages(self.project).items():
            locked = self.lock.stages.get(package)
            whose = f"the stages `{package}` of {mine.package} {mine.version}"
            if locked is None:
                say(PACKAGE_CHANGED, f"{whose} are not in {name}", renew)
            elif locked.sha256 != mine.sha256:
                was = f"{locked.package} {locked.version}"
                message = f"{whose} are not those that {name} was made with ({was})"
                say(PACKAGE_CHANGED, message, f"install {was}, or {renew}")
        for path in self._changed:
            say(LOCKED_INPUT_CHANGED, f"`{path}` is not the file that {name} was made with", renew)
        if self._lacking:
            say(NOT_IN_LOCK, f"{name} does not have {', '.join(f'`{m}`' for m in self._lacking)}", renew)


def _serves(facts: Facts, kind: str) -> bool:
    """Whether a file with these facts gives a medium of a kind; a lock may have been written by hand."""
    if kind == AUDIO:
        return facts.seconds is not None and facts.seconds > 0
    shown = min(facts.width, facts.height, facts.frames) > 0
    return facts.kind == kind and shown and (kind == "image" or (facts.fps is not None and facts.fps > 0))


def media_library() -> Measure | None:
    """What measures films and sounds; None where the media library is not installed."""
    try:
        from reelc_runtime.media.measure import measure
    except ImportError:
        return None
    return measure


def held(project: Project) -> Held:
    """A program with its lock, if it has one.

    Raises:
        ReelError: E0605.
    """
    return Held(project, find_lock(project))


def std_digest() -> str:
    """The hash of the standard library: of every module's name and text."""
    sources = {name: std_source(name) for name in ["prelude", *std_names()]}
    return _digest({name: source.text for name, source in sources.items() if source is not None})


def _digest(texts: Mapping[str, str]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for name, text in texts.items():
        digest.update(f"{name}\0{len(text)}\0{text}\0".encode())
    return digest.hexdigest()


def used_packages(project: Project) -> dict[str, LockedStages]:
    """The installed packages whose stages a program has used, by the names of their stages."""
    by_name: dict[str, dict[str, Packaged]] = {}
    for module, packaged in sorted(project.packaged.items()):
        by_name.setdefault(packaged.name, {})[module] = packaged
    return {name: _locked_stages(modules) for name, modules in by_name.items()}


def _locked_stages(modules: Mapping[str, Packaged]) -> LockedStages:
    first = next(iter(modules.values()))
    texts = {module: packaged.source.text for module, packaged in modules.items()}
    return LockedStages(package=first.package, version=first.version, sha256=_digest(texts))


# -- recording -------------------------------------------------------------------------------


def record(path: Path, lock: Lock, found: Mapping[tuple[str, str], tuple[str, int]]) -> tuple[str, ...]:
    """Write down hashes that were not known before: what a first download turned out to be.

    Args:
        path: the lock's file.
        found: by folder and file, SHA-256 and size.

    Returns:
        The files that are pinned now, ``checkpoints/x.safetensors``.

    Raises:
        ReelError: E0711, E0718.
    """
    from reelc.files import write_whole

    models = dict(lock.models)
    new: list[str] = []
    for key, (sha256, size) in found.items():
        if key in models and models[key].sha256 is None:
            models[key] = replace(models[key], sha256=sha256, bytes=size, exact=True)
            new.append("/".join(key))
    if new:
        write_whole(path, write(replace(lock, models=models)).encode())
    return tuple(new)


def without(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Findings without what a lock says of itself."""
    return tuple(d for d in found if d.code not in RENEWED)

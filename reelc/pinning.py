"""Writing ``reel.lock``: what programs of one folder need now, with what was pinned before."""

from collections.abc import Mapping
from pathlib import Path

from reelc.files import write_whole
from reelc.locking import find_lock, lock_path, renewal, shown, std_digest, used_packages, without
from reelc.models import Compiled, compiled
from reelc_compiler.catalog import lookup
from reelc_compiler.loader import Project
from reelc_compiler.lock import Lock, LockedModel, Settings, lock_of
from reelc_compiler.locktext import write
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import STALE_LOCK
from reelc_dsl.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A lock as it would be written.

    Args:
        project: the program.
        path: the lock's file.
        lock: what would be in it.
        old: what is in it; None when there is none.
        found: what was said while the program was compiled, without what the old lock said.
    """

    project: Project
    path: Path
    lock: Lock
    old: Lock | None
    found: tuple[Diagnostic, ...]

    @property
    def text(self) -> bytes:
        """The file's content."""
        return write(self.lock).encode()

    @property
    def changes(self) -> tuple[str, ...]:
        """What differs from the old lock, a few words each."""
        return differences(self.old, self.lock)

    def write(self) -> None:
        """Put it beside the program. Raises ReelError: E0711, E0718."""
        write_whole(self.path, self.text)

    def stale(self) -> Diagnostic:
        """That the lock there is not this one."""
        name = shown(self.project)
        what = f"`{name}` is missing" if self.old is None else f"`{name}` is not what it would be now"
        return Diagnostic(
            code=STALE_LOCK,
            message=what,
            notes=self.changes,
            help=(f"`{renewal(self.project)}` writes it",),
        )


def renew(file: Path, *, overrides: Mapping[str, str], pipeline: str | None, catalog: str | None) -> Renewal:
    """The lock of a program, and of the programs beside it that are in the lock already.

    Args:
        file: a .reel file.
        overrides, pipeline: how to compile it; when neither is given, as the lock says that it was.
        catalog: as for :func:`reelc.compile`; the others are compiled against the same one.

    Raises:
        ReelError: a program has errors, or the lock is none.
    """
    project = Project(file)
    old = find_lock(project)
    before = dict(old.programs) if old is not None else {}
    mine = Settings(pipeline=pipeline, overrides=dict(overrides))
    if not overrides and pipeline is None:
        mine = before.get(project.key, mine)
    programs = {name: s for name, s in before.items() if (project.root / name).is_file()} | {project.key: mine}
    done: dict[str, Compiled] = {}
    for name, settings in sorted(programs.items()):
        path = file if name == project.key else file.parent / name
        done[name] = compiled(path, overrides=settings.overrides, pipeline=settings.pipeline, catalog=catalog)
    # Programs of one folder may use different modules of a package: its hash is over all of them.
    for each in done.values():
        project.packaged |= each.project.packaged
    stages = used_packages(project)
    plans = [plan for each in done.values() for plan in each.plans]
    return Renewal(
        project=project,
        path=lock_path(project),
        lock=lock_of(programs, plans, std_digest(), lookup, old, stages),
        old=old,
        found=without(done[project.key].found),
    )


def differences(old: Lock | None, new: Lock) -> tuple[str, ...]:
    """What is another in a lock, or new, or gone."""
    if old is None:
        return ()
    out: list[str] = []
    if old.catalog != new.catalog:
        out.append(f"the catalog is {new.catalog.name} ({new.catalog.sha256[:12]})")
    if old.std != new.std:
        out.append("the standard library is another")
    out += _between("program", old.programs, new.programs)
    out += _between("package of stages", old.stages, new.stages)
    out += _between("node pack", old.packs, new.packs)
    out += _between("model", _by_path(old.models), _by_path(new.models))
    out += _between("input", old.inputs, new.inputs)
    return tuple(out)


def _by_path(models: Mapping[tuple[str, str], LockedModel]) -> dict[str, LockedModel]:
    return {"/".join(key): model for key, model in models.items()}


def _between(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    out = [f"the {what} {name} is gone" for name in sorted(old.keys() - new.keys())]
    for name in sorted(new):
        if name not in old:
            out.append(f"the {what} {name} is new")
        elif old[name] != new[name]:
            out.append(f"the {what} {name} is another")
    return out


def conflicts(lock: Lock) -> tuple[str, ...]:
    """Model files whose pinned hash is not the one that reelc knows: the lock counts, and it is said."""
    out: list[str] = []
    for (folder, file), model in sorted(lock.models.items()):
        known = lookup(folder, file)
        if known is not None and known.sha256 and model.sha256 and known.sha256 != model.sha256:
            out.append(f"{folder}/{file}: the lock pins {model.sha256[:12]}, and reelc knows {known.sha256[:12]}")
    return tuple(out)

"""``reel.lock``: what programs were made with, so that they compile to the same plan elsewhere and later."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from reelc_compiler.catalog.models import Lookup, ModelInfo
from reelc_compiler.facts import Facts
from reelc_dsl.records import dataclass

if TYPE_CHECKING:
    # Reading a lock makes no plan, and need not pay for importing what plans are made of.
    from reelc_compiler.plan import Plan

NAME = "reel.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a program was compiled for the lock: ``--pipeline`` and ``--set``."""

    pipeline: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCatalog:
    """The catalog of all plans."""

    name: str
    comfyui: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPack:
    """A node pack; None is unknown."""

    repo: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedStages:
    """An installed package whose stages the programs use; the hash is of the modules that they use."""

    package: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedModel:
    """A model file; None is unknown. ``bytes`` is rounded unless ``exact``."""

    folder: str
    file: str
    url: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    exact: bool = False
    licence: str | None = None
    commercial: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedInput:
    """An input file's content and facts, as ComfyUI loads it (orientation applied)."""

    sha256: str
    bytes: int
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What is in ``reel.lock``.

    Args:
        programs: by file name, beside the lock.
        catalog: the one catalog of their plans; its ComfyUI version, too.
        std: the hash of the standard library.
        packs: by name.
        stages: by the name that a `use` begins with.
        models: by folder and file.
        inputs: by path relative to the lock's folder.
    """

    programs: Mapping[str, Settings]
    catalog: LockedCatalog
    std: str
    packs: Mapping[str, LockedPack] = field(default_factory=dict[str, LockedPack])
    models: Mapping[tuple[str, str], LockedModel] = field(default_factory=dict[tuple[str, str], LockedModel])
    inputs: Mapping[str, LockedInput] = field(default_factory=dict[str, LockedInput])
    stages: Mapping[str, LockedStages] = field(default_factory=dict[str, LockedStages])


def lock_of(
    programs: Mapping[str, Settings],
    plans: "Iterable[Plan]",
    std: str,
    known: Lookup,
    old: Lock | None,
    stages: Mapping[str, LockedStages] | None = None,
) -> Lock:
    """The lock of plans that were compiled against one catalog.

    Args:
        programs: what was compiled.
        plans: at least one.
        std: the hash of the standard library.
        known: what is known of model files.
        stages: the packages whose stages were used.
        old: the lock that is renewed: where a model comes from, its hash and its exact size stay as they are in it.
    """
    packs: dict[str, LockedPack] = {}
    models: dict[tuple[str, str], LockedModel] = {}
    inputs: dict[str, LockedInput] = {}
    catalog: LockedCatalog | None = None
    for plan in plans:
        ref = plan.catalog
        catalog = LockedCatalog(name=ref.name, comfyui=ref.comfyui, sha256=ref.sha256)
        inputs |= {i.path: LockedInput(sha256=i.sha256, bytes=i.bytes, facts=i.facts) for i in plan.inputs}
        for job in plan.jobs:
            packs |= {p.name: LockedPack(repo=p.repo, commit=p.commit) for p in job.needs.packs}
            for model in job.needs.models:
                key = (model.folder, model.file)
                models[key] = _model(key, known(*key), old.models.get(key) if old is not None else None)
    assert catalog is not None
    return Lock(
        programs=programs,
        catalog=catalog,
        std=std,
        packs=packs,
        models=models,
        inputs=inputs,
        stages=dict(stages or {}),
    )


def _model(key: tuple[str, str], known: ModelInfo | None, old: LockedModel | None) -> LockedModel:
    mine = old or LockedModel(folder=key[0], file=key[1])
    size, exact = (known.bytes, known.bytes_exact) if known is not None else (None, False)
    if mine.exact or size is None:
        size, exact = mine.bytes, mine.exact
    return LockedModel(
        folder=key[0],
        file=key[1],
        url=mine.url or (known.url if known is not None else None),
        sha256=mine.sha256 or (known.sha256 if known is not None else None),
        bytes=size,
        exact=exact,
        licence=known.licence if known is not None else mine.licence,
        commercial=known.commercial if known is not None else mine.commercial,
    )

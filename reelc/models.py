"""The model files that a program needs: which stage wants them, what they weigh, what their licences allow."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from reelc.api import compile_each
from reelc.locking import Held, catalog_for, held
from reelc_compiler.catalog import ModelInfo, known_models, version_text
from reelc_compiler.loader import Project
from reelc_compiler.plan import Job, Place, Plan
from reelc_compiler.units import bytes_text
from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import NO_PIPELINE
from reelc_dsl.records import dataclass

HUGGING_FACE = "huggingface.co"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Where a program wants a model file: the place in the user's file, and what is called there."""

    file: str
    line: int
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededModel:
    """A model file that plans need. None is unknown.

    Args:
        folder: ComfyUI's models folder; a path below ComfyUI for what a node pack keeps itself.
        bytes: its size, rounded unless ``exact``.
        excludes: where the licence does not apply.
        pack: a node pack downloads it by itself, when it first needs it.
        uses: where it is wanted, in the order of the plans.
    """

    folder: str
    file: str
    url: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    exact: bool = False
    licence: str | None = None
    commercial: str | None = None
    gated: bool = False
    note: str = ""
    excludes: tuple[str, ...] = ()
    pack: bool = False
    uses: tuple[Use, ...] = ()

    @property
    def size_text(self) -> str:
        """``4.89 GB``, ``about 4.78 GB``, ``unknown``"""
        if self.bytes is None:
            return "unknown"
        return bytes_text(self.bytes) if self.exact else f"about {bytes_text(self.bytes)}"

    @property
    def page(self) -> str | None:
        """The page where the file's licence can be read and accepted, where that follows from its address."""
        return page_of(self.url)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program's plans with what was said on the way, and what it was held to."""

    project: Project
    plans: tuple[Plan, ...]
    found: tuple[Diagnostic, ...]
    held: Held


def compiled(
    file: Path, *, overrides: Mapping[str, str], pipeline: str | None = None, catalog: str | None = None
) -> Compiled:
    """The plans of all of a program's pipelines, or of the one that is named.

    Raises:
        ReelError: the program has errors, or no pipeline.
    """
    project = Project(file)
    described = catalog_for(project, catalog)
    plans, found = compile_each(project, overrides=overrides, pipeline=pipeline, catalog=described)
    if any(d.is_error for d in found):
        raise ReelError(found)
    if not plans:
        message = f"`{project.shown.as_posix()}` has no pipeline, and stages alone need no files"
        raise ReelError([Diagnostic(code=NO_PIPELINE, message=message, help=("name the program that uses it",))])
    return Compiled(project, plans, found, held(project))


def needed(done: Compiled) -> tuple[NeededModel, ...]:
    """The model files of a program's plans, each once, by folder and name."""
    uses: dict[tuple[str, str], dict[Use, None]] = {}
    known: dict[tuple[str, str], tuple[ModelInfo | None, bool]] = {}
    for plan in done.plans:
        for job in plan.jobs:
            for model in job.needs.models:
                key = (model.folder, model.file)
                known[key] = (done.held.models(*key), False)
                uses.setdefault(key, {}).update(dict.fromkeys(_uses(plan, job, model.file)))
            for info, value in _of_packs(job):
                key = (info.folder, info.file)
                known[key] = (info, True)
                uses.setdefault(key, {}).update(dict.fromkeys(_uses(plan, job, value)))
    return tuple(_needed(*key, *known[key], tuple(uses[key])) for key in sorted(known))


def _needed(folder: str, file: str, info: ModelInfo | None, pack: bool, uses: tuple[Use, ...]) -> NeededModel:
    if info is None:
        return NeededModel(folder=folder, file=file, uses=uses)
    return NeededModel(
        folder=folder,
        file=file,
        url=info.url,
        sha256=info.sha256,
        bytes=info.bytes,
        exact=info.bytes_exact,
        licence=info.licence,
        commercial=info.commercial,
        gated=info.gated,
        note=info.note,
        excludes=info.excludes,
        pack=pack,
        uses=uses,
    )


def _uses(plan: Plan, job: Job, value: str) -> list[Use]:
    """The places of the nodes that name a file."""
    out: list[Use] = []
    for node, content in job.graph.items():
        if value in content["inputs"].values():
            stack = plan.spans[job.id][node]
            mine = [i for i, place in enumerate(stack) if not place.library]
            place = stack[mine[-1]] if mine else stack[0]
            out.append(Use(file=place.file, line=place.line, stage=_stage(place, stack[(mine or [0])[-1] + 1 :])))
    return out


def _stage(place: Place, inner: tuple[Place, ...]) -> str:
    """What is called at a place: ``svd.load``, with its module where that is the library's."""
    if inner and inner[0].library:
        return f"{Path(inner[0].file).stem}.{place.name}"
    return place.name


def _of_packs(job: Job) -> list[tuple[ModelInfo, str]]:
    """Files that the job's packs download by themselves, with the value that names them."""
    classes = {name for pack in job.needs.packs for name in pack.classes}
    values = {
        value
        for node in job.graph.values()
        if node["class_type"] in classes
        for value in node["inputs"].values()
        if isinstance(value, str) and value
    }
    own = [info for info in known_models() if info.of_pack]
    return [(info, value) for value in sorted(values) for info in own if info.is_named(value)]


def page_of(url: str | None) -> str | None:
    """The page of the repository that a file lies in, where its address tells."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.hostname != HUGGING_FACE:
        return None
    owner, name, *_ = [*parts.path.strip("/").split("/"), "", ""]
    return f"https://{HUGGING_FACE}/{owner}/{name}" if name else None


# -- what is said of them --------------------------------------------------------------------


def total(models: Iterable[NeededModel]) -> tuple[int, bool, int]:
    """The sum of the sizes that are known, whether all of it is exact, and how many sizes are not known."""
    files = list(models)
    sizes = [m.bytes for m in files if m.bytes is not None]
    return sum(sizes), all(m.exact for m in files if m.bytes is not None), len(files) - len(sizes)


def warnings(models: Iterable[NeededModel]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What licences do not allow, each sentence with the files that it is about."""
    said: dict[str, list[str]] = {}
    for model in models:
        for sentence in _sentences(model):
            said.setdefault(sentence, []).append(model.file)
    return tuple((sentence, tuple(files)) for sentence, files in said.items())


def _sentences(model: NeededModel) -> list[str]:
    out: list[str] = []
    licence = model.licence or "licence unknown"
    # Who downloads it is said elsewhere.
    note = "; ".join(n for n in model.note.split("; ") if not n.startswith("the pack downloads"))
    note = f": {note}" if note else ""
    match model.commercial:
        case "no":
            out.append(f"not for commercial use ({licence})")
        case "limited":
            out.append(f"commercial use is limited ({licence}){note}")
        case "yes":
            pass
        case _:
            out.append("the licence is unknown to reelc: read it where the file comes from")
    if model.excludes:
        places = listed(model.excludes)
        out.append(f"the {licence} does not apply in {places}: it gives no right to use the file there")
    if model.gated:
        where = f" at {model.page}" if model.page else ""
        out.append(f"gated: downloading needs an account that has accepted the licence{where}")
    return out


def listed(names: Iterable[str]) -> str:
    """``a, b and c``, with articles where places have them."""
    words = [f"the {n}" if n.endswith(("Union", "Kingdom")) else n for n in names]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def comfyui_of(done: Compiled) -> str:
    """Which ComfyUI the plans are for, for people."""
    return version_text(done.plans[0].catalog.comfyui)

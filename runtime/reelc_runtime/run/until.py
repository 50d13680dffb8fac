"""What a run makes: all films, or what is ready at a name (`--until animate`), to be looked at."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reelc_compiler.filenames import folded, is_device, is_short
from reelc_compiler.plan import Artifact, Output, Plan, Save
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import BAD_RESULT, UNKNOWN_STOP
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_runtime.run import events
from reelc_runtime.run.delivery import Delivery
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.record import cannot_write

# What people look at need not be small.
LOOK_CRF = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a run makes.

    Args:
        until: as it was asked for; empty for everything.
        jobs: what must be done, in the order of the plan.
        outputs: the films that are assembled.
        looks: the hand-overs that are put out to be looked at, by the names of their files.
        saves: the outputs that nodes of the user's own save, each with its job.
    """

    until: str
    jobs: tuple[str, ...]
    outputs: tuple[Output, ...]
    looks: Mapping[str, Artifact]
    saves: tuple[tuple[str, Save], ...] = ()

    async def deliver(self, run: Delivery) -> list[events.Written]:
        """Put everything in its place.

        Raises:
            RunFault: it cannot be assembled or written.
        """
        written: list[events.Written] = [await run.assemble(output) for output in self.outputs]
        for name, artifact in self.looks.items():
            written.append(await _look(run, artifact, name))
        for job, save in self.saves:
            written += await run.copy(job, save)
        return written


def goal_of(plan: Plan, until: str | None) -> Goal:
    """The goal that a name stands for.

    Args:
        until: names of the pipeline or of shots, stages that sample, or outputs, with commas between them; None for all
            films.

    Raises:
        RunFault: E0724.
    """
    saves = tuple((job.id, save) for job in plan.jobs for save in job.saves)
    if until is None:
        jobs = tuple(job.id for job in plan.jobs)
        return Goal(until="", jobs=jobs, outputs=plan.outputs, looks={}, saves=saves)
    made = [a for job in plan.jobs for a in job.artifacts_out]
    films = {a for output in plan.outputs for a in output.made_of}
    kept = [a for a in made if a.id not in films and a.names]
    names = [name.strip() for name in until.split(",")]
    outputs = tuple(o for o in plan.outputs if o.name in names)
    saves = tuple((job, save) for job, save in saves if save.name in names)
    looked: dict[str, Artifact] = {}
    for name in names:
        if any(o.name == name for o in outputs) or any(save.name == name for _, save in saves):
            continue
        found = [a for a in kept if _called(a, name)]
        if not found:
            raise RunFault(_unknown(plan, kept, name))
        looked |= {a.id: a for a in found}
    looks = tuple(a for a in kept if a.id in looked)
    wanted = {a for output in outputs for a in output.made_of} | {a.id for a in looks}
    makers = [job.id for job in plan.jobs if any(a.id in wanted for a in job.artifacts_out)]
    jobs = plan.with_earlier([*makers, *(job for job, _ in saves)])
    return Goal(until=until, jobs=jobs, outputs=outputs, looks=_files(plan, kept, looks), saves=saves)


def _called(artifact: Artifact, name: str) -> bool:
    return artifact.id == name or any(n == name or n.endswith(f".{name}") for n in artifact.names)


def _unknown(plan: Plan, handovers: list[Artifact], until: str) -> Diagnostic:
    names = dict.fromkeys(n.rsplit(".", 1)[-1] for a in handovers for n in a.names)
    names |= dict.fromkeys(o.name for o in (*plan.outputs, *plan.saves))
    where = ", ".join(f"`{name}`" for name in names)
    return Diagnostic(
        code=UNKNOWN_STOP,
        message=f"nothing that is kept is called `{until}`",
        notes=("a run can stop after a stage that samples, at a name for its result, or at an output",),
        help=(*did_you_mean(until, list(names)), f"here that is {where}"),
    )


def _files(plan: Plan, kept: list[Artifact], looks: Iterable[Artifact]) -> dict[str, Artifact]:
    """What the files of looks are called: after their shots, where that is the name of one look only.

    Of several variants of a shot each is called after what makes it another. A look goes by its id where its file would
    be a film's, in this plan or among its variants (``film``, ``film-seed-3``), a device of Windows, or another shot's
    but for capitals and accents.
    """
    films = {folded(output.name.partition("-")[0]) for output in (*plan.outputs, *plan.saves)}
    spelt: dict[str, set[str]] = {}
    for name in (name for artifact in kept for name in _shots(artifact)):
        spelt.setdefault(folded(name), set()).add(name)
    called = {artifact.id: _shots(artifact) for artifact in looks}
    shared = Counter(name for names in called.values() for name in names)

    def free(name: str) -> bool:
        film = folded(name.partition("-")[0]) in films
        return not film and shared[name] == 1 == len(spelt[folded(name)]) and is_short(name) and not is_device(name)

    return {next(filter(free, called[artifact.id]), artifact.id): artifact for artifact in looks}


def _shots(artifact: Artifact) -> list[str]:
    """The shots that a hand-over was made for: ``pier`` where the pipeline calls it ``clips.pier``."""
    return [name.split(".", 1)[1] for name in artifact.names[:-1] if "." in name]


async def _look(run: Delivery, artifact: Artifact, name: str) -> events.OutputWritten:
    """A hand-over as a file that any player shows."""
    facts = artifact.facts
    playable = facts.fps is not None and facts.width % 2 == 0 and facts.height % 2 == 0
    suffix = ("preview." if run.preview else "") + ("mp4" if playable else artifact.container)
    to = run.out / f"{name}.{suffix}"
    source = run.file(artifact.id)
    if playable:
        await asyncio.to_thread(_encode, source, to, artifact, run.preview, run.labelled)
    else:
        try:
            await asyncio.to_thread(shutil.copyfile, source, to)
        except OSError as error:
            raise RunFault(cannot_write(to, error)) from None
    return await run.written(artifact.id, to, artifact)


def _encode(source: Path, to: Path, artifact: Artifact, preview: bool, labelled: bool) -> None:
    from reelc_runtime.media import errors
    from reelc_runtime.media.encode import encode
    from reelc_runtime.media.lossless import Frame, read_frames

    facts = artifact.facts
    assert facts.fps is not None

    def frames() -> Iterable[Frame]:
        shown = (frame for frame, _ in read_frames(source))
        if not labelled:
            return shown
        from reelc_runtime.preview.label import Label

        label = Label(facts.width, facts.height, facts.eyes)
        return (label.on(frame) for frame in shown)

    metadata = {"comment": "reelc preview: an animatic made of stand-ins, not a render"} if preview else {}
    try:
        encode(frames(), to, width=facts.width, height=facts.height, fps=facts.fps, crf=LOOK_CRF, metadata=metadata)
    except errors.MediaError as error:
        raise RunFault(Diagnostic(code=BAD_RESULT, message=f"{to.name} cannot be written: {error}")) from None

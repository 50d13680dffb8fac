"""Before anything is sent: which jobs must be rendered, and whether there is a worker for each of them."""

from collections.abc import Callable, Iterable
from pathlib import Path

from reelc_compiler.plan import Job, Output
from reelc_runtime.run.context import Context
from reelc_runtime.run.given import check_given
from reelc_runtime.store import identity, scope


async def survey(
    jobs: Iterable[Job], outputs: Iterable[Output], context: Context, input_path: Callable[[str], Path]
) -> None:
    """Look at inputs and match the workers with all jobs that have no result yet: nothing is found half-way.

    Raises:
        RunFault: an input cannot be used, or for some job no worker that answers will do, with all that is missing for
            all jobs.
    """
    wanted = _wanted(jobs, context)
    await check_given(context.plan, wanted, outputs, input_path)
    await context.pool.survey(_unlike(wanted))


def _unlike(jobs: Iterable[Job]) -> list[Job]:
    """Of several jobs that want the same of a worker, one."""
    found: dict[tuple[object, ...], Job] = {}
    for job in jobs:
        classes = tuple(sorted({node["class_type"] for node in job.graph.values()}))
        models = tuple(sorted((m.folder, m.file) for m in job.needs.models))
        found.setdefault((classes, models, job.needs.vram), job)
    return list(found.values())


def _wanted(jobs: Iterable[Job], context: Context) -> list[Job]:
    """The jobs that must be rendered."""
    contents: dict[str, str] = {}
    wanted: list[Job] = []
    for job in jobs:
        inputs = {a.id: contents[a.id] for a in job.artifacts_in if a.id in contents}
        if len(inputs) == len(job.artifacts_in):
            scopes = (
                None if context.alike else {scope(job, context.engine, url, alike=False) for url in context.pool.urls}
            )
            name = identity(job, context.engine, inputs, clean=context.clean)
            kept = next((e for e in context.store.find(name, scopes) if e.engine == context.engine), None)
            if kept is not None and len(kept.files) == len(job.artifacts_out):
                contents |= {a.id: f.sha256 for a, f in zip(job.artifacts_out, kept.files, strict=True)}
                continue
        wanted.append(job)
    return wanted

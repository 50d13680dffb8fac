"""Before anything is sent: which jobs must be rendered, and whether there is a worker for each of them."""

from collections.abc import Iterable

from reelc_compiler.plan import Job
from reelc_runtime.run.context import Context
from reelc_runtime.store import identity, scope


async def survey(jobs: Iterable[Job], context: Context) -> None:
    """Match the workers with all jobs that have no result yet, so that nothing that is missing is found half-way.

    Raises:
        RunFault: for some job no worker that answers will do, with all that is missing for all jobs.
    """
    await context.pool.survey(_wanted(jobs, context))


def _wanted(jobs: Iterable[Job], context: Context) -> list[Job]:
    """The jobs that must be rendered; of several that want the same of a worker, one."""
    contents: dict[str, str] = {}
    alike: dict[tuple[object, ...], Job] = {}
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
        classes = tuple(sorted({node["class_type"] for node in job.graph.values()}))
        models = tuple(sorted((m.folder, m.file) for m in job.needs.models))
        alike.setdefault((classes, models, job.needs.vram), job)
    return list(alike.values())

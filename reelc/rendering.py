"""Rendering: a plan on a worker, or on the embedded preview worker."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reelc.api import Compilation
from reelc.catalogs import catalog_of
from reelc_compiler.loader import std_names, std_source
from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import MISSING_EXTRA
from reelc_dsl.source import Source
from reelc_runtime import comfy
from reelc_runtime.run import events
from reelc_runtime.run.faults import Locator, RunFault
from reelc_runtime.run.journal import cannot_write
from reelc_runtime.run.runner import RunRequest, run
from reelc_runtime.run.stand_ins import without

TOKEN_VARIABLE = "REELC_WORKER_TOKEN"  # noqa: S105 - the variable's name, not a token
HEADERS_VARIABLE = "REELC_WORKER_HEADERS"

Report = Callable[[events.Event], None]
Warn = Callable[[Diagnostic], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A plan that is to be rendered, with where its inputs and sources lie.

    Args:
        plan: what.
        input_path: an input's path in the plan to where it lies.
        sources: file keys to sources, for the places of faults.
        out: the folder for films; journals go to its ``.reelc``.
        report, warn: are told what happens.
    """

    plan: Plan
    input_path: Callable[[str], Path]
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    out: Path
    report: Report
    warn: Warn

    @property
    def state(self) -> Path:
        """Where journals and downloads lie."""
        return self.out / ".reelc"


def job_of(done: Compilation, out: Path, report: Report, warn: Warn) -> Job:
    """The job of a compiled file."""
    sources: dict[str, Source] = dict(done.project.sources)
    for name in [*std_names(), "prelude"]:
        source = std_source(name)
        if source is not None:
            sources[f"std/{name}.reel"] = source
    return Job(plan=done.plan, input_path=done.project.input_path, sources=sources, out=out, report=report, warn=warn)


def render(job: Job, worker: str, *, stall: float) -> list[events.OutputWritten]:
    """Render on a ComfyUI worker.

    Args:
        worker: its URL; its token and headers come from the environment.
        stall: seconds without a sign of life after which it counts as silent.

    Raises:
        ReelError: E07xx.
        KeyboardInterrupt: after the prompt was stopped on the worker.
    """
    need_extra("run")
    return asyncio.run(
        run(
            _request(
                job,
                worker,
                engine="render",
                catalog=catalog_of(job.plan.catalog),
                token=os.environ.get(TOKEN_VARIABLE) or None,
                headers=headers_of(os.environ.get(HEADERS_VARIABLE, "")),
                stall=stall,
            )
        )
    )


def preview(job: Job, *, clean: bool) -> list[events.OutputWritten]:
    """Render the animatic on the embedded preview worker.

    Args:
        clean: leave the burnt-in label off; file name and metadata say what it is all the same.

    Raises:
        ReelError: E0710 before anything starts, or another E07xx.
    """
    need_extra("run")
    from reelc_runtime.preview.standins import registry

    faults = without(job.plan, registry(), Locator(job.plan, job.sources))
    if faults:
        raise RunFault(*faults)
    return asyncio.run(_preview(job, clean))


async def _preview(job: Job, clean: bool) -> list[events.OutputWritten]:
    from reelc_runtime.preview import PreviewWorker

    # Made before the run's own folders, so that a folder that cannot be written is said in one place.
    install_name(job.state)
    with TemporaryDirectory(prefix="preview-", dir=job.state) as workdir:
        async with PreviewWorker(Path(workdir), clean=clean, comfyui=job.plan.catalog.comfyui) as worker:
            # A frame of a large film may take the preview a while, but never minutes.
            return await run(_request(job, worker.url, engine="preview", clean=clean, stall=300.0))


def _request(job: Job, worker: str, **more: Any) -> RunRequest:
    return RunRequest(
        plan=job.plan,
        worker=worker,
        input_path=job.input_path,
        sources=job.sources,
        out=job.out,
        state=job.state,
        install=install_name(job.state),
        run=run_name(time.time()),
        report=job.report,
        warn=job.warn,
        clock=comfy.SystemClock(),
        **more,
    )


def run_name(now: float) -> str:
    """A run's name: its start in UTC, and four characters so that two of one second differ."""
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(now)) + "-" + secrets.token_hex(2)


def install_name(state: Path) -> str:
    """The name of this installation, made once and kept in the state folder.

    Raises:
        RunFault: the folder cannot be written.
    """
    path = state / "install"
    try:
        state.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            name = path.read_text("ascii").strip()
            if name.isalnum() and len(name) <= 32:
                return name
        name = secrets.token_hex(4)
        path.write_text(name + "\n", "ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise RunFault(cannot_write(path, error if isinstance(error, OSError) else OSError())) from None
    return name


def headers_of(text: str) -> dict[str, str]:
    """``Name: value`` lines as headers; lines that are none are passed over."""
    out: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip():
            out[name.strip()] = value.strip()
    return out


def need_extra(extra: str) -> None:
    """Say which optional part of reelc is missing.

    Raises:
        ReelError: E0717.
    """
    missing = [name for name in ("av", "numpy", "cv2", "aiohttp") if find_spec(name) is None]
    if missing:
        raise ReelError(
            [
                Diagnostic(
                    code=MISSING_EXTRA,
                    message=f"this command needs the extra `reelc[{extra}]` ({', '.join(missing)} not installed)",
                    help=(f"pip install 'reelc[{extra}]'",),
                )
            ]
        )

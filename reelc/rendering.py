"""Rendering: a plan on workers, or on the embedded preview worker; new, or where it was left."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from reelc.api import Compilation
from reelc.catalogs import catalog_of
from reelc.state import DATABASE_VARIABLE, state_folder
from reelc_compiler.loader import std_names, std_source
from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import MISSING_EXTRA
from reelc_dsl.source import Source
from reelc_runtime import comfy
from reelc_runtime.run import events
from reelc_runtime.run.driver import run
from reelc_runtime.run.faults import Locator, RunFault
from reelc_runtime.run.record import Runs, cannot_write
from reelc_runtime.run.request import Address, RunRequest, request_digest
from reelc_runtime.run.stand_ins import without
from reelc_runtime.run.until import goal_of

if TYPE_CHECKING:
    from reelc.config import WorkerConfig

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
        inputs: the folder that inputs lie in.
        source: the file or plan that was named.
        sources: file keys to sources, for the places of faults.
        out: the folder for films.
        run: the run to go on with; None for a new one, or for the unfinished one of the same thing.
        place: the folder of all runs, where it is not that of ``out``.
        report, warn: are told what happens.
    """

    plan: Plan
    input_path: Callable[[str], Path]
    inputs: Path
    source: str
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    out: Path
    run: str | None = None
    place: Path | None = None
    report: Report
    warn: Warn

    @property
    def state(self) -> Path:
        """Where runs, their database and the store lie."""
        return self.place or state_folder(self.out)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to render.

    Args:
        until: the name after which to stop; None for all films.
        alike: whether one worker's results count for the others.
        stall: seconds without a sign of life after which a job counts as silent.
        wait: seconds to wait for a lost worker when none is left.
    """

    until: str | None = None
    alike: bool = False
    stall: float = 900.0
    wait: float = 300.0


def job_of(done: Compilation, out: Path, report: Report, warn: Warn) -> Job:
    """The job of a compiled file."""
    project = done.project
    return Job(
        plan=done.plan,
        input_path=project.input_path,
        inputs=project.root,
        source=project.shown.as_posix(),
        sources=dict(project.sources) | std_sources() | {p.source.name: p.source for p in project.packaged.values()},
        out=out,
        report=report,
        warn=warn,
    )


def std_sources() -> dict[str, Source]:
    """The standard library's files, by the names that plans give them."""
    sources: dict[str, Source] = {}
    for name in [*std_names(), "prelude"]:
        source = std_source(name)
        if source is not None:
            sources[f"std/{name}.reel"] = source
    return sources


def addresses(urls: tuple[str, ...], configured: "tuple[WorkerConfig, ...]" = ()) -> tuple[Address, ...]:
    """Workers with their credentials from the environment.

    Args:
        urls: from the command line; they come instead of the configured ones.
        configured: from reelc.toml.
    """
    headers = headers_of(os.environ.get(HEADERS_VARIABLE, ""))
    token = os.environ.get(TOKEN_VARIABLE) or None
    tokens = {comfy.address_shown(w.url): w.token_env for w in configured if w.token_env}
    chosen = urls or tuple(w.url for w in configured)
    return tuple(
        Address(url=url, token=_token(tokens.get(comfy.address_shown(url)), token), headers=headers)
        for url in dict.fromkeys(chosen)
    )


def _token(variable: str | None, default: str | None) -> str | None:
    return os.environ.get(variable) or None if variable is not None else default


def render(
    job: Job, workers: tuple[Address, ...], options: Options, joined: Callable[[str], Address]
) -> list[events.Written]:
    """Render on ComfyUI workers; an unfinished run of the same thing goes on.

    Args:
        job: what.
        workers: where.
        options: how.
        joined: see :attr:`RunRequest.joined`.

    Raises:
        ReelError: E07xx.
        KeyboardInterrupt: after the prompts were stopped on the workers.
    """
    need_extra("run")
    install = install_name(job.state)
    goal = goal_of(job.plan, options.until)
    name = job.run
    if name is None:
        digest = request_digest(job.plan, "render", False, job.out, goal.until)
        unfinished = Runs(job.state, time.time).unfinished(digest)
        name = unfinished.name if unfinished is not None else run_name(time.time())
    database = database_of(job.state)
    request = _request(
        job,
        workers,
        install=install,
        run=name,
        engine="render",
        goal=goal,
        joined=joined,
        database=database,
        catalog=catalog_of(job.plan.catalog),
        alike=options.alike,
        again=job.run is None,
        stall=options.stall,
        patience=options.wait,
    )
    return asyncio.run(run(request))


def database_of(state: Path) -> str:
    """The engine's database of a state folder: REELC_DB, else a SQLite file in it.

    Raises:
        RunFault: E0723.
    """
    from reelc_runtime.engine.durable import EngineFault, database_url
    from reelc_runtime.run.faults import bad_database

    try:
        return database_url(state, os.environ.get(DATABASE_VARIABLE))
    except EngineFault as error:
        raise RunFault(bad_database(error)) from None


def preview(job: Job, *, clean: bool, until: str | None, scale: Fraction = Fraction(1)) -> list[events.Written]:
    """Render the animatic on the embedded preview worker.

    Args:
        clean: leave the burnt-in label off; file name and metadata say what it is all the same.
        until: the name after which to stop; None for all films.
        scale: of all pictures; below 1 the animatic is smaller than the film, and made faster.

    Raises:
        ReelError: E0710 before anything starts, or another E07xx.
    """
    need_extra("run")
    from reelc_runtime.preview.standins import registry

    faults = without(job.plan, registry(), Locator(job.plan, job.sources))
    if faults:
        raise RunFault(*faults)
    if scale != 1:
        from reelc_runtime.preview.scale import scaled

        job = replace(job, plan=scaled(job.plan, scale))
    return asyncio.run(_preview(job, clean, until))


async def _preview(job: Job, clean: bool, until: str | None) -> list[events.Written]:
    from reelc_runtime.preview import PreviewWorker

    # Made before the run's own folders, so that a folder that cannot be written is said in one place.
    install = install_name(job.state)
    goal = goal_of(job.plan, until)
    with TemporaryDirectory(prefix="preview-", dir=job.state) as workdir:
        async with PreviewWorker(Path(workdir), clean=clean, comfyui=job.plan.catalog.comfyui) as worker:
            request = _request(
                job,
                (Address(url=worker.url),),
                install=install,
                run=run_name(time.time()),
                engine="preview",
                goal=goal,
                clean=clean,
                # A frame of a large film may take the preview a while, but never minutes.
                stall=300.0,
            )
            return await run(request)


def _request(job: Job, workers: tuple[Address, ...], **more: Any) -> RunRequest:
    return RunRequest(
        plan=job.plan,
        workers=workers,
        input_path=job.input_path,
        inputs=job.inputs,
        source=job.source,
        sources=job.sources,
        out=job.out,
        state=job.state,
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
    part = state / f"install.{secrets.token_hex(4)}.part"
    try:
        state.mkdir(parents=True, exist_ok=True)
        name = known_install(state)
        if name is None:
            part.write_text(secrets.token_hex(4) + "\n", "ascii")
            try:
                # Of two commands that begin at the same time, both go by the name of the faster one.
                path.hardlink_to(part)
            except OSError:
                if known_install(state) is None:
                    part.replace(path)  # damaged, or a file system without links
            part.unlink(missing_ok=True)
            name = known_install(state)
    except OSError as error:
        raise RunFault(cannot_write(path, error)) from None
    if name is None:
        raise RunFault(cannot_write(path, OSError()))
    return name


def known_install(state: Path) -> str | None:
    """The name of this installation; None when it has none yet."""
    try:
        name = (state / "install").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if name.isalnum() and len(name) <= 32 else None


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
    missing = [name for name in ("av", "numpy", "cv2", "aiohttp", "dbos") if find_spec(name) is None]
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

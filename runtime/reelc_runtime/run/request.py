"""What a run is asked to do: the plan, the workers, where everything goes, and who is told."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reelc_compiler.canonical import sha256
from reelc_compiler.catalog import Catalog
from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.source import Source
from reelc_runtime import comfy
from reelc_runtime.run.steps import Report
from reelc_runtime.run.until import Goal

Warn = Callable[[Diagnostic], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A worker as the user names it.

    Args:
        url: may hold a user and a password.
        token, headers: its credentials, from the environment; they appear nowhere else.
    """

    url: str
    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def _without_credentials(url: str) -> Address:
    return Address(url=url)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to run, where, and who is told.

    Args:
        plan: what.
        workers: where.
        engine: ``render`` or ``preview``.
        clean: a preview without its label burnt in.
        joined: the address, with its credentials, of a worker that joins while the run goes on.
        catalog: the plan's catalog, to match workers against; None skips matching.
        input_path: an input's path in the plan to where it lies.
        inputs: the folder that inputs lie in, for a later resume.
        source: the file or plan that was named, for people.
        sources: for places in diagnostics; may be empty.
        goal: what is to be made: all films, or what is ready at a name.
        out: the folder for films.
        state: the folder of all runs, with their database and the artifact store.
        install, run: names that prompt ids and prefixes derive from.
        database: the engine's database; None for an engine without a memory.
        alike: whether one worker's results count for the others.
        report, warn: are told what happens.
        again: whether a run of this name that is done is carried out once more.
        stall: seconds without a sign of life of a job.
        lost: seconds without an answer after which a worker counts as gone.
        patience: seconds to wait for a lost worker when none is left.
        clock: monotonic time and sleep, injected.
        now: seconds since the epoch, injected.
    """

    plan: Plan
    workers: tuple[Address, ...]
    engine: str
    input_path: Callable[[str], Path]
    out: Path
    state: Path
    install: str
    run: str
    report: Report
    warn: Warn
    clock: comfy.Clock
    goal: Goal
    database: str | None = None
    inputs: Path = Path()
    source: str = ""
    clean: bool = False
    joined: Callable[[str], Address] = _without_credentials
    catalog: Catalog | None = None
    alike: bool = False
    again: bool = True
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    stall: float = 900.0
    lost: float = 60.0
    patience: float = 300.0
    now: Callable[[], float] = time.time

    @property
    def digest(self) -> str:
        """Identifies what was asked for, so that the same command finds its own unfinished run."""
        return request_digest(self.plan, self.engine, self.clean, self.out, self.goal.until)


def request_digest(plan: Plan, engine: str, clean: bool, out: Path, until: str) -> str:
    """See :attr:`RunRequest.digest`."""
    files = {name: hashlib.sha256(c).hexdigest() for name, c in plan.to_files().items() if name != "spans.json"}
    return sha256([files, engine, clean, str(out.resolve()), until])

"""Many files: what is there is verified, what is missing is downloaded, a few at a time."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from reelc_compiler.units import bytes_text
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import NO_MODEL_SOURCE, NO_SPACE, WRONG_MODEL
from reelc_runtime.comfy.clock import Clock
from reelc_runtime.fetch import events
from reelc_runtime.fetch.download import Download, Fetched, in_thread
from reelc_runtime.fetch.parts import disk_fault
from reelc_runtime.fetch.source import Hosts
from reelc_runtime.fetch.verdicts import Verdicts
from reelc_runtime.fetch.wants import FetchFault, Limits, Want, plausible, target_of


@dataclass(frozen=True, kw_only=True)
class FetchRequest:
    """What to download, and how.

    Args:
        wants: the files, each once.
        root: ComfyUI's models folder; it is made when it is not there.
        jobs: how many are transferred at once.
        tokens: by host name.
        variables: by host name, where a token for it is taken from.
        clock: time.
        report: is told what happens.
        limits: what a download may take.
    """

    wants: tuple[Want, ...]
    root: Path
    jobs: int
    tokens: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    clock: Clock
    report: Callable[[events.Event], None]
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How it went with one file.

    Args:
        fetched: it was downloaded now; otherwise it was there already, or there is a ``fault``.
        sha256: of the file, when it was read, now or before.
    """

    want: Want
    fetched: bool = False
    sha256: str | None = None
    bytes: int | None = None
    fault: Diagnostic | None = None


async def fetch(request: FetchRequest) -> tuple[Outcome, ...]:
    """Have all files in their places, as far as that is possible.

    Returns:
        One outcome for each file, in the order of the request. A file that fails does not keep the others.

    Raises:
        FetchFault: E0711 when there is no room for all of them; nothing was begun then. E0718.
        asyncio.CancelledError: it was ended early; parts are kept.
    """
    return await _Fetching(request).run()


class _Fetching:
    def __init__(self, request: FetchRequest) -> None:
        self.request = request
        self.outcomes: dict[str, Outcome] = {}
        self.gate = asyncio.Semaphore(request.jobs)

    async def run(self) -> tuple[Outcome, ...]:
        request = self.request
        try:
            await in_thread(request.root.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise disk_fault(request.root, error) from None
        self.verdicts = Verdicts(request.root)
        try:
            async with asyncio.TaskGroup() as tasks:
                for want in request.wants:
                    tasks.create_task(self._guarded(want, self._look))
            missing = [want for want in request.wants if want.name not in self.outcomes]
            await in_thread(self._room, missing)
            async with Hosts(request.tokens, request.variables, request.limits) as hosts, asyncio.TaskGroup() as tasks:
                for want in missing:
                    tasks.create_task(self._guarded(want, partial(self._download, hosts)))
        finally:
            self.verdicts.save()
        return tuple(self.outcomes[want.name] for want in request.wants)

    async def _guarded(self, want: Want, work: Callable[[Want], Awaitable[None]]) -> None:
        """One file's work, when it is its turn; its fault is its outcome."""
        try:
            async with self.gate:
                try:
                    await work(want)
                except OSError as error:
                    raise disk_fault(self.request.root / want.folder, error) from None
        except FetchFault as fault:
            said = fault.diagnostic
            self.outcomes[want.name] = Outcome(want=want, fault=said)
            self.request.report(
                events.FileFailed(file=want.name, code=said.code.code, message=said.message, help=said.help)
            )

    # -- what is there -----------------------------------------------------------------------

    async def _look(self, want: Want) -> None:
        """See whether a file is there, and the right one."""
        target = target_of(self.request.root, want)
        if want.sha256 is not None and target.is_file() and self.verdicts.known(target) is None:
            self.request.report(events.FileRead(file=want.name, bytes=target.stat().st_size))
        found = await in_thread(self._verify, want, target)
        if found is not None:
            checked, sha256 = found
            size = target.stat().st_size
            self.outcomes[want.name] = Outcome(want=want, sha256=sha256, bytes=size)
            self.request.report(events.FilePresent(file=want.name, checked=checked))
        elif want.url is None:
            raise FetchFault(
                NO_MODEL_SOURCE,
                f"reelc does not know where `{want.name}` can be downloaded",
                f"put it into {target.parent} by hand, or write its `url` into reel.lock",
            )

    def _verify(self, want: Want, target: Path) -> tuple[str, str | None] | None:
        """By what a file that is there was checked, and its hash if it was ever read; None when it is not there."""
        if not target.exists():
            return None
        away = f"move {target} away, and fetch again"
        if not target.is_file():
            raise FetchFault(WRONG_MODEL, f"`{target}` is there and no file", away)
        plausible(want, target.stat().st_size, f"in {target.parent}")
        if want.sha256 is None:
            return ("size" if want.exact else "nothing"), self.verdicts.known(target)
        sha256 = self.verdicts.read(target)
        if sha256 != want.sha256:
            what = f"`{target}` is there and another file: its SHA-256 is {sha256}, not {want.sha256}"
            raise FetchFault(WRONG_MODEL, what, away)
        return "sha256", sha256

    def _room(self, missing: list[Want]) -> None:
        """See that the disk has room for all that is known to come."""
        wanted = 0
        for want in missing:
            target = target_of(self.request.root, want)
            part = target.with_name(f"{target.name}.part")
            had = part.stat().st_size if part.is_file() else 0
            wanted += max(0, (want.bytes or 0) - had)
        free = shutil.disk_usage(self.request.root).free
        if wanted > free:
            raise FetchFault(
                NO_SPACE,
                f"{bytes_text(wanted)} are to be downloaded, and {bytes_text(free)} are free "
                f"in {self.request.root.as_posix()}",
                "name a folder on a larger disk with `--to`, or free some space",
            )
        names = tuple(want.name for want in missing)
        self.request.report(events.FetchStarted(folder=self.request.root.as_posix(), files=names, bytes=wanted))

    # -- what is missing ---------------------------------------------------------------------

    async def _download(self, hosts: Hosts, want: Want) -> None:
        request = self.request
        target = target_of(request.root, want)
        work = Download(want, target, hosts=hosts, clock=request.clock, limits=request.limits, report=request.report)
        done: Fetched = await work.run()
        self.verdicts.put(target, done.sha256)
        self.outcomes[want.name] = Outcome(want=want, fetched=True, sha256=done.sha256, bytes=done.bytes)
        known = want.sha256 is not None
        request.report(events.FileFetched(file=want.name, bytes=done.bytes, sha256=done.sha256, known=known))

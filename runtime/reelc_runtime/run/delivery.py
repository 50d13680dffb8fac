"""Films and looks, put in their place from finished artifacts."""

import asyncio
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reelc_compiler.canonical import pretty
from reelc_compiler.plan import Artifact, Engine, Output, Plan, Save
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import BAD_RESULT, CANNOT_WRITE, NO_SPACE
from reelc_runtime.digest import sha256_of
from reelc_runtime.run import events
from reelc_runtime.run.faults import RunFault
from reelc_runtime.run.manifest import manifest, name_of
from reelc_runtime.run.record import cannot_write


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is needed to deliver a run that has reached its goal.

    Args:
        plan, engine: what was carried out, and how.
        out: the folder for films.
        preview: whether everything is made of stand-ins, and must say so.
        labelled: whether the label is to be burnt into what is not a film yet.
        file: where a finished artifact lies.
        given: where an input lies, by its id; RunFault where it is no longer what the plan was made with.
        saved: where the files lie that a job's node of the user's own saved.
        report: is told.
    """

    plan: Plan
    engine: Engine
    out: Path
    preview: bool
    labelled: bool
    file: Callable[[str], Path]
    given: Callable[[str], Path]
    saved: Callable[[str, Save], list[Path]]
    report: Callable[[events.Event], None]

    async def assemble(self, output: Output) -> events.OutputWritten:
        """Join artifacts into the film, in its place."""
        to = self.out / previewed(output.file, preview=self.preview)
        files = [self.file(a) for a in output.artifacts]
        await asyncio.to_thread(_assemble, files, self._sound(output), output, to, self.preview)
        event = await self.written(output.name, to, output)
        told = manifest(self.plan, output, self.engine, file=to.name, size=event.bytes, digest=event.sha256)
        await asyncio.to_thread(_write, self.out / name_of(to.name), pretty(told))
        return event

    def _sound(self, output: Output) -> Path | None:
        """The file with a film's sound."""
        sound = output.sound
        if sound is None:
            return None
        if sound.artifact is not None:
            return self.file(sound.artifact)
        assert sound.input is not None, "the schema of plans allows no other"
        return self.given(sound.input)

    async def copy(self, job: str, save: Save) -> list[events.FileWritten]:
        """Put the files of an output in their place: under its name, numbered when they are several."""
        files = self.saved(job, save)
        written: list[events.FileWritten] = []
        for number, file in enumerate(files, 1):
            to = self.out / f"{save.name}{f'-{number}' if len(files) > 1 else ''}{file.suffix}"
            await asyncio.to_thread(_copy, file, to)
            size, digest = await asyncio.to_thread(_measured, to)
            written.append(events.FileWritten(output=save.name, path=str(to), bytes=size, sha256=digest))
            self.report(written[-1])
        return written

    async def written(self, name: str, to: Path, what: Output | Artifact) -> events.OutputWritten:
        """Tell of a file that is in its place; ``what`` has the facts."""
        size, digest = await asyncio.to_thread(_measured, to)
        facts = what.facts
        event = events.OutputWritten(
            output=name,
            path=str(to),
            bytes=size,
            sha256=digest,
            width=facts.width,
            height=facts.height,
            frames=facts.frames,
            fps=None if facts.fps is None else str(facts.fps),
            seconds=float(facts.duration or 0),
        )
        self.report(event)
        return event


def _write(to: Path, data: bytes) -> None:
    """A small file that is whole or not there."""
    part = to.with_name(f".{to.name}.part")
    try:
        part.write_bytes(data)
        part.replace(to)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RunFault(cannot_write(to, error)) from None


def _copy(file: Path, to: Path) -> None:
    """A copy that is whole or not there."""
    part = to.with_name(f".{to.name}.part")
    try:
        shutil.copyfile(file, part)
        part.replace(to)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RunFault(cannot_write(to, error)) from None


def _measured(path: Path) -> tuple[int, str]:
    """A file's size in bytes, and its SHA-256; of a folder the size of all its files, and the hash of their hashes."""
    if path.is_dir():
        files = sorted(path.iterdir())
        digest = hashlib.sha256("".join(sha256_of(file) for file in files).encode()).hexdigest()
        return sum(file.stat().st_size for file in files), digest
    return path.stat().st_size, sha256_of(path)


def previewed(file: str, *, preview: bool) -> str:
    """A file's name, or a folder's; that of a preview says so."""
    stem, dot, suffix = file.rpartition(".")
    if not dot:
        stem, suffix = file, ""
    return f"{stem}.preview{dot}{suffix}" if preview else file


def _assemble(files: list[Path], sound: Path | None, output: Output, to: Path, preview: bool) -> None:
    from reelc_runtime.media import errors
    from reelc_runtime.media.assemble import assemble
    from reelc_runtime.media.sequence import split

    metadata = {"comment": "reelc preview: an animatic made of stand-ins, not a render"} if preview else {}
    try:
        if output.join == "split":
            split(files, output, to)
        else:
            assemble(files, output, to, metadata=metadata, sound=sound)
    except errors.DiskFull as error:
        raise RunFault(_kept(NO_SPACE, str(error), files)) from None
    except errors.WriteFailed as error:
        raise RunFault(_kept(CANNOT_WRITE, str(error), files)) from None
    except errors.MediaError as error:
        raise RunFault(_kept(BAD_RESULT, f"{output.file} cannot be assembled: {error}", files)) from None


def _kept(code: Any, message: str, files: list[Path]) -> Diagnostic:
    kept = ", ".join(str(f) for f in files)
    return Diagnostic(code=code, message=message, notes=(f"what was rendered is kept: {kept}",))

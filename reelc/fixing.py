"""Fixes carried out: a project is checked, fixed in memory and checked again until nothing changes."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from reelc.api import check_project
from reelc.files import write_whole
from reelc.locking import catalog_for
from reelc_compiler.loader import Project
from reelc_dsl.diagnostics import Diagnostic, Edit, ReelError, Sink
from reelc_dsl.diagnostics.codes import CANNOT_WRITE
from reelc_dsl.diagnostics.fixes import Applied, apply, edits_of, select
from reelc_dsl.parser import parse
from reelc_dsl.source import Source

# A fix can bring the next one to light: a file of a hundred slips in one statement is fixed in a hundred rounds.
MAX_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after: its key in the project, its shown name, and both texts (newlines as ``\\n``)."""

    key: str
    name: str
    before: str
    after: str

    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = (re.findall(r"[^\n]*\n|[^\n]+\Z", text) for text in (self.before, self.after))
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in unified_diff(before, after, fromfile=self.name, tofile=self.name)
        )


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fixing a project came to.

    Args:
        applied: the findings that were fixed, in the order in which it was done.
        changes: the files that change.
        before: the findings of the project as it was.
        left: the findings after all fixes.
    """

    applied: tuple[Applied, ...]
    changes: tuple[Change, ...]
    before: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]


class Fixer:
    """Fixes one project in memory; :meth:`write` puts the result on the disk.

    Args:
        file: the main file.
        overrides, pipeline, catalog: as for :func:`reelc.check`.

    Raises:
        ReelError: E0506, E0605, E0606.
    """

    def __init__(
        self, file: Path, *, overrides: Mapping[str, str], pipeline: str | None = None, catalog: str | None = None
    ) -> None:
        self.file = file
        self.overrides = overrides
        self.pipeline = pipeline
        self.catalog = catalog_for(Project(file), catalog)
        self._old: dict[str, Source] = {}
        self._new: dict[str, str] = {}
        self._keys: dict[str, str] = {}

    def fix(self) -> Fixed:
        """Check and fix until nothing changes."""
        before = found = self._check()
        applied: list[Applied] = []
        seen: list[dict[str, str]] = []
        for _ in range(MAX_ROUNDS):
            chosen = self._harmless(select(found))
            new = {self._keys[s.name]: apply(s.text, e) for s, e in edits_of(chosen).items()}
            texts = {key: source.text for key, source in self._old.items()} | self._new | new
            # Two fixes that undo each other would go on for ever.
            if not chosen or texts in seen:
                break
            seen.append(texts)
            self._new |= new
            applied += chosen
            found = self._check()
        changes = tuple(
            Change(key, self._old[key].name, self._old[key].text, text)
            for key, text in self._new.items()
            if text != self._old[key].text
        )
        return Fixed(tuple(applied), changes, before, found)

    def _check(self) -> tuple[Diagnostic, ...]:
        project = Project(self.file, texts=self._new)
        found = check_project(project, overrides=self.overrides, pipeline=self.pipeline, catalog=self.catalog)
        for key, source in project.sources.items():
            self._old.setdefault(key, source)
        self._keys = {source.name: key for key, source in project.sources.items()}
        return found

    def _harmless(self, chosen: tuple[Applied, ...]) -> tuple[Applied, ...]:
        """The fixes without those that would keep a file from parsing that parses: none may be that wrong."""
        spoilt = {s for s, e in edits_of(chosen).items() if _parses(s) and not _parses(_edited(s, e))}
        return tuple(a for a in chosen if not any(e.span.source in spoilt for e in a.fix.edits))

    def write(self, fixed: Fixed) -> None:
        """Write the changed files, each in one step, with their own line ends and byte order mark.

        Raises:
            ReelError: E0711, E0718; files that were written before stay written.
        """
        project = Project(self.file)
        for change in fixed.changes:
            path = project.root / change.key
            try:
                old = path.read_bytes()
            except OSError:
                old = b""
            write_whole(path, _with_layout(change, old))


def _parses(source: Source) -> bool:
    sink = Sink()
    parse(source, sink)
    return not sink.has_errors


def _edited(source: Source, edits: list[Edit]) -> Source:
    return Source(source.name, apply(source.text, edits))


def _with_layout(change: Change, old: bytes) -> bytes:
    """The new text as the file writes its lines.

    Raises:
        ReelError: E0718, the file is no longer the one that was checked.
    """
    text = old.decode("utf-8-sig", errors="replace")
    if text.replace("\r\n", "\n").replace("\r", "\n") != change.before:
        message = f"`{change.name}` was changed by somebody else meanwhile: nothing was written to it"
        raise ReelError([Diagnostic(code=CANNOT_WRITE, message=message, help=("call `reelc check --fix` again",))])
    # No fix adds or removes a line, so each line keeps its own end.
    ends = [*re.findall("\r\n|\r|\n", text), ""]
    new = "".join(line + end for line, end in zip(change.after.split("\n"), ends, strict=True))
    return (codecs.BOM_UTF8 if old.startswith(codecs.BOM_UTF8) else b"") + new.encode()

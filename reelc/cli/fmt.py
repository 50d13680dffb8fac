"""``reelc fmt``"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelc.cli.exits import DONE, INPUT_ERRORS, RUN_FAILED
from reelc.cli.output import print_diagnostics, talk

if TYPE_CHECKING:
    from reelc_dsl.diagnostics import Code, ReelError

STDIN = Path("-")


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER]...", type=click.Path(readable=False, path_type=Path))
@click.option("--check", is_flag=True, help="Change nothing; print the names of files that would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change, as a unified diff.")
@click.option("-q", "--quiet", is_flag=True, help="No count of files at the end.")
def command(paths: tuple[Path, ...], check: bool, diff: bool, quiet: bool) -> None:
    """Rewrite .reel files in the one layout of Reel; comments stay.

    A folder stands for all .reel files below it, and no argument for the folder you are in. `-` reads
    a program from stdin and writes it to stdout. A file with syntax errors is left as it is. With
    --check or --diff the exit code is 1 when a file would change.
    """
    if STDIN in paths:
        if len(paths) > 1:
            raise click.UsageError("`-` is stdin and stands alone.")
        raise click.exceptions.Exit(_filter(check, diff))
    tally = _Tally()
    for path in _files(paths or (Path(),), tally):
        _one(path, check, diff, tally)
    if not quiet:
        talk(tally.summary(check or diff) or "there are no .reel files here")
    raise click.exceptions.Exit(tally.exit_code(check or diff))


@dataclass
class _Tally:
    """How many files came out how."""

    changed: int = 0
    unchanged: int = 0
    wrong: int = 0
    failed: bool = False

    def fault(self, error: "ReelError") -> None:
        """Count a file that was left alone, and say why."""
        from reelc_dsl.diagnostics.codes import INTERNAL

        print_diagnostics(error.diagnostics)
        self.wrong += 1
        codes = [d.code for d in error.diagnostics]
        self.failed = self.failed or any(code is INTERNAL or code.code.startswith("E07") for code in codes)

    def summary(self, dry: bool) -> str:
        """``3 files reformatted, 2 left unchanged``; empty when there were none."""
        done = "would be reformatted" if dry else "reformatted"
        counts = ((self.changed, done), (self.unchanged, "left unchanged"), (self.wrong, "with errors"))
        parts = [f"{count} {what}" for count, what in counts if count]
        if parts:
            number, _, what = parts[0].partition(" ")
            parts[0] = f"{number} file{'' if number == '1' else 's'} {what}"
        return ", ".join(parts)

    def exit_code(self, dry: bool) -> int:
        if self.failed:
            return RUN_FAILED
        return INPUT_ERRORS if self.wrong or (dry and self.changed) else DONE


def _files(paths: tuple[Path, ...], tally: _Tally) -> Iterator[Path]:
    """The files that paths stand for, each once."""
    seen: set[str] = set()
    for path in paths:
        for file in _below(path, tally) if path.is_dir() else (path,):
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file


def _below(folder: Path, tally: _Tally) -> Iterator[Path]:
    """All .reel files below a folder, in order; nothing hidden, and no links."""
    from reelc_dsl.diagnostics.codes import UNREADABLE_FILE

    def unreadable(error: OSError) -> None:
        tally.fault(_error(UNREADABLE_FILE, Path(error.filename), f"cannot be read: {_reason(error)}"))

    for where, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(where, name)
            if name.endswith(".reel") and not name.startswith(".") and not file.is_symlink():
                yield file


def _one(path: Path, check: bool, diff: bool, tally: _Tally) -> None:
    """Format a file in its place, or say what would change."""
    from reelc_compiler.loader import read_bytes
    from reelc_dsl.diagnostics import ReelError

    name = _shown(path)
    try:
        before = read_bytes(path, name)
        after = _formatted(before, path)
        if after == before:
            tally.unchanged += 1
            return
        if diff:
            click.echo(_diff(before, after, name), nl=False)
        elif check:
            click.echo(name)
        else:
            _replace(path, after)
        tally.changed += 1
    except ReelError as error:
        tally.fault(error)


def _filter(check: bool, diff: bool) -> int:
    """Format stdin to stdout. Where there are errors, nothing is written."""
    from reelc_compiler.loader import MAX_SOURCE
    from reelc_dsl.diagnostics import ReelError

    name, tally = Path("<stdin>"), _Tally()
    before = sys.stdin.buffer.read(MAX_SOURCE + 1)
    try:
        after = _formatted(before, name)
    except ReelError as error:
        tally.fault(error)
        return tally.exit_code(True)
    tally.changed += after != before
    if diff:
        click.echo(_diff(before, after, _shown(name)), nl=False)
    elif not check:
        click.echo(after, nl=False)
    elif tally.changed:
        click.echo(_shown(name))
    return tally.exit_code(check or diff)


def _formatted(content: bytes, path: Path) -> bytes:
    """The content of a file in the one layout.

    Raises:
        ReelError: E0102 to E0111.
    """
    from reelc.api import format
    from reelc_compiler.loader import MAX_SOURCE, decode_source
    from reelc_dsl.diagnostics.codes import FILE_TOO_LARGE

    source = decode_source(content, _shown(path))
    result = format(source.text, name=source.name).encode()
    if len(result) > MAX_SOURCE:
        raise _error(FILE_TOO_LARGE, path, f"would become larger than {MAX_SOURCE // 1000} KB")
    return result


def _replace(path: Path, content: bytes) -> None:
    """Write a file anew, whole or not at all, with its permissions; a link stays one.

    Raises:
        ReelError: E0711, E0718.
    """
    import errno

    from reelc.files import unwritable, write_whole
    from reelc_dsl.diagnostics.codes import CANNOT_WRITE

    if not path.is_file():
        raise _error(CANNOT_WRITE, path, "cannot be written: it is no plain file, and `-` is stdin")
    # To replace a file takes no right to write it. Whoever took that right away meant it to stay as it is.
    if not os.access(path, os.W_OK):
        raise unwritable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    write_whole(path, content)


def _diff(before: bytes, after: bytes, name: str) -> bytes:
    """A unified diff that `patch` takes."""
    from difflib import diff_bytes, unified_diff

    name_ = name.encode(errors="replace")
    lines = diff_bytes(unified_diff, _lines(before), _lines(after), name_, name_)
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes) -> list[bytes]:
    *whole, last = content.split(b"\n")
    return [line + b"\n" for line in whole] + ([last] if last else [])


def _error(code: "Code", path: Path, message: str) -> "ReelError":
    from reelc_dsl.diagnostics import Diagnostic, ReelError

    return ReelError([Diagnostic(code=code, message=f"`{_shown(path)}` {message}")])


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _shown(path: Path) -> str:
    return click.format_filename(path.as_posix())

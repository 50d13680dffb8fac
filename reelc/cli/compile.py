"""``reelc compile``"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelc.cli import options
from reelc.cli.output import print_diagnostics, talk

if TYPE_CHECKING:
    from reelc_dsl.diagnostics import ReelError


@click.command("compile")
@options.source
@click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    help="Where the plan is written [default: FILE without .reel, with .plan]; `-` prints all of it as one graph.",
)
def command(
    file: Path, overrides: dict[str, str], pipeline: str | None, catalog: str | None, output: str | None
) -> None:
    """Compile FILE into a plan: plan.json, jobs/*.json (ComfyUI API format) and spans.json.

    The same input gives the same bytes, on any machine. Each file in jobs/ can be dropped into
    ComfyUI's window or sent to `POST /prompt`.
    """
    from reelc.api import compile

    done = compile(file, overrides=overrides, pipeline=pipeline, catalog=catalog, whole=output == "-")
    print_diagnostics(done.warnings)
    files = done.plan.to_files()
    if output == "-":
        click.echo(files[done.plan.jobs[0].path], nl=False)
        return
    folder = Path(output) if output is not None else file.with_suffix(".plan")
    _write(folder, files)
    count, outputs = len(done.plan.jobs), len(done.plan.outputs) + len(done.plan.saves)
    talk(f"{folder}: {count} job{'s' if count != 1 else ''}, {outputs} output(s)")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Replace a plan's folder; jobs of an older plan do not stay behind.

    Everything is on the disk before anything is replaced, so that a full disk costs no older plan.
    """
    parts = {folder / f"{name}.part": folder / name for name in files}
    made: list[Path] = []
    try:
        if folder.exists() and not (folder / "plan.json").exists() and any(folder.iterdir()):
            raise click.ClickException(f"`{folder}` is not empty and holds no plan; name another folder with -o")
        made += [f for f in (folder, folder / "jobs") if not f.exists()]
        for part, path in parts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(files[path.relative_to(folder).as_posix()])
        for old in sorted((folder / "jobs").glob("*.json")):
            if f"jobs/{old.name}" not in files:
                old.unlink()
        for part, path in parts.items():
            part.replace(path)
    except OSError as error:
        _clear(parts, made)
        raise _fault(folder, error) from None


def _clear(parts: Iterable[Path], made: list[Path]) -> None:
    """Take away what was begun; a folder that is left behind empty would be no place for the next plan."""
    from contextlib import suppress

    for part in parts:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()


def _fault(folder: Path, error: OSError) -> "ReelError":
    import errno

    from reelc_dsl.diagnostics import Diagnostic, ReelError
    from reelc_dsl.diagnostics.codes import CANNOT_WRITE, NO_SPACE

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        code, help_ = NO_SPACE, "make room and compile again; or write elsewhere with `-o`"
    else:
        code, help_ = CANNOT_WRITE, "name another folder with `-o`"
    reason = (error.strerror or "unknown reason").lower()
    return ReelError([Diagnostic(code=code, message=f"`{folder}` cannot be written: {reason}", help=(help_,))])

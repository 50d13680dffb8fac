"""``reelc compile``"""

from pathlib import Path

import click

from reelc.cli import options
from reelc.cli.output import print_diagnostics, talk


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
    count = len(done.plan.jobs)
    talk(f"{folder}: {count} job{'s' if count != 1 else ''}, {len(done.plan.outputs)} output(s)")


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Replace a plan's folder; jobs of an older plan do not stay behind."""
    from reelc_dsl.diagnostics import Diagnostic, ReelError
    from reelc_dsl.diagnostics.codes import CANNOT_WRITE, NO_SPACE

    try:
        if folder.exists() and not (folder / "plan.json").exists() and any(folder.iterdir()):
            raise click.ClickException(f"`{folder}` is not empty and holds no plan; name another folder with -o")
        for old in sorted((folder / "jobs").glob("*.json")):
            if f"jobs/{old.name}" not in files:
                old.unlink()
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".part")
            part.write_bytes(content)
            part.replace(path)
    except OSError as error:
        import errno

        code = NO_SPACE if error.errno == errno.ENOSPC else CANNOT_WRITE
        reason = (error.strerror or "unknown reason").lower()
        raise ReelError([Diagnostic(code=code, message=f"`{folder}` cannot be written: {reason}")]) from None

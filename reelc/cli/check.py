"""``reelc check``"""

from pathlib import Path

import click

from reelc.cli import options
from reelc.cli.exits import DONE, INPUT_ERRORS
from reelc.cli.output import print_diagnostics, print_json, talk


@click.command("check")
@options.source
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", help="How findings are shown.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when nothing is wrong.")
def command(
    file: Path,
    overrides: dict[str, str],
    pipeline: str | None,
    catalog: str | None,
    form: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find errors and warnings in FILE without making anything.

    Everything is checked that can be known before a GPU is involved: syntax, names, units, the
    rules of every stage, node inputs, the input files. Exit code 1 when there are errors.
    """
    from reelc.api import check
    from reelc_dsl.diagnostics.render import json as render_json
    from reelc_dsl.diagnostics.render import text as render_text

    found = check(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
    failed = any(d.is_error for d in found)
    if as_json or form == "json":
        print_json({"file": file.as_posix(), "ok": not failed, "diagnostics": render_json.to_json(found)})
    else:
        print_diagnostics(found)
        if found:
            talk(render_text.summary(found))
        elif not quiet:
            talk(f"{file}: no errors")
    raise click.exceptions.Exit(INPUT_ERRORS if failed else DONE)

"""``reelc check``"""

from pathlib import Path

import click

from reelc.cli import options
from reelc.cli.exits import DONE, INPUT_ERRORS
from reelc.cli.output import print_diagnostics, print_json, talk
from reelc_dsl.diagnostics import Diagnostic

FORMATS = ("human", "json", "sarif", "github")


@click.command("check")
@options.source
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="How findings are shown: for people, as JSON, as SARIF 2.1.0, or as annotations of GitHub Actions "
    "[default: human].",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when nothing is wrong.")
def command(
    file: Path,
    overrides: dict[str, str],
    pipeline: str | None,
    catalog: str | None,
    form: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find errors and warnings in FILE without making anything.

    Everything is checked that can be known before a GPU is involved: syntax, names, units, the
    rules of every stage, node inputs, the input files. Exit code 1 when there are errors.
    """
    from reelc.api import check

    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} cannot both be had")
    found = check(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
    show(file, found, "json" if as_json else form or "human", quiet=quiet)
    raise click.exceptions.Exit(INPUT_ERRORS if any(d.is_error for d in found) else DONE)


def show(file: Path, found: tuple[Diagnostic, ...], form: str, *, quiet: bool) -> None:
    """Findings in a form: for people on stderr, for programs on stdout."""
    match form:
        case "json":
            from reelc_dsl.diagnostics.render import json as render_json

            ok = not any(d.is_error for d in found)
            print_json({"file": file.as_posix(), "ok": ok, "diagnostics": render_json.to_json(found)})
        case "sarif":
            from reelc import __version__
            from reelc_dsl.diagnostics.render.sarif import to_sarif

            print_json(to_sarif(found, version=__version__, checked=file.as_posix(), page=lambda code: None))
        case "github":
            from reelc_dsl.diagnostics.render.github import to_github

            for line in to_github(found, checked=file.as_posix()):
                click.echo(line)
        case _:
            from reelc_dsl.diagnostics.render.text import summary

            print_diagnostics(found)
            if found:
                talk(summary(found))
            elif not quiet:
                talk(f"{file}: no errors")

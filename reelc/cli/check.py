"""``reelc check``"""

from pathlib import Path
from typing import Any

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
@click.option("--fix", "fixing", is_flag=True, help="Apply the fixes that are certain, and show what remains.")
@click.option("--diff", "as_diff", is_flag=True, help="With --fix: show the changes instead of writing them.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when nothing is wrong.")
def command(
    file: Path,
    overrides: dict[str, str],
    pipeline: str | None,
    catalog: str | None,
    form: str | None,
    as_json: bool,
    fixing: bool,
    as_diff: bool,
    quiet: bool,
) -> None:
    """Find errors and warnings in FILE without making anything.

    Everything is checked that can be known before a GPU is involved: syntax, names, units, the
    rules of every stage, node inputs, the input files. Exit code 1 when there are errors.

    --fix corrects what leaves no doubt, such as a misspelt name with one name near it, in FILE and in
    the files of yours that it uses.
    """
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} cannot both be had")
    form = "json" if as_json else form or "human"
    if as_diff and not fixing:
        raise click.UsageError("--diff goes with --fix")
    if as_diff and form not in ("human", "json"):
        raise click.UsageError(f"--diff cannot be had with --format {form}")
    if fixing:
        found = fix(file, overrides, pipeline, catalog, form, as_diff=as_diff, quiet=quiet)
    else:
        from reelc.api import check

        found = check(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
        show(file, found, form, quiet=quiet)
    raise click.exceptions.Exit(INPUT_ERRORS if any(d.is_error for d in found) else DONE)


def fix(
    file: Path,
    overrides: dict[str, str],
    pipeline: str | None,
    catalog: str | None,
    form: str,
    *,
    as_diff: bool,
    quiet: bool,
) -> tuple[Diagnostic, ...]:
    """Fix what is certain, and show it and what remains; the findings that the files on the disk have now.

    Raises:
        ReelError: E0711, E0718.
    """
    from reelc.fixing import Fixer
    from reelc_dsl.diagnostics.render.json import fix_json
    from reelc_dsl.diagnostics.render.text import place

    fixer = Fixer(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
    fixed = fixer.fix()
    if not as_diff:
        fixer.write(fixed)
    if form == "json":
        more: dict[str, Any] = {"fixed": [{"code": a.diagnostic.code.code, **fix_json(a.fix)} for a in fixed.applied]}
        if as_diff:
            more["diffs"] = [{"file": c.name, "diff": c.diff()} for c in fixed.changes]
        show(file, fixed.left, form, quiet=quiet, **more)
        return fixed.before if as_diff else fixed.left
    if as_diff:
        click.echo("".join(c.diff() for c in fixed.changes), nl=False)
    for item in fixed.applied:
        talk(f"{'would fix' if as_diff else 'fixed'} {place(item.fix.edits[0].span)}: {item.fix.title}")
    if fixed.applied and form == "human":
        talk("")
    show(file, fixed.left, form, quiet=quiet)
    return fixed.before if as_diff else fixed.left


def show(file: Path, found: tuple[Diagnostic, ...], form: str, *, quiet: bool, **more: Any) -> None:
    """Findings in a form: for people on stderr, for programs on stdout; ``more`` is for JSON."""
    match form:
        case "json":
            from reelc_dsl.diagnostics.render import json as render_json

            ok = not any(d.is_error for d in found)
            print_json({"file": file.as_posix(), "ok": ok, **more, "diagnostics": render_json.to_json(found)})
        case "sarif":
            from reelc import __version__
            from reelc.pages import page
            from reelc_dsl.diagnostics.render.sarif import to_sarif

            print_json(to_sarif(found, version=__version__, checked=file.as_posix(), page=page))
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

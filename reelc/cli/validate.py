"""``reelc validate``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import address
from reelc.cli.exits import DONE, INPUT_ERRORS
from reelc.cli.output import print_diagnostics, print_json, talk

if TYPE_CHECKING:
    from reelc_compiler.catalog import Catalog
    from reelc_compiler.target.comfyui.judgement import Judgement
    from reelc_dsl.diagnostics import Diagnostic

FORMATS = ("human", "json", "sarif", "github")
# More findings of one file than this are a list that nobody reads; programs get them all.
SHOWN = 100
VERDICTS = {
    "accepted": "ComfyUI accepts it",
    "partial": "ComfyUI accepts it and drops the outputs that are wrong",
    "rejected": "ComfyUI rejects it",
}


@click.command("validate")
@click.argument("graphs", metavar="GRAPH...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--catalog",
    "name",
    metavar="NAME|FILE",
    help="What the server's nodes are: a catalog of reelc, a catalog file, or what a server answers to /object_info, "
    "saved [default: comfyui-0.33.0].",
)
@click.option(
    "--worker",
    metavar="URL",
    callback=address.checked,
    help="Ask this ComfyUI server for its nodes instead. Its token comes from REELC_WORKER_TOKEN.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="How findings are shown: for people, one JSON object a line and file, SARIF 2.1.0, or annotations of GitHub "
    "Actions [default: human].",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing of files in which nothing is wrong.")
def command(
    graphs: tuple[Path, ...], name: str | None, worker: str | None, form: str | None, as_json: bool, quiet: bool
) -> None:
    """Say what ComfyUI would answer to each GRAPH, and what it would not say.

    GRAPH is a file in ComfyUI's API format, made by anyone; `-` for the standard input; or a folder that `reelc
    compile` wrote. Errors are those for which a server would refuse the graph or drop an output, and what it would
    accept although it fails when it runs. Warnings are what ComfyUI lets pass in silence and is probably not meant.

    Nothing is sent to a server. Exit code 1 when there are errors.
    """
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json and --format {form} cannot both be had")
    if name is not None and worker is not None:
        raise click.UsageError("--catalog and --worker cannot both be had")
    from reelc.validating import graphs_in

    show = _SHOW["json" if as_json else form or "human"]
    failed = show(list(graphs_in(graphs)), _catalog(name, worker), quiet=quiet)
    raise click.exceptions.Exit(INPUT_ERRORS if failed else DONE)


def _catalog(name: str | None, worker: str | None) -> "Catalog":
    from reelc import catalogs

    return catalogs.open_catalog(name) if worker is None else catalogs.describe(worker)


def _judged(path: Path, catalog: "Catalog") -> "Judgement | tuple[Diagnostic, ...]":
    """What is said of a file; or why nothing can be."""
    from reelc.validating import validate_file
    from reelc_dsl.diagnostics import ReelError

    try:
        return validate_file(path, catalog)
    except ReelError as error:
        return error.diagnostics


def _human(paths: list[Path], catalog: "Catalog", *, quiet: bool) -> bool:
    failed = False
    for path in paths:
        judged = _judged(path, catalog)
        if isinstance(judged, tuple):
            print_diagnostics(judged)
            failed = True
            continue
        found = judged.diagnostics
        failed |= bool(judged.errors)
        print_diagnostics(found[:SHOWN])
        if len(found) > SHOWN:
            talk(f"and {len(found) - SHOWN} more; --format json has them all\n")
        if found or not quiet:
            talk(f"{judged.source.name}: {_summary(judged)}")
    return failed


def _summary(judged: "Judgement") -> str:
    from reelc_dsl.diagnostics.render.text import summary

    counts = summary(judged.diagnostics)
    said = f"{VERDICTS[judged.comfyui.verdict]} ({judged.comfyui.status})"
    return f"{said}; {counts}" if counts else said


def _json(paths: list[Path], catalog: "Catalog", *, quiet: bool) -> bool:
    from reelc_compiler.target.comfyui.judgement import to_json
    from reelc_dsl.diagnostics.render import json as render_json

    failed = False
    for path in paths:
        judged = _judged(path, catalog)
        if isinstance(judged, tuple):
            # There is no graph, and so no verdict.
            value: dict[str, Any] = {"file": path.as_posix(), "comfyui": None, "errors": render_json.to_json(judged)}
            print_json({**value, "warnings": []})
            failed = True
        elif judged.diagnostics or not quiet:
            print_json(to_json(judged))
            failed |= bool(judged.errors)
    return failed


def _sarif(paths: list[Path], catalog: "Catalog", *, quiet: bool) -> bool:
    from reelc import __version__
    from reelc.pages import page
    from reelc_dsl.diagnostics.render.sarif import to_sarif

    found = [(p, d) for p in paths for d in _diagnostics(_judged(p, catalog))]
    checked = paths[0].as_posix() if paths else ""
    print_json(to_sarif([_placed(p, d) for p, d in found], version=__version__, checked=checked, page=page))
    return any(d.is_error for _, d in found)


def _github(paths: list[Path], catalog: "Catalog", *, quiet: bool) -> bool:
    from reelc_dsl.diagnostics.render.github import to_github

    failed = False
    for path in paths:
        found = _diagnostics(_judged(path, catalog))
        for line in to_github(found, checked=path.as_posix()):
            click.echo(line)
        failed |= any(d.is_error for d in found)
    return failed


def _diagnostics(judged: "Judgement | tuple[Diagnostic, ...]") -> "tuple[Diagnostic, ...]":
    return judged if isinstance(judged, tuple) else judged.diagnostics


def _placed(path: Path, diagnostic: "Diagnostic") -> "Diagnostic":
    """With a place in its own file: one report holds several."""
    from dataclasses import replace

    from reelc_dsl.source import Source, Span

    if diagnostic.span is not None:
        return diagnostic
    return replace(diagnostic, span=Span(Source(path.as_posix(), ""), 0, 0))


_SHOW = {"human": _human, "json": _json, "sarif": _sarif, "github": _github}

"""``reelc catalog diff``"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelc.cli import address, options
from reelc.cli.exits import DONE, INPUT_ERRORS
from reelc.cli.output import faults, print_diagnostics, print_json

if TYPE_CHECKING:
    from reelc.comparing import Comparison, Subject
    from reelc_compiler.catalog import Catalog


@click.command("diff", short_help="Show what changed between two catalogs, and what breaks.")
@click.argument("given", metavar="A B [FILE]", nargs=-1, required=True)
@click.option(
    "--worker",
    metavar="URL",
    callback=address.checked,
    help="Compare A with what this ComfyUI server has now, in place of B. Its token comes from REELC_WORKER_TOKEN.",
)
@options.parameters
@click.option("--all", "everything", is_flag=True, help="Also name new classes, and changes that break nothing.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all changes.")
def command(
    given: tuple[str, ...],
    worker: str | None,
    overrides: dict[str, str],
    pipeline: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Show what changed from catalog A to catalog B, and what of it breaks graphs.

    A and B are names of catalogs of reelc, files that `reelc catalog pull` wrote, or servers' answers of
    /object_info. A change breaks graphs, and is marked `!`, when a graph that was right may now be
    refused, or its node fails or ignores what it is given.

    FILE is a .reel file or a graph in API format: then only the node classes that it uses are compared,
    and it is compiled, or judged, with both.

    Exit code 0 when nothing breaks (with FILE: when it is right with B), else 1.
    """
    from reelc import catalogs
    from reelc.comparing import PROGRAM, compare

    count = 1 if worker is not None else 2
    if not count <= len(given) <= count + 1:
        what = "A [FILE]" if worker is not None else "A B [FILE]"
        raise click.UsageError(f"{'--worker goes' if worker is not None else 'The command line goes'} with {what}.")
    file = Path(given[count]) if len(given) > count else None
    if file == Path("-"):
        raise click.UsageError("FILE is read twice, so it cannot be the standard input.")
    if (overrides or pipeline is not None) and (file is None or file.suffix != PROGRAM):
        raise click.UsageError("--set and --pipeline go with a .reel file.")
    with faults(as_json):
        a = catalogs.open_catalog(given[0])
        b = catalogs.describe(worker) if worker is not None else catalogs.open_catalog(given[1])
        found = compare(a, b, file, overrides=overrides, pipeline=pipeline)
    if as_json:
        print_json(_json(found, a, b))
    else:
        _human(found, a, b, everything=everything or file is not None)
    raise click.exceptions.Exit(DONE if found.ok else INPUT_ERRORS)


def _human(found: "Comparison", a: "Catalog", b: "Catalog", *, everything: bool) -> None:
    from reelc.cli.catalog.changes import counts, lines

    click.echo("\n".join([f"from {_title(a)}", f"to   {_title(b)}", "", *lines(found.diff, a, b, everything)]))
    if found.subject is not None:
        click.echo("\n".join(_subject(found.subject, b)))
        print_diagnostics(found.subject.findings)
    click.echo(counts(found.diff, everything))


def _title(catalog: "Catalog") -> str:
    from reelc_compiler.catalog import version_text

    return f"{catalog.name}: {version_text(catalog.comfyui)}, {len(catalog)} node classes"


def _subject(subject: "Subject", b: "Catalog") -> list[str]:
    if subject.kind == "program":
        right, wrong, was = "compiles", "does not compile", "did not"
    else:
        right, wrong, was = "is accepted", "is wrong", "was wrong"
    before = "" if subject.before else f"; before, it {was}"
    lines = [f"{subject.path.as_posix()} {right if subject.after else wrong} with {b.name}{before}"]
    lines += [f"  {link} is linked to an output that is another one now" for link in subject.astray]
    return lines


def _json(found: "Comparison", a: "Catalog", b: "Catalog") -> dict[str, Any]:
    from reelc_compiler.catalog.diff import to_json
    from reelc_dsl.diagnostics.render import json as render_json

    changes = found.diff
    value: dict[str, Any] = {
        "from": {"name": a.name, "comfyui": a.comfyui, "sha256": a.sha256, "classes": len(a)},
        "to": {"name": b.name, "comfyui": b.comfyui, "sha256": b.sha256, "classes": len(b)},
        "ok": found.ok,
        "added": list(changes.added),
        "removed": list(changes.removed),
        "changed": list(changes.changed),
        "breaking": list(changes.breaking),
        "left_out": list(changes.left_out),
        "changes": [
            {"class": name, "pack": changes.packs[name], **to_json(change)}
            for name, several in changes.classes.items()
            for change in several
        ],
        "file": None,
    }
    if found.subject is not None:
        subject = found.subject
        value["file"] = {
            "path": subject.path.as_posix(),
            "kind": subject.kind,
            "classes": list(subject.classes),
            "before": subject.before,
            "after": subject.after,
            "astray": list(subject.astray),
            "diagnostics": render_json.to_json(subject.findings),
        }
    return value

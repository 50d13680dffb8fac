"""``reelc models lock``"""

from pathlib import Path

import click

from reelc.cli import options


@click.command("lock")
@options.source
@click.option("--check", "checking", is_flag=True, help="Write nothing; exit code 1 when the lock would change.")
@options.as_json
def command(
    file: Path,
    overrides: dict[str, str],
    pipeline: str | None,
    catalog: str | None,
    checking: bool,
    as_json: bool,
) -> None:
    """Write reel.lock beside FILE, or renew it: model files, node packs, catalog, library, inputs.

    From then on check, plan, compile, preview and run of FILE hold to it. The lock is for all programs of
    the folder that were locked; each is compiled as it was then, unless --set or --pipeline say otherwise.
    """
    from reelc.cli.output import faults, print_diagnostics, print_json, talk
    from reelc.locking import shown
    from reelc.pinning import conflicts, renew
    from reelc_dsl.diagnostics import ReelError
    from reelc_dsl.diagnostics.render import json as render_json

    with faults(as_json):
        made = renew(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
        changed = made.old != made.lock
        if checking and changed:
            raise ReelError([made.stale()])
        # Also when only the layout is another: it was edited by hand.
        if not checking:
            made.write()
    unknown = [f"{m.folder}/{m.file}" for m in made.lock.models.values() if m.sha256 is None]
    differ = conflicts(made.lock)
    if as_json:
        print_json(
            {
                "ok": True,
                "lock": made.path.as_posix(),
                "changed": changed,
                "changes": list(made.changes),
                "unknown": unknown,
                "conflicts": list(differ),
                "diagnostics": render_json.to_json(made.found),
            }
        )
        return
    print_diagnostics(made.found)
    for change in made.changes:
        click.echo(change)
    lock = made.lock
    counts = f"{len(lock.models)} models, {len(lock.packs)} node packs, {len(lock.inputs)} inputs"
    click.echo(f"{shown(made.project)}: {'written' if changed else 'up to date'}, {counts}")
    for line in differ:
        talk(f"{line}; delete its `sha256` from the lock to take the other")
    if unknown:
        talk(f"no SHA-256 is known of {', '.join(unknown)}: the first `reelc models fetch` records it")

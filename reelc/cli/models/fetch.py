"""``reelc models fetch``"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelc.cli import options

if TYPE_CHECKING:
    from reelc.models import Compiled
    from reelc_runtime.fetch import Outcome


@click.command("fetch")
@options.source
@click.option(
    "--to",
    "folder",
    metavar="FOLDER",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="ComfyUI's folder `models`.",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 16),
    default=4,
    help="How many files are transferred at once [default: 4].",
)
@click.option("--json", "as_json", is_flag=True, help="Events as JSON lines on stdout.")
def command(
    file: Path,
    overrides: dict[str, str],
    pipeline: str | None,
    catalog: str | None,
    folder: Path,
    jobs: int,
    as_json: bool,
) -> None:
    """Download the model files that FILE needs into a ComfyUI's models folder.

    What is there is verified and not fetched again; what broke off goes on where it stopped. A file whose
    hash is not known yet is taken as it comes, and its hash is recorded in reel.lock, if there is one.
    Tokens come from HF_TOKEN and CIVITAI_TOKEN, and go to huggingface.co and civitai.com alone.
    """
    from reelc.cli.exits import DONE, INTERRUPTED, RUN_FAILED
    from reelc.cli.models.progress import choose
    from reelc.cli.output import faults, print_diagnostics, print_json, talk
    from reelc.cli.signals import terminable
    from reelc.fetching import download
    from reelc.models import compiled, needed, warnings

    with faults(as_json, events=True):
        done = compiled(file, overrides=overrides, pipeline=pipeline, catalog=catalog)
        models = needed(done)
        if not as_json:
            print_diagnostics(done.found)
            for sentence, files in warnings(models):
                talk(f"! {sentence}: {', '.join(files)}")
        progress = choose(as_json)
        try:
            with terminable():
                outcomes = download(models, folder, jobs=jobs, report=progress)
        except KeyboardInterrupt:
            progress.close()
            if as_json:
                print_json({"event": "interrupted"})
            else:
                talk("interrupted: what was transferred is kept, and the same command goes on from there")
            raise click.exceptions.Exit(INTERRUPTED) from None
        finally:
            progress.close()
        pinned = _pinned(done, outcomes)
    failed = [outcome.fault for outcome in outcomes if outcome.fault is not None]
    if as_json:
        print_json(
            {
                "event": "fetch-ended",
                "ok": not failed,
                "fetched": [o.want.name for o in outcomes if o.fetched],
                "present": [o.want.name for o in outcomes if not o.fetched and o.fault is None],
                "failed": [o.want.name for o in outcomes if o.fault is not None],
                "pinned": list(pinned),
                "by_pack": [f"{m.folder}/{m.file}" for m in models if m.pack],
            }
        )
    else:
        print_diagnostics(failed)
        _say(file, done, outcomes, pinned, [f"{m.folder}/{m.file}" for m in models if m.pack])
    raise click.exceptions.Exit(RUN_FAILED if failed else DONE)


def _pinned(done: "Compiled", outcomes: "tuple[Outcome, ...]") -> tuple[str, ...]:
    from reelc.fetching import pin
    from reelc.locking import find_lock, lock_path

    # Read again: downloads take hours, in which somebody may have edited it.
    lock = find_lock(done.project) if done.held.lock is not None else None
    return () if lock is None else pin(lock_path(done.project), lock, outcomes)


def _say(
    file: Path, done: "Compiled", outcomes: "tuple[Outcome, ...]", pinned: tuple[str, ...], packs: list[str]
) -> None:
    """What came of it, and what is left to do."""
    from reelc.cli.output import talk
    from reelc.locking import shown

    count = {
        "fetched": sum(o.fetched for o in outcomes),
        "there already": sum(not o.fetched and o.fault is None for o in outcomes),
        "failed": sum(o.fault is not None for o in outcomes),
    }
    click.echo(", ".join(f"{number} {what}" for what, number in count.items() if number) or "no files are needed")
    if pinned:
        talk(f"recorded in {shown(done.project)}: the SHA-256 of {', '.join(pinned)}")
    elif done.held.lock is None and any(o.fetched and o.want.sha256 is None for o in outcomes):
        talk(f"hashes that were not known are recorded nowhere: `reelc models lock {file}`, then fetch again")
    if packs:
        talk(f"node packs download these by themselves, when they first need them: {', '.join(packs)}")

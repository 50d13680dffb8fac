"""``reelc new``"""

from pathlib import Path

import click

from reelc.cli.output import print_json, talk

# As in `reelc.scaffold`, which a `--help` need not import.
NAMES = ("still", "shots")


@click.command("new")
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
@click.option(
    "--template",
    type=click.Choice(NAMES),
    default="still",
    show_default=True,
    help="What to begin with: one picture brought to life, or several, joined into one film.",
)
@click.option("--json", "as_json", is_flag=True, help="What was made, as JSON.")
def command(folder: Path, template: str, as_json: bool) -> None:
    """Make a folder NAME with a film that checks clean and can be previewed at once.

    In it are NAME.reel, drawn pictures to be replaced by yours, reelc.toml with settings, a README and
    a .gitignore. NAME may be a path. Nothing is ever overwritten.
    """
    from reelc.scaffold import bad_name, create

    why = bad_name(folder.name)
    if why is not None:
        raise click.UsageError(f"`{folder.name}` cannot be the name of a project: {why}.")
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise click.ClickException(f"`{folder}` is there already; choose another name")
    files = create(folder, template)
    main = files[0].as_posix()
    if as_json:
        print_json({"folder": folder.as_posix(), "main": main, "files": [f.as_posix() for f in files]})
        return
    for file in files:
        click.echo(file.as_posix())
    talk(f"\nGo on with:\n  reelc check {main}\n  reelc preview {main}")

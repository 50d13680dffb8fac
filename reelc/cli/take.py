"""``reelc take``"""

from pathlib import Path

import click

from reelc.cli.output import print_json


@click.command("take")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("takes", nargs=-1, metavar="[NAME=SEED]...")
@click.option("--forget", metavar="NAME", multiple=True, help="Take the program's own seed again. Repeatable.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(file: Path, takes: tuple[str, ...], forget: tuple[str, ...], as_json: bool) -> None:
    """Choose the seed for what FILE calls NAME: `reelc take film.reel pier=7`.

    NAME is what the program derives a seed from: derive(seed, "pier"). The choice is kept in film.takes.toml beside the
    program, and every command uses it from then on; shots that it does not name stay as they are, and are not rendered
    again. Without NAME the choices are listed.
    """
    from reelc.takes import read_takes, takes_file, write_takes
    from reelc_compiler.elaborate.functions import SEED_LIMIT
    from reelc_compiler.loader import read_source
    from reelc_compiler.texts import is_unicode

    # Takes belong to a program: without one there is nothing that they could be for.
    read_source(file, file.as_posix())
    known = read_takes(file)
    before = dict(known)
    for name in forget:
        if known.pop(name, None) is None:
            raise click.BadParameter(f"no take of `{name}` was chosen", param_hint="--forget")
    for text in takes:
        name, equals, seed = text.rpartition("=")
        if not is_unicode(name):
            raise click.BadParameter(f"the name in `{text}` is not UTF-8", param_hint="NAME=SEED")
        if not equals or not name or not seed.strip().isdecimal() or int(seed) >= SEED_LIMIT:
            raise click.BadParameter(
                f"`{text}` is not NAME=SEED, with a whole number below 2^50", param_hint="NAME=SEED"
            )
        known[name] = int(seed)
    if known != before:
        write_takes(file, known)
    if as_json:
        print_json({"file": takes_file(file).as_posix(), "takes": known})
        return
    for name, seed in sorted(known.items()):
        click.echo(f"{name} = {seed}")
    if not known:
        click.echo("no takes are chosen: all seeds are the program's own")

"""``reelc catalog list``"""

from typing import Any

import click

from reelc.cli.catalog.summary import facts, summary
from reelc.cli.exits import DONE, INPUT_ERRORS
from reelc.cli.output import print_diagnostics, print_json


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def command(as_json: bool) -> None:
    """List the catalogs: those of reelc, and the files *.catalog here and in catalogs/.

    Each with its ComfyUI version, its node packs with their commits, and how many classes it has.
    """
    from reelc.catalogs import project_catalogs, read_catalog
    from reelc_compiler.catalog import DEFAULT, catalog_names, load_catalog
    from reelc_dsl.diagnostics import ReelError
    from reelc_dsl.diagnostics.render import json as render_json

    found = [facts(load_catalog(name), None) | {"default": name == DEFAULT} for name in catalog_names()]
    broken: list[Any] = []
    for path in project_catalogs():
        try:
            found.append(facts(read_catalog(path), path) | {"default": False})
        except ReelError as error:
            broken += error.diagnostics
    if as_json:
        print_json({"catalogs": found, "diagnostics": render_json.to_json(broken)})
    else:
        click.echo("\n\n".join("\n".join(summary(c)) for c in found))
        print_diagnostics(broken)
    raise click.exceptions.Exit(INPUT_ERRORS if broken else DONE)

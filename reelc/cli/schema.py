"""``reelc schema``"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelc.cli.output import talk

if TYPE_CHECKING:
    from reelc_compiler.catalog import Catalog


@click.command("schema")
@click.option(
    "--nodes",
    metavar="CLASS",
    multiple=True,
    help="A node class that graphs may have; only those that are named, then. Repeatable.",
)
@click.option(
    "--catalog",
    "name",
    metavar="NAME|FILE",
    help="Whose nodes: a catalog of reelc, a file that `reelc catalog pull` wrote, or what a server answers to "
    "/object_info, saved [default: comfyui-0.33.0].",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse what ComfyUI lets pass and is hardly meant: unknown inputs, literals of another type or for a link.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="The file to write, replaced when it is there; `-` is the standard output, the default.",
)
def command(nodes: tuple[str, ...], name: str | None, strict: bool, output: Path | None) -> None:
    """Write a JSON Schema for graphs in ComfyUI's API format, for editors and validators.

    It says what each node class takes, as a catalog has it: inputs, ranges, choices, what a choice adds. It is JSON
    Schema 2020-12, and the same catalog gives the same bytes. What joins nodes, such as the types of links, only
    `reelc validate` judges.
    """
    from reelc.catalogs import open_catalog
    from reelc_compiler.target.comfyui.graph_schema import graph_schema, schema_text

    catalog = open_catalog(name)
    for node in nodes:
        _known(node, catalog)
    text = schema_text(graph_schema(catalog, nodes or None, strict=strict))
    if output is None or output == Path("-"):
        click.echo(text, nl=False)
        return
    from reelc.files import write_whole

    write_whole(output, text.encode())
    count = len(set(nodes)) or len(catalog)
    talk(f"{output}: {count} node class{'es' if count != 1 else ''} of {catalog.name}")


def _known(node: str, catalog: "Catalog") -> None:
    if node in catalog:
        return
    from reelc_dsl.diagnostics.suggest import did_you_mean

    hint = "".join(f" {s[:1].upper()}{s[1:]}" for s in did_you_mean(node, catalog.class_names()))
    raise click.UsageError(f"The catalog {catalog.name} has no node class `{node}`.{hint}")

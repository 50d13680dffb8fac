"""``reelc catalog show``"""

import click

from reelc.cli.output import print_json
from reelc.cli.schemas import class_json, class_lines


@click.command("show")
@click.argument("node_class", metavar="CLASS")
@click.option(
    "--catalog",
    "name",
    metavar="NAME|FILE",
    help="The catalog: one of reelc, a file that `reelc catalog pull` wrote, or a server's answer of /object_info "
    "[default: comfyui-0.33.0].",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with all choices.")
def command(node_class: str, name: str | None, as_json: bool) -> None:
    """Show what the node class CLASS takes and gives, as a catalog has it."""
    from reelc.catalogs import open_catalog
    from reelc_dsl.diagnostics.suggest import did_you_mean

    catalog = open_catalog(name)
    schema = catalog.get(node_class)
    if schema is None and node_class in catalog.left_out:
        raise click.UsageError(f"`{node_class}` is described in a way that is not ComfyUI's, and was left out.")
    if schema is None:
        hint = "".join(f" {s[:1].upper()}{s[1:]}" for s in did_you_mean(node_class, catalog.class_names()))
        raise click.UsageError(f"The catalog {catalog.name} has no node class `{node_class}`.{hint}")
    if as_json:
        print_json(class_json(schema, catalog))
    else:
        click.echo("\n".join(class_lines(schema, catalog)))

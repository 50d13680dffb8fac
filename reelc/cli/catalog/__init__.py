"""``reelc catalog``"""

import click

from reelc.cli.lazy import Lazy

COMMANDS = {
    "list": ("reelc.cli.catalog.list", "List the catalogs of reelc and of this folder."),
    "show": ("reelc.cli.catalog.show", "Show what a node class takes and gives."),
    "pull": ("reelc.cli.catalog.pull", "Write the catalog of a worker."),
    "diff": ("reelc.cli.catalog.diff", "Show what changed between two catalogs, and what breaks."),
}


@click.group("catalog", cls=Lazy, modules=COMMANDS)
def command() -> None:
    """Node catalogs: what every node class of a ComfyUI takes and gives."""

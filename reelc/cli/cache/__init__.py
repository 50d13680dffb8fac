"""``reelc cache``"""

import click

from reelc.cli.lazy import Lazy

COMMANDS = {
    "ls": ("reelc.cli.cache.ls", "List the results that are kept."),
    "verify": ("reelc.cli.cache.verify", "Read every result again, and name those that are damaged."),
    "gc": ("reelc.cli.cache.gc", "Throw away what was not used for long, or is too much."),
}


@click.group("cache", cls=Lazy, modules=COMMANDS)
def command() -> None:
    """Results of jobs that are kept in the state folder, so that they need not be rendered again.

    The state folder is REELC_STATE, else .reelc in the folder of the films.
    """

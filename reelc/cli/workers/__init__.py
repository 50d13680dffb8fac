"""``reelc workers``"""

import click

from reelc.cli.lazy import Lazy

COMMANDS = {
    "ls": ("reelc.cli.workers.ls", "List workers: what they are, what they do, who has them."),
    "add": ("reelc.cli.workers.add", "Add a worker for the runs of this folder, also those that go on."),
    "drain": ("reelc.cli.workers.drain", "Give a worker no new jobs."),
    "rm": ("reelc.cli.workers.rm", "Take a worker away again."),
}


@click.group("workers", cls=Lazy, modules=COMMANDS)
def command() -> None:
    """Workers that the runs of a state folder share.

    Runs that are going on look every few seconds which workers were added, drained or removed. A run that is
    started without --worker, and finds none in reelc.toml, has those that were added.
    """

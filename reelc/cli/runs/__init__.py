"""``reelc runs``"""

import click

from reelc.cli.lazy import Lazy

COMMANDS = {
    "ls": ("reelc.cli.runs.ls", "List runs, the newest last."),
    "show": ("reelc.cli.runs.show", "Show a run: its jobs, steps, workers, files and faults."),
    "resume": ("reelc.cli.runs.resume", "Go on with a run that has not finished."),
    "cancel": ("reelc.cli.runs.cancel", "End a run, and take its jobs off the workers."),
    "logs": ("reelc.cli.runs.logs", "Show what a run told, with times."),
}


@click.group("runs", cls=Lazy, modules=COMMANDS)
def command() -> None:
    """Runs of the state folder: REELC_STATE, else .reelc in the folder of the films.

    RUN is a run's name, the beginning of one, or `last`.
    """

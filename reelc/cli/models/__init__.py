"""``reelc models``"""

import click

from reelc.cli.lazy import Lazy

COMMANDS = {
    "ls": ("reelc.cli.models.ls", "List the model files that a program needs, and what their licences allow."),
    "lock": ("reelc.cli.models.lock", "Write reel.lock: what the program was made with."),
    "fetch": ("reelc.cli.models.fetch", "Download the model files for a ComfyUI on this machine."),
}


@click.group("models", cls=Lazy, modules=COMMANDS)
def command() -> None:
    """The model files that a program needs: list them, pin them, download them."""

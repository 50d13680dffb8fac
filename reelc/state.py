"""Where runs, their database and the store lie; found without loading what renders."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reelc.config import Config, find_config

if TYPE_CHECKING:
    from reelc_runtime.run.record import Runs
    from reelc_runtime.store import Store

STATE_VARIABLE = "REELC_STATE"
DATABASE_VARIABLE = "REELC_DB"


def state_folder(out: Path) -> Path:
    """Where runs, their database and the store lie: REELC_STATE, else ``.reelc`` beside the films."""
    named = os.environ.get(STATE_VARIABLE)
    return Path(named) if named else out / ".reelc"


def out_folder(given: Path | None, config: Config) -> Path:
    """Where films go: the option, else the configuration, else ``out``."""
    return given or config.out or Path("out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a command that looks at runs works on.

    Args:
        config: reelc.toml of the folder where the user stands.
        out: where films go.
        state: where runs, their database and the store lie.
    """

    config: Config
    out: Path
    state: Path

    def runs(self) -> "Runs":
        """The runs of the state folder."""
        from reelc_runtime.run.record import Runs

        return Runs(self.state, time.time)

    def store(self) -> "Store":
        """The results of the state folder."""
        from reelc_runtime.store import Store

        return Store(self.state / "store", time.time)


def find_place(out: Path | None) -> Place:
    """The place that an ``--out`` stands for, found as ``reelc run`` finds it for a file here.

    Raises:
        ReelError: E0725.
    """
    config = find_config(Path())
    folder = out_folder(out, config)
    return Place(config=config, out=folder, state=state_folder(folder))

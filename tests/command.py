"""Commands called in this process, as ``main`` does it: quick, and with their exit codes."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from reelc.cli.app import main

START = [sys.executable, "-c", "from reelc.cli.app import main; main()"]


@dataclass(frozen=True)
class Done:
    """What a command printed."""

    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.out)


def call(*args: str | Path, code: int = 0) -> Done:
    """Call a command, and see that it ends with the exit code; one at a time."""
    out, err = io.StringIO(), io.StringIO()
    ended: Any = 0
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", ["reelc", *map(str, args)]):
        try:
            main()
        except SystemExit as stop:
            ended = stop.code
    assert "E0999" not in err.getvalue()
    assert ended == code, f"{ended}: {out.getvalue()} {err.getvalue()}"
    return Done(out.getvalue(), err.getvalue())

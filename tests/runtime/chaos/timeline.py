"""What happened, in one file that several processes append to, also in the moment before they are killed."""

import json
import os
import time
from pathlib import Path
from typing import Any


class Timeline:
    """Appends entries to a file, each in one write, so that they are whole and in order.

    Args:
        path: the file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def tell(self, what: str, **more: Any) -> float:
        """Append an entry; its time, in seconds since the epoch."""
        now = time.time()
        os.write(self._handle, (json.dumps({"time": now, "what": what, **more}) + "\n").encode())
        return now

    def close(self) -> None:
        os.close(self._handle)

    def entries(self) -> list[dict[str, Any]]:
        """Everything so far, by time."""
        lines = self.path.read_text("utf-8").splitlines()
        return sorted((json.loads(line) for line in lines), key=lambda entry: entry["time"])

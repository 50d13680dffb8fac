"""Run one command and say what it took: `python -I -S one_run.py FILE COMMAND...`.

It is a process of its own because a child's peak memory begins with its parent's: this one imports next to nothing, so
it is smaller than anything that it measures.

Writes to FILE one line: exit code, wall seconds, CPU seconds, peak resident KiB (bytes on macOS).
"""

import os
import sys
import time


def main(report: str, command: list[str]) -> None:
    """Run, wait, write."""
    started = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    figures = (os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
    with open(report, "w") as file:  # noqa: PTH123 - pathlib is large
        file.write(" ".join(map(str, figures)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

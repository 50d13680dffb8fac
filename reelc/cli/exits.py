"""Exit codes, the same for every command."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reelc_dsl.diagnostics import Diagnostic

DONE = 0
INPUT_ERRORS = 1
USAGE = 2
RUN_FAILED = 3
INTERRUPTED = 130


def code_of(diagnostics: "Iterable[Diagnostic]") -> int:
    """The exit code for faults: of runs, or of the input."""
    from reelc_dsl.diagnostics.codes import BAD_PLAN

    run = [d for d in diagnostics if d.code.code.startswith("E07") and d.code is not BAD_PLAN]
    return RUN_FAILED if run else INPUT_ERRORS

"""Exit codes, the same for every command."""

DONE = 0
INPUT_ERRORS = 1
USAGE = 2
RUN_FAILED = 3
INTERRUPTED = 130

"""Signals that end a command in good order."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def terminable() -> Generator[None]:
    """SIGTERM ends what is going on as Ctrl-C does: a run stops its prompts on the workers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def as_interrupt(number: int, frame: object) -> None:
        signal.raise_signal(signal.SIGINT)

    old = signal.signal(signal.SIGTERM, as_interrupt)
    # A script's background job inherits SIGINT as ignored; a run must be stoppable all the same.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

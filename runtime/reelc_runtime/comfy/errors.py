"""What can go wrong with a worker, each with one plain sentence that holds no secrets."""

from collections.abc import Iterator

# A server or a proxy in front of it that says one of these may say something else a moment later.
PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class ComfyError(Exception):
    """A worker that cannot be talked to, or talks otherwise than ComfyUI does."""


class Unreachable(ComfyError):
    """No connection can be made, or it broke before the answer was complete."""


class TimedOut(ComfyError):
    """There is a connection, and no answer on it in time."""


class AuthRefused(ComfyError):
    """The worker, or a proxy in front of it, wants other credentials (401 or 403)."""


class ProtocolError(ComfyError):
    """An answer that ComfyUI would not give, or that exceeds a limit."""


class ServerError(ComfyError):
    """An HTTP status that stands for no answer to the question.

    Args:
        message: one sentence.
        status: the HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Stalled(ComfyError):
    """A prompt that is not waiting behind others has given no sign of life for too long."""


def is_transient(error: BaseException) -> bool:
    """Whether the same request, sent again later, may well succeed. Says nothing about its being safe to repeat."""
    if isinstance(error, ServerError):
        return error.status in PASSING_STATUSES
    return isinstance(error, Unreachable | TimedOut)


def backoff(first: float = 0.5, most: float = 15.0) -> Iterator[float]:
    """Delays for repeated attempts, doubling and without end.

    Args:
        first: the first delay, seconds.
        most: no delay is longer, seconds.
    """
    delay = first
    while True:
        yield min(delay, most)
        delay = min(delay * 2, most)

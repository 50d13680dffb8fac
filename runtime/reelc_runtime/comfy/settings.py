"""How long a client waits and how much it takes in."""

from dataclasses import dataclass

MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Times, in seconds.

    Args:
        connect: for a connection, and for a WebSocket's handshake.
        read: between two pieces of an answer, and for each piece that is sent.
        answer: for a whole JSON answer.
        silence: of an open WebSocket, until the prompt's state is asked for over HTTP.
        poll: between two such questions while there is no WebSocket.
    """

    connect: float = 10.0
    read: float = 60.0
    answer: float = 120.0
    silence: float = 10.0
    poll: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes, in bytes except where said.

    Args:
        json: a JSON answer.
        object_info: an answer of ``/object_info``.
        message: a WebSocket message.
        backlog: messages (a number) that may wait for whoever follows a prompt.
        previews: previews (a number) among them.
    """

    json: int = 16 * MEBIBYTE
    object_info: int = 64 * MEBIBYTE
    message: int = 64 * MEBIBYTE
    backlog: int = 10_000
    previews: int = 4

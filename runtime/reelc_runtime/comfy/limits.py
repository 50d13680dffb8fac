"""How long and how much: the bounds of everything that comes from a server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds.

    Args:
        request: for a whole JSON answer.
        handshake: for opening the event stream.
        idle: between two chunks of a file that is sent or fetched.
        transfer: for a whole file.
        poll: after which history and queue are read again when nothing is heard.
        hint: the shortest time between two such readings.
        give_up: without any answer, after which a server that is followed counts as gone.
    """

    request: float = 30.0
    handshake: float = 15.0
    idle: float = 60.0
    transfer: float = 3600.0
    poll: float = 10.0
    hint: float = 1.0
    give_up: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes.

    Args:
        json: of a JSON answer.
        object_info: of an answer of ``/object_info``; packs list their files there.
        message: of one WebSocket message.
    """

    json: int = 16 << 20
    object_info: int = 64 << 20
    message: int = 64 << 20

"""What :meth:`ComfyClient.follow` tells of a prompt; the last event is one of the four ends."""

from dataclasses import dataclass

from reelc_runtime.comfy.answers import HistoryEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened to the prompt that is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued(Event):
    """It waits; ``position`` prompts come before it, the running one included."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached(Event):
    """Nodes whose results the server still has, and does not run."""

    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(Event):
    """A node of the graph begins."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProgress(Event):
    """A node has done ``value`` of ``max`` steps, tiles or frames, whatever it counts."""

    node: str
    value: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished(Event):
    """A node of the graph is done."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview(Event):
    """A picture of work in progress; ``node`` is None when the server does not say whose."""

    node: str | None
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded(Event):
    """The end: it is done; ``entry`` has the outputs."""

    entry: HistoryEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Event):
    """The end: a node raised an exception.

    Args:
        node_id, node_type: which; empty when the server does not say.
        exception_type: such as ``torch.OutOfMemoryError``.
        message: what it says, bounded.
        traceback: the server's lines, bounded.
    """

    node_id: str
    node_type: str
    exception_type: str
    message: str
    traceback: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted(Event):
    """The end: somebody stopped it, in ``node_id`` if the server says so."""

    node_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost(Event):
    """The end: neither the history nor the queue knows it; the server restarted, or it was deleted."""


ENDS = (Succeeded, Failed, Interrupted, Lost)

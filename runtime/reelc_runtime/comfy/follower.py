"""What a prompt does, worked out from WebSocket messages and polls. Knows no sockets and no clock.

Messages can be missed and repeated, and belong to others; polls (:class:`Found`) are true but may be older
than messages that came meanwhile. Whatever order they come in, each node starts and finishes at most once,
and one terminal event ends it all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from reelc_runtime.comfy import protocol as wire
from reelc_runtime.comfy.answers import Found, HistoryEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """It waits; ``position`` prompts come before it, running ones included."""

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """It runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """These nodes need not run again."""

    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted:
    """A node runs."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProgress:
    """A node is at ``value`` of ``max``, in units of its own; it may count more than once from the start."""

    node: str
    value: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFinished:
    """A node has run."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A picture of work in progress; ``node`` is None where an older server does not say."""

    node: str | None
    mime: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The end: its history, with the outputs."""

    entry: HistoryEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The end: a node raised an exception; empty strings for what the worker does not say."""

    node_id: str
    node_type: str
    exception_type: str
    message: str
    traceback: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """The end: somebody stopped it, in this node if it is known."""

    node_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The end: the worker does not know it (restarted, or deleted from the queue)."""


Terminal = Succeeded | Failed | Interrupted | Lost
Event = Queued | Started | Cached | NodeStarted | NodeProgress | NodeFinished | Preview | Terminal


class Follower:
    """The state of one prompt that was submitted.

    Attributes:
        alive: counts signs of life; it grows with every message about this prompt, with every change of
            its state, and with every poll that finds it waiting behind others.
        wants_poll: True when a poll should be made now. Whoever begins one sets it to False.
        done: True after the terminal event.
    """

    def __init__(self, prompt_id: str) -> None:
        self.prompt_id = prompt_id
        self.alive = 0
        self.wants_poll = True
        self.done = False
        self._state = ""
        self._position: int | None = None
        self._cached: tuple[str, ...] | None = None
        self._running: dict[str, tuple[float, float] | None] = {}
        self._finished: set[str] = set()
        self._told_by_states = False
        self._unclaimed: str | None = None

    # -- connection --------------------------------------------------------------------------

    def connected(self) -> None:
        """A connection begins; before it anything may have happened."""
        self.wants_poll = True
        self._unclaimed = None

    def gap(self) -> None:
        """Messages were dropped."""
        self.wants_poll = True

    # -- messages ----------------------------------------------------------------------------

    def message(self, message: wire.Message) -> list[Event]:
        """What a message means for this prompt; nothing if it is about another one."""
        if self.done:
            return []
        owner = getattr(message, "prompt_id", None)
        if owner is None:
            return list(self._anonymous(message))
        if owner != self.prompt_id:
            return []
        self.alive += 1
        return list(self._own(message))

    def _anonymous(self, message: wire.Message) -> Iterator[Event]:
        """Messages that do not say whose they are; only one prompt runs at a time on a server."""
        match message:
            case wire.Executing(node=None):
                self.wants_poll = True
            case wire.Executing(node=str() as node):
                # Sent on a reconnection. Whose it is, the poll that follows every connection tells.
                self._unclaimed = node
                if self._state == "running":
                    yield from self._claim()
            case wire.PreviewFrame(mime=mime, data=data) if self._state == "running":
                self.alive += 1
                yield Preview(node=None, mime=mime, data=data)
            case _:
                pass

    def _own(self, message: wire.Message) -> Iterator[Event]:
        match message:
            case wire.ExecutionStart():
                yield from self._start()
            case wire.ExecutionCached(nodes=nodes):
                yield from self._start()
                if nodes != self._cached:
                    self._cached = nodes
                    yield Cached(nodes=nodes)
            case wire.Executing(node=str() as node):
                yield from self._start()
                if not self._told_by_states:
                    # A server without progress_state runs one node after the other.
                    yield from self._finish(*[other for other in self._running if other != node])
                yield from self._node(node)
            case wire.Progress(node=str() as node, value=value, max=most):
                yield from self._progress(node, value, most)
            case wire.ProgressState(nodes=states):
                yield from self._start()
                self._told_by_states = True
                yield from self._states(states)
            case wire.Executed(node=node):
                # A cached output is reported without having run.
                yield from self._finish(node)
            case wire.PreviewFrame(node=node, mime=mime, data=data):
                yield Preview(node=node, mime=mime, data=data)
            case wire.ExecutionError() | wire.ExecutionInterrupted():
                yield self._end(_bad_end(message))
            case wire.ExecutionSuccess():
                # Its history is not there yet: `executing` without a node says when.
                pass
            case wire.Executing():
                self.wants_poll = True
            case _:
                pass

    def _states(self, states: tuple[wire.NodeState, ...]) -> Iterator[Event]:
        for state in states:
            if state.state == "running":
                yield from self._node(state.node)
                if state.own and state.value > 0:
                    yield from self._progress(state.node, state.value, state.max)
            elif state.state == "finished" and state.own:
                if state.node in self._running:
                    yield from self._finish(state.node)
                elif state.node not in self._finished and state.node not in (self._cached or ()):
                    # It began and ended while nobody listened.
                    yield from self._node(state.node)
                    yield from self._finish(state.node)

    # -- polls -------------------------------------------------------------------------------

    def found(self, found: Found) -> list[Event]:
        """What a poll means for this prompt."""
        return [] if self.done else list(self._found(found))

    def _found(self, found: Found) -> Iterator[Event]:
        match found.state:
            case "done":
                assert found.history is not None
                yield from self._close(found.history)
            case "absent":
                yield self._end(Lost())
            case "running":
                yield from self._start()
                yield from self._claim()
            case "pending":
                position = found.position or 0
                # A message may have told of its start while the answer was on its way.
                if self._state != "running":
                    if position > 0 or self._state != "pending":
                        self.alive += 1
                    self._state = "pending"
                    if position != self._position:
                        self._position = position
                        yield Queued(position=position)

    def _close(self, entry: HistoryEntry) -> Iterator[Event]:
        for kind, data in entry.messages:
            end = wire.from_event(kind, {**data, "prompt_id": self.prompt_id})
            if isinstance(end, wire.ExecutionError | wire.ExecutionInterrupted):
                yield self._end(_bad_end(end))
                return
        if entry.status == "success" or (entry.status == "unknown" and entry.outputs):
            yield from self._finish(*self._running)
            yield self._end(Succeeded(entry=entry))
        else:
            message = f"the worker's history says {entry.status}, and not why"
            yield self._end(Failed(node_id="", node_type="", exception_type="", message=message, traceback=()))

    # -- changes -----------------------------------------------------------------------------

    def _start(self) -> Iterator[Event]:
        if self._state != "running":
            self._state = "running"
            self.alive += 1
            yield Started()

    def _claim(self) -> Iterator[Event]:
        node, self._unclaimed = self._unclaimed, None
        if node is not None:
            yield from self._node(node)

    def _node(self, node: str) -> Iterator[Event]:
        if node not in self._running and node not in self._finished:
            self._running[node] = None
            yield NodeStarted(node=node)

    def _progress(self, node: str, value: float, most: float) -> Iterator[Event]:
        """The same step is reported by two kinds of messages; a node counting anew is not the same step."""
        if node in self._finished:
            return
        yield from self._node(node)
        if self._running[node] != (value, most):
            self._running[node] = (value, most)
            yield NodeProgress(node=node, value=value, max=most)

    def _finish(self, *nodes: str) -> Iterator[Event]:
        for node in nodes:
            if node in self._running:
                del self._running[node]
                self._finished.add(node)
                yield NodeFinished(node=node)

    def _end(self, event: Terminal) -> Terminal:
        self.done = True
        return event


def _bad_end(message: wire.ExecutionError | wire.ExecutionInterrupted) -> Failed | Interrupted:
    if isinstance(message, wire.ExecutionInterrupted):
        return Interrupted(node_id=message.node_id)
    return Failed(
        node_id=message.node_id,
        node_type=message.node_type,
        exception_type=message.exception_type,
        message=message.message,
        traceback=message.traceback,
    )

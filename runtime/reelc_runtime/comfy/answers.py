"""HTTP answers of a ComfyUI server as values. Knows no sockets."""

from dataclasses import dataclass, field
from typing import Any, Literal

from reelc_runtime.comfy.errors import ProtocolError
from reelc_runtime.comfy.values import Object, as_list, as_node, as_number, as_object, as_size, as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What a worker computes on; memory in bytes, 0 where it is not told."""

    name: str
    type: str
    vram_total: int
    vram_free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemStats:
    """What a worker is; memory in bytes, 0 where it is not told. ``engine`` is what reelc's own workers say."""

    version: str
    engine: str
    devices: tuple[Device, ...]
    ram_total: int
    ram_free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeError:
    """Why a node of a graph is refused.

    Args:
        node: its id in the graph.
        type: ComfyUI's name for the fault.
        details: which input, or the exception's words; may be empty.
        input_name: the input at fault, if one is named.
    """

    node: str
    class_type: str
    type: str
    message: str
    details: str
    input_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A prompt is queued.

    Args:
        number: its place in the worker's count; lower runs earlier.
    """

    prompt_id: str
    number: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A prompt is refused, as a whole or in part.

    Args:
        status: the HTTP status.
        queued: True when the worker runs the part that it did not refuse.
    """

    status: int
    error_type: str
    message: str
    node_errors: tuple[NodeError, ...]
    queued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """What a worker remembers of a prompt that has ended.

    Args:
        status: ``success``, ``error``, or what else it says; ``unknown`` when it says nothing.
        outputs: by node, as received; :func:`outputs_of` reads them.
        messages: the execution events as (type, data).
    """

    prompt_id: str
    status: str
    completed: bool
    outputs: Object = field(default_factory=dict[str, Any])
    messages: tuple[tuple[str, Object], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueItem:
    """A prompt that waits or runs."""

    number: float
    prompt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What runs and what waits, the next one first."""

    running: tuple[QueueItem, ...]
    pending: tuple[QueueItem, ...]

    def ahead_of(self, prompt_id: str) -> int | None:
        """How many prompts come before a waiting one, running ones included; None if it does not wait."""
        for place, item in enumerate(self.pending):
            if item.prompt_id == prompt_id:
                return len(self.running) + place
        return None

    def is_running(self, prompt_id: str) -> bool:
        """Whether the prompt runs now."""
        return any(item.prompt_id == prompt_id for item in self.running)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a prompt is.

    Args:
        history: when it is done.
        position: when it is pending: how many prompts come before it, running ones included.
    """

    state: Literal["done", "running", "pending", "absent"]
    history: HistoryEntry | None = None
    position: int | None = None


def system_stats(value: Any, url: str) -> SystemStats:
    """The answer of ``/system_stats``. Raises ProtocolError: it is not ComfyUI's."""
    system = as_object(as_object(value).get("system"))
    if not system:
        raise ProtocolError(f"{url} does not answer as a ComfyUI server does")
    devices: list[Device] = []
    for item in as_list(as_object(value).get("devices")):
        data = as_object(item)
        devices.append(
            Device(
                name=as_text(data.get("name")),
                type=as_text(data.get("type")),
                vram_total=as_size(data.get("vram_total")),
                vram_free=as_size(data.get("vram_free")),
            )
        )
    return SystemStats(
        version=as_text(system.get("comfyui_version")),
        engine=as_text(as_object(system.get("reelc")).get("engine")),
        devices=tuple(devices),
        ram_total=as_size(system.get("ram_total")),
        ram_free=as_size(system.get("ram_free")),
    )


def object_info(value: Any, class_type: str, url: str) -> Object | None:
    """The answer of ``/object_info/CLASS``; None for an unknown class. Raises ProtocolError: it is something else."""
    if value == {}:
        return None
    schema = as_object(as_object(value).get(class_type))
    if not schema:
        raise ProtocolError(f"{url} describes something else than the node class {class_type}")
    return schema


def all_object_info(value: Any, url: str) -> dict[str, Object]:
    """The answer of ``/object_info``, by class. Raises ProtocolError: it describes no class."""
    described = {name: as_object(schema) for name, schema in as_object(value).items()}
    found = {name: schema for name, schema in described.items() if schema}
    if not found:
        raise ProtocolError(f"{url} describes no node class")
    return found


def submission(status: int, value: Any, prompt_id: str, url: str) -> Accepted | Rejected:
    """The answer of ``POST /prompt``.

    Args:
        status: the HTTP status, 200 or 400.
        value: the JSON value.
        prompt_id: the id that was sent.
        url: the worker's, for messages.

    Raises:
        ProtocolError: it is neither a refusal nor an acceptance under this id.
    """
    answer = as_object(value)
    errors = _node_errors(as_object(answer.get("node_errors")))
    if status == 400:
        error = answer.get("error")
        if not error and not errors:
            raise ProtocolError(f"{url} refused the graph without a reason that can be read")
        return _rejected(error, errors)
    if as_text(answer.get("prompt_id")) != prompt_id:
        raise ProtocolError(f"{url} did not take the prompt under its id; its ComfyUI may be too old")
    if errors:
        return Rejected(
            status=status,
            error_type="prompt_outputs_failed_validation",
            message="Some outputs failed validation",
            node_errors=errors,
            queued=True,
        )
    return Accepted(prompt_id=prompt_id, number=as_number(answer.get("number")) or 0)


def _rejected(error: Any, errors: tuple[NodeError, ...]) -> Rejected:
    data = as_object(error)
    message, details = as_text(data.get("message")) or as_text(error), as_text(data.get("details"))
    # Without node errors the details are all that says what is wrong: a class's name, an exception's words.
    if details and not errors and details not in message:
        message = f"{message}: {details}" if message else details
    return Rejected(status=400, error_type=as_text(data.get("type")), message=message, node_errors=errors)


def _node_errors(nodes: Object) -> tuple[NodeError, ...]:
    found: list[NodeError] = []
    for node, item in nodes.items():
        data = as_object(item)
        for error in map(as_object, as_list(data.get("errors"))):
            found.append(
                NodeError(
                    node=node,
                    class_type=as_text(data.get("class_type")),
                    type=as_text(error.get("type")),
                    message=as_text(error.get("message")),
                    details=as_text(error.get("details")),
                    input_name=as_text(as_object(error.get("extra_info")).get("input_name")) or None,
                )
            )
    return tuple(found)


def history(value: Any, prompt_id: str, url: str) -> HistoryEntry | None:
    """The answer of ``/history/ID``; None if there is no entry. Raises ProtocolError: it is no object."""
    if not isinstance(value, dict):
        raise ProtocolError(f"{url} answers with a history that is no object")
    entry = as_object(as_object(value).get(prompt_id))
    if not entry:
        return None
    status = as_object(entry.get("status"))
    messages: list[tuple[str, Object]] = []
    for item in map(as_list, as_list(status.get("messages"))):
        if len(item) == 2:
            messages.append((as_text(item[0]), as_object(item[1])))
    return HistoryEntry(
        prompt_id=prompt_id,
        status=as_text(status.get("status_str")) or "unknown",
        completed=status.get("completed") is True,
        outputs=as_object(entry.get("outputs")),
        messages=tuple(messages),
    )


def queue(value: Any, url: str) -> Queue:
    """The answer of ``/queue``; the pending prompts come as a heap and are sorted here. Raises ProtocolError."""
    answer = as_object(value)
    if not isinstance(answer.get("queue_running"), list) or not isinstance(answer.get("queue_pending"), list):
        raise ProtocolError(f"{url} answers with a queue that is none")
    pending = sorted(_items(answer["queue_pending"]), key=lambda item: item.number)
    return Queue(running=_items(answer["queue_running"]), pending=tuple(pending))


def _items(value: Any) -> tuple[QueueItem, ...]:
    items: list[QueueItem] = []
    for item in map(as_list, as_list(value)):
        number = as_number(item[0]) if len(item) > 1 else None
        prompt_id = as_node(item[1]) if len(item) > 1 else None
        if number is not None and prompt_id is not None:
            items.append(QueueItem(number=number, prompt_id=prompt_id))
    return tuple(items)

"""ComfyUI's WebSocket messages as typed values; parsing without I/O.

Anything can come through this socket: node packs send their own messages, and proxies break frames. So
parsing never raises; what is not understood is :class:`Other`, and the truth is in history and queue.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any, cast

from reelc_runtime.comfy.answers import lines, number, text

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
_MIMES = {1: "image/jpeg", 2: "image/png"}

# Sent first on every connection; the server then says to which node and prompt a preview belongs.
HELLO = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Anything that the server sends; ``prompt_id`` is None where the server does not say."""

    prompt_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status(Message):
    """The queue has changed; ``remaining`` prompts wait or run."""

    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStart(Message):
    """A prompt begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionCached(Message):
    """Nodes that need not run."""

    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executing(Message):
    """A node begins; ``node`` is None when the prompt has ended. ``shown`` is the node of the user's graph."""

    node: str | None
    shown: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Message):
    """A node counts."""

    node: str | None
    value: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """One node in a :class:`ProgressState`; ``state`` is ``pending``, ``running``, ``finished`` or ``error``."""

    node: str
    shown: str
    state: str
    value: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressState(Message):
    """All nodes that have begun so far."""

    nodes: tuple[NodeState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed(Message):
    """An output node has something to show."""

    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSuccess(Message):
    """All nodes are done; the history is not written yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionError(Message):
    """A node raised an exception."""

    node_id: str
    node_type: str
    exception_type: str
    message: str
    traceback: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionInterrupted(Message):
    """Somebody stopped the prompt."""

    node_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewImage(Message):
    """A picture of work in progress."""

    node: str | None
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Other(Message):
    """What reelc has no use for."""

    kind: str


def parse_text(content: str) -> Message:
    """A text message; :class:`Other` when it is not one that is known. Never raises."""
    try:
        raw: Any = json.loads(content)
    except (ValueError, RecursionError):
        return Other(kind="garbage")
    match raw:
        case {"type": str() as kind, "data": dict() as data}:
            return parse_message(kind, cast(dict[str, Any], data))
        case _:
            return Other(kind="garbage")


def parse_message(kind: str, data: dict[str, Any]) -> Message:
    """A message by its type and data; also those of a history entry. Never raises."""
    prompt_id = _id(data.get("prompt_id"))
    match kind:
        case "status":
            return _status(data)
        case "execution_start":
            return ExecutionStart(prompt_id=prompt_id)
        case "execution_cached":
            return ExecutionCached(prompt_id=prompt_id, nodes=_ids(data.get("nodes")))
        case "executing":
            node = _id(data.get("node"))
            return Executing(prompt_id=prompt_id, node=node, shown=_id(data.get("display_node")) or node)
        case "progress":
            return _progress(prompt_id, data)
        case "progress_state":
            return ProgressState(prompt_id=prompt_id, nodes=_node_states(data.get("nodes")))
        case "executed":
            return Executed(prompt_id=prompt_id, node=_id(data.get("node")) or "")
        case "execution_success":
            return ExecutionSuccess(prompt_id=prompt_id)
        case "execution_error":
            return ExecutionError(
                prompt_id=prompt_id,
                node_id=_id(data.get("node_id")) or "",
                node_type=text(data.get("node_type")),
                exception_type=text(data.get("exception_type")),
                message=text(data.get("exception_message")),
                traceback=lines(data.get("traceback")),
            )
        case "execution_interrupted":
            return ExecutionInterrupted(prompt_id=prompt_id, node_id=_id(data.get("node_id")))
        case _:
            return Other(prompt_id=prompt_id, kind=kind[:80])


def parse_binary(frame: bytes) -> Message:
    """A binary message; :class:`Other` when it is not a preview. Never raises.

    Event 1 is a picture after its format; event 4 is a picture after its metadata, a JSON object with its
    length before it. All numbers are 32 bits, the highest byte first.
    """
    if len(frame) < 8:
        return Other(kind="garbage")
    event, second = cast(tuple[int, int], struct.unpack_from(">II", frame))
    if event == PREVIEW and second in _MIMES:
        return PreviewImage(node=None, mime=_MIMES[second], data=frame[8:])
    if event == PREVIEW_WITH_METADATA and second <= len(frame) - 8:
        return _preview(frame[8 : 8 + second], frame[8 + second :])
    return Other(kind=f"binary {event}")


def _preview(head: bytes, picture: bytes) -> Message:
    try:
        raw: Any = json.loads(head)
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        return Other(kind="garbage")
    meta = cast(dict[str, Any], raw)
    mime = meta.get("image_type")
    return PreviewImage(
        prompt_id=_id(meta.get("prompt_id")),
        node=_id(meta.get("display_node_id")) or _id(meta.get("node_id")),
        mime=mime if isinstance(mime, str) and mime in _MIMES.values() else "image/jpeg",
        data=picture,
    )


def _status(data: dict[str, Any]) -> Message:
    match data:
        case {"status": {"exec_info": {"queue_remaining": int() as remaining}}}:
            return Status(remaining=remaining)
        case _:
            return Other(kind="status")


def _progress(prompt_id: str | None, data: dict[str, Any]) -> Message:
    value, most = number(data.get("value")), number(data.get("max"))
    if value is None or most is None:
        return Other(prompt_id=prompt_id, kind="progress")
    return Progress(prompt_id=prompt_id, node=_id(data.get("node")), value=value, max=most)


def _node_states(value: Any) -> tuple[NodeState, ...]:
    out: list[NodeState] = []
    for node, raw in cast(dict[str, Any], value).items() if isinstance(value, dict) else ():
        if not isinstance(raw, dict):
            continue
        about = cast(dict[str, Any], raw)
        done, most = number(about.get("value")), number(about.get("max"))
        out.append(
            NodeState(
                node=node,
                shown=_id(about.get("display_node_id")) or node,
                state=text(about.get("state")),
                value=done if done is not None else 0.0,
                max=most if most is not None else 0.0,
            )
        )
    return tuple(out)


def _id(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _ids(value: Any) -> tuple[str, ...]:
    items = cast(list[Any], value) if isinstance(value, list) else []
    return tuple(i for i in (_id(item) for item in items) if i is not None)

"""WebSocket messages of a ComfyUI server as values. Knows no sockets.

Node packs send messages of their own, in any shape; what is not understood becomes :class:`Other`, and
nothing here raises. The truth about a prompt is in its history, which is read over HTTP.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

from reelc_runtime.comfy.values import (
    Object,
    as_list,
    as_node,
    as_number,
    as_object,
    as_text,
    as_texts,
    decode,
)

# Sent first on a connection: previews then say to which prompt and node they belong.
HELLO = json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
MIME_OF_FORMAT = {1: "image/jpeg", 2: "image/png"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How many prompts wait or run; to every client."""

    remaining: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionStart:
    """A prompt begins."""

    prompt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionCached:
    """Nodes that need not run again."""

    prompt_id: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executing:
    """A node begins; without a node the prompt has ended and its history is written.

    Args:
        prompt_id: None in the message that follows a reconnection.
    """

    prompt_id: str | None
    node: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A node is at ``value`` of ``max``."""

    prompt_id: str | None
    node: str | None
    value: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """A node in a :class:`ProgressState`.

    Args:
        node: the node of the graph that was sent.
        own: False for a node that the server made in this one's place.
        state: ``pending``, ``running``, ``finished`` or ``error``.
    """

    node: str
    own: bool
    state: str
    value: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressState:
    """Where all nodes stand that have begun."""

    prompt_id: str
    nodes: tuple[NodeState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A node has made outputs."""

    prompt_id: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSuccess:
    """A prompt has gone well; its history is not written yet."""

    prompt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionError:
    """A node has failed, and the prompt with it."""

    prompt_id: str
    node_id: str
    node_type: str
    exception_type: str
    message: str
    traceback: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionInterrupted:
    """Somebody has stopped the prompt."""

    prompt_id: str
    node_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewFrame:
    """A picture of work in progress; whose it is only newer servers say."""

    prompt_id: str | None
    node: str | None
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A message that means nothing to a run.

    Args:
        type: its type, or what is wrong with it.
    """

    type: str


Message = (
    Status
    | ExecutionStart
    | ExecutionCached
    | Executing
    | Progress
    | ProgressState
    | Executed
    | ExecutionSuccess
    | ExecutionError
    | ExecutionInterrupted
    | PreviewFrame
    | Other
)


def parse(content: str | bytes) -> Message:
    """A WebSocket message's meaning; never raises.

    Args:
        content: text of a text message, bytes of a binary one.
    """
    return parse_text(content) if isinstance(content, str) else parse_binary(content)


def parse_text(text: str) -> Message:
    """A text message's meaning; never raises."""
    try:
        message = as_object(decode(text))
    except ValueError:
        return Other(type="not JSON")
    return from_event(as_text(message.get("type")), as_object(message.get("data")))


def from_event(kind: str, data: Object) -> Message:
    """An event by its type and data; a history's ``messages`` are such events too."""
    if kind == "status":
        remaining = as_number(as_object(as_object(data.get("status")).get("exec_info")).get("queue_remaining"))
        return Status(remaining=None if remaining is None else int(remaining))
    prompt = as_text(data.get("prompt_id"))
    # display_node is the node of the graph that was sent, where a server puts other nodes in its place.
    node = as_node(data.get("display_node")) or as_node(data.get("node"))
    if kind == "executing":
        return Executing(prompt_id=prompt or None, node=node)
    if kind == "progress":
        return _progress(prompt, node, data)
    if not prompt:
        return Other(type=kind)
    match kind:
        case "execution_start":
            return ExecutionStart(prompt_id=prompt)
        case "execution_cached":
            return ExecutionCached(prompt_id=prompt, nodes=as_texts(data.get("nodes")))
        case "progress_state":
            return ProgressState(prompt_id=prompt, nodes=_states(as_object(data.get("nodes"))))
        case "executed":
            return Executed(prompt_id=prompt, node=node) if node else Other(type=kind)
        case "execution_success":
            return ExecutionSuccess(prompt_id=prompt)
        case "execution_interrupted":
            return ExecutionInterrupted(prompt_id=prompt, node_id=as_node(data.get("node_id")))
        case "execution_error":
            return _error(prompt, data)
        case _:
            return Other(type=kind)


def parse_binary(frame: bytes) -> Message:
    """A binary message's meaning; never raises. Numbers are big-endian and have 32 bits."""
    if len(frame) < 8:
        return Other(type="short binary")
    event, second = struct.unpack_from(">II", frame)
    body = frame[8:]
    if event == PREVIEW:
        mime = MIME_OF_FORMAT.get(second)
        if mime is None:
            return Other(type="binary 1")
        return PreviewFrame(prompt_id=None, node=None, mime=mime, data=body)
    if event == PREVIEW_WITH_METADATA and second <= len(body):
        return _preview(body[:second], body[second:])
    return Other(type=f"binary {event}")


def _preview(head: bytes, picture: bytes) -> Message:
    try:
        meta = as_object(decode(head))
    except ValueError:
        return Other(type="binary 4")
    return PreviewFrame(
        prompt_id=as_text(meta.get("prompt_id")) or None,
        node=as_node(meta.get("display_node_id")) or as_node(meta.get("node_id")),
        mime=as_text(meta.get("image_type")) or "image/jpeg",
        data=picture,
    )


def _progress(prompt: str, node: str | None, data: Object) -> Message:
    value, most = as_number(data.get("value")), as_number(data.get("max"))
    if value is None or most is None:
        return Other(type="progress")
    return Progress(prompt_id=prompt or None, node=node, value=value, max=most)


def _states(nodes: Object) -> tuple[NodeState, ...]:
    states: list[NodeState] = []
    for key, item in nodes.items():
        data = as_object(item)
        value, most = as_number(data.get("value")), as_number(data.get("max"))
        shown = as_node(data.get("display_node_id")) or key
        states.append(
            NodeState(
                node=shown,
                own=shown == key,
                state=as_text(data.get("state")),
                value=0.0 if value is None else value,
                max=1.0 if most is None else most,
            )
        )
    return tuple(states)


def _error(prompt: str, data: Object) -> ExecutionError:
    trace: list[Any] = as_list(data.get("traceback"))
    return ExecutionError(
        prompt_id=prompt,
        node_id=as_node(data.get("node_id")) or "",
        node_type=as_text(data.get("node_type")),
        exception_type=as_text(data.get("exception_type")),
        message=as_text(data.get("exception_message")),
        traceback=tuple(line for line in trace if isinstance(line, str)),
    )

"""What a running prompt tells its client: ComfyUI's events, in ComfyUI's order.

All methods are called from the thread that executes the prompt; ``send`` must be safe for that.
"""

import time
from collections.abc import Callable
from typing import Any

from reelc_runtime.preview.pictures import Frame, thumbnail
from reelc_runtime.preview.task import Saved, Task

Send = Callable[[str, dict[str, Any]], None]
SendPreview = Callable[[bytes, dict[str, Any]], None]

STATE_EVERY = 0.1  # seconds between two progress_state events that change nothing but numbers
PREVIEW_EVERY = 0.5  # seconds between two pictures


def timestamp() -> int:
    """Milliseconds since 1970, as ComfyUI stamps its events."""
    return int(time.time() * 1000)


class Report:
    """The state of one prompt's nodes, and the events that it makes.

    Args:
        prompt_id: the prompt's.
        send: takes an event's type and data.
        send_preview: takes a JPEG and its metadata; None where the client wants no pictures.
    """

    def __init__(self, prompt_id: str, send: Send, send_preview: SendPreview | None) -> None:
        self.prompt_id = prompt_id
        self.current: str | None = None
        self.executed: list[str] = []
        self.outputs: dict[str, dict[str, Any]] = {}
        self._send = send
        self._send_preview = send_preview
        self._nodes: dict[str, dict[str, Any]] = {}
        self._state_at = 0.0
        self._preview_at = 0.0

    def started(self, task: Task, total: int) -> None:
        """A region's first node begins."""
        self._run(task.node, total)

    def advanced(self, task: Task, value: int, total: int) -> None:
        """A region has made one more frame."""
        self._nodes[task.node]["value"] = float(value)
        now = time.monotonic()
        if now - self._state_at >= STATE_EVERY or value == total:
            self._state(now)
        self._send("progress", {"value": value, "max": total, "prompt_id": self.prompt_id, "node": task.node})

    def finished(self, task: Task, saved: Saved | None = None) -> None:
        """A region is complete; its other nodes follow, which on a real worker run one after the other."""
        self._finish(task.node, saved)
        for node in task.region.nodes[1:]:
            self._run(node, 1)
            self._finish(node, saved)

    def picture(self, task: Task, frame: Frame) -> None:
        """Show a frame, if the client wants to see any and has not just seen one."""
        now = time.monotonic()
        if self._send_preview is None or now - self._preview_at < PREVIEW_EVERY:
            return
        self._preview_at = now
        node = task.node
        meta = {
            "node_id": node,
            "prompt_id": self.prompt_id,
            "display_node_id": node,
            "parent_node_id": None,
            "real_node_id": node,
            "image_type": "image/jpeg",
        }
        self._send_preview(thumbnail(frame), meta)

    def _run(self, node: str, total: int) -> None:
        self._nodes[node] = {
            "value": 0.0,
            "max": float(total),
            "state": "running",
            "node_id": node,
            "prompt_id": self.prompt_id,
            "display_node_id": node,
            "parent_node_id": None,
            "real_node_id": node,
        }
        self.current = node
        self._state(time.monotonic())
        self._send("executing", {"node": node, "display_node": node, "prompt_id": self.prompt_id})

    def _finish(self, node: str, saved: Saved | None) -> None:
        entry = self._nodes[node]
        entry["value"], entry["state"] = entry["max"], "finished"
        self.executed.append(node)
        if saved is not None and saved.node == node:
            output = saved.to_json()
            self.outputs[node] = output
            data = {"node": node, "display_node": node, "output": output, "prompt_id": self.prompt_id}
            self._send("executed", data)
        self._state(time.monotonic())

    def _state(self, now: float) -> None:
        self._state_at = now
        nodes = {node: dict(state) for node, state in self._nodes.items()}
        self._send("progress_state", {"prompt_id": self.prompt_id, "nodes": nodes})

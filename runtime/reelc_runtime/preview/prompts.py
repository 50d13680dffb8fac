"""The queue of prompts and their history, as ComfyUI shows them. Used from the event loop only."""

import asyncio
import heapq
import itertools
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from reelc_compiler.plan import Graph
from reelc_runtime.preview.view import View

MAX_HISTORY = 1000


@dataclass(slots=True, kw_only=True)
class Prompt:
    """A prompt that was accepted.

    Args:
        number: its place in the queue; lower runs earlier.
        id: a canonical UUID.
        graph, extra_data: from the request.
        client: who hears of it, None if nobody does.
        view: what will be executed.
        messages: the execution events so far, for the history.
    """

    number: float
    id: str
    graph: Graph
    extra_data: dict[str, Any]
    client: str | None
    view: View
    messages: list[list[Any]] = field(default_factory=list[list[Any]])

    def to_json(self) -> list[Any]:
        """As an item of ``/queue``."""
        return [self.number, self.id, self.graph, self.extra_data, self.view.outputs]


class Prompts:
    """Pending, running and past prompts; first come, first served within a number."""

    def __init__(self) -> None:
        self.running: Prompt | None = None
        self._pending: list[tuple[float, int, Prompt]] = []
        self._order = itertools.count()
        self._arrived = asyncio.Event()
        self._history: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._numbers = itertools.count()

    def next_number(self) -> int:
        """The place of a prompt that asks for none."""
        return next(self._numbers)

    @property
    def remaining(self) -> int:
        """Prompts that wait or run."""
        return len(self._pending) + (self.running is not None)

    def status(self) -> dict[str, Any]:
        """The data of a ``status`` event."""
        return {"status": {"exec_info": {"queue_remaining": self.remaining}}}

    def put(self, prompt: Prompt) -> None:
        """Queue a prompt."""
        heapq.heappush(self._pending, (prompt.number, next(self._order), prompt))
        self._arrived.set()

    async def next(self) -> Prompt:
        """Wait for a prompt and make it the running one."""
        while not self._pending:
            self._arrived.clear()
            await self._arrived.wait()
        self.running = heapq.heappop(self._pending)[2]
        return self.running

    def done(self, entry: dict[str, Any]) -> None:
        """The running prompt has ended; its history."""
        assert self.running is not None
        self._history.pop(self.running.id, None)
        self._history[self.running.id] = entry
        while len(self._history) > MAX_HISTORY:
            self._history.popitem(last=False)
        self.running = None

    def delete(self, prompt_id: str) -> bool:
        """Take a pending prompt out; whether there was one."""
        kept = [item for item in self._pending if item[2].id != prompt_id]
        found = len(kept) != len(self._pending)
        self._pending = kept
        heapq.heapify(self._pending)
        return found

    def clear(self) -> None:
        """Forget all pending prompts."""
        self._pending.clear()

    def to_json(self) -> dict[str, Any]:
        """As ``/queue`` answers."""
        return {
            "queue_running": [self.running.to_json()] if self.running else [],
            "queue_pending": [item[2].to_json() for item in self._pending],
        }

    def history(self, prompt_id: str | None = None, last: int | None = None) -> dict[str, Any]:
        """As ``/history`` and ``/history/{id}`` answer."""
        if prompt_id is not None:
            return {prompt_id: self._history[prompt_id]} if prompt_id in self._history else {}
        names = list(self._history) if last is None else list(self._history)[-last:] if last > 0 else []
        return {name: self._history[name] for name in names}

    def forget(self, prompt_id: str | None) -> None:
        """Drop one entry of the history, or all."""
        if prompt_id is None:
            self._history.clear()
        else:
            self._history.pop(prompt_id, None)

"""Runs queued prompts one at a time in a thread, and tells clients and the history how they end."""

import asyncio
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reelc_runtime.preview.errors import Interrupted, RegionFailed
from reelc_runtime.preview.execution import Execution
from reelc_runtime.preview.hub import Hub
from reelc_runtime.preview.prompts import Prompt, Prompts
from reelc_runtime.preview.report import Report, timestamp

NO_PICTURES = (None, "none", "default")


class Runner:
    """The worker's engine; lives on the event loop, computes in a thread.

    Args:
        prompts: where work comes from.
        hub: where events go.
    """

    def __init__(self, prompts: Prompts, hub: Hub) -> None:
        self._prompts = prompts
        self._hub = hub
        self._stop = threading.Event()
        self._report: Report | None = None

    async def serve(self) -> None:
        """Run prompts until cancelled; a running one is then interrupted and waited for."""
        with ThreadPoolExecutor(1, "reelc-preview") as pool:
            while True:
                prompt = await self._prompts.next()
                self.tell_status()
                await self._run(prompt, pool)

    def tell_status(self) -> None:
        """Tell everybody how much is queued."""
        self._hub.send("status", self._prompts.status())

    def interrupt(self, prompt_id: str | None) -> None:
        """Stop the running prompt at its next frame; nothing happens if another one is meant or none runs."""
        running = self._prompts.running
        if running is not None and prompt_id in (None, running.id):
            self._stop.set()

    def where_it_stands(self, client: str | None) -> list[tuple[str, dict[str, Any]]]:
        """What a client hears that comes back while its prompt runs."""
        running, report = self._prompts.running, self._report
        if client is None or running is None or running.client != client or report is None or report.current is None:
            return []
        return [("executing", {"node": report.current})]

    async def _run(self, prompt: Prompt, pool: ThreadPoolExecutor) -> None:
        self._stop = threading.Event()
        report = self._report = self._reporter(prompt)
        self._message(prompt, "execution_start", {})
        bystanders = [node for node in prompt.graph if node not in prompt.view.covered]
        # Nodes without pictures (model loaders, conditioning) have nothing to do in a preview.
        self._message(prompt, "execution_cached", {"nodes": bystanders})
        work = asyncio.get_running_loop().run_in_executor(pool, Execution(prompt.view, report, self._stop).run)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            self._stop.set()
            await asyncio.wait([work])
            work.exception()
            raise
        except Exception as error:  # whatever it is, the queue must go on
            self._failed(prompt, report, error)
        else:
            self._message(prompt, "execution_success", {})
        # ComfyUI's order: the verdict, then the history, then status, then "nothing is executing".
        self._prompts.done(_history(prompt, report))
        self._report = None
        self.tell_status()
        if prompt.client is not None:
            self._hub.send("executing", {"node": None, "prompt_id": prompt.id}, prompt.client)

    def _reporter(self, prompt: Prompt) -> Report:
        """A report whose events reach the hub on the event loop, in order."""
        loop, hub = asyncio.get_running_loop(), self._hub
        method = prompt.extra_data.get("preview_method")
        wants_pictures = method not in NO_PICTURES and prompt.client is not None

        def send(event: str, data: dict[str, Any]) -> None:
            # Without a client only progress_state is told, to everybody, as on ComfyUI.
            if prompt.client is not None or event == "progress_state":
                loop.call_soon_threadsafe(hub.send, event, data, prompt.client)

        def send_preview(jpeg: bytes, meta: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(hub.send_preview, jpeg, meta, prompt.client)

        return Report(prompt.id, send, send_preview if wants_pictures else None)

    def _message(self, prompt: Prompt, event: str, data: dict[str, Any]) -> None:
        """An event of the execution as a whole: for the client and for the history."""
        full = {**data, "prompt_id": prompt.id, "timestamp": timestamp()}
        prompt.messages.append([event, full])
        if prompt.client is not None:
            self._hub.send(event, full, prompt.client)

    def _failed(self, prompt: Prompt, report: Report, error: Exception) -> None:
        """An error or an interrupt, attributed to the region's first node."""
        failed = error.node if isinstance(error, RegionFailed) else prompt.view.tasks[0].node
        cause = error.__cause__ if isinstance(error, RegionFailed) and error.__cause__ is not None else error
        node = prompt.graph[failed]
        where = {"node_id": failed, "node_type": node["class_type"], "executed": report.executed}
        report.outputs.clear()
        if isinstance(cause, Interrupted):
            self._message(prompt, "execution_interrupted", where)
            return
        kind = type(cause)
        data = {
            **where,
            "exception_message": f"{cause}\n",
            "exception_type": kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}",
            "traceback": traceback.format_tb(cause.__traceback__),
            "current_inputs": {name: [value] for name, value in node.get("inputs", {}).items()},
            "current_outputs": report.executed,
        }
        self._message(prompt, "execution_error", data)


def _history(prompt: Prompt, report: Report) -> dict[str, Any]:
    """The prompt's entry in the history."""
    success = prompt.messages[-1][0] == "execution_success"
    return {
        "prompt": prompt.to_json(),
        "outputs": report.outputs,
        "status": {
            "status_str": "success" if success else "error",
            "completed": success,
            "messages": prompt.messages,
        },
        "meta": {
            node: {"node_id": node, "display_node": node, "parent_node": None, "real_node_id": node}
            for node in report.outputs
        },
    }

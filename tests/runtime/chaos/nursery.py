"""Starts masters and workers quickly: a process that has imported everything forks each of them.

Importing takes more than a second, and a hundred runs start a thousand processes. What is forked is a process
like any other: it has its own memory, it is killed with SIGKILL, and nothing of it is left then.

    python -m runtime.chaos.nursery      # reads requests, one JSON object a line, until its input ends
"""

import asyncio
import gc
import json
import os
import selectors
import signal
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from runtime.chaos.film import plan_of
from runtime.chaos.master_process import MasterConfig, carry_out
from runtime.chaos.worker_process import WorkerConfig, serve

from reelc_runtime.preview.standins import registry

TESTS = Path(__file__).resolve().parents[2]


class Child:
    """A process that was started.

    Attributes:
        pid: its id.
        ended: its exit status when it has ended, negative for a signal.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def kill(self) -> None:
        """End it without a warning."""
        if not self.ended.done():
            os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """The forking process, from outside. An async context manager; all its children end with it.

    Args:
        program: a .reel file that is compiled once, before any fork; None for no such thing.
    """

    def __init__(self, program: Path | None = None) -> None:
        self._program = program
        self._children: dict[int, Child] = {}
        self._starting: asyncio.Queue[Child] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        command = [sys.executable, "-m", "runtime.chaos.nursery", *([str(self._program)] if self._program else [])]
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def start(self, config: MasterConfig | WorkerConfig, log: Path) -> Child:
        """Start a process.

        Args:
            config: what it is.
            log: what it prints goes there.
        """
        kind = "master" if isinstance(config, MasterConfig) else "worker"
        request = json.dumps({"kind": kind, "log": str(log), "config": asdict(config)}) + "\n"
        async with self._one_at_a_time:
            assert self._process.stdin is not None
            self._process.stdin.write(request.encode())
            await self._process.stdin.drain()
            return await self._starting.get()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            if said["said"] == "started":
                child = self._children[said["pid"]] = Child(said["pid"])
                self._starting.put_nowait(child)
            else:
                self._children.pop(said["pid"]).ended.set_result(said["status"])


# -- inside --------------------------------------------------------------------------------------


def main(argv: list[str]) -> None:
    """Fork what is asked for until the input ends, then end all children."""
    registry()
    for program in argv:
        plan_of(Path(program))
    gc.collect()
    gc.freeze()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        _attend(selector, reading)


def _attend(selector: selectors.BaseSelector, reading: int) -> None:
    living: set[int] = set()
    content = b""
    while True:
        ready = {key.fd for key, _ in selector.select()}
        if reading in ready:
            os.read(reading, 4096)
        _bury(living)
        if sys.stdin.fileno() in ready:
            chunk = os.read(sys.stdin.fileno(), 65536)
            if not chunk:
                break
            *lines, content = (content + chunk).split(b"\n")
            for line in lines:
                pid = _fork(json.loads(line))
                living.add(pid)
                _say("started", pid)
    for pid in living:
        os.kill(pid, signal.SIGKILL)
    while living:
        pid, _ = os.waitpid(-1, 0)
        living.discard(pid)


def _bury(living: set[int]) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        living.discard(pid)
        _say("ended", pid, status=os.waitstatus_to_exitcode(status))


def _say(what: str, pid: int, **more: Any) -> None:
    os.write(sys.stdout.fileno(), (json.dumps({"said": what, "pid": pid, **more}) + "\n").encode())


def _fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if request["kind"] == "master":
            carry_out(MasterConfig(**request["config"]))
        else:
            serve(WorkerConfig(**request["config"]))
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 70
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])

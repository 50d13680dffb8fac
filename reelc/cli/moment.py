"""How a run stands at a moment: jobs, workers, nodes, and what is left, as measured in this run."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from reelc_runtime.run import events

BAR_WIDTH = 24


@dataclass(slots=True)
class Count:
    """How far a node is, and where its count began: ``since`` is monotonic seconds."""

    title: str
    since: float
    first: float
    value: float
    max: float

    def rate(self, now: float) -> float:
        """Steps a second; 0 while unknown."""
        passed, steps = now - self.since, self.value - self.first
        return steps / passed if passed > 0 and steps > 0 else 0.0


@dataclass(slots=True)
class Running:
    """A job that is on a worker."""

    worker: str
    since: float
    nodes: int
    done: set[str] = field(default_factory=set[str])
    title: str = ""
    counts: dict[str, Count] = field(default_factory=dict[str, Count])


class Moment:
    """Keeps what events tell.

    Args:
        now: monotonic seconds, injected.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.started = now()
        self.jobs: tuple[str, ...] = ()
        self.workers: dict[str, None] = {}
        self.lost: set[str] = set()
        self.finished: set[str] = set()
        self.running: dict[str, Running] = {}
        self.took: dict[str, list[float]] = defaultdict(list)
        self.ended = False

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return self.now() - self.started

    def take(self, event: events.Event) -> None:
        """Take in an event."""
        match event:
            case events.RunStarted():
                self.jobs = event.jobs
                self.workers = dict.fromkeys(event.workers)
            case events.WorkerJoined(worker=worker) | events.WorkerMatched(worker=worker):
                self.workers[worker] = None
            case events.WorkerLost(worker=worker):
                self.lost.add(worker)
            case events.WorkerBack(worker=worker):
                self.lost.discard(worker)
            case events.JobSubmitted():
                self.running[event.job] = Running(event.worker, self.now(), event.nodes)
            case events.JobReused(job=job):
                self.finished.add(job)
            case events.JobRetried(job=job) | events.PromptStopped(job=job):
                self.running.pop(job, None)
            case events.JobDone(job=job, seconds=seconds):
                self.running.pop(job, None)
                self.finished.add(job)
                self.took[_group(job)].append(seconds)
            case events.RunFinished():
                self.ended = True
            case _:
                self._node(event)

    def _node(self, event: events.Event) -> None:
        match event:
            case events.NodesCached(job=job, nodes=nodes) if job in self.running:
                self.running[job].done.update(nodes)
            case events.NodeStarted(job=job, title=title) if job in self.running:
                self.running[job].title = title
            case events.NodeProgress(job=job, node=node, title=title, value=value, max=most) if job in self.running:
                counts = self.running[job].counts
                known = counts.get(node)
                if known is None or value < known.value:
                    # New, or begun again: the rate is measured from here.
                    known = counts[node] = Count(title, self.now(), value, value, most)
                known.value, known.max = value, most
            case events.NodeFinished(job=job, node=node) if job in self.running:
                self.running[job].done.add(node)
                self.running[job].counts.pop(node, None)
            case _:
                pass

    # -- lines --------------------------------------------------------------------------------

    def lines(self, most: int) -> list[str]:
        """The whole run in a line, then a line for each worker, at most ``most`` lines."""
        done, total = len(self.finished), len(self.jobs)
        filled = round(BAR_WIDTH * done / total) if total else 0
        parts = [
            f"[{'#' * filled}{'-' * (BAR_WIDTH - filled)}] {done}/{total} job{'s' if total != 1 else ''}",
            clock(self.passed),
        ]
        left = self.left()
        if left is not None:
            parts.append(f"about {clock(left)} left")
        return ["  ".join(parts), *[f"  {line}" for line in self._worker_lines()]][:most]

    def _worker_lines(self) -> list[str]:
        out: list[str] = []
        for worker in self.workers:
            jobs = [job for job, running in self.running.items() if running.worker == worker]
            if worker in self.lost:
                out.append(f"{worker}  does not answer")
            elif not jobs:
                out.append(f"{worker}  idle")
            out.extend(f"{worker}  {job}: {self.status(job)}" for job in jobs if worker not in self.lost)
        return out

    def status(self, job: str) -> str:
        """A job in a line: nodes, steps, rate, time left in this node."""
        running = self.running.get(job)
        if running is None:
            return ""
        counted = [c for c in running.counts.values() if c.max > 1]
        nodes = f"{len(running.done)}/{running.nodes} nodes"
        if not counted:
            return f"{nodes}  {running.title}".rstrip()
        # A preview streams through several stages at once: the one that is furthest back says how long it takes.
        count = min(counted, key=lambda c: c.value / c.max)
        parts = [nodes, count.title, f"{count.value:g}/{count.max:g}"]
        rate = count.rate(self.now())
        if rate:
            parts.append(f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each")
            parts.append(f"{clock((count.max - count.value) / rate)} left in this node")
        return "  ".join(parts)

    def left(self) -> float | None:
        """Seconds that are left, from how long jobs of the same kind took in this run; None while unknown."""
        waiting = [job for job in self.jobs if job not in self.finished]
        if not waiting or any(not self.took[_group(job)] for job in waiting):
            return None
        now = self.now()
        rest = 0.0
        for job in waiting:
            times = self.took[_group(job)]
            mean = sum(times) / len(times)
            running = self.running.get(job)
            rest += mean if running is None else max(0.0, mean - (now - running.since))
        hands = max(1, min(len(waiting), len(self.workers) - len(self.lost)))
        return rest / hands


def _group(job: str) -> str:
    """Jobs that do the same for different shots: ``01-animate`` and ``02-animate``."""
    return job.partition("-")[2]


def clock(seconds: float) -> str:
    """``2:05``, ``1:02:05``"""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, seconds_ = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds_:02}" if hours else f"{minutes}:{seconds_:02}"

"""How a run is shown: a status line on a terminal, plain lines in a pipe, JSON lines, or nothing."""

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import click

from reelc_compiler.units import decimal_text
from reelc_runtime.run import events

# A terminal need not be told more often than a person can read.
REDRAW = 0.1
# In a pipe, a line for a long node at most this often.
PLAIN_EVERY = 10.0


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


class Progress:
    """Shows events as sentences; a subclass shows what changes all the time.

    Args:
        now: monotonic seconds, injected.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.started = now()
        self.nodes = 0
        self.done: set[str] = set()
        self.title = ""
        self.counts: dict[str, Count] = {}

    def __call__(self, event: events.Event) -> None:
        """Take in an event."""
        self.count(event)
        sentence = self.sentence(event)
        if sentence:
            self.say(sentence)
        self.tick(event)

    def say(self, sentence: str) -> None:
        """Show a sentence that stays."""
        click.echo(sentence, err=True)

    def tick(self, event: events.Event) -> None:
        """Show what changes."""

    def close(self) -> None:
        """Leave the terminal clean."""

    def count(self, event: events.Event) -> None:
        """Keep the numbers that the status is made of."""
        match event:
            case events.JobSubmitted(nodes=nodes):
                # Also a prompt that the worker lost and that begins again: nothing of it counts any more.
                self.nodes, self.done, self.title = nodes, set(), ""
                self.counts.clear()
            case events.NodesCached(nodes=nodes):
                self.done.update(nodes)
            case events.NodeStarted(title=title):
                self.title = title
            case events.NodeProgress(node=node, title=title, value=value, max=most):
                known = self.counts.get(node)
                if known is None or value < known.value:
                    # New, or begun again: the rate is measured from here.
                    known = self.counts[node] = Count(title, self.now(), value, value, most)
                known.value, known.max = value, most
            case events.NodeFinished(node=node):
                self.done.add(node)
                self.counts.pop(node, None)
            case _:
                pass

    def sentence(self, event: events.Event) -> str:
        """What is worth a line of its own."""
        match event:
            case events.RunStarted():
                what = "previewing" if event.engine == "preview" else "rendering"
                return f"{what} on {event.worker} (run {event.run})"
            case events.WorkerMatched() if event.vram is not None:
                return f"  ComfyUI {event.comfyui} on {event.device}"
            case events.InputUploaded():
                return f"  {event.input} {'sent' if event.sent else 'is there already'} ({event.bytes / 1e6:.1f} MB)"
            case events.JobSubmitted():
                return f"  {event.job}: {'found again' if event.attached else 'submitted'} as {event.prompt}"
            case events.JobQueued() if event.position > 0:
                return f"  {event.job}: {event.position} before it in the worker's queue"
            case events.StepRetried():
                return f"  {event.step} failed ({event.reason}); again in {round(event.seconds, 1):g} s"
            case events.ArtifactDownloaded():
                return f"  {event.artifact}: {event.bytes / 1e6:.1f} MB downloaded"
            case events.ArtifactVerified():
                return f"  {event.artifact}: {event.frames} frames of {event.width}x{event.height} verified"
            case events.RunFinished():
                return f"done in {clock(event.seconds)}"
            case _:
                return ""

    def status(self) -> str:
        """The moment in a line: nodes, steps, rate, time left in this node."""
        counted = [c for c in self.counts.values() if c.max > 1]
        if not counted:
            return f"{len(self.done)}/{self.nodes} nodes  {self.title}".rstrip()
        # A preview streams through several stages at once: the one that is furthest back says how long it takes.
        count = min(counted, key=lambda c: c.value / c.max)
        parts = [f"{len(self.done)}/{self.nodes} nodes", count.title, f"{count.value:g}/{count.max:g}"]
        rate = count.rate(self.now())
        if rate:
            parts.append(f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each")
            parts.append(f"{clock((count.max - count.value) / rate)} left in this node")
        return "  ".join(parts)


class Bar(Progress):
    """One status line at the bottom of a terminal."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now)
        self.drawn = 0.0
        self.shown = False

    def say(self, sentence: str) -> None:
        self.clear()
        super().say(sentence)

    def tick(self, event: events.Event) -> None:
        if isinstance(event, events.NodeStarted | events.NodeProgress) and self.now() - self.drawn >= REDRAW:
            self.drawn = self.now()
            width = shutil.get_terminal_size().columns - 1
            line = f"  [{clock(self.now() - self.started)}] {self.status()}"
            sys.stderr.write("\r\x1b[2K" + line[:width])
            sys.stderr.flush()
            self.shown = True

    def clear(self) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self.shown = False

    def close(self) -> None:
        self.clear()


class Plain(Progress):
    """Lines that stay, for a pipe or a log."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now)
        self.last = now()

    def tick(self, event: events.Event) -> None:
        if isinstance(event, events.NodeStarted) or (
            isinstance(event, events.NodeProgress) and self.now() - self.last >= PLAIN_EVERY
        ):
            self.last = self.now()
            self.say(f"  [{clock(self.now() - self.started)}] {self.status()}")


class JsonLines(Progress):
    """Every event as a JSON line on stdout."""

    def __call__(self, event: events.Event) -> None:
        from reelc.cli.output import print_json

        print_json(event.to_json())


class Silent(Progress):
    """Nothing."""

    def __call__(self, event: events.Event) -> None:
        pass


def choose(as_json: bool, quiet: bool) -> Progress:
    """What suits the options and where stderr goes."""
    if as_json:
        return JsonLines()
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else Plain()


def clock(seconds: float) -> str:
    """``2:05``, ``1:02:05``"""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, seconds_ = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds_:02}" if hours else f"{minutes}:{seconds_:02}"


def result_line(event: events.OutputWritten) -> str:
    """A finished film in a line."""
    from fractions import Fraction

    rate = decimal_text(Fraction(event.fps), 3)
    return (
        f"{event.path}: {event.width}x{event.height}, {event.frames} frames at {rate} fps, "
        f"{event.seconds:.2f} s, {event.bytes / 1e6:.1f} MB"
    )

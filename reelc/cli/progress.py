"""How a run is shown: a block of lines on a terminal, plain lines in a pipe, JSON lines, or nothing."""

import shutil
import sys
import time
from collections.abc import Callable, Iterable

import click

from reelc.cli.moment import Moment, clock
from reelc_compiler.units import decimal_text
from reelc_runtime.run import events

# A terminal need not be told more often than a person can read.
REDRAW = 0.1
# In a pipe, a line for a long node at most this often.
PLAIN_EVERY = 10.0
# Workers that get a line of their own.
MOST_LINES = 12


class Progress:
    """Shows events as sentences; a subclass shows what changes all the time.

    Args:
        now: monotonic seconds, injected.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.moment = Moment(now)

    def __call__(self, event: events.Event) -> None:
        """Take in an event."""
        self.moment.take(event)
        said = sentence(event)
        if said:
            self.say(said)
        self.tick(event)

    def say(self, said: str) -> None:
        """Show a sentence that stays."""
        click.echo(said, err=True)

    def tick(self, event: events.Event) -> None:
        """Show what changes."""

    def close(self) -> None:
        """Leave the terminal clean."""


class Bar(Progress):
    """A block at the bottom of a terminal: a line for the whole run, and one for each worker."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now)
        self.drawn = 0.0
        self.lines = 0

    def say(self, said: str) -> None:
        self.clear()
        super().say(said)

    def tick(self, event: events.Event) -> None:
        if self.moment.jobs and not self.moment.ended and self.now() - self.drawn >= REDRAW:
            self.drawn = self.now()
            self.draw()

    def draw(self) -> None:
        """Put the block where it was."""
        size = shutil.get_terminal_size()
        lines = self.moment.lines(min(MOST_LINES, max(1, size.lines - 2)))
        self.clear()
        sys.stderr.write("\n".join(line[: size.columns - 1] for line in lines))
        sys.stderr.flush()
        self.lines = len(lines)

    def clear(self) -> None:
        """Take the block away; the cursor stands where it began."""
        if self.lines:
            up = f"\x1b[{self.lines - 1}A" if self.lines > 1 else ""
            sys.stderr.write(f"\r{up}\x1b[J")
            sys.stderr.flush()
            self.lines = 0

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
            self.say(f"  [{clock(self.moment.passed)}] {event.job}: {self.moment.status(event.job)}")


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


def sentence(event: events.Event) -> str:
    """What is worth a line of its own."""
    match event:
        case events.RunStarted():
            what = "previewing" if event.engine == "preview" else "rendering"
            if event.resumed:
                what = f"going on {what}"
            return f"{what} on {_listed(event.workers)} (run {event.run})"
        case events.WorkerJoined():
            return f"  {event.worker} joins"
        case events.WorkerDraining():
            return f"  {event.worker} gets no more jobs ({event.jobs} still on it)"
        case events.WorkerLost():
            return f"  {event.worker} does not answer: {event.reason}"
        case events.WorkerBack():
            return f"  {event.worker} answers again"
        case events.WorkerMatched() if event.vram is not None:
            return f"  {event.job}: ComfyUI {event.comfyui} on {event.device} ({event.worker})"
        case events.JobReused():
            return f"  {event.job}: was rendered before (run {event.made_by})"
        case events.JobRetried():
            return f"  {event.job}: tried again, since {event.worker} failed: {event.reason}"
        case events.InputUploaded() if event.sent:
            return f"  {event.job}: {event.input} sent ({event.bytes / 1e6:.1f} MB)"
        case events.InputUploaded():
            return f"  {event.job}: {event.input} is there already ({event.bytes / 1e6:.1f} MB)"
        case events.JobSubmitted():
            return f"  {event.job}: {'found again' if event.attached else 'submitted'} as {event.prompt}"
        case events.JobQueued() if event.position > 0:
            return f"  {event.job}: {event.position} before it in the worker's queue"
        case events.StepRetried():
            return f"  {event.job}: {event.step} failed ({event.reason}); again in {round(event.seconds, 1):g} s"
        case events.ArtifactDownloaded():
            return f"  {event.artifact}: {event.bytes / 1e6:.1f} MB downloaded"
        case events.ArtifactVerified():
            return f"  {event.artifact}: {event.frames} frames of {event.width}x{event.height} verified"
        case events.RunStopping():
            return f"stopping {event.jobs} job{'s' if event.jobs != 1 else ''} on the workers ..."
        case events.RunFinished():
            return f"done in {clock(event.seconds)}"
        case _:
            return ""


def told(event: events.Event) -> str:
    """Every event as a sentence, also those that a run shows in another way."""
    match event:
        case events.JobDone():
            return f"  {event.job}: done on {event.worker} in {clock(event.seconds)}"
        case events.PromptStopped(confirmed=True):
            return f"  {event.job}: stopped on {event.worker}"
        case events.PromptStopped():
            return f"  {event.job}: not confirmed that {event.prompt} stopped on {event.worker}: {event.reason}"
        case events.WorkerMatched():
            return f"  {event.job}: ComfyUI {event.comfyui} on {event.device} ({event.worker})"
        case events.JobQueued():
            return f"  {event.job}: {event.position} before it in the worker's queue"
        case events.NodesCached() if event.nodes:
            return f"  {event.job}: nodes that need not run again: {', '.join(event.nodes)}"
        case events.OutputWritten() | events.FileWritten():
            return result_line(event)
        case events.NodeStarted() | events.NodeProgress():
            return f"  {event.job}: {event.title}"
        case events.NodeFinished():
            return f"  {event.job}: node {event.node} is done"
        case _:
            return sentence(event)


def _listed(workers: Iterable[str]) -> str:
    names = list(workers)
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} workers"


def result_line(event: events.Written) -> str:
    """A finished film, or another file, in a line."""
    from fractions import Fraction

    if isinstance(event, events.FileWritten):
        return f"{event.path}: {event.bytes / 1e6:.1f} MB"
    size = f"{event.path}: {event.width}x{event.height}"
    if event.fps is None:
        return f"{size}, {event.bytes / 1e6:.1f} MB"
    rate = decimal_text(Fraction(event.fps), 3)
    return f"{size}, {event.frames} frames at {rate} fps, {event.seconds:.2f} s, {event.bytes / 1e6:.1f} MB"

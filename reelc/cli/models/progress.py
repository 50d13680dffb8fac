"""How downloads are shown: a line for each on a terminal, lines that stay in a pipe, or JSON."""

import shutil
import sys
import time
from collections.abc import Callable

import click

from reelc.cli.output import print_json
from reelc_compiler.units import bytes_text
from reelc_runtime.fetch import events
from reelc_runtime.run.events import Event

# A terminal need not be told more often than a person can read; in a pipe, a line for a file at most this often.
REDRAW = 0.1
PLAIN_EVERY = 10.0
# Speed is that of the last seconds.
SPAN = 10.0
# Reading less than this takes no time.
WORTH_SAYING = 10**9


class Shown:
    """Shows events as sentences; a subclass shows what changes all the time.

    Args:
        now: monotonic seconds, injected.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.going: dict[str, events.FileProgress] = {}
        self._seen: dict[str, list[tuple[float, int]]] = {}

    def __call__(self, event: Event) -> None:
        """Take in an event."""
        match event:
            case events.FileStarted():
                self._seen[event.file] = [(self.now(), event.at)]
                self.going[event.file] = events.FileProgress(file=event.file, done=event.at, bytes=event.bytes)
            case events.FileProgress():
                seen = self._seen.setdefault(event.file, [])
                seen.append((self.now(), event.done))
                while len(seen) > 2 and seen[0][0] < self.now() - SPAN:
                    seen.pop(0)
                self.going[event.file] = event
            case events.FileFetched() | events.FileFailed():
                self.going.pop(event.file, None)
            case _:
                pass
        said = sentence(event)
        if said:
            self.say(said)
        self.tick(event)

    def line(self, file: str) -> str:
        """``checkpoints/x.safetensors  1.2 GB of 4.78 GB  25 %  38 MB/s  1:34 left``"""
        progress = self.going[file]
        done, size = progress.done, progress.bytes
        words = [file, bytes_text(done) if size is None else f"{bytes_text(done)} of {bytes_text(size)}"]
        if size:
            words.append(f"{100 * done // size} %")
        speed = self._speed(file)
        if speed > 0:
            words.append(f"{bytes_text(int(speed))}/s")
            if size is not None:
                seconds = int((size - done) / speed)
                words.append(f"{seconds // 60}:{seconds % 60:02} left")
        return "  ".join(words)

    def _speed(self, file: str) -> float:
        seen = self._seen.get(file, [])
        if len(seen) < 2 or seen[-1][0] <= seen[0][0]:
            return 0.0
        return (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])

    def say(self, said: str) -> None:
        """Show a sentence that stays."""
        click.echo(said, err=True)

    def tick(self, event: Event) -> None:
        """Show what changes."""

    def close(self) -> None:
        """Leave the terminal clean."""


class Bars(Shown):
    """A line for each file that is on its way, at the bottom of a terminal."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now)
        self.drawn = 0.0
        self.lines = 0

    def say(self, said: str) -> None:
        self.close()
        super().say(said)

    def tick(self, event: Event) -> None:
        if self.going and self.now() - self.drawn >= REDRAW:
            self.drawn = self.now()
            width = shutil.get_terminal_size().columns - 1
            lines = [self.line(file)[:width] for file in self.going]
            self.close()
            sys.stderr.write("\n".join(lines))
            sys.stderr.flush()
            self.lines = len(lines)

    def close(self) -> None:
        if self.lines:
            up = f"\x1b[{self.lines - 1}A" if self.lines > 1 else ""
            sys.stderr.write(f"\r{up}\x1b[J")
            sys.stderr.flush()
            self.lines = 0


class Lines(Shown):
    """Lines that stay, for a pipe or a log."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now)
        self._told: dict[str, float] = {}

    def tick(self, event: Event) -> None:
        if isinstance(event, events.FileStarted):
            self._told[event.file] = self.now()
        elif isinstance(event, events.FileProgress) and self.now() - self._told[event.file] >= PLAIN_EVERY:
            self._told[event.file] = self.now()
            self.say(f"  {self.line(event.file)}")


class JsonLines(Shown):
    """Every event as a JSON line on stdout."""

    def __call__(self, event: Event) -> None:
        print_json(event.to_json())


def choose(as_json: bool) -> Shown:
    """How to show downloads here."""
    if as_json:
        return JsonLines()
    return Bars() if sys.stderr.isatty() else Lines()


def sentence(event: Event) -> str:
    """What stays of an event; empty when nothing does."""
    match event:
        case events.FetchStarted(files=files) if files:
            count = f"{len(files)} file{'s' if len(files) != 1 else ''}"
            return f"{count} to download into {event.folder}, {bytes_text(event.bytes)} as far as is known"
        case events.FilePresent():
            how = {"sha256": "its SHA-256 is right", "size": "its size is right", "nothing": "not verified"}
            return f"{event.file}: there already, {how[event.checked]}"
        case events.FileRead() if event.bytes >= WORTH_SAYING:
            return f"{event.file}: reading the {bytes_text(event.bytes)} that are there"
        case events.FileStarted():
            size = "of a size that the host does not say" if event.bytes is None else bytes_text(event.bytes)
            return f"{event.file}: {size}" + (f", from {bytes_text(event.at)} on" if event.at else "")
        case events.FileRetried():
            return f"{event.file}: {event.reason}; again in {event.wait:g} s"
        case events.FileFetched():
            what = "its SHA-256 is right" if event.known else f"its SHA-256 is {event.sha256}"
            return f"{event.file}: done, {bytes_text(event.bytes)}, {what}"
        case _:
            return ""

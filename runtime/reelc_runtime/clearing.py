"""Clearing the artifact store: what is thrown away, and what runs still need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reelc_runtime.run.record import DIED, RUNNING, Info
from reelc_runtime.store import Entry

# What processes that died have left is thrown away after so many seconds: what is being written is younger.
LEFT_OVER = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """Until when results must have been used last to be free.

    Args:
        since: the start of the oldest run that is not over, seconds since the epoch; None when there is none.
        runs: the names of all that are not over.
    """

    since: float | None = None
    runs: tuple[str, ...] = ()

    def by(self, entry: Entry) -> bool:
        """Whether a run that is not over may need a result."""
        return self.since is not None and entry.used >= self.since


def needed(standings: Iterable[tuple[Info, str]]) -> Needed:
    """What runs need that are going on, or that died and would go on where they were.

    A preview that died needs nothing: it is made anew.
    """
    over = [info for info, state in standings if state == RUNNING or (state == DIED and info.engine != "preview")]
    if not over:
        return Needed()
    return Needed(since=min(info.created for info in over), runs=tuple(info.run for info in over))


def chosen(
    entries: Sequence[Entry], keep: Needed, now: float, *, older_than: float | None, max_bytes: float | None
) -> list[Entry]:
    """The results that are thrown away, in this order: the least recently used first.

    Args:
        entries: all that may be.
        keep: what runs need.
        now: seconds since the epoch.
        older_than: those that were not used for so many seconds; None for none.
        max_bytes: so many that the rest is no larger than this, bytes; None for none.
    """
    left = sum(entry.bytes for entry in entries)
    out: list[Entry] = []
    for entry in sorted(entries, key=lambda e: (e.used, e.identity, e.scope)):
        old = older_than is not None and now - entry.used > older_than
        many = max_bytes is not None and left > max_bytes
        if (old or many) and not keep.by(entry):
            out.append(entry)
            left -= entry.bytes
    return out

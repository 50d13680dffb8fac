"""Names that a run derives, so that a later try finds what an earlier one sent."""

import uuid
from dataclasses import dataclass

# Attempts of a job in one generation of its run; workers that are gone before anything was sent cost nothing, but
# this must end, too.
MOST_TRIES = 30
NAMESPACE = uuid.UUID("6f0d0e0a-4f8b-5c57-9d1a-7b9f6c1f2a35")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of one job: what is sent to a worker is named after all four.

    Args:
        install: this installation; two people on one worker never meet.
        run, job: which work.
        number: counted from 1.
    """

    install: str
    run: str
    job: str
    number: int

    @property
    def prefix(self) -> str:
        """Where the worker's save node writes: a new prefix makes a cached graph write again."""
        return f"reelc/{self.install}/{self.run}/{self.job}-a{self.number}"

    @property
    def prompt_id(self) -> str:
        """The canonical UUID under which the graph is submitted."""
        return str(uuid.uuid5(NAMESPACE, self.prefix))


def first_attempt(generation: int) -> int:
    """The number of a job's first attempt in a generation: attempts are numbered through."""
    return (generation - 1) * MOST_TRIES + 1

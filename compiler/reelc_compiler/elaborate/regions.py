"""The stage instance that new nodes belong to."""

from dataclasses import field

from reelc_dsl.records import dataclass


@dataclass(slots=True)
class Region:
    """The stage instance that new nodes belong to; ``sealed`` ones own what they call, too.

    Attributes:
        called: the largest memory, in bytes, that what it calls estimates.
    """

    id: int
    sealed: bool
    called: dict[str, int] = field(default_factory=dict[str, int])

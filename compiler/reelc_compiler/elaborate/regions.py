"""The stage instance that new nodes belong to."""

from reelc_dsl.records import dataclass


@dataclass(slots=True)
class Region:
    """The stage instance that new nodes belong to; ``sealed`` ones own what they call, too."""

    id: int
    sealed: bool

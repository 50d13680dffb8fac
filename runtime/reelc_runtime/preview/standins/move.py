"""``move``: a slow camera move over a still, where a model would bring it to life.

Where the model is led to a second still, the move goes over into that.
"""

import zlib
from collections.abc import Iterator

from reelc_runtime.preview import pictures
from reelc_runtime.preview.errors import StandInError
from reelc_runtime.preview.pictures import Frame
from reelc_runtime.preview.standins.resize import fitted
from reelc_runtime.preview.task import StandInKind, Stream, Task

ZOOM = 0.08
# Of the room that the zoom opens; the rest keeps the picture's edge out of sight.
PAN = 0.6


def check(task: Task) -> str | None:
    """The move starts from a still, and ends with the last one that comes in."""
    if task.takes.kind != "image":
        return f"a camera move starts from an image, this is a {task.takes.kind}"
    arrives = task.settings.get("arrives", False)
    if not isinstance(arrives, bool):
        return f"arrives is true or false, not {arrives!r}"
    last = task.media[task.region.media_in[-1]].facts
    if arrives and last.kind != "image":
        return f"a camera move ends with an image, this is a {last.kind}"
    return None


def frames(task: Task, inputs: tuple[Stream, ...]) -> Iterator[Frame]:
    """As many frames as the facts say; the first is the still itself, and the last the one that it is led to."""
    facts = task.makes
    if facts.frames < 1:
        raise StandInError("a camera move needs at least one frame")
    still = fitted(inputs[0].only(), facts.width, facts.height, "crop")
    end = fitted(inputs[-1].only(), facts.width, facts.height, "crop") if task.settings.get("arrives") else None
    # Which way it drifts is taken from the stage's place in the graph, so neighbouring shots differ.
    seed = zlib.crc32(task.node.encode())
    across, down = (1 if seed & 1 else -1), (1 if seed & 2 else -1)
    for number in range(facts.frames):
        way = eased(number / max(1, facts.frames - 1))
        if way == 0:
            yield still
            continue
        if way == 1 and end is not None:
            yield end
            continue
        zoom = 1 + ZOOM * way
        room = PAN * (1 - 1 / zoom) / 2
        moved = pictures.zoomed(
            still,
            zoom,
            (facts.width - 1) / 2 + across * room * facts.width,
            (facts.height - 1) / 2 + down * room * facts.height,
        )
        yield moved if end is None else pictures.blended(moved, end, way)


def eased(at: float) -> float:
    """From 0 to 1 with a soft start and a soft stop, ``at`` from 0 to 1."""
    return at * at * (3 - 2 * at)


STAND_IN = StandInKind(takes=1, check=check, frames=frames)

"""What a stand-in is, and what it is given."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reelc_compiler.plan import Facts, Graph, Medium, Region
from reelc_runtime.preview.errors import StandInError
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.pictures import Frame

PICTURES = ("image", "clip")


@dataclass(frozen=True, slots=True)
class Stream:
    """A medium's frames, made anew each time it is asked for, unless they are kept: see ``spool``.

    Args:
        facts: what the frames are.
        open: starts the frames from the first.
    """

    facts: Facts
    open: Callable[[], Iterator[Frame]]

    def only(self) -> Frame:
        """The one frame of an image."""
        frames = list(self.open())
        if len(frames) != 1:
            raise StandInError(f"an image has one frame, this has {len(frames)}")
        return frames[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One region of one prompt.

    Args:
        region, graph, media: from the prompt.
        folders: where files lie.
        clean: whether the label is left off.
    """

    region: Region
    graph: Graph
    media: Mapping[str, Medium]
    folders: Folders
    clean: bool

    @property
    def settings(self) -> Mapping[str, Any]:
        """The stand-in's settings."""
        return self.region.stand_in.settings if self.region.stand_in else {}

    @property
    def node(self) -> str:
        """The node that the region's events are attributed to; that of its medium when it has none itself."""
        return self.region.nodes[0] if self.region.nodes else self.media[self.region.media_out[0]].node

    @property
    def pictures_out(self) -> tuple[str, ...]:
        """The media with pictures that it makes; sound is silent in a preview, and nothing is made for it."""
        return tuple(m for m in self.region.media_out if self.media[m].facts.kind in PICTURES)

    @property
    def takes(self) -> Facts:
        """The facts of the first medium that comes in."""
        return self.media[self.region.media_in[0]].facts

    @property
    def makes(self) -> Facts:
        """The facts of the pictures that come out."""
        return self.media[self.pictures_out[0]].facts

    def setting_in_graph(self) -> str:
        """The text in ``graph[node].inputs[field]`` that the settings ``node`` and ``field`` point to.

        Raises:
            StandInError: there is no text.
        """
        node, field = self.settings.get("node"), self.settings.get("field")
        value = self.graph.get(str(node), {}).get("inputs", {}).get(str(field))
        if not isinstance(value, str):
            raise StandInError(f"node {node} has no text in {field}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A file that was written, as ComfyUI's history names it."""

    node: str
    filename: str
    subfolder: str
    field: str = "images"

    def to_json(self) -> dict[str, Any]:
        """As SaveVideo's output, or SaveAudio's."""
        file = {"filename": self.filename, "subfolder": self.subfolder, "type": "output"}
        return {self.field: [file], **({"animated": [True]} if self.field == "images" else {})}


Frames = Callable[[Task, tuple[Stream, ...]], Iterator[Frame]]
Watch = Callable[[Frame], None]
Save = Callable[[Task, tuple[Stream, ...], Watch], Saved]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInKind:
    """A kind of stand-in.

    Args:
        takes: how many media with pictures it takes at least.
        check: what is wrong with a task before anything starts, one sentence, or None.
        frames: makes the pictures that come out; None for a kind that saves, or makes none.
        save: takes the frames to the end and writes a file; calls its third argument with each frame.
        sound: whether it can stand for a region that makes sound alone.
        pixels: the settings that are lengths in pixels.
        slow: whether frames that are read more than once had better be kept than made again.
    """

    takes: int
    check: Callable[[Task], str | None]
    frames: Frames | None = None
    save: Save | None = None
    sound: bool = False
    pixels: tuple[str, ...] = ()
    slow: bool = False


def whole(value: Any, least: int | None = None) -> int | None:
    """A setting that is a whole number, and no less than that; None if it is not."""
    fits = isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least)
    return value if fits else None

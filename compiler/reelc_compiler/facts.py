"""What is known of media before anything runs, and the input files that it starts from."""

from fractions import Fraction
from typing import Any

from reelc_dsl.records import dataclass

Json = Any

PLAIN_EYES, PLAIN_PROJECTION = "mono", "flat"
AUDIO = "audio"
# The stage that takes frames of a clip for a join: the plan's own node counts them out.
COUNTED_OUT = "end"
# The stage that takes the frames of a window out of a clip that is too long to be worked on at once.
WINDOW = "window"
# The stage that lets one window go over into the next.
BLEND = "blend"
EYES = (PLAIN_EYES, "sbs", "tb")
PROJECTIONS = (PLAIN_PROJECTION, "equirect180", "equirect360")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a medium before anything runs.

    Args:
        kind: ``image`` (one frame), ``clip`` or ``audio``.
        width, height: pixels; 0 for audio.
        frames: 1 for an image; 0 for audio.
        fps: exact frames per second of a clip; None otherwise.
        eyes: the fact ``layout``: ``mono``, ``sbs`` (left eye on the left) or ``tb`` (left eye on top).
        projection: ``flat``, ``equirect180`` or ``equirect360``.
        alpha: whether a fourth channel is carried.
        seconds: exact length of sound: of audio, or of what a film that was given has beside its pictures; None where
            there is none.
        seekable: of a film that was given: whether any of its frames can be found by its time, counted from the first.
    """

    kind: str
    width: int = 0
    height: int = 0
    frames: int = 0
    fps: Fraction | None = None
    eyes: str = PLAIN_EYES
    projection: str = PLAIN_PROJECTION
    alpha: bool = False
    seconds: Fraction | None = None
    seekable: bool = False

    @property
    def view(self) -> tuple[str, ...]:
        """The eye layout and the projection where they are not those of a plain picture: ``("sbs", "equirect180")``."""
        return tuple(word for word in (self.eyes, self.projection) if word not in (PLAIN_EYES, PLAIN_PROJECTION))

    @property
    def floats(self) -> int:
        """Bytes that its pictures take in ComfyUI: 3 floats of 4 bytes a pixel."""
        return self.frames * self.width * self.height * 12

    @property
    def duration(self) -> Fraction | None:
        """Seconds, exact; None for a picture."""
        if self.kind == AUDIO:
            return self.seconds
        return None if self.fps is None else Fraction(self.frames) / self.fps

    def to_json(self) -> Json:
        """As in ``plan.json``; rates are exact text such as ``24000/1001``."""
        return {
            "kind": self.kind,
            "width": self.width,
            "height": self.height,
            "frames": self.frames,
            "fps": None if self.fps is None else str(self.fps),
            "eyes": self.eyes,
            "projection": self.projection,
            "alpha": self.alpha,
            # Few media have sound, and the others are written as they were before any had.
            **({} if self.seconds is None else {"seconds": str(self.seconds)}),
            **({"seekable": True} if self.seekable else {}),
        }

    @staticmethod
    def from_json(value: Json) -> "Facts":
        """The inverse of :meth:`to_json`."""
        fields: dict[str, Any] = dict(value)
        for exact in ("fps", "seconds"):
            if fields.get(exact) is not None:
                fields[exact] = Fraction(fields[exact])
        return Facts(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """How a sound is laid over a film; all in exact seconds.

    Args:
        start: where in the sound the film begins.
        fade_in, fade_out: from silence at the film's beginning, and into it at its end.
        loop: whether the sound begins again from ``start`` where it ends before the film.
    """

    start: Fraction = Fraction(0)
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)
    loop: bool = False

    def to_json(self) -> Json:
        """As in ``plan.json``; times are exact text."""
        times = {name: str(getattr(self, name)) for name in ("start", "fade_in", "fade_out")}
        return {**times, "loop": self.loop}

    @staticmethod
    def from_json(value: Json) -> "Laid":
        """The inverse of :meth:`to_json`."""
        times = {name: Fraction(value[name]) for name in ("start", "fade_in", "fade_out")}
        return Laid(**times, loop=value["loop"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A file that the user supplies.

    Args:
        id: ``in1``, ``in2``, ... in order of first use.
        name: the file's base name, which stands in the compiled graph until submission.
        path: POSIX path relative to the folder of the source file.
        sha256, bytes: of the file's content.
        facts: as ComfyUI will load it (orientation applied).
    """

    id: str
    name: str
    path: str
    sha256: str
    bytes: int
    facts: Facts

    @property
    def upload_name(self) -> str:
        """The flat, content-named file that a worker receives."""
        suffix = self.name.rsplit(".", 1)[-1].lower() if "." in self.name else "bin"
        return f"reelc_{self.sha256}.{suffix}"

    def to_json(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "path": self.path,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "facts": self.facts.to_json(),
        }

    @staticmethod
    def from_json(value: Json) -> "Input":
        fields: dict[str, Any] = {**value, "facts": Facts.from_json(value["facts"])}
        return Input(**fields)

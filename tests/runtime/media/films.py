"""Small real films for the tests of media."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from reelc_compiler.codecs import CODECS
from reelc_compiler.plan import Encode, Facts, Output
from reelc_runtime.media.encode import encode
from reelc_runtime.media.formats import FORMATS


def pictures(count: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A bright bar that wanders over a slowly changing gradient; every picture differs."""
    ramp = np.linspace(0, 120, width, dtype=np.uint8)
    for number in range(count):
        picture = np.empty((height, width, 3), np.uint8)
        picture[..., 0] = ramp
        picture[..., 1] = (number * 3) % 200
        picture[..., 2] = ramp[::-1]
        at = number * 5 % max(1, width - 8)
        picture[:, at : at + 8] = 255
        yield picture


def film(
    path: Path, count: int = 25, width: int = 64, height: int = 48, fps: Fraction = Fraction(24), crf: float = 20
) -> Path:
    """A film as the preview worker writes it."""
    encode(pictures(count, width, height), path, width=width, height=height, fps=fps, crf=crf, metadata={"title": "x"})
    return path


def foreign_film(
    path: Path,
    count: int = 25,
    size: tuple[int, int] = (64, 48),
    fps: Fraction = Fraction(24),
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    matrix: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A film as ComfyUI's SaveVideo writes it: the rate rounded, nothing tagged, the prompt in its metadata."""
    width, height = size
    rate = Fraction(round(fps * 1000), 1000)
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as output:
        output.metadata["prompt"] = '{"1": "a secret prompt"}'
        stream: Any = output.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        if matrix is not None:
            stream.codec_context.colorspace = matrix
        for picture in pictures(count, width, height):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pix_fmt, dst_colorspace=matrix)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def planned(frames: int, fps: Fraction, width: int = 64, height: int = 48, codec: str = "h264") -> Output:
    """The plan's output for such a film."""
    container = CODECS[codec].container
    pixels = FORMATS[codec].pix_fmt
    return Output(
        name="film",
        file=f"film.{container}",
        artifacts=("a1",),
        join="copy",
        encode=Encode(container=container, codec=codec, crf=CODECS[codec].crf, pix_fmt=pixels),
        facts=Facts(kind="clip", width=width, height=height, frames=frames, fps=fps),
    )


def exact_times(path: Path) -> list[Fraction]:
    """Seconds at which each picture is shown."""
    with av.open(str(path)) as source:
        return [(frame.pts or 0) * Fraction(frame.time_base or 0) for frame in source.decode(video=0)]

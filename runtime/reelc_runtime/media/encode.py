"""RGB pictures to a film, one at a time: memory does not grow with the film's length."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from reelc_compiler.codecs import CODECS
from reelc_runtime.media import color
from reelc_runtime.media.errors import WriteFailed, writing
from reelc_runtime.media.files import whole_file
from reelc_runtime.media.formats import FORMATS, RGB, Format

Frame = NDArray[np.uint8]


def encode(
    frames: Iterable[Frame],
    to: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    metadata: Mapping[str, str],
    codec: str = "h264",
    crf: float | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> int:
    """Encode pictures as a film that appears when it is whole.

    Args:
        frames: uint8 RGB ``[height, width, 3]``, taken one at a time.
        to: the file; replaced if it exists.
        width, height: pixels, even.
        fps: exact frames per second; picture i is shown at ``i / fps`` seconds.
        metadata: the container's tags.
        codec: one of :data:`FORMATS`.
        crf: constant rate factor; None for the codec's default.
        on_frame: called after each picture with the number done.

    Returns:
        The number of pictures written.

    Raises:
        WriteFailed, DiskFull: the file cannot be made.
        Exception: whatever ``frames`` or ``on_frame`` raise, unchanged; no file is left then.
    """
    if width % 2 or height % 2:
        raise WriteFailed(f"{codec} needs even sizes, this is {width}x{height}")
    if codec == "av1":
        # SVT-AV1 tells its settings to whoever listens; 1 lets it tell errors only.
        os.environ.setdefault("SVT_LOG", "1")
    how = FORMATS[codec]
    factor = CODECS[codec].crf if crf is None else crf
    options = {name: value.format(crf=f"{factor or 0:g}") for name, value in how.options.items()}
    with whole_file(to) as part:
        with closing(_Writer(part, to, width, height, fps, how, options, metadata)) as writer:
            for frame in frames:
                writer.write(frame)
                if on_frame is not None:
                    on_frame(writer.frames)
            writer.finish()
        return writer.frames


class _Writer:
    """One open file; only its own failures become write errors, never those of the pictures' source."""

    def __init__(
        self,
        part: Path,
        to: Path,
        width: int,
        height: int,
        fps: Fraction,
        how: Format,
        options: Mapping[str, str],
        metadata: Mapping[str, str],
    ) -> None:
        self.frames = 0
        self._to = to
        self._size = (width, height)
        self._time_base = 1 / fps
        self._reformat = VideoReformatter()
        self._output: OutputContainer | None = None
        try:
            output = av.open(part.as_posix(), "w", format=how.muxer, options=dict(how.mux))
        except (FFmpegError, OSError) as error:
            raise writing(error, to) from error
        self._output = output
        output.metadata.update(metadata)
        stream: Any = output.add_stream(how.encoder, rate=fps, options=dict(options))
        stream.width, stream.height, stream.pix_fmt = width, height, how.pix_fmt
        stream.codec_context.time_base = self._time_base
        if how.tag is not None:
            stream.codec_context.codec_tag = how.tag
        self._pix_fmt = how.pix_fmt
        self._tags = color.SRGB if how.pix_fmt in RGB else color.HD
        self._tags.put(stream.codec_context)
        self._stream = stream

    def write(self, picture: Frame) -> None:
        """Convert and encode one picture."""
        width, height = self._size
        if picture.shape != (height, width, 3):
            raise WriteFailed(f"frame {self.frames} has the shape {picture.shape} in a film of {width}x{height}")
        source = VideoFrame.from_ndarray(picture, format="rgb24")
        if self._pix_fmt in RGB:
            frame = self._reformat.reformat(source, format=self._pix_fmt)
        else:
            frame = self._reformat.reformat(
                source,
                format=self._pix_fmt,
                dst_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
                interpolation=Interpolation.BICUBIC,
            )
        self._tags.put(frame)
        frame.pts, frame.time_base = self.frames, self._time_base
        self._encode(frame)
        self.frames += 1

    def finish(self) -> None:
        """Flush the encoder and write the index."""
        self._encode(None)
        output, self._output = self._output, None
        try:
            if output is not None:
                output.close()
        except (FFmpegError, OSError) as error:
            raise writing(error, self._to) from error

    def close(self) -> None:
        """Let go of a file that was not finished; its content no longer matters."""
        output, self._output = self._output, None
        if output is not None:
            try:
                output.close()
            except (FFmpegError, OSError, ValueError):
                return

    def _encode(self, frame: VideoFrame | None) -> None:
        if self._output is None:
            raise WriteFailed(f"{self._to.name} is already closed")
        try:
            self._output.mux(self._stream.encode(frame))
        except (FFmpegError, OSError) as error:
            raise writing(error, self._to) from error

"""RGB pictures to an H.264 file in BT.709, one at a time: memory does not grow with the film's length."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from reelc_runtime.media import color
from reelc_runtime.media.errors import WriteFailed, writing
from reelc_runtime.media.files import whole_file

Frame = NDArray[np.uint8]

# Same film, same bytes, on any machine: a fixed number of slices instead of as many threads as there are processors,
# and no macroblock tree, which (in the x264 of PyAV 18.1) now and then gives another result for the same frames.
X264 = {"threads": "4", "x264-params": "sliced-threads=1:mbtree=0"}
# bitexact leaves libav's version and the time out of the file.
MP4_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}


def encode_h264(
    frames: Iterable[Frame],
    to: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    crf: float,
    metadata: Mapping[str, str],
    preset: str = "veryfast",
    on_frame: Callable[[int], None] | None = None,
) -> int:
    """Encode pictures as an MP4 file that appears when it is whole.

    Args:
        frames: uint8 RGB ``[height, width, 3]``, taken one at a time.
        to: the file; replaced if it exists.
        width, height: pixels, even.
        fps: exact frames per second; picture i is shown at ``i / fps`` seconds.
        crf: constant rate factor, 0 to 51.
        metadata: the container's tags.
        preset: x264's trade of time for size.
        on_frame: called after each picture with the number done.

    Returns:
        The number of pictures written.

    Raises:
        WriteFailed, DiskFull: the file cannot be made.
        Exception: whatever ``frames`` or ``on_frame`` raise, unchanged; no file is left then.
    """
    if width % 2 or height % 2:
        raise WriteFailed(f"H.264 with 4:2:0 colour needs even sizes, this is {width}x{height}")
    with whole_file(to) as part:
        options = {"crf": f"{crf:g}", "preset": preset, **X264}
        with closing(_Writer(part, to, width, height, fps, options, metadata)) as writer:
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
            output = av.open(part.as_posix(), "w", format="mp4", options=MP4_OPTIONS)
        except (FFmpegError, OSError) as error:
            raise writing(error, to) from error
        self._output = output
        output.metadata.update(metadata)
        stream = output.add_stream("libx264", rate=fps, options=dict(options))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = self._time_base
        color.HD.put(stream.codec_context)
        self._stream = stream

    def write(self, picture: Frame) -> None:
        """Convert and encode one picture."""
        width, height = self._size
        if picture.shape != (height, width, 3):
            raise WriteFailed(f"frame {self.frames} has the shape {picture.shape} in a film of {width}x{height}")
        frame = self._reformat.reformat(
            VideoFrame.from_ndarray(picture, format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC,
        )
        color.HD.put(frame)
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

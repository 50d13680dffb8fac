"""Media files are opened here, and nothing but the file itself is read.

A file says by its content what it is. A playlist says where other files lie, on this machine or on another: neither a
project nor a worker may send the reader there.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from reelc_runtime.media.errors import NotAVideo

# Demuxers of libav that open what a file names.
ELSEWHERE = frozenset({"concat", "dash", "hls", "imf", "rtp", "rtsp", "sap", "sdp", "webm_dash_manifest"})


@contextmanager
def opened(path: Path) -> Generator[InputContainer]:
    """A file to read.

    Raises:
        NotAVideo: it is a playlist.
        FFmpegError, OSError, ValueError: whatever libav says of it, and whatever the block raises.
    """
    with av.open(path.as_posix(), options={"protocol_whitelist": "file"}) as container:
        if not ELSEWHERE.isdisjoint(container.format.name.split(",")):
            raise NotAVideo(f"{path.name} is a list of other files")
        yield container


def decodable(stream: Any) -> bool:
    """Whether libav has a decoder for a stream."""
    return stream.codec_context is not None


def pictures(container: InputContainer) -> VideoStream | None:
    """The first stream of pictures, which is the one that ComfyUI takes; None where that is the cover of a record."""
    stream: Any = container.streams.video[0] if container.streams.video else None
    return None if stream is None or stream.disposition & Disposition.attached_pic else stream

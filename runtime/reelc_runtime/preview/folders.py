"""The worker's files. A name from a request is never a path: it is checked piece by piece, then looked up."""

import re
from pathlib import Path

TYPES = ("input", "output", "temp")
_PIECE = re.compile(r"[^/\\:\x00-\x1f\x7f]{1,200}")


class BadName(ValueError):
    """A name from a request that could leave its folder."""


class Folders:
    """ComfyUI's input, output and temp folders below one working folder.

    Args:
        root: the working folder; created if it is not there.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root.resolve()
        for kind in TYPES:
            (self.root / kind).mkdir(exist_ok=True)

    def place(self, kind: str, subfolder: str, name: str) -> Path:
        """Where a file of one of the three types lies or would lie.

        Args:
            kind: ``input``, ``output`` or ``temp``.
            subfolder: relative, with ``/``; may be empty.
            name: a bare file name.

        Raises:
            BadName: any of them could lead elsewhere.
        """
        if kind not in TYPES:
            raise BadName(f"there is no folder of type {kind[:40]!r}")
        pieces = [*subfolder.split("/"), name] if subfolder else [name]
        for piece in pieces:
            if not _PIECE.fullmatch(piece) or piece.strip(" .") == "" or len(piece.encode()) > 250:
                raise BadName(f"{piece[:80]!r} is not a file name")
        base = self.root / kind
        path = base.joinpath(*pieces)
        if not path.resolve().is_relative_to(base):
            raise BadName(f"{name[:80]!r} lies outside its folder")
        return path

    def annotated(self, name: str) -> Path:
        """The file that a loader's field names, as ComfyUI reads it: ``sub/a.png [output]``, or in the input folder.

        Raises:
            BadName: the name could lead elsewhere.
        """
        kind = "input"
        for possible in TYPES:
            if name.endswith(f" [{possible}]"):
                name, kind = name.removesuffix(f" [{possible}]"), possible
        subfolder, _, bare = name.rpartition("/")
        return self.place(kind, subfolder, bare)

    def next_output(self, prefix: str, suffix: str) -> tuple[Path, str, str]:
        """The file that ComfyUI would write next under a prefix.

        Args:
            prefix: ``video/film``: subfolders, then the start of the name.
            suffix: ``mp4``.

        Returns:
            The path, its name (``film_00001_.mp4``) and its subfolder (``video``).

        Raises:
            BadName: the prefix could lead elsewhere.
        """
        subfolder, _, stem = prefix.replace("\\", "/").rpartition("/")
        folder = self.place("output", subfolder, f"{stem}_00001_.{suffix}").parent
        taken = re.compile(re.escape(stem) + r"_(\d+)_?\.", re.IGNORECASE)
        found = [taken.match(path.name) for path in folder.iterdir()] if folder.is_dir() else []
        number = 1 + max((int(match[1]) for match in found if match), default=0)
        name = f"{stem}_{number:05}_.{suffix}"
        return folder / name, name, subfolder

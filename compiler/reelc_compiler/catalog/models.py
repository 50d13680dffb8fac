"""Model files: where they come from, how big they are and what their licence allows, as far as it is known."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from reelc_dsl.records import dataclass

_DATA = Path(__file__).resolve().parent.parent / "data" / "models.json"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model file. None is unknown, never a guess.

    Attributes:
        folder: ComfyUI's models folder, or a path below ComfyUI for what a pack keeps itself.
        url: where the file can be downloaded.
        bytes: its size; rounded as somebody printed it unless ``bytes_exact``.
        commercial: ``yes``, ``limited`` or ``no``; see ``licence`` and ``note``.
        gated: the host wants an account that has accepted the licence.
        source: where these facts come from.
        excludes: where the licence does not apply: ``South Korea``.
        named: what else stands for it in a graph: the choice of a node that downloads it.
    """

    file: str
    folder: str
    url: str | None
    bytes: int | None
    bytes_exact: bool
    sha256: str | None
    licence: str | None
    commercial: str | None
    gated: bool
    source: str
    note: str = ""
    excludes: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def of_pack(self) -> bool:
        """Whether a node pack downloads it by itself."""
        return self.folder.startswith(OWN_FOLDERS)

    def is_named(self, value: str) -> bool:
        """Whether a text means it: the file, or the repository after whose last part a pack calls a folder."""
        return (
            self.file == value
            or value in self.named
            or (self.of_pack and "/" in value and value.rsplit("/", 1)[-1] in self.folder.split("/"))
        )


# Folders that node packs fill by themselves, relative to ComfyUI.
OWN_FOLDERS = ("models/", "custom_nodes/")

# A folder and a file's name, to what is known of it.
Lookup = Callable[[str | None, str], ModelInfo | None]


def lookup(folder: str | None, file: str) -> ModelInfo | None:
    """What is known about a model file; None when nothing is.

    Args:
        folder: ``checkpoints``; None finds the file in whichever folder it is known for, if that is one.
    """
    if folder is not None:
        return _models().get((folder, file))
    found = [info for (_, name), info in _models().items() if name == file]
    return found[0] if len(found) == 1 else None


def known_models() -> tuple[ModelInfo, ...]:
    """All of them, by folder and name."""
    return tuple(_models().values())


@cache
def _models() -> Mapping[tuple[str, str], ModelInfo]:
    raw: list[dict[str, Any]] = json.loads(_DATA.read_text("utf-8"))["models"]
    for entry in raw:
        entry |= {name: tuple(entry.get(name, ())) for name in ("excludes", "named")}
    return {(entry["folder"], entry["file"]): ModelInfo(**entry) for entry in raw}

"""The files that a prompt made, and the names that may be used to ask for them."""

import re
from dataclasses import dataclass
from typing import Any

from reelc_runtime.comfy.answers import HistoryEntry
from reelc_runtime.comfy.errors import ProtocolError
from reelc_runtime.comfy.values import as_list, as_object

FOLDERS = ("output", "temp", "input")
MAX_NAME = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """A file on a worker, by the names that ``/view`` takes. They are never paths on this machine.

    Args:
        filename: without any folder.
        subfolder: below the folder of its type, with ``/``; empty for none.
        type: ``output``, ``temp`` or ``input``.

    Raises:
        ProtocolError: a name that could lead elsewhere.
    """

    filename: str
    subfolder: str
    type: str

    def __post_init__(self) -> None:
        if not is_plain_name(self.filename):
            raise ProtocolError(f"the worker names a file that cannot be one: {self.filename[:80]!r}")
        parts = self.subfolder.split("/") if self.subfolder else []
        if len(self.subfolder) > MAX_NAME or not all(is_plain_name(part, dots=True) for part in parts):
            raise ProtocolError(f"the worker names a folder that cannot be one: {self.subfolder[:80]!r}")
        if self.type not in FOLDERS:
            raise ProtocolError(f"the worker names a kind of folder that there is not: {self.type[:80]!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """A file that has arrived whole.

    Args:
        sha256: of its bytes, hexadecimal.
        bytes: its length.
    """

    sha256: str
    bytes: int


def is_plain_name(name: str, *, dots: bool = False) -> bool:
    """Whether a name stands for one file in a folder, on any system.

    Args:
        name: from elsewhere.
        dots: whether two dots within a longer name are let pass; ComfyUI refuses them in file names.
    """
    if not name or len(name) > MAX_NAME or name in (".", "..") or (".." in name and not dots):
        return False
    return not ("/" in name or "\\" in name or _CONTROL.search(name) or _DRIVE.match(name))


def outputs_of(entry: HistoryEntry, node_id: str) -> list[OutputFile]:
    """The files that a node made: images, films (`gifs` are VHS's name for them), sound.

    Args:
        entry: of a prompt that has ended well.
        node_id: the node that saves.

    Returns:
        Each file once, in the worker's order; empty if the node made none.

    Raises:
        ProtocolError: a file has a name that cannot be one.
    """
    found: list[OutputFile] = []
    for values in as_object(entry.outputs.get(node_id)).values():
        for item in as_list(values):
            # `animated` holds booleans and `text` holds strings: only objects name files.
            if isinstance(item, dict) and "filename" in item:
                ref = _file(item)
                if ref not in found:
                    found.append(ref)
    return found


def _file(item: Any) -> OutputFile:
    data = as_object(item)
    name, subfolder, kind = data.get("filename"), data.get("subfolder", ""), data.get("type", "output")
    if not (isinstance(name, str) and isinstance(subfolder, str) and isinstance(kind, str)):
        raise ProtocolError("the worker names a file in a way that cannot be read")
    return OutputFile(filename=name, subfolder=subfolder, type=kind)

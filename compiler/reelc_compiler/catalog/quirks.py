"""What a class declares and ``/object_info`` hides, beside its validator.

VideoHelperSuite marks some inputs with a string that compares equal to several type names; a server shows one.
"""

from collections.abc import Mapping
from typing import Any

# Class, input -> output types that link to it besides the one that is shown.
LINKS_FROM: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("VHS_VideoCombine", "frame_rate"): ("INT",),
    ("VHS_VideoCombine", "images"): ("LATENT",),
    ("VHS_LoadVideo", "force_rate"): ("INT",),
    ("VHS_LoadVideoPath", "force_rate"): ("INT",),
    ("VHS_LoadVideoFFmpeg", "force_rate"): ("INT",),
    ("VHS_LoadVideoFFmpegPath", "force_rate"): ("INT",),
}


def with_quirks(class_type: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with ``links`` where the class is in the table."""
    if not any(name == class_type for name, _ in LINKS_FROM):
        return record
    sections = {s: [_entry(class_type, entry) for entry in inputs] for s, inputs in record.get("in", {}).items()}
    return {**record, "in": sections}


def _entry(class_type: str, entry: list[Any]) -> list[Any]:
    links = LINKS_FROM.get((class_type, entry[0]))
    if links is None:
        return entry
    options: dict[str, Any] = entry[2] if len(entry) > 2 else {}
    return [entry[0], entry[1], {**options, "links": list(links)}]

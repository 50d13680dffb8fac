"""Names for imported nodes: from their titles where these say something, else from what they are for."""

import re
from collections.abc import Iterable, Mapping
from unicodedata import normalize

from reelc_compiler.filenames import DEVICES
from reelc_compiler.importing.reading import Link, RawNode
from reelc_compiler.sema.builtins import BUILTINS

MAX_LENGTH = 32
MAX_WORDS = 4
# Words that the grammar knows, and names that every file has: a name of one's own would hide them.
KEYWORDS = frozenset(
    {
        *("reel", "use", "from", "as", "let", "record", "stage", "pipeline", "workflow", "in", "out", "param"),
        *("require", "warn", "note", "else", "help", "output", "return", "estimate", "target", "window", "preview"),
        *(
            "if",
            "then",
            "for",
            "chain",
            "until",
            "times",
            "overlap",
            "or",
            "and",
            "not",
            "node",
            "true",
            "false",
            "none",
        ),
    }
)
TAKEN = KEYWORDS | BUILTINS.keys() | {"fit"}
# What a node is called for its one output.
_BY_TYPE = {
    "MODEL": "model",
    "CLIP": "text_encoder",
    "VAE": "vae",
    "CONDITIONING": "conditioning",
    "LATENT": "latent",
    "IMAGE": "images",
    "MASK": "mask",
    "CLIP_VISION": "vision",
    "CLIP_VISION_OUTPUT": "seen",
    "CONTROL_NET": "control",
    "UPSCALE_MODEL": "upscaler",
    "AUDIO": "sound",
    "GUIDER": "guider",
    "SAMPLER": "sampler",
    "SIGMAS": "sigmas",
    "NOISE": "noise",
}
# Loaders of the user's own files.
_FILES = {"LoadImage": "picture", "LoadVideo": "footage", "LoadAudio": "recording"}
# Inputs that say what a node is for.
_ROLES = frozenset({"positive", "negative"})
# In titles that ComfyUI itself gives to loaders.
_LOADED = frozenset(
    {
        *("load", "loader", "model", "diffusion", "checkpoint", "lora", "upscale"),
        *("image", "video", "audio", "latent", "vae", "clip", "vision"),
    }
)


def name_nodes(nodes: Mapping[str, RawNode], taken: Iterable[str] = ()) -> dict[str, str]:
    """A name for each node: a name of Reel that is no keyword, hides nothing, and differs from the others.

    Args:
        nodes: in the order in which they are written.
        taken: further names that are not free.
    """
    used = {*TAKEN, *taken}
    roles = _roles(nodes)
    return {node: _unique(_name(raw, roles.get(node, "")), used) for node, raw in nodes.items()}


def name_outputs(nodes: Iterable[RawNode], taken: Iterable[str]) -> dict[str, str]:
    """A name for each output, which is also the name of a file: from its file prefix, else from what it saves."""
    used = {*KEYWORDS, *DEVICES, *taken}
    return {raw.id: _unique(_output(raw), used) for raw in nodes}


def identifier(text: str) -> str:
    """A text as a name of Reel in small letters; empty where nothing is left of it."""
    words = re.findall(r"\w+", normalize("NFC", text.lower()))
    name = re.sub(r"_+", "_", "_".join(words)).strip("_")
    return name if re.fullmatch(r"[^\W\d]\w*", name) else ""


def _unique(name: str, used: set[str]) -> str:
    number, found = 2, name
    while found in used:
        # A digit behind a digit would make another number of it.
        found = f"{name}_{number}" if name[-1].isdigit() else f"{name}{number}"
        number += 1
    used.add(found)
    return found


def _roles(nodes: Mapping[str, RawNode]) -> dict[str, str]:
    """Nodes that are read as one of ``positive`` and ``negative``, and not as the other."""
    found: dict[str, set[str]] = {}
    for raw in nodes.values():
        for name, value in raw.inputs.items():
            if isinstance(value, Link):
                found.setdefault(value.node, set()).add(name)
    roles = {node: names & _ROLES for node, names in found.items()}
    return {node: next(iter(names)) for node, names in roles.items() if len(names) == 1}


def _name(raw: RawNode, role: str) -> str:
    head, qualifier = _title(raw)
    said = next((r for r in sorted(_ROLES) if r in qualifier.casefold()), "")
    if _short(head):
        return head
    plain = role or said or _plain(raw)
    own = identifier(qualifier)
    return f"{plain}_{own}" if own and not said and _short(own) and plain != own else plain


def _title(raw: RawNode) -> tuple[str, str]:
    """A node's title as a name, and what it adds to the name of the class; each empty where it says nothing new."""
    title = raw.title.rsplit(":", 1)[-1].strip()
    head, _, qualifier = title.partition(" - ")
    inner = re.search(r"\(([^)]*)\)", head)
    head = re.sub(r"\([^)]*\)", " ", head)
    words = identifier(head).split("_")
    if words[0] == "load":
        words = words[1:]
    known = _words(raw.schema.class_type)
    if all(_same(word, known) or word in _LOADED for word in words):
        # Behind a title of ComfyUI's own, brackets matter only where they tell two prompts apart.
        if not qualifier and inner is not None and any(r in inner[1].casefold() for r in _ROLES):
            qualifier = inner[1]
        return "", qualifier
    return identifier("_".join(words)), ""


def _same(word: str, known: frozenset[str]) -> bool:
    stem = word.rstrip("s")
    return not stem or any(other.startswith(stem) or stem.startswith(other) for other in known if len(other) > 1)


def _words(class_type: str) -> frozenset[str]:
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+", class_type)
    return frozenset({p.casefold() for p in parts} | {identifier(class_type).replace("_", "")})


def _short(name: str) -> bool:
    return 0 < len(name) <= MAX_LENGTH and name.count("_") < MAX_WORDS


def _plain(raw: RawNode) -> str:
    class_type, outputs = raw.schema.class_type, raw.schema.outputs
    if "sampler" in class_type.casefold() and outputs and outputs[0].type == "LATENT":
        return "sampled"
    if "CheckpointLoader" in class_type:
        return "checkpoint"
    if class_type in _FILES:
        return _FILES[class_type]
    if len(outputs) == 1 and outputs[0].type in _BY_TYPE:
        return _BY_TYPE[outputs[0].type]
    return _class_name(class_type)


def _class_name(class_type: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_type)
    name = identifier(spaced)
    name = re.sub(r"_(?:and_load|loader|load)\b|^load_|^download_and_load_|_node$", "", name) or name
    if len(name) > MAX_LENGTH:
        name = name[:MAX_LENGTH].rpartition("_")[0] or name[:MAX_LENGTH]
    return name.strip("_") or "made"


def _output(raw: RawNode) -> str:
    prefix = raw.inputs.get("filename_prefix")
    if isinstance(prefix, str) and "%" not in prefix:
        name = identifier(prefix.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])
        if name and name != "comfyui" and len(name.encode()) <= MAX_LENGTH:
            return name
    class_type = raw.schema.class_type.casefold()
    if "video" in class_type or "webm" in class_type or "animated" in class_type:
        return "film"
    if "image" in class_type:
        return "still"
    return _class_name(raw.schema.class_type)

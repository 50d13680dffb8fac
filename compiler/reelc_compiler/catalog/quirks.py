"""What a class declares and ``/object_info`` hides, beside its validator.

VideoHelperSuite marks some inputs with a string that compares equal to several type names; a server shows one.
Other packs borrow the name of one of ComfyUI's types for values of their own, and a server cannot tell them apart.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reelc_compiler.catalog.schema import InputSchema, NodeSchema
from reelc_dsl.records import dataclass

# Class, input -> output types that link to it besides the one that is shown.
LINKS_FROM: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("VHS_VideoCombine", "frame_rate"): ("INT",),
    ("VHS_VideoCombine", "images"): ("LATENT",),
    ("VHS_LoadVideo", "force_rate"): ("INT",),
    ("VHS_LoadVideoPath", "force_rate"): ("INT",),
    ("VHS_LoadVideoFFmpeg", "force_rate"): ("INT",),
    ("VHS_LoadVideoFFmpegPath", "force_rate"): ("INT",),
}
# Class, output slot -> input types that it links to besides the one that is shown.
LINKS_TO: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("VHS_LoadImagePath", 0): ("LATENT",),
    ("VHS_LoadVideo", 0): ("LATENT",),
    ("VHS_LoadVideoPath", 0): ("LATENT",),
    ("VHS_LoadVideoFFmpeg", 0): ("LATENT",),
    ("VHS_LoadVideoFFmpegPath", 0): ("LATENT",),
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Values that share the name of one of ComfyUI's types and nothing else.

    Attributes:
        name: whose they are, for people.
        types: the borrowed names.
        classes: the classes that give and take them.
    """

    name: str
    types: frozenset[str]
    classes: frozenset[str]


DIALECTS = (
    # Read in ComfyUI-CogVideoXWrapper's nodes.py and model_loading.py: a conditioning is a bare tensor where ComfyUI
    # has a list of pairs, a VAE is diffusers' class, and a latent counts frames before channels.
    Dialect(
        "CogVideoX",
        frozenset({"CONDITIONING", "LATENT", "VAE"}),
        frozenset(
            {
                "CogVideoDecode",
                "CogVideoImageEncode",
                "CogVideoImageEncodeFunInP",
                "CogVideoLatentPreview",
                "CogVideoSampler",
                "CogVideoTextEncode",
                "CogVideoTextEncodeCombine",
                "CogVideoXVAELoader",
                "DownloadAndLoadCogVideoGGUFModel",
                "DownloadAndLoadCogVideoModel",
                "ToraEncodeOpticalFlow",
                "ToraEncodeTrajectory",
            }
        ),
    ),
)
# Class, slot: what takes or hands on anybody's values.
TAKES_ANY = frozenset(
    {
        # Text to video takes the size from one of ComfyUI's empty latents, video to video from one of its own.
        ("CogVideoSampler", "samples"),
        # It writes whatever tensor there is.
        ("SaveLatent", "samples"),
    }
)
GIVES_ANY = frozenset({("LoadLatent", "LATENT"), ("SaveLatent", "samples")})


def with_quirks(class_type: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with ``links`` and ``dialect`` where the class is in the tables."""
    own = next((d for d in DIALECTS if class_type in d.classes), None)
    if own is None and all(name != class_type for name, _ in (*LINKS_FROM, *TAKES_ANY, *GIVES_ANY)):
        return record
    found = dict(record)
    if "in" in record:
        found["in"] = {s: [_input(class_type, entry, own) for entry in ins] for s, ins in record["in"].items()}
    if "out" in record:
        found["out"] = [_output(class_type, entry, own) for entry in record["out"]]
    return found


def _input(class_type: str, entry: list[Any], own: Dialect | None) -> list[Any]:
    slot = class_type, str(entry[0])
    facts: dict[str, Any] = {"links": list(LINKS_FROM[slot])} if slot in LINKS_FROM else {}
    return _with(entry, facts | _dialect(str(entry[1]), own, anybody=slot in TAKES_ANY))


def _output(class_type: str, entry: list[Any], own: Dialect | None) -> list[Any]:
    return _with(entry, _dialect(str(entry[0]), own, anybody=(class_type, entry[1]) in GIVES_ANY))


def _dialect(kind: str, own: Dialect | None, *, anybody: bool) -> dict[str, Any]:
    if anybody:
        return {"dialect": "*"}
    return {"dialect": own.name} if own is not None and kind in own.types else {}


def _with(entry: list[Any], facts: Mapping[str, Any]) -> list[Any]:
    options: dict[str, Any] = entry[2] if len(entry) > 2 else {}
    return [entry[0], entry[1], {**options, **facts}] if facts else entry


# What the validators of known classes ask of an input. A file is looked for in the input folder (or the one that its
# mark names); `any_file` may be none; `own_file` and `folder` are VideoHelperSuite's, which raises where a path leads
# out of that folder; a path is one of the server's disk, or a URL. Read in ComfyUI's nodes.py, nodes_multigpu.py and
# nodes_model_advanced.py, and in the packs.
CHECKS: Mapping[tuple[str, str], str] = {
    ("LoadAndResizeImage", "image"): "file",
    ("LoadAudio", "audio"): "file",
    ("LoadImage", "image"): "file",
    ("LoadImageMask", "image"): "file",
    ("LoadImageOutput", "image"): "file",
    ("LoadLatent", "latent"): "file",
    ("LoadVideo", "file"): "file",
    ("Load3D", "model_file"): "any_file",
    ("Load3DAdvanced", "model_file"): "any_file",
    ("WebcamCapture", "image"): "file",
    ("VHS_LoadAudioUpload", "audio"): "own_file",
    ("VHS_LoadImages", "directory"): "folder",
    ("VHS_LoadVideo", "video"): "file",
    ("VHS_LoadVideoFFmpeg", "video"): "file",
    ("VHS_LoadAudio", "audio_file"): "path",
    ("VHS_LoadImagePath", "image"): "path",
    ("VHS_LoadImagesPath", "directory"): "path",
    ("VHS_LoadVideoFFmpegPath", "video"): "path",
    ("VHS_LoadVideoPath", "video"): "path",
    ("ModelAttentionBackend", "attention"): "",
    ("CustomCombo", "choice"): "",
}
# Inputs that a validator has a default for: it is called without them.
UNNEEDED = frozenset({("SelectModelDevice", "device"), ("SelectCLIPDevice", "device"), ("SelectVAEDevice", "device")})
_MEDIA = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".mp4", ".webm", ".mov", ".mkv", ".wav", ".mp3", ".flac")


def with_check(class_type: str, schema: InputSchema) -> InputSchema:
    """The input with what the class's validator, which takes it, asks of it.

    Of a class that is not in the table a combo of uploads or of media files is taken for files that must be there, as
    all known ones are; of other inputs nothing is known.
    """
    slot = class_type, schema.name
    kind = CHECKS.get(slot)
    if kind is None:
        choices = [c for c in schema.choices or () if isinstance(c, str)]
        media = bool(choices) and all(c.lower().endswith(_MEDIA) for c in choices)
        kind = "file" if schema.upload or schema.files in ("input", "output") or media else ""
    return replace(schema, checked=kind, optional_check=slot in UNNEEDED or not schema.required)


# Inputs that are declared optional, and are arguments without a default: the call fails without them. Read from the
# signatures in ComfyUI's comfy_extras and in the packs.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "CogVideoXVAELoader": ("precision",),
    "DownloadAndLoadCogVideoModel": ("precision",),
    "KSampler Gradually Adding More Denoise (efficient)": ("optional_vae",),
    "LoadImagesFromFolderKJ": ("image_load_cap", "start_index"),
    "StereoImageNode": (
        "convergence_point",
        "depth_blur_edge_threshold",
        "depth_blur_strength",
        "depth_map_blur",
        "divergence",
        "separation",
        "stereo_balance",
        "stereo_offset_exponent",
    ),
    "WanMoveTracksFromCoords": ("track_coords",),
    "WanPhantomSubjectToVideo": ("images",),
    "WanVideoVAELoader": ("precision",),
}
# Classes that are called with ``**kwargs``: a link under a name that they do not declare does no harm. Read likewise.
_TAKES_MORE = frozenset(
    {
        "CogVideoEnhanceAVideo",
        "ConditioningMultiCombine",
        "CrossFadeImagesMulti",
        "CustomCombo",
        "FluxBlockLoraSelect",
        "GLSLShader",
        "HunyuanVideoBlockLoraSelect",
        "ImageAddMulti",
        "ImageBatchMulti",
        "ImageConcatMulti",
        "JoinStringMulti",
        "LTX2BlockLoraSelect",
        "Load3D",
        "Load3DAdvanced",
        "LoadVideosFromFolder",
        "MaskBatchMulti",
        "Preview3D",
        "Preview3DAdvanced",
        "PreviewGaussianSplat",
        "PreviewPointCloud",
        "Save3DAdvanced",
        "SaveGaussianSplat",
        "SavePointCloud",
        "TransitionImagesMulti",
        "Wan21BlockLoraSelect",
        "WebcamCapture",
    }
)
_TAKES_MORE_LIKE = ("ModelMerge", "VHS_Load", "VHS_VideoCombine")
# Inputs with which the class does arithmetic or encodes: NaN and infinity fail there. By class and start of the name.
FINITE: Mapping[str, tuple[str, ...]] = {
    "CreateVideo": ("fps",),
    "ResizeImageMaskNode": ("resize_type.",),
    "SaveVideo": ("format.",),
    "VHS_VideoCombine": ("frame_rate", "crf"),
}
_FUNCTIONS = "abs ceil cos float floor int log log10 log2 max min pow round sin sqrt sum tan"
# Expressions, with the repeating input whose slots are their variables and the functions that they may call. Read in
# ComfyUI's nodes_math.py and in the simpleeval package.
EXPRESSIONS: Mapping[tuple[str, str], tuple[str, frozenset[str]]] = {
    ("ComfyMathExpression", "expression"): (
        "values",
        frozenset(_FUNCTIONS.split()),
    ),
}
# Switches: the input that is not run for each value of the one that chooses.
UNUSED: Mapping[str, tuple[str, Mapping[bool, str]]] = {
    "ComfySwitchNode": ("switch", {True: "on_false", False: "on_true"}),
}


def unused_input(class_type: str, inputs: Mapping[str, Any]) -> str | None:
    """The input that a switch with these inputs does not run; None for what is no switch, or chooses when it runs."""
    chooser, unused = UNUSED.get(class_type, ("", {}))
    chosen = inputs.get(chooser)
    return unused.get(chosen) if isinstance(chosen, bool) else None


def takes_more(schema: NodeSchema) -> bool:
    """Whether the class can be called with names that it does not declare."""
    name = schema.class_type
    return name in _TAKES_MORE or name.startswith(_TAKES_MORE_LIKE) or name.endswith(" VFI")

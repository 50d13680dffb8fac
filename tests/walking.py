"""Graphs walked frame by frame: each frame as the tale of what was done to it, so that two of them can be compared."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import reelc
from reelc_compiler.plan import Plan

# A frame as what was done to it; two of them tell whether pixels would be the same.
Frame = tuple[Any, ...]
Graph = Mapping[str, Mapping[str, Any]]

HEAD = """use upscale, interpolate, crop from std.finish
use std.clips
use speed, retime, pad, fade, trim from std.clips
use std.svd
stage made(still: image, frames: int, fps: rate = 8fps) -> clip {
  let source = node RepeatImageBatch(image: still, amount: frames)
  preview repeat
  return clip(source, size: still.size, frames: frames, fps: fps)
}
stage twice(source: clip, at_once: int, fps: rate? = none) -> clip {
  window { exact, frames: at_once }
  let large = node ImageScale(
    image: source, width: 2 * source.width, height: 2 * source.height, upscale_method: "lanczos", crop: "disabled",
  )
  preview upscale
  return clip(large, size: source.size * 2, frames: source.frames, fps: if fps == none then source.fps else fps)
}
stage between(source: clip, m: int, at_once: int) -> clip {
  window { exact, frames: at_once, overlap: 1 }
  let model = node FrameInterpolationModelLoader(model_name: "rife_v4.26.safetensors")
  let more = node FrameInterpolate(interp_model: model, images: source, multiplier: m)
  preview flow { times = m }
  return clip(more, size: source.size, frames: (source.frames - 1) * m + 1, fps: source.fps * m)
}
"""


def compiled(folder: Path, body: str, *, head: str = HEAD, catalog: str = "comfyui-0.33.0") -> Plan:
    cv2.imwrite(str(folder / "photo.png"), np.zeros((48, 64, 3), np.uint8))
    path = folder / "film.reel"
    path.write_text(f'{head}pipeline film {{\n  param photo: image = "photo.png"\n{body}\n}}\n', "utf-8")
    return reelc.compile(path, catalog=catalog).plan


def frames_of(plan: Plan) -> list[Frame]:
    """The frames of a plan's one film, each as the tale of what was done to it."""
    (output,) = plan.outputs
    jobs = {artifact.id: job for job in plan.jobs for artifact in job.artifacts_out}
    known: dict[str, list[Frame]] = {}

    def made(name: str) -> list[Frame]:
        """The frames of a part, or of what is handed over."""
        if name not in known:
            job = jobs[name]
            (artifact,) = [a for a in job.artifacts_out if a.id == name]
            loads = {a.node: a.id for a in job.artifacts_in}
            (source,) = [v for v in job.graph[artifact.node]["inputs"].values() if isinstance(v, list)]
            known[name] = walk(job.graph, source[0], lambda node: made(loads[node]) if node in loads else None)
            assert len(known[name]) == artifact.facts.frames
        return known[name]

    out = [frame for name in output.made_of for frame in made(name)]
    assert len(out) == output.facts.frames
    return out


def walk(graph: Graph, node: str, loaded: Callable[[str], list[Frame] | None]) -> list[Frame]:
    """What a node gives, frame by frame."""
    known: dict[str, list[Frame]] = {}

    def of(name: str) -> list[Frame]:
        if name not in known and (before := loaded(name)) is not None:
            known[name] = before
        if name not in known:
            inputs = graph[name]["inputs"]
            kind = graph[name]["class_type"]
            if kind == "RepeatImageBatch" and len(of(inputs["image"][0])) > 1:
                kind = "RepeatImageBatch again"
            known[name] = NODES[kind](inputs, lambda given: of(given[0]))
        return known[name]

    return of(node)


Read = Callable[[list[Any]], list[Frame]]


def take(inputs: Mapping[str, Any], read: Read) -> list[Frame]:
    frames = read(inputs["image"])
    first, length = inputs["batch_index"], inputs["length"]
    assert first + length <= len(frames)
    return frames[first : first + length]


def each(word: str, at: str, *names: str) -> Callable[[Mapping[str, Any], Read], list[Frame]]:
    return lambda inputs, read: [(word, frame, *(inputs[name] for name in names)) for frame in read(inputs[at])]


def interpolate(inputs: Mapping[str, Any], read: Read) -> list[Frame]:
    frames, m = read(inputs["images"]), inputs["multiplier"]
    out: list[Frame] = []
    for a, b in pairwise(frames):
        out += [a, *(("between", a, b, k, m) for k in range(1, m))]
    return [*out, frames[-1]]


def paste(inputs: Mapping[str, Any], read: Read) -> list[Frame]:
    under, over = read(inputs["destination"]), read(inputs["source"])
    return [("paste", a, b, inputs["x"], inputs["y"]) for a, b in zip(under, over, strict=True)]


def cross(inputs: Mapping[str, Any], read: Read) -> list[Frame]:
    one, other = read(inputs["images_1"]), read(inputs["images_2"])
    count, first = inputs["transitioning_frames"], inputs["transition_start_index"]
    step = (inputs["end_level"] - inputs["start_level"]) / max(count - 1, 1)
    assert first + count <= len(one)
    assert count <= len(other)
    mixed = [("mix", one[first + i], other[i], round(inputs["start_level"] + i * step, 9)) for i in range(count)]
    return [*one[:first], *mixed, *other[count:]]


def seen(inputs: Mapping[str, Any], read: Read) -> list[Frame]:
    """A node that sees all of its frames at once."""
    frames = read(inputs["image"])
    return [("seen", frame, frames[0], len(frames)) for frame in frames]


NODES: dict[str, Callable[[Mapping[str, Any], Read], list[Frame]]] = {
    "RepeatImageBatch again": lambda inputs, read: read(inputs["image"]) * inputs["amount"],
    "LoadImage": lambda inputs, _: [("photo", inputs["image"])],
    # Each copy has a number here, so that none is taken for another.
    "RepeatImageBatch": lambda inputs, read: [("frame", n, *read(inputs["image"])) for n in range(inputs["amount"])],
    "ImageFromBatch": take,
    "ImageScale": each("scale", "image", "width", "height", "crop"),
    "ImageScaleBy": seen,
    "ImageCrop": each("crop", "image", "width", "height", "x", "y"),
    "ImageUpscaleWithModel": each("enlarge", "image"),
    "BatchImagesNode": lambda inputs, read: [
        frame for name, value in inputs.items() if name.startswith("images.") for frame in read(value)
    ],
    "FrameInterpolate": interpolate,
    "VHS_SelectEveryNthImage": lambda inputs, read: read(inputs["images"])[:: inputs["select_every_nth"]],
    "EmptyImage": lambda inputs, _: [("plain", inputs["color"])] * inputs["batch_size"],
    "ImageCompositeMasked": paste,
    "CrossFadeImages": cross,
    "CreateVideo": lambda inputs, read: read(inputs["images"]),
}

"""The sink: how ``video(...)`` becomes nodes that encode and save on the worker.

The worker encodes, so that what travels is small; the master copies its packets. ComfyUI 0.33's
SaveVideo converts to BT.709 and tags it; with ``encoding`` left out it would choose the quality
itself, so the rate factor is always given.
"""

from typing import Any

from reelc_compiler import values
from reelc_compiler.catalog import DYNAMIC_COMBO
from reelc_compiler.elaborate.evaluator import Evaluator
from reelc_compiler.ir.graph import Film, FilmPart, GraphBuilder, Medium, Ref, Stack
from reelc_compiler.units import Rate
from reelc_compiler.values import FilmValue
from reelc_dsl import ast
from reelc_dsl.diagnostics import Frame
from reelc_dsl.diagnostics.codes import BAD_INPUT_VALUE, UNKNOWN_NODE
from reelc_dsl.source import Span

CONTAINER = "mp4"


def add_film(evaluator: Evaluator, builder: GraphBuilder, name: ast.Ident, film: FilmValue, span: Span) -> None:
    """Make the nodes of one output: each clip is encoded by itself, with the same settings.

    Raises:
        Stop: the catalog cannot save it, or the rate is beyond what its nodes take.
    """
    _supported(evaluator, span)
    fps = film.facts.fps
    assert fps is not None, "a film is made of clips"
    schema = evaluator.catalog.get("CreateVideo")
    rate = schema.input("fps") if schema is not None else None
    if rate is not None and not (rate.min or 0) <= fps <= (rate.max or fps):
        raise evaluator.stop(
            BAD_INPUT_VALUE,
            f"ComfyUI writes videos at {rate.min:g} to {rate.max:g} frames per second, "
            f"and this is {values.show(Rate(fps))}",
            span,
        )
    stack = evaluator.reporter.frames(Frame(span, f"output {name.text}"))
    distinct = dict.fromkeys(film.clips)
    made = {
        clip: _part(builder, f"reelc/{name.text}" + (f"-{i}" if len(distinct) > 1 else ""), clip, film, stack)
        for i, clip in enumerate(distinct, 1)
    }
    builder.films.append(
        Film(
            name=name.text,
            parts=tuple(made[clip] for clip in film.clips),
            facts=film.facts,
            codec=film.codec,
            crf=film.crf,
            span=span,
        )
    )


def _part(builder: GraphBuilder, prefix: str, clip: Medium, film: FilmValue, stack: Stack) -> FilmPart:
    region = builder.region("video", stack)
    fps = clip.facts.fps
    assert fps is not None, "a film is made of clips"

    def op(class_type: str, inputs: dict[str, Any], media: tuple[Any, ...] = ()) -> int:
        return builder.op(class_type, inputs, region=region, stack=stack, places={}, media=media)

    video = op("CreateVideo", {"images": clip.ref, "fps": float(fps)}, (clip,))
    save = op(
        "SaveVideo",
        {
            "video": Ref(video, 0, "VIDEO"),
            "filename_prefix": prefix,
            "format": CONTAINER,
            "format.codec": film.codec,
            "format.codec.encoding": "re-encode",
            "format.codec.encoding.color_space": "sRGB",
            "format.codec.encoding.crf": float(film.crf),
        },
    )
    settings = {"field": "filename_prefix", "container": CONTAINER, "codec": film.codec, "crf": film.crf}
    builder.close(region, ("encode", settings), {})
    return FilmPart(clip=clip, save=save, region=region)


def _supported(evaluator: Evaluator, span: Span) -> None:
    save = evaluator.catalog.get("SaveVideo")
    form = save.input("format") if save is not None else None
    if "CreateVideo" not in evaluator.catalog or form is None or form.type != DYNAMIC_COMBO:
        raise evaluator.stop(
            UNKNOWN_NODE,
            f"the catalog {evaluator.catalog.name} has no SaveVideo that takes a rate factor",
            span,
            "compile for the catalog `comfyui-0.33.0`",
        )

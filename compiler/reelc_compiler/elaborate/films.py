"""The sink: how ``video(...)`` becomes nodes that encode and save on the worker.

The worker encodes, so that what travels is small; the master copies its packets.
"""

from typing import Any

from reelc_compiler import values
from reelc_compiler.elaborate.evaluator import Evaluator
from reelc_compiler.ir.graph import Film, FilmPart, GraphBuilder, Medium, Ref, Stack
from reelc_compiler.target.comfyui.saving import CONTAINER, Saving, saving
from reelc_compiler.units import Rate
from reelc_compiler.values import FilmValue
from reelc_dsl import ast
from reelc_dsl.diagnostics import Frame
from reelc_dsl.diagnostics.codes import BAD_INPUT_VALUE, NO_RATE_FACTOR, UNKNOWN_NODE
from reelc_dsl.source import Span


def add_film(evaluator: Evaluator, builder: GraphBuilder, name: ast.Ident, film: FilmValue, span: Span) -> None:
    """Make the nodes of one output: each clip is encoded by itself, with the same settings.

    Raises:
        Stop: the catalog cannot save it, or the rate is beyond what its nodes take.
    """
    how = _saving(evaluator, film, span)
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
        clip: _part(builder, f"reelc/{name.text}" + (f"-{i}" if len(distinct) > 1 else ""), clip, film, how, stack)
        for i, clip in enumerate(distinct, 1)
    }
    builder.films.append(
        Film(
            name=name.text,
            parts=tuple(made[clip] for clip in film.clips),
            facts=film.facts,
            codec=film.codec,
            crf=how.crf,
            color=how.color,
            span=span,
        )
    )


def _part(builder: GraphBuilder, prefix: str, clip: Medium, film: FilmValue, how: Saving, stack: Stack) -> FilmPart:
    region = builder.region("video", stack)
    fps = clip.facts.fps
    assert fps is not None, "a film is made of clips"

    def op(class_type: str, inputs: dict[str, Any], media: tuple[Any, ...] = ()) -> int:
        return builder.op(class_type, inputs, region=region, stack=stack, places={}, media=media)

    video = op("CreateVideo", {"images": clip.ref, "fps": float(fps)}, (clip,))
    save = op("SaveVideo", {"video": Ref(video, 0, "VIDEO"), "filename_prefix": prefix, **how.inputs})
    settings = {"field": "filename_prefix", "container": CONTAINER, "codec": film.codec, "crf": film.crf}
    builder.close(region, ("encode", settings), {})
    return FilmPart(clip=clip, save=save, region=region)


def _saving(evaluator: Evaluator, film: FilmValue, span: Span) -> Saving:
    """How the catalog's ComfyUI saves a film.

    Raises:
        Stop: after E0501, when it does not.
    """
    save = evaluator.catalog.get("SaveVideo")
    how = None if save is None or "CreateVideo" not in evaluator.catalog else saving(save, film.codec, film.crf)
    if how is None:
        raise evaluator.stop(
            UNKNOWN_NODE,
            f"the catalog {evaluator.catalog.name} has no CreateVideo and SaveVideo that write "
            f"{film.codec} in {CONTAINER}",
            span,
            "compile for the catalog `comfyui-0.33.0`",
        )
    if how.crf is None:
        evaluator.reporter.add(
            NO_RATE_FACTOR,
            f"the SaveVideo of the catalog {evaluator.catalog.name} takes no rate factor: crf {film.crf} is not used",
            span,
            "use ComfyUI 0.29 or later, or accept the quality that it chooses (x264's default, 23)",
        )
    return how

"""The sink: how ``video(...)`` becomes nodes that encode and save on the worker.

The worker encodes, so that what travels is small; the master copies its packets.
"""

from typing import Any

from reelc_compiler import values
from reelc_compiler.codecs import CODECS
from reelc_compiler.elaborate.evaluator import Evaluator
from reelc_compiler.ir.graph import Film, FilmPart, GraphBuilder, Medium, Ref, Stack, Track
from reelc_compiler.target.comfyui.handover import form_of, save_inputs
from reelc_compiler.target.comfyui.saving import PREFIX, Saving, packs_that_save, saving
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
    schema = evaluator.catalog.get(how.collect or how.save)
    rate = schema.input(how.rate) if schema is not None else None
    if rate is not None and not (rate.min or 0) <= fps <= (rate.max or fps):
        raise evaluator.stop(
            BAD_INPUT_VALUE,
            f"ComfyUI writes videos at {rate.min:g}"
            + (f" to {rate.max:g}" if rate.max else " and more")
            + f" frames per second, and this is {values.show(Rate(fps))}",
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
            pix_fmt=how.pix_fmt,
            color=how.color,
            span=span,
            track=None if film.audio is None else _track(evaluator, builder, name.text, film.audio, span, stack),
        )
    )


def _track(evaluator: Evaluator, builder: GraphBuilder, name: str, audio: Medium, span: Span, stack: Stack) -> Track:
    """The sound of a film: a file as it is, or one that a node saves.

    Raises:
        Stop: the catalog cannot save sound.
    """
    file = builder.ops[audio.ref.op].file
    if file is not None:
        return Track(facts=audio.facts, file=file)
    form = form_of(audio.facts)
    if form.save not in evaluator.catalog:
        raise evaluator.stop(
            UNKNOWN_NODE, f"the catalog {evaluator.catalog.name} has no {form.save}, with which sound is saved", span
        )
    region = builder.region("sound", stack)
    inputs = save_inputs(audio.ref, f"reelc/{name}-sound", audio.facts)
    save = builder.op(form.save, inputs, region=region, stack=stack, places={}, media=(audio,))
    builder.close(region, ("keep", {"field": PREFIX, "container": form.container}), {})
    return Track(facts=audio.facts, part=FilmPart(clip=audio, save=save, region=region))


def _part(builder: GraphBuilder, prefix: str, clip: Medium, film: FilmValue, how: Saving, stack: Stack) -> FilmPart:
    region = builder.region("video", stack)
    fps = clip.facts.fps
    assert fps is not None, "a film is made of clips"

    def op(class_type: str, inputs: dict[str, Any], media: tuple[Any, ...] = ()) -> int:
        return builder.op(class_type, inputs, region=region, stack=stack, places={}, media=media)

    if how.collect is not None:
        video = op(how.collect, {"images": clip.ref, how.rate: float(fps)}, (clip,))
        save = op(how.save, {how.takes: Ref(video, 0, "VIDEO"), PREFIX: prefix, **how.inputs})
    else:
        save = op(how.save, {how.takes: clip.ref, how.rate: float(fps), PREFIX: prefix, **how.inputs}, (clip,))
    codec = CODECS[film.codec]
    settings = {"field": PREFIX, "container": codec.container, "codec": film.codec, "crf": film.crf}
    builder.close(region, ("encode", settings), {})
    return FilmPart(clip=clip, save=save, region=region)


def _saving(evaluator: Evaluator, film: FilmValue, span: Span) -> Saving:
    """How the catalog's ComfyUI saves a film.

    Raises:
        Stop: after E0501, when it does not.
    """
    how = saving(evaluator.catalog, film.codec, film.crf)
    if how is None:
        pack = packs_that_save(film.codec)
        raise evaluator.stop(
            UNKNOWN_NODE,
            f"the catalog {evaluator.catalog.name} has no nodes that write {film.codec} in "
            f"{CODECS[film.codec].container}",
            span,
            f"install the pack {pack} on the server, and pull its catalog again"
            if pack is not None
            else "compile for the catalog `comfyui-0.33.0`",
            *(('or write another codec: `codec: "h264"`',) if film.codec != "h264" else ()),
        )
    if how.crf != film.crf:
        evaluator.reporter.add(
            NO_RATE_FACTOR,
            f"the SaveVideo of the catalog {evaluator.catalog.name} takes no rate factor: crf {film.crf} is not used",
            span,
            "use ComfyUI 0.29 or later, or accept the quality that it chooses (x264's default, 23)",
        )
    return how

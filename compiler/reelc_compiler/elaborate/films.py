"""The sink: how ``video(...)`` becomes nodes that encode and save on the worker.

The worker encodes, so that what travels is small; the master copies its packets.
"""

from fractions import Fraction
from typing import Any

from reelc_compiler import values
from reelc_compiler.codecs import CODECS
from reelc_compiler.elaborate.evaluator import Evaluator
from reelc_compiler.facts import Laid
from reelc_compiler.ir.graph import Film, FilmPart, GraphBuilder, Medium, Ref, Stack, Track
from reelc_compiler.target.comfyui.handover import PREFIX, form_of, save_inputs
from reelc_compiler.target.comfyui.saving import Saving, packs_that_save, saving
from reelc_compiler.units import Duration, Rate
from reelc_compiler.values import FilmValue, TrackValue
from reelc_dsl.diagnostics import Frame
from reelc_dsl.diagnostics.codes import BAD_INPUT_VALUE, NO_RATE_FACTOR, REQUIREMENT, SOUND_LENGTH, UNKNOWN_NODE
from reelc_dsl.source import Span

# Seconds at the end of a film that nobody misses: compressed sound ends with its encoder's last block.
UNHEARD = Fraction(1, 10)


def add_film(
    evaluator: Evaluator, builder: GraphBuilder, name: str, film: FilmValue, span: Span, variant: str = ""
) -> None:
    """Make the nodes of one output: each clip is encoded by itself, with the same settings.

    Args:
        variant: of which variant of the program it is, where there are several.

    Raises:
        Stop: the catalog cannot save it, or the rate is beyond what its nodes take.
    """
    _say_length(evaluator, film)
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
    stack = evaluator.reporter.frames(Frame(span, f"output {name}"))
    distinct = dict.fromkeys(film.clips)
    made = {
        clip: _part(builder, f"reelc/{name}" + (f"-{i}" if len(distinct) > 1 else ""), clip, film, how, stack)
        for i, clip in enumerate(distinct, 1)
    }
    builder.films.append(
        Film(
            name=name,
            parts=tuple(made[clip] for clip in film.clips),
            facts=film.facts,
            codec=film.codec,
            crf=how.crf,
            pix_fmt=how.pix_fmt,
            color=how.color,
            span=span,
            track=None if film.audio is None else _track(evaluator, builder, name, film.audio, span, stack),
            variant=variant,
        )
    )


def _say_length(evaluator: Evaluator, film: FilmValue) -> None:
    """Say that a sound is longer or shorter than the pictures: what is over is cut off, what lacks is silent."""
    if film.audio is None or film.heard is None:
        return
    length, whole = film.facts.duration, film.audio.audio.facts.seconds
    assert length is not None
    assert whole is not None
    heard = whole - film.audio.start
    fades = film.audio.fade_in + film.audio.fade_out
    if fades > length:
        raise evaluator.stop(
            REQUIREMENT,
            f"its fades take {values.show(Duration(fades))}, and the film lasts {values.show(Duration(length))}",
            film.heard,
        )
    if heard < length and film.audio.loop:
        return
    if abs(heard - length) > UNHEARD:
        what = "its end is cut off" if heard > length else "the rest is silent"
        lasts, film_lasts = values.show(Duration(heard)), values.show(Duration(length))
        evaluator.reporter.add(SOUND_LENGTH, f"the sound lasts {lasts}, and the film {film_lasts}: {what}", film.heard)


def _track(
    evaluator: Evaluator, builder: GraphBuilder, name: str, sound: TrackValue, span: Span, stack: Stack
) -> Track:
    """The sound of a film: a file as it is, or one that a node saves.

    Raises:
        Stop: the catalog cannot save sound.
    """
    audio = sound.audio
    how = Laid(start=sound.start, fade_in=sound.fade_in, fade_out=sound.fade_out, loop=sound.loop)
    file = builder.ops[audio.ref.op].file
    if file is not None:
        return Track(facts=audio.facts, how=how, file=file)
    form = form_of(audio.facts)
    if form.save not in evaluator.catalog:
        raise evaluator.stop(
            UNKNOWN_NODE, f"the catalog {evaluator.catalog.name} has no {form.save}, with which sound is saved", span
        )
    region = builder.region("sound", stack)
    inputs = save_inputs(audio.ref, f"reelc/{name}-sound", audio.facts)
    save = builder.op(form.save, inputs, region=region, stack=stack, places={}, media=(audio,))
    builder.close(region, ("keep", {"field": PREFIX, "container": form.container}), {})
    return Track(facts=audio.facts, how=how, part=FilmPart(clip=audio, save=save, region=region))


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

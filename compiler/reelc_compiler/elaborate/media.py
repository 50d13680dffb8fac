"""The language's own functions, and values as their declared kinds."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from reelc_compiler import values
from reelc_compiler.catalog import has_input
from reelc_compiler.elaborate import functions
from reelc_compiler.elaborate.arithmetic import ArithmeticFault
from reelc_compiler.facts import EYES, PLAIN_EYES, PLAIN_PROJECTION, PROJECTIONS, Facts
from reelc_compiler.ir.graph import Medium, Ref
from reelc_compiler.sema.builtins import BUILTINS
from reelc_compiler.sema.kinds import (
    FLOAT,
    IMAGE,
    SEED,
    FileKind,
    Kind,
    ListKind,
    OptionalKind,
    RecordKind,
)
from reelc_compiler.sema.program import (
    ModuleInfo,
)
from reelc_compiler.units import Rate, Size
from reelc_compiler.values import FilmValue, ModelFile, RecordValue, SequenceValue, only
from reelc_dsl.diagnostics.codes import (
    BAD_ARITHMETIC,
    BAD_SEED,
    NOT_YET,
    OUT_OF_RANGE,
    REQUIREMENT,
    UNSAID_VIEW,
)
from reelc_dsl.diagnostics.fixes import respell
from reelc_dsl.source import Span

if TYPE_CHECKING:
    from reelc_compiler.elaborate.evaluator import Evaluator


CODECS = ("h264",)


def function(evaluator: "Evaluator", name: str, given: dict[str, Any], places: dict[str, Span], span: Span) -> Any:
    match name:
        case "has_node":
            return given["name"] in evaluator.catalog
        case "has_input":
            return has_input(evaluator.catalog, given["node"], given["name"])
        case "image":
            return medium(evaluator, given["frames"], "image", given, places)
        case "clip":
            return medium(evaluator, given["frames_of"], "clip", given, places)
        case "sequence":
            return sequence(evaluator, given, places)
        case "video":
            return film(evaluator, given, places, span)
        case _:
            try:
                return functions.PURE[name](*[given[p.name] for p in BUILTINS[name].params if p.name in given])
            except ArithmeticFault as fault:
                raise evaluator.stop(BAD_ARITHMETIC, str(fault), span) from None


def medium(evaluator: "Evaluator", source: Any, kind: str, given: dict[str, Any], places: dict[str, Span]) -> Medium:
    """State the facts of pictures; where nothing is said of the eyes and the projection, those of a medium stay."""
    size: Size = given["size"]
    frames: int = given["frames"] if kind == "clip" else 1
    fps: Rate | None = given.get("fps")
    if size.width < 1 or size.height < 1 or frames < 1 or (fps is not None and fps.fps <= 0):
        rule = (
            "a picture has at least one pixel a side"
            if kind == "image"
            else "a clip has at least one frame, one pixel and a rate above zero"
        )
        raise evaluator.stop(REQUIREMENT, rule, places["size"])
    source = one_medium(evaluator, source, places["size"])
    read = source if isinstance(source, Medium) else None
    facts = Facts(
        kind=kind,
        width=size.width,
        height=size.height,
        frames=frames,
        fps=None if fps is None else fps.fps,
        eyes=_one_of(evaluator, "layout", EYES, given, places) or (read.facts.eyes if read else PLAIN_EYES),
        projection=_one_of(evaluator, "projection", PROJECTIONS, given, places)
        or (read.facts.projection if read else PLAIN_PROJECTION),
    )
    if (facts.eyes == "sbs" and facts.width % 2) or (facts.eyes == "tb" and facts.height % 2):
        side = "width" if facts.eyes == "sbs" else "height"
        raise evaluator.stop(
            REQUIREMENT,
            f"two eyes share a picture of layout `{facts.eyes}` evenly, and this is {values.show(size)}",
            places["size"],
            f"state an even {side}, or another `layout`",
        )
    ref = cast(Ref, source) if read is None else read.ref
    if read is None:
        _say_views(evaluator, ref, given, places)
    stated = Medium(ref, facts)
    evaluator.builder.medium(stated, evaluator.region.id, read)
    return stated


def _say_views(evaluator: "Evaluator", ref: Ref, given: dict[str, Any], places: dict[str, Span]) -> None:
    """A stage that knows nothing of two eyes or of spheres does not make plain pictures of such by saying nothing."""
    behind = sorted(evaluator.builder.made_of(ref), key=lambda facts: (facts.eyes, facts.projection))
    stage = evaluator.builder.regions[evaluator.region.id].stage
    for name, plain, words in (
        ("layout", PLAIN_EYES, [f.eyes for f in behind]),
        ("projection", PLAIN_PROJECTION, [f.projection for f in behind]),
    ):
        odd = next((word for word in words if word != plain), None)
        if odd is not None and name not in given:
            raise evaluator.stop(
                UNSAID_VIEW,
                f"`{stage}` is given pictures of {name} `{odd}`, and does not say of what {name} its own are",
                places["size"],
                f"use it before the clip becomes `{odd}`",
                f'where the stage is yours, state it: `{name}: "{odd}"` if it stays so',
                where="nothing is said here",
            )


def _one_of(
    evaluator: "Evaluator", name: str, known: tuple[str, ...], given: dict[str, Any], places: dict[str, Span]
) -> str | None:
    """A word that is given, or None; after a diagnostic where it is not known."""
    word: str | None = given.get(name)
    if word is not None and word not in known:
        shown = ", ".join(f"`{w}`" for w in known)
        raise evaluator.stop(
            OUT_OF_RANGE,
            f"`{name}` takes {shown}, and this is `{word}`",
            places[name],
            fix=respell(places[name], word, known) if places[name].text.startswith('"') else None,
        )
    return word


def one_medium(evaluator: "Evaluator", value: Any, span: Span) -> Any:
    """A value that nodes can read.

    Raises:
        Stop: it is a sequence, whose clips are never one batch of pictures.
    """
    if isinstance(value, SequenceValue):
        raise evaluator.stop(
            NOT_YET,
            "a sequence can only become a film, and this wants one clip",
            span,
            "work on the clips before they are joined: `for c in clips { c |> upscale(...) }`",
        )
    return value


def sequence(evaluator: "Evaluator", given: dict[str, Any], places: dict[str, Span]) -> Any:
    """Clips one after another, by hard cuts."""
    if "crossfade" in given:
        raise evaluator.stop(
            NOT_YET,
            "`crossfade` has no meaning yet: clips are joined by hard cuts",
            places["crossfade"],
            "leave it out",
        )
    clips: list[Medium] = []
    for value in given["clips"]:
        clips.extend(value.clips if isinstance(value, SequenceValue) else [value])
    if not clips:
        raise evaluator.stop(REQUIREMENT, "a sequence has at least one clip, and this list is empty", places["clips"])
    first = clips[0].facts
    for number, clip in enumerate(clips[1:], 2):
        facts = clip.facts
        if (facts.eyes, facts.projection) != (first.eyes, first.projection):
            raise evaluator.stop(
                REQUIREMENT,
                "the clips of a sequence are for the same eyes and of one projection: the first is "
                f"`{first.eyes}` and `{first.projection}`, number {number} is `{facts.eyes}` and `{facts.projection}`",
                places["clips"],
                "give each clip the same `stereo` and `equirect`, or make several films",
            )
        if replace(facts, frames=first.frames) != first:
            raise evaluator.stop(
                REQUIREMENT,
                f"the clips of a sequence have one size and one rate: the first is {values.show(clips[0])}, "
                f"number {number} is {values.show(clip)}",
                places["clips"],
                "bring the stills to one size with `fit`, and the clips to one rate with `interpolate`",
            )
    return SequenceValue(tuple(clips), replace(first, frames=sum(clip.facts.frames for clip in clips)))


def film(evaluator: "Evaluator", given: dict[str, Any], places: dict[str, Span], span: Span) -> FilmValue:
    value: Medium | SequenceValue = given["clip"]
    facts = value.facts
    codec, crf = given.get("codec", "h264"), given.get("crf", 18)
    if codec not in CODECS:
        shown = ", ".join(f'"{c}"' for c in CODECS)
        raise evaluator.stop(
            OUT_OF_RANGE,
            f'`codec` takes {shown}, and this is "{codec}"',
            places["codec"],
            "this version writes H.264 in MP4 only",
            fix=respell(places["codec"], codec, CODECS) if places["codec"].text.startswith('"') else None,
        )
    if not 0 <= crf <= 51:
        raise evaluator.stop(OUT_OF_RANGE, f"`crf` takes 0 to 51, and this is {crf}", places["crf"])
    if facts.width % 2 or facts.height % 2:
        size = Size(facts.width, facts.height)
        raise evaluator.stop(
            REQUIREMENT,
            f"H.264 with 4:2:0 colour takes even widths and heights, this is {values.show(size)}",
            span,
            f"use {values.show(functions.nearest(size, 2))}",
        )
    clips = value.clips if isinstance(value, SequenceValue) else (value,)
    return FilmValue(clips, facts, codec, crf)


def coerce(evaluator: "Evaluator", value: Any, kind: Kind, span: Span, module: ModuleInfo) -> Any:
    """A value as its declared kind: texts become files, ints become floats, seeds are bounded.

    Raises:
        Stop: after a diagnostic.
    """
    value = only(value)
    if isinstance(kind, OptionalKind):
        return None if value is None else coerce(evaluator, value, kind.inner, span, module)
    if isinstance(kind, ListKind):
        return tuple(coerce(evaluator, v, kind.element, span, module) for v in value)
    if isinstance(kind, RecordKind) and isinstance(value, RecordValue):
        fields = {n: coerce(evaluator, v, kind.map[n], span, module) for n, v in value.fields.items()}
        return RecordValue(fields)
    if isinstance(kind, FileKind) and isinstance(value, str):
        parts = value.replace("\\", "/").split("/")
        if not all(part.strip(" .") for part in parts) or ":" in parts[0]:
            raise evaluator.stop(
                OUT_OF_RANGE,
                f"a model file is named by its place below models/{kind.folder}, and this is `{value}`",
                span,
                "write the file's name, or a subfolder and the name",
            )
        return ModelFile(kind.folder, value)
    if kind == IMAGE and isinstance(value, str):
        return evaluator.load_picture(value, module.key, span)
    if kind == FLOAT and isinstance(value, int):
        return Fraction(value)
    if kind == SEED and not 0 <= value < functions.SEED_LIMIT:
        raise evaluator.stop(
            BAD_SEED,
            f"a seed is a whole number from 0 to {functions.SEED_LIMIT - 1}, and this is {value}",
            span,
            "larger ones change silently in ComfyUI's window, which is JavaScript",
        )
    return value

"""The language's own functions, and values as their declared kinds."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from reelc_compiler import values
from reelc_compiler.catalog import has_input
from reelc_compiler.codecs import CODECS, Codec
from reelc_compiler.elaborate import functions
from reelc_compiler.elaborate.arithmetic import ArithmeticFault
from reelc_compiler.facts import AUDIO, EYES, PLAIN_EYES, PLAIN_PROJECTION, PROJECTIONS, Facts
from reelc_compiler.ir.graph import Medium, Ref
from reelc_compiler.sema.builtins import BUILTINS
from reelc_compiler.sema.kinds import (
    FLOAT,
    FROM_FILE,
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
from reelc_compiler.units import Duration, Rate, Size
from reelc_compiler.values import FilmValue, ModelFile, Named, RecordValue, Segments, SequenceValue, TrackValue, only
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
        case "derive":
            return derived(evaluator, given["seed"], str(given["name"]))
        case "audio":
            return sound(evaluator, given, places)
        case "track":
            return track(evaluator, given, places)
        case "sequence" | "cut" | "crossfade" | "dip":
            # Few programs join clips.
            from reelc_compiler.elaborate import joins

            if name == "sequence":
                return joins.sequence(evaluator, given, places, span)
            return joins.join_of(evaluator, name, given, places)
        case "video":
            return film(evaluator, given, places, span)
        case _:
            try:
                return functions.PURE[name](*[given[p.name] for p in BUILTINS[name].params if p.name in given])
            except ArithmeticFault as fault:
                raise evaluator.stop(BAD_ARITHMETIC, str(fault), span) from None


def derived(evaluator: "Evaluator", seed: int, name: str) -> int:
    """A seed for a name: the one that was chosen for it, or else its own."""
    evaluator.derived.add(name)
    if name in evaluator.takes:
        evaluator.taken.add(name)
        return evaluator.takes[name]
    return functions.derive(seed, name)


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
    if "audio" in given:
        evaluator.builder.sounds[stated] = given["audio"]
    return stated


def sound_of(evaluator: "Evaluator", clip: Medium | SequenceValue, span: Span) -> Medium:
    """The sound that was made, or given, together with a clip.

    Raises:
        Stop: there is none.
    """
    found = evaluator.builder.sounds.get(clip) if isinstance(clip, Medium) else None
    if found is None:
        raise evaluator.stop(
            REQUIREMENT,
            "this clip has no sound",
            span,
            "stages that change a clip do not take its sound along: name the clip as it was loaded or generated",
        )
    return found


def sound(evaluator: "Evaluator", given: dict[str, Any], places: dict[str, Span]) -> Medium:
    """State how long a node's sound is."""
    seconds: Fraction = given["duration"].seconds
    if seconds <= 0:
        raise evaluator.stop(REQUIREMENT, "sound lasts longer than no time at all", places["duration"])
    source: Ref | Medium = given["sound"]
    if isinstance(source, Medium):
        raise evaluator.stop(
            REQUIREMENT,
            f"this is {values.show(source)} already",
            places["sound"],
            "`audio` states how long the sound of a node is, and changes none",
        )
    stated = Medium(source, Facts(kind=AUDIO, seconds=seconds))
    evaluator.builder.medium(stated, evaluator.region.id)
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


def film(evaluator: "Evaluator", given: dict[str, Any], places: dict[str, Span], span: Span) -> FilmValue:
    value: Medium | SequenceValue = given["clip"]
    facts = value.facts
    codec = _codec(evaluator, given, places)
    crf = _rate_factor(evaluator, codec, given, places)
    _storable(evaluator, codec, facts, span)
    clips = value.clips if isinstance(value, SequenceValue) else (value,)
    if isinstance(value, Medium) and value.windows is not None:
        # Few clips can be split.
        from reelc_compiler.elaborate.maker import Maker

        clips = tuple(Maker(evaluator, span, "video").pieces(value, 0, facts.frames))
    return FilmValue(clips, facts, codec.name, crf, *_soundtrack(evaluator, codec, given, places))


def _codec(evaluator: "Evaluator", given: dict[str, Any], places: dict[str, Span]) -> Codec:
    name: str = given.get("codec", "h264")
    if name not in CODECS:
        shown = ", ".join(f"`{c}`" for c in CODECS)
        raise evaluator.stop(
            OUT_OF_RANGE,
            f"`codec` takes {shown}, and this is `{name}`",
            places["codec"],
            fix=respell(places["codec"], name, CODECS) if places["codec"].text.startswith('"') else None,
        )
    return CODECS[name]


def _rate_factor(evaluator: "Evaluator", codec: Codec, given: dict[str, Any], places: dict[str, Span]) -> int | None:
    crf: int | None = given.get("crf", codec.crf)
    if crf is not None and codec.crf is None:
        raise evaluator.stop(
            OUT_OF_RANGE,
            f"{codec.name} has no rate factor",
            places["crf"],
            "leave `crf` out: its quality is what it is",
        )
    if crf is not None and not 0 <= crf <= codec.most:
        raise evaluator.stop(
            OUT_OF_RANGE, f"`crf` takes 0 to {codec.most} for {codec.name}, and this is {crf}", places["crf"]
        )
    return crf


def track(evaluator: "Evaluator", given: dict[str, Any], places: dict[str, Span]) -> TrackValue:
    """A sound as it is to be laid over a film."""
    audio: Medium = given["audio"]
    times = {name: given[name].seconds if name in given else Fraction(0) for name in ("start", "fade_in", "fade_out")}
    for name, seconds in times.items():
        if seconds < 0:
            raise evaluator.stop(OUT_OF_RANGE, f"`{name}` is no less than no time at all", places[name])
    length = audio.facts.seconds
    assert length is not None, "sound has a length"
    if times["start"] >= length:
        raise evaluator.stop(
            OUT_OF_RANGE,
            f"the film would begin at {values.show(Duration(times['start']))} of {values.show(audio)}",
            places["start"],
        )
    return TrackValue(audio, **times, loop=given.get("loop", False))


def _soundtrack(
    evaluator: "Evaluator", codec: Codec, given: dict[str, Any], places: dict[str, Span]
) -> tuple[TrackValue | None, Span | None]:
    """The sound of a film, and where it is named."""
    if "audio" not in given:
        return None, None
    if codec.sound is None:
        raise evaluator.stop(
            REQUIREMENT, f"{codec.name} is a sequence of pictures, and holds no sound", places["audio"], "leave it out"
        )
    sound: Medium | TrackValue = given["audio"]
    return sound if isinstance(sound, TrackValue) else TrackValue(sound), places["audio"]


def _storable(evaluator: "Evaluator", codec: Codec, facts: Facts, span: Span) -> None:
    size = Size(facts.width, facts.height)
    if codec.even and (facts.width % 2 or facts.height % 2):
        raise evaluator.stop(
            REQUIREMENT,
            f"{codec.name} takes even widths and heights, this is {values.show(size)}",
            span,
            f"use {values.show(functions.nearest(size, 2))}",
        )
    if min(facts.width, facts.height) < codec.least:
        raise evaluator.stop(
            REQUIREMENT, f"{codec.name} takes {codec.least} pixels a side and more, this is {values.show(size)}", span
        )


def coerce(evaluator: "Evaluator", value: Any, kind: Kind, span: Span, module: ModuleInfo) -> Any:
    """A value as its declared kind: texts become files, ints become floats, seeds are bounded.

    Raises:
        Stop: after a diagnostic.
    """
    value = only(value)
    if isinstance(kind, OptionalKind):
        return None if value is None else coerce(evaluator, value, kind.inner, span, module)
    if isinstance(kind, ListKind):
        if isinstance(value, Segments):
            return value
        items = [coerce(evaluator, v, kind.element, span, module) for v in value]
        return Named.of(items, list(value.names)) if isinstance(value, Named) else tuple(items)
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
    if kind in FROM_FILE and isinstance(value, str):
        return evaluator.load_input(value, kind.name, module.key, span)
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

"""Input files: measured once, and loaded by ComfyUI's nodes; of a long film only the stretch that is asked for."""

from dataclasses import replace
from fractions import Fraction

from reelc_compiler.catalog import Catalog
from reelc_compiler.elaborate.limits import USUAL
from reelc_compiler.elaborate.maker import TAKE, reach
from reelc_compiler.elaborate.reports import Reporter
from reelc_compiler.elaborate.scope import Stop
from reelc_compiler.facts import AUDIO, Facts, Input
from reelc_compiler.inputs import REORDERED, InputFault, InputInfo, Probe
from reelc_compiler.ir.graph import GraphBuilder, Medium, Ref, Stack
from reelc_compiler.overrides import SET
from reelc_dsl.diagnostics import Diagnostic, Frame
from reelc_dsl.diagnostics.codes import LONG_INPUT, REQUIREMENT, UNKNOWN_NODE
from reelc_dsl.records import dataclass
from reelc_dsl.source import Span

# ComfyUI's node that plays a part of a film, and what its input is called.
SLICE, VIDEO = "Video Slice", "video"
# Bytes of host RAM: a film whose pictures take more is loaded in stretches that take so much.
STRETCH = 8 * 10**9
# It seeks by when a frame is decoded, and may find the next key frame where that is decoded before the one that is
# meant. So a stretch begins earlier, and is counted from its end.
EARLIER = 2 * REORDERED


@dataclass(frozen=True, slots=True)
class Loader:
    """How ComfyUI loads an input file.

    Attributes:
        classes: the class that takes the file's name in ``field``, and what its output goes on to, by ``link``.
        socket: the type of what comes out.
    """

    classes: tuple[str, ...]
    field: str
    socket: str
    link: str = ""


LOADERS = {
    "image": Loader(("LoadImage",), "image", "IMAGE"),
    "clip": Loader(("LoadVideo", "GetVideoComponents"), "file", "IMAGE", VIDEO),
    "audio": Loader(("LoadAudio",), "audio", "AUDIO"),
}


class Inputs:
    """Input files: each measured once, and loaded by one node for each kind of medium that is made of it."""

    def __init__(self, builder: GraphBuilder, probe: Probe, reporter: Reporter, catalog: Catalog) -> None:
        self.builder = builder
        self.catalog = catalog
        self.probe = probe
        self.reporter = reporter
        self.found: dict[str, Input] = {}
        self._paths: dict[Medium, str] = {}
        self._names: set[str] = set()

    def load(self, path: str, kind: str, module: str, span: Span) -> Medium:
        """The medium of an input file, by the nodes that load one of its kind, in a region of its own."""
        if span.source.name.startswith(SET):
            # What is named on the command line lies relative to the shell, and may lie anywhere.
            module = ""
        try:
            info = self.probe(path, module, kind)
        except InputFault as fault:
            self.reporter.add(fault.code, str(fault), span, *fault.help)
            raise Stop from None
        loader = LOADERS[kind]
        lacking = next((name for name in loader.classes if name not in self.catalog), None)
        if lacking is not None:
            text = f"the catalog {self.catalog.name} has no {lacking}, with which an input file is loaded"
            self.reporter.add(UNKNOWN_NODE, text, span, "compile for a catalog of a whole server")
            raise Stop
        item = self.found.get(info.path)
        if item is None:
            for code, message, help_ in info.advice:
                self.reporter.add(code, message, span, help_)
            item = self.found[info.path] = self._input(info)
        stack = self.reporter.frames(Frame(span, f'"{path}"'))
        medium = self.nodes(item, kind, span, stack)
        if kind == "clip" and medium.facts.floats > STRETCH:
            medium = self._long(medium, item, path, span, stack)
        self._paths[medium] = info.path
        if kind == "clip" and item.facts.seconds is not None and "LoadAudio" in self.catalog:
            self.builder.sounds[medium] = self.load(path, "audio", module, span)
        return medium

    def nodes(
        self, item: Input, kind: str, span: Span, stack: Stack, first: int = 0, frames: int | None = None
    ) -> Medium:
        """Load a file.

        Args:
            first, frames: of a film, the first frame that is wanted, and how many are; all without them.
        """
        loader, builder = LOADERS[kind], self.builder
        region = builder.region("load", stack)

        def op(name: str, link: str, before: int, socket: str, **more: float) -> int:
            return builder.op(name, {link: Ref(before, 0, socket), **more}, region=region, stack=stack, places={})

        last = builder.op(
            loader.classes[0],
            {loader.field: item.name},
            region=region,
            stack=stack,
            places={loader.field: span},
            file=item.id,
            # Stretches of one film have no node in common: each is a region with a memory of its own.
            apart=None if frames is None else [first, frames],
        )
        facts, settings = _facts(item.facts, kind), {"field": loader.field}
        if frames is not None:
            facts, settings = replace(facts, frames=frames), {**settings, "first": first}
            assert facts.fps is not None, "a film has a rate"
            start, end = _seconds(max(first - EARLIER, 0), facts.fps), _seconds(first + frames, facts.fps)
            last = op(SLICE, VIDEO, last, "VIDEO", start_time=start, duration=end - start, strict_duration=False)
        for name in loader.classes[1:]:
            last = op(name, loader.link, last, "VIDEO")
        # ComfyUI decodes all of a film into floats before anything looks at it.
        ram = facts.floats
        if frames is not None and first > 0:
            last = op(TAKE, "image", last, "IMAGE", batch_index=-frames, length=frames)
            ram = 2 * facts.floats + facts.floats * EARLIER // frames
        builder.close(region, ("load", settings), {"ram": ram} if kind == "clip" else {})
        medium = Medium(Ref(last, 0, loader.socket), facts)
        builder.medium(medium, region)
        return medium

    def _long(self, whole: Medium, item: Input, path: str, span: Span, stack: Stack) -> Medium:
        """A film that takes much memory: loaded in stretches where ComfyUI and the film allow it."""
        said: tuple[Diagnostic, ...] = ()
        if whole.facts.floats > USUAL:
            size = f"{whole.facts.floats / 10**9:.0f} GB"
            said = (
                Diagnostic(
                    code=LONG_INPUT,
                    message=f"all {whole.facts.frames} frames of `{path}` are needed at once, which takes {size} of "
                    "host RAM",
                    span=self.reporter.primary(span)[0],
                    help=("take what is needed with `trim` of std.clips, or join parts with `sequence`",),
                ),
            )
        if not item.facts.seekable or not _slices(self.catalog):
            self.reporter.sink.extend(said)
            return whole
        whole = replace(whole, windows=Stretches(self, whole, item, span, stack))
        self.reporter.held_back.append((whole, said))
        return whole

    def _input(self, info: InputInfo) -> Input:
        name = info.path.rsplit("/", 1)[-1]
        stem, dot, suffix = name.rpartition(".")
        number = 2
        while name in self._names:
            # Two folders may hold files of one name; in the graph they need two.
            name = f"{stem or suffix}-{number}{dot}{suffix}" if stem else f"{suffix}-{number}"
            number += 1
        self._names.add(name)
        return Input(
            id=f"in{len(self.found) + 1}",
            name=name,
            path=info.path,
            sha256=info.sha256,
            bytes=info.bytes,
            facts=info.facts,
        )

    def path_of(self, medium: Medium) -> str:
        """The path of an input's medium."""
        return self._paths[medium]


class Stretches:
    """A film that was given, of which each job loads what it needs: see ``Windowed``."""

    split = True
    spare = 0

    def __init__(self, inputs: Inputs, whole: Medium, item: Input, span: Span, stack: Stack) -> None:
        self.wanted = False
        self._inputs = inputs
        self._whole = whole
        self._item = item
        self._span = span
        self._stack = stack
        facts = whole.facts
        self.longest = min(max(STRETCH * facts.frames // facts.floats, 1), reach(inputs.catalog)[1] // 2)

    def bounds(self) -> tuple[int, ...]:
        """Where stretches of as much memory as may be begin."""
        return tuple(range(0, self._whole.facts.frames, self.longest))

    def stretch(self, first: int, frames: int) -> Medium:
        """Some of its frames."""
        if (first, frames) == (0, self._whole.facts.frames):
            return self._whole
        most = reach(self._inputs.catalog)[1]
        if frames > most:
            self._inputs.reporter.add(
                REQUIREMENT,
                f"{frames} frames of `{self._item.path}` are needed at once, and ComfyUI takes {most} out of a film",
                self._span,
                "join shorter parts with `sequence`",
            )
            raise Stop
        return self._inputs.nodes(self._item, "clip", self._span, self._stack, first, frames)


def _facts(whole: Facts, kind: str) -> Facts:
    """What is known of the medium of one kind that a file gives."""
    return Facts(kind=AUDIO, seconds=whole.seconds) if kind == AUDIO else replace(whole, seconds=None, seekable=False)


def _slices(catalog: Catalog) -> bool:
    """Whether the catalog's ComfyUI loads parts of films, and counts from the end of a batch."""
    take = catalog.get(TAKE)
    index = take.input("batch_index") if take is not None else None
    return SLICE in catalog and index is not None and index.min is not None and index.min < 0


def _seconds(frame: int, fps: Fraction) -> float:
    """A time between a frame and the one before it; 0 for the first."""
    return float(max(Fraction(2 * frame - 1, 2) / fps, Fraction(0)))

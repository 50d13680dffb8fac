"""The typed view that travels with a prompt, read from a request and judged before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from typing import Any, cast

from reelc_compiler.facts import EYES, PROJECTIONS
from reelc_compiler.plan import Facts, Graph, Medium, Region, StandIn
from reelc_runtime.preview.errors import Refusal
from reelc_runtime.preview.folders import Folders
from reelc_runtime.preview.standins import registry
from reelc_runtime.preview.task import PICTURES, StandInKind, Task

MAX_SIDE = 16384
MAX_FRAMES = 1_000_000
MAX_SECONDS = 24 * 3600
Object = dict[str, Any]


class _Bad(ValueError):
    """The view does not have the shape that the plan's data model gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A prompt that can be executed.

    Args:
        job: the job's id in its plan.
        tasks: the regions in an order in which each comes after those whose media it takes.
    """

    job: str
    tasks: tuple[Task, ...]

    @property
    def outputs(self) -> list[str]:
        """The nodes that save files."""
        return [str(task.settings["node"]) for task in self.tasks if kind_of(task).save is not None]

    @property
    def covered(self) -> set[str]:
        """The nodes that some region speaks for."""
        return {node for task in self.tasks for node in task.region.nodes}


def kind_of(task: Task) -> StandInKind:
    """The stand-in of a task that was accepted."""
    assert task.region.stand_in is not None
    return registry()[task.region.stand_in.kind]


def read_view(extra_data: Object, graph: Graph, folders: Folders, *, clean: bool) -> View:
    """The view of a prompt, if the worker can execute all of it.

    Args:
        extra_data: from the request.
        graph: the prompt.
        folders: where uploads lie and outputs go.
        clean: whether labels are left off even where the prompt does not ask for it.

    Raises:
        Refusal: there is no view, it is malformed, or a region has no usable stand-in; each such region
            is named.
    """
    value = extra_data.get("reelc")
    if value is None:
        raise Refusal(
            "reelc_view_missing",
            "This is reelc's preview worker: it executes extra_data.reelc, and this prompt carries none.",
        )
    try:
        view = _object(value, "reelc")
        media = {name: _medium(m, name) for name, m in _object(view.get("media"), "media").items()}
        regions = [_region(r, graph, media) for r in _list(view.get("regions"), "regions")]
        clean = clean or _object(view.get("preview", {}), "preview").get("clean") is True
        order = _ordered(regions)
        job = _text(view.get("job"), "job")
    except (_Bad, ZeroDivisionError) as error:
        raise Refusal("reelc_view_invalid", f"extra_data.reelc cannot be used: {error}") from error
    tasks = tuple(Task(region=r, graph=graph, media=media, folders=folders, clean=clean) for r in order)
    _judge(tasks)
    return View(job=job, tasks=tasks)


def _judge(tasks: tuple[Task, ...]) -> None:
    """Refuse by name every region that the worker cannot act for."""
    problems = [(task, problem) for task in tasks if (problem := _problem(task)) is not None]
    if not problems:
        if not any(kind_of(task).save for task in tasks):
            raise Refusal("prompt_no_outputs", "Prompt has no outputs")
        return
    names = ", ".join(dict.fromkeys(task.region.stage for task, _ in problems))
    raise Refusal(
        "prompt_outputs_failed_validation",
        f"Prompt outputs failed validation: the preview cannot act for {names}",
        problems[0][1],
        _node_errors(problems, tasks),
    )


def _node_errors(problems: list[tuple[Task, str]], tasks: tuple[Task, ...]) -> Object:
    """The problems as ComfyUI tells them: by node, here each region's first."""
    sinks = [str(t.settings["node"]) for t in tasks if not t.region.media_out and "node" in t.settings]
    errors: Object = {}
    for task, problem in problems:
        class_type = task.graph[task.node]["class_type"]
        entry = errors.setdefault(task.node, {"errors": [], "dependent_outputs": sinks, "class_type": class_type})
        entry["errors"].append(
            {
                "type": "custom_validation_failed",
                "message": f"The preview cannot act for {task.region.stage}",
                "details": problem,
                "extra_info": {"region": task.region.id, "stage": task.region.stage},
            }
        )
    return errors


def _problem(task: Task) -> str | None:
    """Why a region cannot be previewed, or None."""
    region = task.region
    if region.stand_in is None:
        return f"{region.stage} declares no stand-in for previews"
    kind = registry().get(region.stand_in.kind)
    if kind is None:
        return f"{region.stage} asks for the stand-in {region.stand_in.kind!r}, which this worker does not have"
    if len([m for m in region.media_in if task.media[m].facts.kind in PICTURES]) < kind.takes:
        return f"{region.stage} takes no picture that its stand-in could start from"
    if region.media_out and not task.pictures_out:
        if not kind.sound:
            return f"{region.stage} makes sound, and its stand-in makes pictures"
    elif kind.frames is not None and len(task.pictures_out) != 1:
        return f"{region.stage} makes {len(task.pictures_out)} media with pictures, and its stand-in makes one"
    if kind.save is not None and not region.media_in:
        return f"{region.stage} takes nothing that could be saved"
    return kind.check(task)


def _ordered(regions: list[Region]) -> list[Region]:
    """Regions after those whose media they take; ties in the order of the plan."""
    makers: dict[str, str] = {}
    for region in regions:
        for medium in region.media_out:
            if makers.setdefault(medium, region.id) != region.id:
                raise _Bad(f"the medium {medium} is made twice")
    by_id = {region.id: region for region in regions}
    if len(by_id) != len(regions):
        raise _Bad("two regions share an id")
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for region in regions:
        for medium in region.media_in:
            if medium not in makers:
                raise _Bad(f"no region makes the medium {medium} that {region.id} takes")
        sorter.add(region.id, *[makers[m] for m in region.media_in])
    try:
        return [by_id[name] for name in sorter.static_order()]
    except CycleError as error:
        raise _Bad("its regions go in a circle") from error


def _region(value: Any, graph: Graph, media: Mapping[str, Medium]) -> Region:
    entry = _object(value, "a region")
    name = _text(entry.get("id"), "a region's id")
    nodes = [_text(n, f"a node of {name}") for n in _list(entry.get("nodes"), f"the nodes of {name}")]
    # A region may have no node of its own: it restates a medium, for example at another rate.
    if any(node not in graph for node in nodes):
        raise _Bad(f"the region {name} names nodes that the prompt does not have")
    used = {
        side: tuple(_text(m, f"a medium of {name}") for m in _list(entry.get(side), f"{side} of {name}"))
        for side in ("media_in", "media_out")
    }
    for medium in (*used["media_in"], *used["media_out"]):
        if medium not in media:
            raise _Bad(f"the region {name} names the medium {medium}, which is not there")
    stand_in = None
    if entry.get("stand_in") is not None:
        value = _object(entry["stand_in"], f"the stand-in of {name}")
        settings = _object(value.get("settings", {}), f"the settings of {name}")
        stand_in = StandIn(kind=_text(value.get("kind"), f"the stand-in's kind of {name}"), settings=settings)
    return Region(
        id=name, stage=_text(entry.get("stage"), f"the stage of {name}"), nodes=tuple(nodes), stand_in=stand_in, **used
    )


def _medium(value: Any, name: str) -> Medium:
    entry = _object(value, f"the medium {name}")
    facts = _object(entry.get("facts"), f"the facts of {name}")
    kind, fps = _text(facts.get("kind"), f"the kind of {name}"), facts.get("fps")
    seconds = facts.get("seconds")
    try:
        rate = None if fps is None else Fraction(_text(fps, f"the rate of {name}"))
        length = None if seconds is None else Fraction(_text(seconds, f"the length of {name}"))
    except ValueError as error:
        raise _Bad(f"the rate or the length of {name} is not a fraction") from error
    if length is not None and not 0 < length <= MAX_SECONDS:
        raise _Bad(f"the sound {name} lasts {length} seconds")
    if rate is not None and not Fraction(1, 100) <= rate <= 1000:
        raise _Bad(f"the rate of {name} is {rate}")
    least = 1 if kind in PICTURES else 0
    read = Facts(
        kind=kind,
        width=_whole(facts.get("width"), f"the width of {name}", least, MAX_SIDE),
        height=_whole(facts.get("height"), f"the height of {name}", least, MAX_SIDE),
        frames=_whole(facts.get("frames"), f"the frames of {name}", least, MAX_FRAMES),
        fps=rate,
        seconds=length,
        eyes=_one_of(facts.get("eyes"), EYES, f"the eyes of {name}"),
        projection=_one_of(facts.get("projection"), PROJECTIONS, f"the projections of {name}"),
    )
    if (read.eyes == "sbs" and read.width % 2) or (read.eyes == "tb" and read.height % 2):
        raise _Bad(f"the eyes of {name} do not share {read.width}x{read.height} evenly")
    if kind == "image" and read.frames != 1:
        raise _Bad(f"{name} is an image of {read.frames} frames")
    return Medium(node=_text(entry.get("node"), f"the node of {name}"), slot=0, facts=read)


def _object(value: Any, what: str) -> Object:
    if not isinstance(value, dict):
        raise _Bad(f"{what} is not an object")
    return cast(Object, value)


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Bad(f"{what} is not a list")
    return cast(list[Any], value)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise _Bad(f"{what} is not text")
    return value


def _one_of(value: Any, known: tuple[str, ...], what: str) -> str:
    if value not in known:
        raise _Bad(f"{what} are not one of {', '.join(known)}")
    return cast(str, value)


def _whole(value: Any, what: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _Bad(f"{what} is not a whole number from {least} to {most}")
    return value

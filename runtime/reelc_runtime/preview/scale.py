"""A plan for a preview in a smaller size: as many frames, and cuts at the same places, in less time."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from reelc_compiler.facts import AUDIO
from reelc_compiler.plan import Facts, Job, Medium, Plan, Region, StandIn, plan_keys
from reelc_runtime.preview.standins import registry

# Sides are multiples of it, so that two eyes still share them and every codec takes them.
CELL = 4
LEAST = 16


def scaled(plan: Plan, scale: Fraction) -> Plan:
    """The plan with all pictures smaller by a factor; its graphs, which a preview does not look into, stay.

    Args:
        scale: above 0, at most 1.
    """
    jobs = [_job(job, scale) for job in plan.jobs]
    keys = plan_keys(jobs, plan.inputs, plan.catalog.comfyui)
    return replace(
        plan,
        jobs=tuple(replace(job, keys=keys[job.id]) for job in jobs),
        outputs=tuple(replace(output, facts=_facts(output.facts, scale)) for output in plan.outputs),
    )


def _job(job: Job, scale: Fraction) -> Job:
    media = {name: replace(medium, facts=_facts(medium.facts, scale)) for name, medium in job.media.items()}
    return replace(
        job,
        artifacts_in=tuple(replace(a, facts=_facts(a.facts, scale)) for a in job.artifacts_in),
        artifacts_out=tuple(replace(a, facts=_facts(a.facts, scale)) for a in job.artifacts_out),
        media=media,
        regions=tuple(_region(region, media, scale) for region in job.regions),
    )


def _facts(facts: Facts, scale: Fraction) -> Facts:
    if facts.kind == AUDIO:
        return facts
    return replace(facts, width=_side(facts.width, scale), height=_side(facts.height, scale))


def _side(pixels: int, scale: Fraction) -> int:
    return max(LEAST, CELL * round(pixels * scale / CELL))


def _region(region: Region, media: Mapping[str, Medium], scale: Fraction) -> Region:
    """A region whose settings in pixels are scaled, too; one that loads a file makes it smaller."""
    if region.stand_in is None:
        return region
    kind = registry().get(region.stand_in.kind)
    settings: dict[str, Any] = dict(region.stand_in.settings)
    for name in kind.pixels if kind is not None else ():
        if isinstance(settings.get(name), int):
            settings[name] = int(settings[name] * scale)
    if region.stand_in.kind == "load":
        settings["fit"] = True
    if region.stand_in.kind in ("title", "overlay"):
        _keep_inside(settings, region, media)
    return replace(region, stand_in=StandIn(kind=region.stand_in.kind, settings=settings))


def _keep_inside(settings: dict[str, Any], region: Region, media: Mapping[str, Medium]) -> None:
    """What lies over a clip goes on lying in it, where sides were rounded."""
    clip = media[region.media_out[0]].facts
    pictures = [media[m].facts for m in region.media_in if media[m].facts.kind == "image"]
    if pictures:
        width, height = pictures[0].width, pictures[0].height
    else:
        width, height = min(max(1, settings["width"]), clip.width), 1
        settings["width"], settings["size"] = width, max(1, settings["size"])
    settings["left"] = min(settings["left"], max(0, clip.width - width))
    settings["top"] = min(settings["top"], max(0, clip.height - height))

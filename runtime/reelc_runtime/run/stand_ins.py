"""Whether a plan can be previewed, found out before the preview worker is started."""

from collections.abc import Collection

from reelc_compiler.plan import Plan
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import NO_STAND_IN
from reelc_runtime.run.faults import Locator


def without(plan: Plan, kinds: Collection[str], locator: Locator) -> list[Diagnostic]:
    """A diagnostic for each stage that the preview worker has no stand-in for.

    Args:
        kinds: the stand-ins that there are.
    """
    out: list[Diagnostic] = []
    for job in plan.jobs:
        out.extend(
            locator.at(
                NO_STAND_IN,
                f"the output `{save.name}` has no stand-in for a preview: the node {save.class_type} saves it, and "
                "what it would save is not known",
                job.id,
                save.node,
                "a preview shows films: clips that end in `|> video(...)`",
            )
            for save in job.saves
        )
        own = {save.node for save in job.saves}
        for region in job.regions:
            if not own.isdisjoint(region.nodes):
                continue  # said above
            if region.stand_in is not None and region.stand_in.kind in kinds:
                continue
            if region.stand_in is None:
                reason = "it declares none"
            else:
                reason = f"`{region.stand_in.kind}` is not there yet"
            what = f"the stage `{region.stage}`"
            if region.stage == plan.pipeline:
                what = f"what the pipeline `{region.stage}` makes without a stage"
            node = region.nodes[0] if region.nodes else next((job.media[m].node for m in region.media_out), None)
            out.append(
                locator.at(
                    NO_STAND_IN,
                    f"{what} has no stand-in for a preview: {reason}",
                    job.id,
                    node,
                    "a stage declares one with `preview move`, `preview upscale` or the like",
                )
            )
    return out

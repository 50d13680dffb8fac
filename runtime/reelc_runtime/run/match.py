"""Whether a worker can do a job, found out before anything is sent to it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import Catalog, bundled_for
from reelc_compiler.catalog.dump import from_dump
from reelc_compiler.plan import Job, Model, Plan
from reelc_compiler.target.comfyui.validate import validate
from reelc_compiler.target.comfyui.verdict import Verdict
from reelc_compiler.units import bytes_text
from reelc_dsl.diagnostics import Diagnostic
from reelc_dsl.diagnostics.codes import LOW_VRAM, NO_WORKER, WORKER_DIFFERS, WORKER_LACKS_MODEL, WORKER_LACKS_NODE
from reelc_runtime.comfy import ComfyClient
from reelc_runtime.run.differences import differences
from reelc_runtime.run.faults import Locator, RunFault

# What ComfyUI lets pass in silence, and what a node does then is not what was planned: it fails after everything
# before it was rendered (a failure, of any type), or it works with other settings (a warning of these types).
SILENT_DIFFERENCES = frozenset({"unknown_input", "stale_input", "slot_overflow", "dynamic_key", "slot_gap"})
# How many classes are asked for at a time: one request each, so that a worker with thousands of
# nodes need not describe them all.
AT_ONCE = 4


async def match(
    plan: Plan,
    job: Job,
    client: ComfyClient,
    engine: str,
    catalog: Catalog | None,
    locator: Locator,
    known: dict[str, dict[str, Any] | None],
) -> dict[str, Any]:
    """What a worker is, if it can do a job: ``{"comfyui", "device", "vram"}``, memory in bytes or None.

    Args:
        engine: ``render`` or ``preview``.
        catalog: the plan's, or None to skip matching (the embedded worker needs none).
        known: the worker's schemas as far as they were asked for; more are added.

    Raises:
        RunFault: it cannot: E0703, E0704, E0709, E0715.
        ComfyError: it does not say.
    """
    stats = await client.system_stats()
    if (engine == "preview") != (stats.engine == "preview"):
        # A preview is never sold as a render, nor a render paid for where a preview was asked for.
        is_a = "a preview worker, which renders nothing" if engine == "render" else "no preview worker"
        raise RunFault(
            Diagnostic(
                code=NO_WORKER,
                message=f"{client.url} is {is_a}",
                help=("name a ComfyUI server, or call `reelc preview`",),
            )
        )
    if catalog is not None:
        found = findings(plan, job, client.url, await schemas(client, job, known), catalog, locator)
        if found:
            raise RunFault(*found)
    device = next((d for d in stats.devices if d.type != "cpu"), None)
    return {
        "comfyui": stats.version,
        "device": device.name if device is not None else "cpu",
        "vram": device.vram_total if device is not None else None,
    }


async def schemas(
    client: ComfyClient, job: Job, known: dict[str, dict[str, Any] | None]
) -> dict[str, dict[str, Any] | None]:
    """What the worker says of each class that the job uses; None for one that it does not have.

    Args:
        known: what it has said already; what it says now is added.
    """
    names = sorted({node["class_type"] for node in job.graph.values()})
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(name: str) -> None:
        async with gate:
            known[name] = await client.object_info(name)

    try:
        async with asyncio.TaskGroup() as group:
            for name in names:
                if name not in known:
                    group.create_task(ask(name))
    except ExceptionGroup as several:
        # Whoever calls knows one worker with one trouble.
        raise several.exceptions[0] from None
    return {name: known[name] for name in names}


def findings(
    plan: Plan, job: Job, worker: str, found: Mapping[str, dict[str, Any] | None], catalog: Catalog, locator: Locator
) -> list[Diagnostic]:
    """Everything that keeps a worker from doing a job: nodes, models, schemas that differ.

    Args:
        found: from :func:`schemas`.
        catalog: the plan's, or one that knows the same of the classes that it has: what a worker does not say.
    """
    out = [_lacks_node(plan, job, worker, node, found, locator) for node in _first_of_missing(job, found)]
    if out:
        return out
    described = {name: info for name, info in found.items() if info is not None}
    here = from_dump(described, (catalog, *bundled_for(catalog.comfyui)), name=worker).catalog()
    models = {(m.node, m.field): m for m in _all_models(job)}
    uploads = {(u.node, u.field) for u in job.uploads} | {(a.node, a.field) for a in job.artifacts_in}
    verdict = validate(job.graph, here)
    for error in verdict.errors:
        place = (error.node or "", error.input or "")
        if place in uploads:
            continue
        if place in models and error.type == "value_not_in_list":
            out.append(_lacks_model(job, worker, models[place], locator))
        else:
            out.append(
                locator.at(
                    WORKER_DIFFERS,
                    f"{worker} would refuse this node: {error.message}",
                    job.id,
                    error.node,
                    f"the plan was made for ComfyUI {plan.catalog.comfyui}; update the worker, or compile for it: "
                    f"`reelc catalog pull --worker {worker} -o worker.catalog`, then the same command with "
                    "`--catalog worker.catalog`",
                    notes=(f"ComfyUI calls this {error.type}",),
                )
            )
    return out or _other_classes(plan, job, worker, verdict, catalog, here, locator)


def _other_classes(
    plan: Plan, job: Job, worker: str, verdict: Verdict, catalog: Catalog, here: Catalog, locator: Locator
) -> list[Diagnostic]:
    """What a worker would take and do otherwise: its classes are not those that the plan was made for.

    One finding a node: a node that has changed has changed in several inputs.
    """
    found: dict[str, str] = {}
    if catalog.sha256 == plan.catalog.sha256:
        for node, change in differences(job.graph, catalog, here):
            found[node] = f"{change.path} {change.text}"
    # What holds for the plan's own catalog too is the user's, and was said by `check`.
    before = validate(job.graph, catalog)
    planned = {(n.type, n.node, n.input) for n in (*before.failures, *before.warnings)}
    for notice in (*verdict.failures, *(w for w in verdict.warnings if w.type in SILENT_DIFFERENCES)):
        if (notice.type, notice.node, notice.input) not in planned:
            found.setdefault(notice.node, notice.message)
    return [
        locator.at(
            WORKER_DIFFERS,
            f"{worker} has another `{job.graph[node]['class_type']}` than was planned for: {text}",
            job.id,
            node,
            f"compile for this worker: `reelc catalog pull --worker {worker} -o worker.catalog`, then the same command "
            "with `--catalog worker.catalog`",
            notes=(
                f"the plan was made for ComfyUI {plan.catalog.comfyui} as the catalog {plan.catalog.name} describes it",
                "the worker would accept the job, and fail or do something else when it comes to this node",
            ),
        )
        for node, text in found.items()
    ]


def low_vram(job: Job, worker: str, name: str, vram: int | None) -> list[Diagnostic]:
    """A warning when the GPU is smaller than the stages' estimate."""
    if job.needs.vram is None or vram is None or vram >= job.needs.vram:
        return []
    return [
        Diagnostic(
            code=LOW_VRAM,
            message=f"{worker} has {bytes_text(vram)} of GPU memory ({name}), "
            f"and the job is estimated to need {bytes_text(job.needs.vram)}",
            notes=("ComfyUI may still manage, by moving models in and out; it is slower then",),
        )
    ]


def _first_of_missing(job: Job, found: Mapping[str, Any]) -> list[str]:
    """The first node of each class that the worker lacks."""
    seen: set[str] = set()
    out: list[str] = []
    for node_id, node in job.graph.items():
        name = node["class_type"]
        if found[name] is None and name not in seen:
            seen.add(name)
            out.append(node_id)
    return out


def _lacks_node(plan: Plan, job: Job, worker: str, node: str, found: Mapping[str, Any], locator: Locator) -> Diagnostic:
    name = job.graph[node]["class_type"]
    pack = next((p for p in job.needs.packs if name in p.classes), None)
    if pack is not None:
        # The catalog of a live server does not know where its packs come from.
        origin = f", from {pack.repo}" + (f" at commit {pack.commit}" if pack.commit else "") if pack.repo else ""
        help_ = f"install the node pack {pack.name} there{origin}"
    else:
        help_ = f"it belongs to ComfyUI itself: update the worker to {plan.catalog.comfyui}"
    return locator.at(WORKER_LACKS_NODE, f"{worker} does not have the node `{name}`", job.id, node, help_)


def _all_models(job: Job) -> list[Model]:
    """Every use of every model: a plan lists each file once, a graph may name it often."""
    from dataclasses import replace

    known = {m.file: m for m in job.needs.models}
    out: list[Model] = []
    for node_id, node in job.graph.items():
        for field, value in node["inputs"].items():
            if isinstance(value, str) and value in known:
                out.append(replace(known[value], node=node_id, field=field))
    return out


def _lacks_model(job: Job, worker: str, model: Model, locator: Locator) -> Diagnostic:
    size = bytes_text(model.bytes) if model.bytes is not None else "size unknown"
    licence = f"licence: {model.licence}" if model.licence else "licence unknown"
    if model.commercial not in (None, "yes"):
        licence += f" (commercial use: {model.commercial})"
    source = f"download it from {model.url}" if model.url else "reelc does not know where it can be downloaded"
    return locator.at(
        WORKER_LACKS_MODEL,
        f"{worker} does not have the model file `{model.file}`",
        job.id,
        model.node,
        f"{source} ({size}; {licence})",
        f"put it in the worker's folder models/{model.folder}",
    )

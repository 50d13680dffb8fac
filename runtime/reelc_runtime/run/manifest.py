"""``film.manifest.json``: what a film was made with, beside the film, so that it can be made again years later."""

from typing import Any

from reelc_compiler.canonical import sha256
from reelc_compiler.plan import Engine, Output, Plan

Json = dict[str, Any]
SCHEMA = 1


def manifest(plan: Plan, output: Output, engine: Engine, *, file: str, size: int, digest: str) -> Json:
    """What a film was made with. It names no time, no host and no path, so that the same film has the same one.

    Args:
        plan, output: what was carried out.
        engine: ``render``, or ``preview`` for an animatic.
        file: the film's name, or its folder's.
        size, digest: its bytes and SHA-256; of a folder those of all its files, and the hash of their hashes.
    """
    made = plan.made_with(output)
    makers = {a.id: job.id for job in plan.jobs for a in job.artifacts_out}
    ids = plan.with_earlier(makers[a] for a in output.made_of)
    jobs = [job for job in plan.jobs if job.id in ids]
    models = {(m.folder, m.file): m for job in jobs for m in job.needs.models}
    packs = {p.name: p for job in jobs for p in job.needs.packs}
    used = {u.input for job in jobs for u in job.uploads}
    if output.sound is not None and output.sound.input is not None:
        used.add(output.sound.input)
    licences: dict[str, list[str]] = {}
    for key in sorted(models):
        licences.setdefault(models[key].licence or "unknown", []).append("/".join(key))
    return {
        "schema": SCHEMA,
        "film": {
            "file": file,
            "bytes": size,
            "sha256": digest,
            "encode": output.encode.to_json(),
            "facts": output.facts.to_json(),
            "sound": None if output.sound is None else output.sound.to_json(),
        },
        "engine": engine,
        "pipeline": plan.pipeline,
        "plan": sha256(plan.to_json()),
        "variant": made.name or None,
        "params": dict(made.params),
        "takes": dict(made.takes),
        "comfyui": plan.catalog.comfyui,
        "catalog": {"name": plan.catalog.name, "sha256": plan.catalog.sha256},
        "jobs": [{"id": job.id, "key": job.keys[engine]} for job in jobs],
        "inputs": [{"path": i.path, "bytes": i.bytes, "sha256": i.sha256} for i in plan.inputs if i.id in used],
        "models": [
            {
                "folder": models[key].folder,
                "file": models[key].file,
                "sha256": models[key].sha256,
                "licence": models[key].licence,
                "commercial": models[key].commercial,
            }
            for key in sorted(models)
        ],
        "licences": licences,
        "packs": [{"name": p.name, "repo": p.repo, "commit": p.commit} for _, p in sorted(packs.items())],
    }


def name_of(file: str) -> str:
    """What the manifest of a film is called: ``film.manifest.json`` for ``film.mp4``, and for the folder ``film``."""
    stem, dot, suffix = file.rpartition(".")
    # A preview's folder is called film.preview, which is no ending.
    return f"{stem if dot and suffix != 'preview' else file}.manifest.json"

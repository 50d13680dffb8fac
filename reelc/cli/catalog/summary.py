"""A catalog in a few lines, or as JSON."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelc.cli.schemas import origin

if TYPE_CHECKING:
    from reelc_compiler.catalog import Catalog, PackInfo


def facts(catalog: "Catalog", path: Path | None) -> dict[str, Any]:
    """A catalog as JSON; its file when it is in one."""
    counts: dict[str, int] = dict.fromkeys(catalog.packs, 0)
    for name in catalog.class_names():
        schema = catalog.get(name)
        if schema is not None:
            counts[schema.pack] += 1
    return {
        "name": catalog.name,
        "file": None if path is None else path.as_posix(),
        "comfyui": catalog.comfyui,
        "sha256": catalog.sha256,
        "classes": len(catalog),
        "packs": [{**_pack(pack), "classes": counts[pack.name]} for pack in catalog.packs.values()],
    }


def _pack(pack: "PackInfo") -> dict[str, Any]:
    return {"name": pack.name, "repo": pack.repo, "commit": pack.commit}


def summary(catalog: dict[str, Any]) -> list[str]:
    """A catalog in lines, from its facts and ``default``."""
    where = "in reelc" + (", the default" if catalog["default"] else "")
    if catalog["file"] is not None:
        where = f"--catalog {catalog['file']}"
    lines = [
        f"{catalog['name']} ({where})",
        f"  ComfyUI {catalog['comfyui'] or 'of an unknown version'}, {catalog['classes']} node classes, "
        f"sha256 {catalog['sha256'][:12]}",
    ]
    width = max((len(p["name"]) for p in catalog["packs"]), default=0)
    for pack in catalog["packs"]:
        lines.append(f"  {pack['name']:<{width}}  {pack['classes']:>4}  {origin(pack['repo'], pack['commit'])}")
    return lines

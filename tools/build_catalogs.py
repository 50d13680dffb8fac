"""Rewrite the bundled node catalog from a folder of captured schemas.

    python tools/build_catalogs.py CAPTURES [--pack NAME ...] [--out FOLDER]

CAPTURES holds one JSON file a pack: a header (ComfyUI's version, repository, commit) and its classes. The server's
table of renamed classes is looked for beside the folder. The catalog is named after ComfyUI's version. A test checks
that the bundled file is what this makes of the captures.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reelc_compiler.catalog.compact import compact_class
from reelc_compiler.catalog.write import catalog_text

BUNDLED = Path(__file__).resolve().parent.parent / "compiler" / "reelc_compiler" / "data" / "catalogs"
PACKS = (
    "core",
    "ComfyUI-CogVideoXWrapper",
    "ComfyUI-Frame-Interpolation",
    "ComfyUI-KJNodes",
    "ComfyUI-VideoHelperSuite",
)


def build(captures: Path, packs: Sequence[str] = PACKS) -> tuple[str, bytes]:
    """The catalog's name and its file's bytes."""
    headers: dict[str, dict[str, str]] = {}
    records: dict[str, dict[str, Any]] = {}
    versions: set[str] = set()
    for pack in sorted(packs):
        capture = json.loads((captures / f"{pack}.json").read_text("utf-8"))
        header = capture["_header"]
        versions.add(header["comfyui"])
        headers[pack] = {"repo": header["repo"], "commit": header["commit"]}
        for class_type, raw in capture["nodes"].items():
            if class_type in records:
                raise SystemExit(f"`{class_type}` is in {records[class_type]['pack']} and in {pack}")
            records[class_type] = compact_class(raw, pack)
    if len(versions) != 1:
        raise SystemExit(f"the captures are of different versions: {sorted(versions)}")
    version = versions.pop()
    name = f"comfyui-{version}"
    renames = captures.parent / f"node_replacements-{version}.json"
    replacements: dict[str, Any] = json.loads(renames.read_text("utf-8")) if renames.is_file() else {}
    return name, catalog_text(name, version, headers, records, replacements)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("captures", type=Path)
    parser.add_argument("--pack", action="append", help="repeatable; the default is core and the bundled packs")
    parser.add_argument("--out", type=Path, default=BUNDLED)
    args = parser.parse_args()
    name, text = build(args.captures, args.pack or PACKS)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / f"{name}.catalog").write_bytes(text)


if __name__ == "__main__":
    main()

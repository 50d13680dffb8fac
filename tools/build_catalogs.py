"""Rewrite a bundled node catalog from a folder of captured schemas.

    python tools/build_catalogs.py CAPTURES [--out FOLDER]

CAPTURES holds one JSON file a pack: a header (ComfyUI's version, repository, commit) and its classes. The server's
table of renamed classes is looked for beside the folder. The catalog is named after ComfyUI's version. A test checks
that the bundled files are what this makes of the captures.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from reelc_compiler.catalog.compact import compact_class
from reelc_compiler.catalog.write import catalog_text, pack_of

BUNDLED = Path(__file__).resolve().parent.parent / "compiler" / "reelc_compiler" / "data" / "catalogs"
CORE = "core"


def build(captures: Path) -> tuple[str, bytes]:
    """The catalog's name and its file's bytes."""
    headers: dict[str, dict[str, str]] = {}
    records: dict[str, dict[str, Any]] = {}
    versions: set[str] = set()
    for path in sorted(captures.glob("*.json")):
        capture = json.loads(path.read_text("utf-8"))
        header = capture["_header"]
        versions.add(header["comfyui"])
        for class_type, raw in capture["nodes"].items():
            # As a server tells it: the nodes of paid services are ComfyUI's own.
            pack = pack_of(raw)
            if class_type in records:
                raise SystemExit(f"`{class_type}` is in {records[class_type]['pack']} and in {pack}")
            records[class_type] = compact_class(raw, pack)
            origin = {"repo": header["repo"], "commit": header["commit"]}
            if headers.setdefault(pack, origin) != origin:
                raise SystemExit(f"{path.name}: `{class_type}` is of {pack}, which comes from elsewhere")
    if len(versions) != 1:
        raise SystemExit(f"the captures are of different versions: {sorted(versions)}")
    # The example among the custom nodes lies in ComfyUI's own repository.
    headers = {name: origin if "/" in origin["repo"] else headers[CORE] for name, origin in headers.items()}
    version = versions.pop()
    name = f"comfyui-{version}"
    renames = captures.parent / f"node_replacements-{version}.json"
    replacements: dict[str, Any] = json.loads(renames.read_text("utf-8")) if renames.is_file() else {}
    return name, catalog_text(name, version, headers, records, replacements)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("captures", type=Path)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    args = parser.parse_args()
    name, text = build(args.captures)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / f"{name}.catalog").write_bytes(text)


if __name__ == "__main__":
    main()

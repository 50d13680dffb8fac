"""Every entry of the model registry is one that a command can use, and says no more than is known."""

import json
import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

import reelc_compiler.catalog.models as registry
from reelc_compiler.catalog import DEFAULT, ModelInfo, known_models, load_catalog

ENTRIES = known_models()
FIELDS = {"file", "folder", "url", "bytes", "bytes_exact", "sha256", "licence", "commercial", "gated", "source"}
# Files that node packs keep in folders of their own.
OWN = ("models/", "custom_nodes/")


def _name(info: ModelInfo) -> str:
    return f"{info.folder}/{info.file}"


@pytest.mark.parametrize("info", ENTRIES, ids=_name)
def test_an_entry_is_well_formed(info: ModelInfo) -> None:
    for part in (info.folder, info.file):
        path = PurePosixPath(part)
        assert path.parts
        assert not path.is_absolute()
        assert not {"..", "."} & set(part.split("/"))
    if info.url is not None:
        url = urlsplit(info.url)
        assert (url.scheme, url.query, url.username) == ("https", "", None)
        assert url.path.endswith("/" + PurePosixPath(info.file).name)
    assert info.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", info.sha256)
    # From a small upscaler to the largest checkpoint that is distributed as one file.
    assert info.bytes is None or 10**6 < info.bytes < 10**11
    assert not (info.bytes_exact and info.bytes is None)
    assert info.commercial in ("yes", "limited", "no")
    assert info.licence
    assert info.source
    if info.commercial != "yes":
        assert info.note, "a limit is said"
    assert list(info.excludes) == sorted(set(info.excludes), key=list(info.excludes).index)


def test_a_folder_is_one_that_comfyui_has() -> None:
    catalog = load_catalog(DEFAULT)
    schemas = [schema for name in catalog.class_names() if (schema := catalog.get(name)) is not None]
    folders = {entry.files for schema in schemas for entry in schema.inputs if entry.files is not None}
    assert [_name(i) for i in ENTRIES if i.folder not in folders and not i.folder.startswith(OWN)] == []


def test_the_file_has_one_form() -> None:
    text = registry._DATA.read_text("utf-8")  # pyright: ignore[reportPrivateUsage]
    value = json.loads(text)
    assert text == json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    keys = [(entry["folder"], entry["file"]) for entry in value["models"]]
    assert keys == sorted(set(keys))
    for entry in value["models"]:
        assert FIELDS <= set(entry) <= FIELDS | {"note", "excludes", "named"}

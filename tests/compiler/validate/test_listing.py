"""Which files are there, known from nothing but the choices in a server's ``/object_info``."""

from typing import Any

import pytest

from reelc_compiler.catalog import Catalog, load_catalog
from reelc_compiler.target.comfyui.listing import known_files
from reelc_compiler.target.comfyui.validate import validate


def loader(field: str, *files: str, **options: Any) -> dict[str, Any]:
    return {
        "input": {"required": {field: [list(files), options]}},
        "output": ["IMAGE"],
        "output_node": True,
        "python_module": "nodes",
    }


DUMP = {
    "LoadImage": loader("image", "end.png", "start.png", image_upload=True),
    "VHS_LoadVideo": loader("video", "clip.webm", "seg_000.mp4"),
    "LoadImageOutput": {
        **loader("image"),
        "input": {"required": {"image": ["COMBO", {"image_upload": True, "image_folder": "output", "remote": {}}]}},
    },
}
VALIDATORS = {
    "LoadImage": {"args": ["s", "image"]},
    "VHS_LoadVideo": {"args": ["s", "video"]},
    "LoadImageOutput": {"args": ["s", "image"]},
}
CATALOG = Catalog.from_object_info(DUMP, VALIDATORS)


def judge(name: str, class_type: str = "LoadImage", field: str = "image") -> tuple[list[str], list[str]]:
    got = validate({"n": {"class_type": class_type, "inputs": {field: name}}}, CATALOG)
    return [e.type for e in got.errors], [w.type for w in got.warnings]


MISSING: tuple[list[str], list[str]] = ["custom_validation_failed"], []
THERE: tuple[list[str], list[str]] = [], []
UNKNOWN: tuple[list[str], list[str]] = [], ["unknown_file"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("start.png", THERE),
        ("START.PNG", MISSING),
        ("nope.png", MISSING),
        ("nope.webm", MISSING),
        ("start.png [input]", THERE),
        ("nope.png [input]", MISSING),
        ("start.png [output]", UNKNOWN),
        ("./start.png", THERE),
        ("sub/../start.png", THERE),
        ("/srv/comfy/input/start.png", THERE),
        ("clip.webm", ([], ["file_kind"])),
        ("sub/deep.png", UNKNOWN),
        ("sub", UNKNOWN),
        ("notes.txt", UNKNOWN),
        ("", THERE),
        ("../secret.png", MISSING),
        ("..\\secret.png", MISSING),
        ("/etc/passwd", MISSING),
        ("sub/\0.png", MISSING),
        ("\ud800", MISSING),
        ("x" * 300, MISSING),
    ],
)
def test_a_name(name: str, expected: tuple[list[str], list[str]]):
    assert judge(name) == expected


def test_a_class_that_does_not_say_that_it_uploads():
    assert judge("seg_000.mp4", "VHS_LoadVideo", "video") == THERE
    assert judge("seg_001.mp4", "VHS_LoadVideo", "video") == MISSING
    assert judge("seg_001.mkv", "VHS_LoadVideo", "video") == UNKNOWN


def test_the_output_folders_list_is_not_the_input_folders():
    assert judge("nope.png", "LoadImageOutput") == MISSING
    alone = Catalog.from_object_info({"LoadImageOutput": DUMP["LoadImageOutput"]}, VALIDATORS)
    assert known_files(alone) is None


def test_a_catalog_that_was_pulled_to_be_kept_knows_no_files():
    dump = {**DUMP, "TheirLoader": loader("image", "start.png", image_upload=True)}
    kept = Catalog.from_object_info(dump).without_lists()
    assert known_files(kept) is None
    assert known_files(CATALOG) is not None


def test_what_was_probably_meant():
    got = validate({"n": {"class_type": "LoadImage", "inputs": {"image": "strat.png"}}}, CATALOG)
    assert got.errors[0].suggestions == ("start.png",)


def test_an_empty_folder_has_no_pictures():
    empty = Catalog.from_object_info({"LoadImage": loader("image", image_upload=True)}, VALIDATORS)
    got = validate({"n": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}}, empty)
    assert [e.type for e in got.errors] == ["custom_validation_failed"]


def test_the_packages_catalogs_know_no_servers_files():
    assert known_files(load_catalog()) is None
    graph = {
        "n": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "p": {"class_type": "PreviewImage", "inputs": {"images": ["n", 0]}},
    }
    got = validate(graph, load_catalog())
    assert (got.verdict, got.warnings) == ("accepted", ())

"""A server's answer in a file: single classes are read, and are what the whole catalog has."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from comfy_stub import object_info, own_class

from reelc_compiler.catalog import Catalog, answer, bundled_for
from reelc_compiler.catalog.answer import catalog_of_answer
from reelc_compiler.catalog.dump import from_dump
from reelc_compiler.target.comfyui.validate import validate

ROOT = Path(__file__).resolve().parents[3]
RECORDED = Path(os.environ.get("REELC_SHARED", ROOT.parent / "shared")) / "protocol" / "verdicts" / "object_info.json"
BROKEN = {"input": {"required": {"a": ["INT", {"min": "low"}]}}, "output": 3}


def dumps() -> list[dict[str, Any]]:
    """The film's classes, with some of only this server, one of them unreadable; and the recorded ones."""
    upload = {"input": {"required": {"a": [["x.png"], {"image_upload": True}]}}, "output": ["IMAGE"]}
    found = [{**object_info(), "Own": own_class(), "Own Upload": upload, "Broken\n": BROKEN}]
    return [*found, json.loads(RECORDED.read_text("utf-8"))] if RECORDED.is_file() else found


@pytest.mark.parametrize("dump", dumps(), ids=lambda d: f"{len(d)} classes")
def test_single_classes_are_those_of_the_whole(dump: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = from_dump(dump, bundled_for(""), name="mine").catalog()

    def all_of_it(*_: Any, **__: Any) -> Any:
        pytest.fail("everything was read")

    with monkeypatch.context() as patch:
        patch.setattr(answer, "from_dump", all_of_it)
        catalog = catalog_of_answer(json.dumps(dump).encode(), "mine")
        for name in [*dump, "Nothing", ""]:
            assert catalog.get(name) == whole.get(name), name
            assert (name in catalog) is (name in whole), name
        for words in (('"upload"',), ('"validate"',), ('"upload"', '"validate"')):
            assert list(catalog.mentioning(*words)) == list(whole.mentioning(*words))
        graph = {"1": {"class_type": "LoadImage", "inputs": {"image": "harbor.jpg"}}}
        assert validate(graph, catalog).status == 400
    assert 3 not in catalog
    assert facts(catalog) == facts(whole)
    assert catalog.get("LoadImage") == whole.get("LoadImage")


def facts(catalog: Catalog) -> tuple[Any, ...]:
    """What only the whole knows."""
    return (
        (catalog.name, catalog.comfyui, catalog.sha256, catalog.packs, catalog.replacements, catalog.left_out),
        (catalog.class_names(), len(catalog), catalog.opaque_types(), catalog.record("LoadImage")),
        (catalog.without_lists().sha256, catalog.without_lists().get("LoadImage")),
    )


def test_what_a_catalog_does_not_have_is_no_attribute_of_this_one() -> None:
    catalog: Any = catalog_of_answer(json.dumps(object_info()).encode(), "mine")
    with pytest.raises(AttributeError, match="colour"):
        _ = catalog.colour
    assert not hasattr(catalog, "__json__")
    assert catalog.sha256
    with pytest.raises(AttributeError, match="colour"):
        _ = catalog.colour


def test_many_classes_are_found_as_few_are() -> None:
    text = from_dump(object_info(), bundled_for(""), name="mine").text
    many = Catalog(text)
    for name in [*(f"Nothing {i}" for i in range(40)), *many.class_names(), "", "Load", "a\tb", "a\nb", "\ud800"]:
        assert many.get(name) == Catalog(text).get(name), name

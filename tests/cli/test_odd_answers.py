"""Answers of servers with something wrong in them, anywhere: a film compiles against them or draws errors."""

import copy
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli.test_catalog import FILM, ROOT
from comfy_stub import object_info, own_class

from reelc.api import check_project
from reelc.comparing import compare
from reelc_compiler.catalog import load_catalog
from reelc_compiler.catalog.answer import catalog_of_answer
from reelc_compiler.catalog.check import BrokenCatalog
from reelc_compiler.loader import Project

SOUND = {**object_info(), "Own": own_class()}
ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, float("nan"), float("inf"), 10**30, "", "x", "\ud800", [], {}, [[]], [None], ["a", {}]),
    *("COMBO", "INT", "*", "IMAGE,INT", "COMFY_DYNAMICCOMBO_V3", "COMFY_AUTOGROW_V3", "COMFY_MATCHTYPE_V3", "mp4"),
    {"options": []},
    {"required": {}},
    {"template": {"input": {"required": {"x": ["IMAGE", {}]}}, "names": ["a"], "min": 0}},
    {"options": [{"key": "k", "inputs": {"required": {"z": ["INT", {}]}}}]},
    ["COMBO", {"options": [1, None, "a"]}],
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, member in inner for place in ((*path, key), *places(member, (*path, key)))]


PLACES = places(SOUND)


def spoilt(chance: random.Random) -> dict[str, Any]:
    """The sound answer with one to four values gone, replaced, or more than there should be."""
    answer = copy.deepcopy(SOUND)
    for place in chance.choices(PLACES, k=chance.choice((1, 1, 2, 4))):
        try:
            holder: Any = answer
            for key in place[:-1]:
                holder = holder[key]
            match chance.random():
                case dice if dice < 0.15:
                    del holder[place[-1]]
                case dice if dice < 0.3 and isinstance(holder, dict):
                    holder[chance.choice(["new", *holder])] = chance.choice(ODD)
                case _:
                    holder[place[-1]] = chance.choice(ODD)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return answer


@pytest.mark.parametrize("seed", range(8))
def test_an_odd_answer_ends_no_command(seed: int, tmp_path: Path) -> None:
    film = tmp_path / "film.reel"
    film.write_text(FILM, "utf-8")
    shutil.copy(ROOT / "examples" / "dandelion.jpg", tmp_path)
    chance = random.Random(seed)
    for _ in range(12):
        try:
            catalog = catalog_of_answer(json.dumps(spoilt(chance)).encode(), "odd")
        except BrokenCatalog:
            continue
        check_project(Project(film), overrides={}, pipeline=None, catalog=catalog)
        compare(load_catalog(), catalog, film)

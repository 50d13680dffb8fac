"""One page for each code; its examples do what the page says."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

import reelc
from reelc_dsl.diagnostics.codes import CODES

PAGES = Path(__file__).parent.parent / "docs" / "diagnostics"
EXAMPLE = re.compile(r"<!-- (wrong|right) -->\n```reel\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    cv2.imwrite(str(folder / "photo.png"), np.zeros((900, 1600, 3), np.uint8))
    return folder


def test_every_code_has_one_page_and_every_page_a_code() -> None:
    assert {p.stem for p in PAGES.glob("*.md")} == {*CODES, "README"}


def test_the_index_lists_all_codes() -> None:
    index = (PAGES / "README.md").read_text("utf-8")
    for code in CODES.values():
        assert f"| [{code.code}]({code.code}.md) | {code.name} | {code.summary} |" in index


@pytest.mark.parametrize("code", CODES)
def test_page(code: str, folder: Path) -> None:
    text = (PAGES / f"{code}.md").read_text("utf-8")
    assert text.startswith(f"# {code}: {CODES[code].name}\n\n{CODES[code].summary}\n")
    for kind, example in EXAMPLE.findall(text):
        path = folder / f"{code}.reel"
        path.write_text(example, "utf-8")
        found = [d.code.code for d in reelc.check(path)]
        if kind == "wrong":
            assert code in found, f"the wrong example gives {found}"
        else:
            assert code not in found
            assert not [c for c in found if c.startswith("E")], f"the right example gives {found}"

"""Bring the ```reel examples in the documentation into Reel's layout; a test checks that they are."""

import re
from pathlib import Path

import reelc

ROOT = Path(__file__).resolve().parent.parent
# The examples in docs/diagnostics are as short as can be, and many are wrong on purpose.
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
EXAMPLE = re.compile(r"(?<=^```reel\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def formatted(page: str) -> str:
    """The text of a page with its examples laid out.

    Raises:
        ReelError: an example has syntax errors.
    """
    return EXAMPLE.sub(lambda found: reelc.format(found.group()), page)


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(formatted(path.read_text("utf-8")), "utf-8")

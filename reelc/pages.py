"""The pages of the diagnostics, ``docs/diagnostics/<CODE>.md``: a wheel carries copies, a checkout has them."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# pyproject.toml puts the first one into the wheel; an editable install finds the second.
FOLDERS = (_PACKAGE / "data" / "diagnostics", _PACKAGE.parent / "docs" / "diagnostics")


def page(code: str) -> str | None:
    """A code's page in Markdown; None when the installation lacks it."""
    for folder in FOLDERS:
        try:
            return (folder / f"{code}.md").read_text("utf-8")
        except OSError:
            continue
    return None

"""Options and fixtures that all tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files (never in CI)")


@pytest.fixture
def examples() -> Path:
    """The folder of the example programs."""
    return ROOT / "examples"

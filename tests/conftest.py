"""Options and fixtures that all tests share."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

# No test fails by the clock.
settings.register_profile("reelc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("reelc")

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files (never in CI)")


@pytest.fixture
def examples() -> Path:
    """The folder of the example programs."""
    return ROOT / "examples"

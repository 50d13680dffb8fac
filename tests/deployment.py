"""The deployment's files, read once for all tests of them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILE = ROOT / "docker-compose.yml"
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))


def compose() -> dict[str, Any]:
    """docker-compose.yml with anchors resolved and variables as they stand."""
    return yaml.safe_load(COMPOSE_FILE.read_text("utf-8"))


def env_example() -> dict[str, str]:
    """The settings of .env.example: all are commented out, and show their default or an example."""
    text = (ROOT / ".env.example").read_text("utf-8")
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its lines joined."""

    name: str
    arguments: str


def instructions(path: Path) -> list[Instruction]:
    """A Dockerfile's instructions in order, without comments."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    parts = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [Instruction(name, rest[0] if rest else "") for name, *rest in parts]


def arguments(path: Path) -> dict[str, str | None]:
    """A Dockerfile's ARGs with their defaults."""
    found: dict[str, str | None] = {}
    for one in instructions(path):
        if one.name == "ARG":
            name, equals, default = one.arguments.partition("=")
            found[name] = default if equals else None
    return found

"""The documentation agrees with the program: examples check, commands and options are described, links lead on."""

import re
import struct
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import click
import pytest
from recordings import write_film, write_sound

from reelc import api
from reelc.cli.app import COMMANDS, app

ROOT = Path(__file__).resolve().parent.parent
# The pages that describe commands and options.
COMMAND_PAGES = tuple(ROOT / "docs" / f"{name}.md" for name in ("running", "catalogs", "importing", "models"))
RUNNING = "\n".join(page.read_text("utf-8") for page in COMMAND_PAGES)
# Pages in docs/diagnostics have tests of their own, for their examples are wrong on purpose.
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").glob("*.md"))]
SOURCES = ("reelc", "runtime", "compiler", "dsl")

FENCE = re.compile(r"(?P<before>[^\n]*\n)?^```reel\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r'"([^"\n]+\.(?:png|jpg|jpeg|webp|bmp))"')
FILM = re.compile(r'"([^"\n/]+\.(?:mp4|mov))"')
SOUND = re.compile(r'"([^"\n/]+\.(?:wav|flac))"')
GRAPH = re.compile(r'"([^"\n/]+\.json)"')
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Example:
    """A program in a page: where it is and what it says."""

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def examples(page: Path) -> list[Example]:
    """The complete programs of a page that are meant to be right."""
    content = page.read_text("utf-8")
    found: list[Example] = []
    for match in FENCE.finditer(content):
        before, text = match["before"] or "", match["text"]
        if "<!-- wrong -->" in before or not re.search(r"^\s*(pipeline|stage)\b", text, re.MULTILINE):
            continue
        found.append(Example(page, content.count("\n", 0, match.start("text")) + 1, text))
    return found


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


ALL = [example for page in PAGES for example in examples(page)]


@pytest.mark.parametrize("example", ALL, ids=str)
def test_examples_have_no_errors(example: Example, tmp_path: Path) -> None:
    for name in PICTURE.findall(example.text):
        picture = tmp_path / name
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(png(1600, 900))
    for name in FILM.findall(example.text):
        write_film(tmp_path / name, 96, size=(640, 480))
    for name in SOUND.findall(example.text):
        write_sound(tmp_path / name, Fraction(2))
    for name in GRAPH.findall(example.text):
        (tmp_path / name).write_bytes((ROOT / "tests" / "corpus" / "graph.json").read_bytes())
    file = tmp_path / "example.reel"
    file.write_text(example.text, "utf-8")
    wrong = [f"{d.code.code} {d.message}" for d in api.check(file) if d.is_error]
    assert not wrong


def test_there_are_examples() -> None:
    assert len(examples(ROOT / "docs" / "language.md")) >= 8
    assert examples(ROOT / "README.md")


# -- commands --------------------------------------------------------------------------------


def command(name: str) -> click.Command:
    found = app.get_command(click.Context(app), name)
    assert found is not None
    return found


def every_command() -> dict[str, click.Command]:
    """All commands and those inside groups, ``catalog show``."""
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        found[name] = group = command(name)
        if isinstance(group, click.Group):
            context = click.Context(group)
            inner = {f"{name} {sub}": group.get_command(context, sub) for sub in group.list_commands(context)}
            found |= {sub: c for sub, c in inner.items() if c is not None}
    return found


EVERY = every_command()


@pytest.mark.parametrize("name", EVERY)
def test_commands_are_described(name: str) -> None:
    assert EVERY[name].help
    assert all(p.help for p in EVERY[name].params if isinstance(p, click.Option))
    assert re.search(rf"^###? `reelc {name}", RUNNING, re.MULTILINE)


@pytest.mark.parametrize("name", EVERY)
def test_options_are_described(name: str) -> None:
    text = RUNNING
    options = {o for p in EVERY[name].params if isinstance(p, click.Option) for o in (*p.opts, *p.secondary_opts)}
    missing = sorted(o for o in options if not re.search(rf"(?<![\w-]){re.escape(o)}(?![\w-])", text))
    assert not missing


def test_described_options_exist() -> None:
    known = {o for c in EVERY.values() for p in c.params for o in (*p.opts, *p.secondary_opts)}
    known |= {"--help", "--version"}
    described = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", RUNNING))
    # ComfyUI's own switches are spoken of, too.
    assert described - known <= {"--max-upload-size", "--listen"}


def test_environment_variables_are_described() -> None:
    named: set[str] = set()
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r"\"(REELC_[A-Z_]+|(?:NO|FORCE)_COLOR)\"", path.read_text("utf-8")))
    assert {"REELC_WORKER", "REELC_WORKER_TOKEN", "NO_COLOR"} <= named
    text = RUNNING
    assert not sorted(name for name in named if f"`{name}`" not in text)


def test_events_are_described() -> None:
    from reelc_runtime.run import events

    text = RUNNING
    kinds = [k for k in vars(events).values() if isinstance(k, type) and issubclass(k, events.Event)]
    names = [re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower() for kind in kinds if kind is not events.Event]
    running = (ROOT / "reelc" / "cli" / "running.py").read_text("utf-8")
    names += re.findall(r'"event": "([a-z-]+)"', running)
    assert not sorted(name for name in names if f"`{name}`" not in text)


# -- links -----------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """What a page's headings are called in links, as GitHub makes it."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ +(.+)$", page.read_text("utf-8"), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        found.add(plain.replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", LINKED, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken: list[str] = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert not broken

"""API-format graphs from files: read, judged against a catalog, with the lines of the programs that made them."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reelc_compiler.catalog import Catalog
from reelc_compiler.target.comfyui.judgement import Judgement, Line, judge
from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import FILE_TOO_LARGE, UNREADABLE_FILE

MAX_BYTES = 64 * 2**20
STDIN = Path("-")


def graphs_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that are meant: a plan's folder stands for the graphs of its jobs."""
    for path in paths:
        if path.name == "plan.json":
            path = path.parent
        if (path / "plan.json").is_file():
            yield from sorted((path / "jobs").glob("*.json"))
        else:
            yield path


def validate_file(path: Path, catalog: Catalog) -> Judgement:
    """Judge the graph in a file; ``-`` is the standard input.

    Raises:
        ReelError: E0101 or E0103 when there is nothing to judge.
    """
    name = "<stdin>" if path == STDIN else path.as_posix()
    return judge(name, _read(path, name), catalog, _made_by(path))


def validate_value(graph: Mapping[str, Any], catalog: Catalog) -> Judgement:
    """Judge a graph that is in no file."""
    return judge("<graph>", json.dumps(graph, indent=2).encode(), catalog)


def _read(path: Path, name: str) -> bytes:
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        help_ = "name a file in ComfyUI's API format, or a folder that `reelc compile` wrote"
        raise _fault(
            Diagnostic(code=UNREADABLE_FILE, message=f"`{name}` cannot be read: {reason}", help=(help_,))
        ) from None
    if len(data) > MAX_BYTES:
        raise _fault(Diagnostic(code=FILE_TOO_LARGE, message=f"`{name}` is larger than {MAX_BYTES // 2**20} MiB"))
    return data


def _fault(diagnostic: Diagnostic) -> ReelError:
    return ReelError([diagnostic])


def _made_by(path: Path) -> Mapping[str, Line]:
    """For each node of a plan's job the user's line that made it; empty for any other graph."""
    folder = path.parent.parent
    if path.parent.name != "jobs" or not (folder / "plan.json").is_file():
        return {}
    try:
        with (folder / "spans.json").open("rb") as file:
            spans: Any = json.loads(file.read(MAX_BYTES))
        return {node: line for node, stack in spans[path.stem].items() if (line := _line(stack)) is not None}
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        # The lines that it would give are a help; the verdict does without.
        return {}


def _line(stack: Any) -> Line | None:
    users = [p for p in stack if not p["library"]]
    return Line(str(users[-1]["file"]), int(users[-1]["line"]), int(users[-1]["column"])) if users else None

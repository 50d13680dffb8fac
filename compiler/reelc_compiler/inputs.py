"""What the compiler asks of the world about input files; the loader at the edge answers."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reelc_compiler.facts import Facts
from reelc_dsl.diagnostics import Code
from reelc_dsl.diagnostics.codes import MISSING_INPUT_FILE
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source

# By how many frames codecs decode out of order at most.
REORDERED = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class InputInfo:
    """An input file as ComfyUI will load it.

    Args:
        path: POSIX path relative to the project's folder.
        sha256, bytes: of the file's content.
        facts: of the whole file: a film has ``seconds`` beside its pictures where it has sound.
        advice: what speaks against using it, each a code, a sentence and what to do.
    """

    path: str
    sha256: str
    bytes: int
    facts: Facts
    advice: tuple[tuple[Code, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaged:
    """A module of stages that an installed package has.

    Args:
        source: its text, as a library's.
        name: what the package's stages are called by: the ``acme`` of ``use acme.film``.
        package, version: the package as it was installed.
    """

    source: Source
    name: str
    package: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a film or a sound turned out to be.

    Args:
        facts: of the whole file.
        even: whether the frames follow each other at one rate.
    """

    facts: Facts
    even: bool = True


class Unmeasured(Exception):
    """A file that is no film and no sound, or a damaged one; the text goes on after its name."""

    def __init__(self, message: str, *help_: str) -> None:
        self.help = help_
        super().__init__(message)


Measure = Callable[[Path], Measured]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file of rows.

    Args:
        path: POSIX path relative to the project's folder; what its cells name lies relative to it.
        rows: each with the line or the number by which people find it, and its cells by column: texts, in TOML and
            JSON also numbers, bools and lists.
    """

    path: str
    rows: tuple[tuple[int, Mapping[str, Any]], ...]


# The path of a table, or a pattern of paths, as written, and the key of the module that wrote it.
ReadTable = Callable[[str, str], Table]
FindFiles = Callable[[str, str], tuple[str, ...]]


class InputFault(Exception):
    """A file that cannot serve as an input: which problem, what to say, what to do."""

    def __init__(self, code: Code, message: str, *help_: str) -> None:
        self.code = code
        self.help = help_
        super().__init__(message)


# Path as written in the program, the key of the module that wrote it, and what is wanted (``image``, ``clip`` or
# ``audio``) to facts.
Probe = Callable[[str, str, str], InputInfo]


def no_table(path: str, module: str) -> Table:
    """Where programs have no folder, as in an import."""
    raise InputFault(MISSING_INPUT_FILE, f"there is no file `{path}`")


def no_files(pattern: str, module: str) -> tuple[str, ...]:
    """Where programs have no folder, as in an import."""
    raise InputFault(MISSING_INPUT_FILE, f"no file is like `{pattern}`")

"""What the compiler asks of the world about input files; the loader at the edge answers."""

from collections.abc import Callable

from reelc_dsl.diagnostics import Code
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureInfo:
    """A picture as ComfyUI will load it.

    Args:
        path: POSIX path relative to the project's folder.
        sha256, bytes: of the file's content.
        width, height: pixels, with the orientation tag applied.
    """

    path: str
    sha256: str
    bytes: int
    width: int
    height: int


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


class InputFault(Exception):
    """A file that cannot serve as an input: which problem, what to say, what to do."""

    def __init__(self, code: Code, message: str, *help_: str) -> None:
        self.code = code
        self.help = help_
        super().__init__(message)


# Path as written in the program, and the key of the module that wrote it, to facts.
Probe = Callable[[str, str], PictureInfo]

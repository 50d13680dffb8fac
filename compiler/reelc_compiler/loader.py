"""The edge: with ``measuring`` the one place in dsl and compiler that reads files. Everything else gets values."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from posixpath import dirname, join, normpath
from unicodedata import normalize

import reelc_dsl
from reelc_compiler.inputs import InputFault, InputInfo, Measure, Packaged, Table
from reelc_compiler.measuring import missing, nearest_file, picture, reason, recording, there
from reelc_compiler.sema.resolve import SourceProvider
from reelc_compiler.tables import TABLES, TableFault, rows_of
from reelc_compiler.texts import is_unicode
from reelc_dsl.diagnostics import Code, Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import (
    BAD_TABLE,
    FILE_TOO_LARGE,
    MISSING_INPUT_FILE,
    NOT_A_RECORDING,
    NOT_TEXT,
    OUTSIDE_PROJECT,
    UNREADABLE_FILE,
)
from reelc_dsl.source import Source

MAX_SOURCE = 1_000_000
# A graph that is imported may be written by a program; one with a thousand nodes has some 300 KB.
MAX_GRAPH = 64 * 2**20
# A list of more files is a mistake.
MAX_FILES = 10_000

# Where a project's own modules lie, below its folder.
OWN_FOLDER = "stages/"


def read_source(path: Path, name: str) -> Source:
    """A source text, decoded and with ``\\n`` as line ends.

    Raises:
        ReelError: E0101 to E0103.
    """
    return decode_source(read_bytes(path, name), name)


def read_bytes(path: Path, name: str, limit: int = MAX_SOURCE) -> bytes:
    """The content of a source file, at most one byte more than it may have.

    Raises:
        ReelError: E0101.
    """
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except FileNotFoundError:
        raise _fault(UNREADABLE_FILE, f"there is no file `{name}`") from None
    except (OSError, ValueError) as error:
        # Windows denies permission to open a folder; a name with a zero byte is no name at all.
        if _is_folder(path):
            raise _fault(UNREADABLE_FILE, f"`{name}` is a folder", "name a file in it") from None
        raise _fault(UNREADABLE_FILE, f"`{name}` cannot be read: {reason(error)}") from None


def read_graph(path: Path, name: str) -> Source:
    """The text of a graph's JSON.

    Raises:
        ReelError: E0101 to E0103.
    """
    return decode_source(read_bytes(path, name, MAX_GRAPH), name, MAX_GRAPH, "a .json file that ComfyUI saved")


def decode_source(data: bytes, name: str, limit: int = MAX_SOURCE, kind: str = "a .reel file") -> Source:
    """A source text from the bytes of its file, with ``\\n`` as line ends.

    Raises:
        ReelError: E0102, E0103.
    """
    if len(data) > limit:
        size = f"{limit // 1000} KB" if limit < 2**20 else f"{limit // 2**20} MiB"
        raise _fault(FILE_TOO_LARGE, f"`{name}` is larger than {size}", f"is it {kind}?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"byte {error.start} of `{name}` is not UTF-8"
        raise _fault(NOT_TEXT, f"{where}: the file is not a text, or in another encoding", "save it as UTF-8") from None
    if "\0" in text:
        raise _fault(NOT_TEXT, f"`{name}` has zero bytes in it: it is not a text", "save it as UTF-8")
    return Source(name, text.replace("\r\n", "\n").replace("\r", "\n"))


def _fault(code: Code, message: str, *help_: str) -> ReelError:
    return ReelError([Diagnostic(code=code, message=message, help=help_)])


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


# -- the standard library --------------------------------------------------------------------


# Not importlib.resources: importing it costs as much as a whole check takes to parse its files.
_STD = Path(reelc_dsl.__file__).parent / "std"


@cache
def std_source(name: str) -> Source | None:
    """A module of the standard library, ``svd``; None when there is none."""
    # Looked for among the names: some file systems would find `SVD.reel`, too.
    file = next((file for file in _STD.iterdir() if file.name == f"{name}.reel"), None)
    if file is None:
        return None
    return Source(f"std/{name}.reel", file.read_text("utf-8"), library=True)


def std_names() -> list[str]:
    """The modules of the standard library, without the prelude, which needs no `use`."""
    names = (file.name for file in _STD.iterdir())
    return sorted(n.removesuffix(".reel") for n in names if n.endswith(".reel") and n != "prelude.reel")


# -- a project -------------------------------------------------------------------------------


class Project:
    """The folder of the main file: what may be read, and what was.

    Args:
        main: the main file.
        shown: how the user named it; other files are shown beside it.
        texts: by key, texts that take the place of what is in the files.
    """

    def __init__(self, main: Path, shown: str | None = None, texts: Mapping[str, str] | None = None) -> None:
        self.main = main
        self.root = Path(os.path.realpath(main.parent))
        self.key = main.name
        self.shown = Path(shown if shown is not None else main.as_posix())
        self.sources: dict[str, Source] = {}
        # Modules of installed packages by the names that a `use` has for them.
        self.packaged: dict[str, Packaged] = {}
        self._texts = texts or {}
        self._inputs: dict[tuple[Path, bool], InputInfo] = {}
        self._folders: dict[Path, frozenset[str] | None] = {}

    def source(self) -> Source:
        """The main file's text.

        Raises:
            ReelError: E0101 to E0103.
        """
        name = self.shown.as_posix()
        self.sources[self.key] = self._read(self.main, self.key, name)
        if not is_unicode(self.key):
            raise _fault(UNREADABLE_FILE, f"the name of `{name}` is not UTF-8", "rename the file")
        return self.sources[self.key]

    def _read(self, path: Path, key: str, name: str) -> Source:
        if key in self._texts:
            return Source(name, self._texts[key])
        if key.endswith(".json"):
            return decode_source(read_bytes(path, name), name, kind="a graph that ComfyUI saved")
        return read_source(path, name)

    def provider(
        self,
        package: Callable[[str], Source | None] = lambda _: None,
        package_modules: Callable[[str], list[str]] = lambda _: [],
    ) -> SourceProvider:
        """Where the compiler gets other modules from.

        Args:
            package, package_modules: what :class:`SourceProvider` asks of installed packages.
        """
        return SourceProvider(self._load, std_source, std_names, self._near, package, package_modules)

    def _load(self, key: str) -> Source | None:
        found = self._file(key)
        if found is None and key.startswith(OWN_FOLDER) and self.root.name == OWN_FOLDER.rstrip("/"):
            # One of the project's own modules is looked at by itself, and uses its neighbours.
            return self._file(key.removeprefix(OWN_FOLDER))
        return found

    def _file(self, key: str) -> Source | None:
        path = self.root / key
        if not self._inside(path):
            raise _fault(OUTSIDE_PROJECT, f"`{key}` is a link that leads outside the project's folder")
        try:
            if not path.is_file() or not self._as_written(key):
                return None
        except (OSError, ValueError):
            # A name that no file can have, for one that is too long.
            return None
        if key not in self.sources:
            self.sources[key] = self._read(path, key, (self.shown.parent / key).as_posix())
        return self.sources[key]

    def _near(self, key: str) -> str | None:
        """The name of a file that was probably meant, in the folder of one that is not there."""
        return nearest_file(self.root / key, ".json" if key.endswith(".json") else ".reel")

    def _inside(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self.root)

    def _as_written(self, key: str) -> bool:
        """Whether the disk has these capitals: where it finds a file under others, the next machine will not."""
        folder = self.root
        for part in key.split("/"):
            names = self._names(folder)
            if names is not None and part != "." and normalize("NFC", part) not in names:
                return False
            folder /= part
        return True

    def _names(self, folder: Path) -> frozenset[str] | None:
        """What lies in a folder, None when it does not tell. Macs keep accents apart, so all are composed."""
        if folder not in self._folders:
            try:
                self._folders[folder] = frozenset(normalize("NFC", entry.name) for entry in folder.iterdir())
            except OSError:
                self._folders[folder] = None
        return self._folders[folder]

    def probe(self, path: str, module: str, kind: str, measure: Measure | None = None) -> InputInfo:
        """The facts of an input file.

        Args:
            path: as written; relative to the file that writes it, or to the working directory when
                it comes from the command line.
            module: the key of that file; empty for the command line.
            kind: what is wanted, ``image``, ``clip`` or ``audio``.
            measure: finds the facts of films and sounds; None where nothing is at hand that can.

        Raises:
            InputFault: E0601 to E0604, E0613, E0614.
        """
        real = self._locate(path, module)
        key = (real, kind == "image")
        if key not in self._inputs:
            base = _base(module)
            name = self._relative(real)
            if kind == "image":
                self._inputs[key] = picture(real, path, name, base)
            else:
                self._inputs[key] = recording(real, path, name, base, measure)
        info = self._inputs[key]
        if kind == "audio" and info.facts.seconds is None:
            raise InputFault(NOT_A_RECORDING, f"`{path}` has no sound in it")
        if kind == "clip" and info.facts.kind != "clip":
            raise InputFault(NOT_A_RECORDING, f"`{path}` is a sound without pictures, and a clip is wanted")
        return info

    def table(self, path: str, module: str) -> Table:
        """The rows of a CSV, TOML or JSON file.

        Args:
            path, module: as for :meth:`probe`.

        Raises:
            InputFault: E0601, E0604, E0615.
        """
        real = self._locate(path, module)
        base = _base(module)
        with there(real, path, base), real.open("rb") as file:
            data = file.read(MAX_SOURCE + 1)
        if len(data) > MAX_SOURCE:
            raise InputFault(BAD_TABLE, f"`{path}` is larger than {MAX_SOURCE // 1000} KB", "is it a table of shots?")
        try:
            rows = rows_of(data, real.suffix.lower())
        except TableFault as error:
            raise InputFault(BAD_TABLE, f"`{path}` {error}", *error.help) from None
        return Table(path=self._relative(real), rows=rows)

    def files(self, pattern: str, module: str) -> tuple[str, ...]:
        """The files that are like a pattern such as ``stills/*.png``, sorted, named as the module would name them.

        Args:
            pattern: with ``*``, ``?`` and ``[...]``, below the folder of the file that writes it.
            module: the key of that file.

        Raises:
            InputFault: E0601, E0604.
        """
        key = normpath(join(dirname(module), pattern.replace("\\", "/")))
        if key.startswith(("../", "/")) or key == ".." or ":" in key.split("/")[0]:
            raise InputFault(OUTSIDE_PROJECT, f"`{pattern}` leads outside the project's folder")
        if not pattern or "**" in pattern:
            raise InputFault(
                MISSING_INPUT_FILE, f"`{pattern}` is no pattern of files", "as in `stills/*.png`, without `**`"
            )
        base = self.root / dirname(module)
        try:
            found = [p for p in self.root.glob(key) if p.is_file() and not p.name.startswith(".")]
        except (ValueError, OSError) as error:
            raise InputFault(MISSING_INPUT_FILE, f"`{pattern}` is no pattern of files: {reason(error)}") from None
        names = sorted(
            os.path.relpath(p, base).replace(os.sep, "/") for p in found if self._inside(p) and is_unicode(p.name)
        )
        if not names:
            help_ = "the pattern is relative to the .reel file"
            raise InputFault(MISSING_INPUT_FILE, f"no file is like `{pattern}`", help_)
        if len(names) > MAX_FILES:
            raise InputFault(MISSING_INPUT_FILE, f"more than {MAX_FILES} files are like `{pattern}`", "name fewer")
        return tuple(names)

    def input_key(self, path: str, module: str) -> str:
        """The path by which a plan names an input, whether or not it is there.

        Args:
            path, module: as for :meth:`probe`.

        Raises:
            InputFault: E0601, E0604.
        """
        return self._relative(self._locate(path, module))

    def _locate(self, path: str, module: str) -> Path:
        if not path:
            raise InputFault(MISSING_INPUT_FILE, "no file is named here", "name a picture, or leave the setting out")
        if not is_unicode(path):
            raise InputFault(MISSING_INPUT_FILE, f"the name of `{path}` is not UTF-8", "rename the file")
        if "\0" in path:
            raise InputFault(MISSING_INPUT_FILE, f"`{path}` is not the name of a file")
        plain = path.replace("\\", "/")
        if not module:
            # A command line may have been written on Windows; a file may really be called so.
            real = Path(os.path.realpath(path if os.path.lexists(path) else plain))
        else:
            key = normpath(join(dirname(module), plain))
            real = Path(os.path.realpath(self.root / key))
            if key.startswith(("../", "/")) or key == ".." or not real.is_relative_to(self.root):
                raise InputFault(
                    OUTSIDE_PROJECT,
                    f"`{path}` lies outside the project's folder",
                    "copy the file beside the .reel file, or name it on the command line with `--set`",
                )
            if os.path.lexists(real) and not self._as_written(key):
                raise missing(real, path, _base(module))
        return real

    def _relative(self, real: Path) -> str:
        try:
            return os.path.relpath(real, self.root).replace(os.sep, "/")
        except ValueError:
            # On Windows no path leads from one drive to another.
            return real.as_posix()

    def input_path(self, relative: str) -> Path:
        """Where an input of a plan lies on this machine."""
        return self.root / relative


def _base(module: str) -> str:
    """What a path that a module writes, or a table, is relative to, for people."""
    if not module:
        return "the folder you are in"
    return "the table" if module.lower().endswith(TABLES) else "the .reel file"

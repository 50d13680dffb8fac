"""Node catalogs: the bundled ones by name, a project's own by file, a worker's by asking it or by its answer's file."""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reelc_compiler.catalog import Catalog, UnknownCatalog, bundled_for, catalog_names, load_catalog
from reelc_dsl.diagnostics import Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import BAD_CATALOG, BAD_DUMP, BAD_WORKER, UNKNOWN_CATALOG
from reelc_dsl.diagnostics.suggest import did_you_mean
from reelc_dsl.records import dataclass

if TYPE_CHECKING:
    # A check makes no plan, and need not pay for importing what plans are made of.
    from reelc_compiler.plan import CatalogRef

SUFFIX = ".catalog"
DUMP = ".json"
MAX_BYTES = 64 * 2**20
# A project's own lie where the user stands, or here.
FOLDER = "catalogs"

# What was opened from a file is needed again when its plan is carried out. Not by hash: a hash makes a whole catalog.
_opened: list[Catalog] = []


def open_catalog(name: str | None) -> Catalog:
    """A catalog by its name or its file; the bundled default for None.

    Args:
        name: ``comfyui-0.33.0``, or a path: it ends in ``.catalog`` or ``.json`` or has a slash. A relative one starts
            from the working directory. The file is a catalog, or what a server answered to ``GET /object_info``.

    Raises:
        ReelError: E0506, E0508, E0510.
    """
    if name is None:
        return load_catalog()
    if name.endswith((SUFFIX, DUMP)) or "/" in name or os.sep in name:
        return read_catalog(Path(name))
    try:
        return load_catalog(name)
    except UnknownCatalog as error:
        help_ = did_you_mean(error.name, error.known) or ("there are " + ", ".join(error.known),)
        for ending in (SUFFIX, DUMP):
            if name and Path(f"{name}{ending}").is_file():
                help_ = (f"the file is named with its ending: `--catalog {name}{ending}`",)
                break
        message = f"there is no node catalog `{error.name}`"
        raise ReelError([Diagnostic(code=UNKNOWN_CATALOG, message=message, help=help_)]) from None


def read_catalog(path: Path) -> Catalog:
    """A catalog in a file, every line of it read; or one made of a server's answer in a file.

    Raises:
        ReelError: E0506 when there is no such file, E0508 or E0510 when it is none that can be used.
    """
    # Only a catalog of one's own needs it: a plain check does not pay for the import.
    from reelc_compiler.catalog.answer import catalog_of_answer
    from reelc_compiler.catalog.check import BrokenCatalog, checked

    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        known = [p.as_posix() for p in project_catalogs()]
        help_ = did_you_mean(path.as_posix(), known) or (_HOW[path.suffix == DUMP],)
        message = f"there is no catalog file `{path.as_posix()}`"
        raise ReelError([Diagnostic(code=UNKNOWN_CATALOG, message=message, help=help_)]) from None
    except OSError as error:
        raise _broken(path, f"it cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    if len(text) > MAX_BYTES:
        raise _broken(path, f"it is larger than {MAX_BYTES // 2**20} MiB")
    # A file is tried for what its name says first, and then for what it might be all the same.
    readers = [lambda: checked(text), lambda: catalog_of_answer(text, _name_of(path))]
    reasons: list[str] = []
    for read in reversed(readers) if path.suffix == DUMP else readers:
        try:
            catalog = read()
        except BrokenCatalog as error:
            reasons.append(str(error))
            continue
        _opened.append(catalog)
        return catalog
    raise _broken(path, reasons[0])


def _name_of(path: Path) -> str:
    """What a catalog of an answer in a file is called."""
    return re.sub(r"[^\w.+-]", "_", path.name.removesuffix(DUMP).removesuffix(SUFFIX))[:100] or "object_info"


# By whether it is an answer.
_HOW = {
    False: "write it with `reelc catalog pull --worker URL -o FILE`",
    True: "save it from a server: `curl http://HOST:8188/object_info -o FILE`",
}


def _broken(path: Path, reason: str) -> ReelError:
    dump = path.suffix == DUMP
    what = "file of node classes" if dump else "catalog file"
    message = f"the {what} `{path.as_posix()}` cannot be used: {reason}"
    return ReelError([Diagnostic(code=BAD_DUMP if dump else BAD_CATALOG, message=message, help=(_HOW[dump],))])


def project_catalogs() -> list[Path]:
    """The catalog files of the folder that the user is in."""
    return [*sorted(Path().glob(f"*{SUFFIX}")), *sorted(Path(FOLDER).glob(f"*{SUFFIX}"))]


def catalog_of(ref: "CatalogRef") -> Catalog:
    """The catalog to match workers with for a plan: what a worker hides is looked up in it.

    The plan's own, where it is bundled, was opened by this process, or is a file of the folder that the user is in;
    else the bundled default, which knows the same of the classes that it has.
    """
    same = next((catalog for catalog in reversed(_opened) if catalog.sha256 == ref.sha256), None)
    if same is not None:
        return same
    if ref.name in catalog_names() and load_catalog(ref.name).sha256 == ref.sha256:
        return load_catalog(ref.name)
    for path in project_catalogs():
        # A catalog's file is called after it. A broken one is of no concern here.
        with suppress(ReelError):
            if path.name == f"{ref.name}{SUFFIX}" and (catalog := read_catalog(path)).sha256 == ref.sha256:
                return catalog
    return load_catalog()


# -- pull ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pulled:
    """A catalog that was written.

    Args:
        path: its file.
        catalog: what is in it.
        left_out: classes that no catalog can hold.
    """

    path: Path
    catalog: Catalog
    left_out: tuple[str, ...]


def pull(worker: str, path: Path) -> Pulled:
    """Write the catalog of a worker; an older catalog of this path is replaced.

    Args:
        worker: its URL; its token and headers come from the environment.
        path: the file; its stem becomes the catalog's name.

    Raises:
        ReelError: E07xx; E0508 when the file is there and no catalog.
    """
    import asyncio

    from reelc.files import write_whole
    from reelc_compiler.catalog.check import checked
    from reelc_compiler.catalog.dump import from_dump

    if path.exists():
        read_catalog(path)
    version, dump = asyncio.run(_describe(worker))
    pulled = from_dump(dump, bundled_for(version), name=path.name.removesuffix(SUFFIX), comfyui=version)
    # What cannot be read back is not written.
    catalog = checked(pulled.text)
    write_whole(path, pulled.text)
    return Pulled(path, catalog, pulled.left_out)


def describe(worker: str) -> Catalog:
    """What a worker says of its node classes now, with the files that it has.

    Args:
        worker: its URL; its token and headers come from the environment.

    Raises:
        ReelError: E07xx.
    """
    import asyncio
    from urllib.parse import urlsplit

    from reelc_compiler.catalog.dump import from_dump

    version, dump = asyncio.run(_describe(worker))
    name = re.sub(r"[^\w.+-]", "_", urlsplit(worker).netloc)
    catalog = from_dump(dump, bundled_for(version), name=name, comfyui=version).catalog()
    _opened.append(catalog)
    return catalog


async def _describe(worker: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """A worker's ComfyUI version and all of its classes."""
    from reelc.asking import asking

    async with asking(worker) as client:
        stats = await client.system_stats()
        if stats.engine == "preview":
            raise ReelError(
                [
                    Diagnostic(
                        code=BAD_WORKER,
                        message=f"{client.url} is a preview worker, which has no nodes to describe",
                        help=("name a ComfyUI server",),
                    )
                ]
            )
        return stats.version, await client.all_object_info()

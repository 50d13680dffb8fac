"""Stages that installed packages offer, through the entry points of the group ``reelc.stages``.

An entry point's name is what a ``use`` begins with, its value says where the ``.reel`` files lie: ``acme_reel`` is the
package's folder, ``acme_reel:stages`` the folder ``stages`` in it. No package is imported: metadata name the top
package, its finder says where that lies, and the files are read as texts.
"""

from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from reelc_compiler.inputs import Packaged
from reelc_compiler.loader import read_source
from reelc_dsl.diagnostics import Code, Diagnostic, ReelError
from reelc_dsl.diagnostics.codes import BROKEN_PACKAGE, PACKAGE_CLASH
from reelc_dsl.records import dataclass
from reelc_dsl.source import Source

GROUP = "reelc.stages"
SUFFIX = ".reel"
# What a `use` begins with that no package may be called.
RESERVED = {"std": "the standard library", "stages": "a project's own stages"}
# More files than this in one folder are not listed.
MOST_FILES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An entry point: the name, where its files are said to lie, and whose it is."""

    name: str
    value: str
    package: str
    version: str

    @property
    def whose(self) -> str:
        """``acme-reel 1.2.0``"""
        return f"{self.package} {self.version}"


def offers() -> tuple[Offer, ...]:
    """What installed packages offer, by name."""
    found: list[Offer] = []
    for point in metadata.entry_points(group=GROUP):
        dist = point.dist
        package, version = (dist.name, dist.version) if dist is not None else ("a package without a name", "unknown")
        found.append(Offer(name=point.name, value=point.value, package=package, version=version))
    return tuple(sorted(found, key=lambda offer: (offer.name, offer.package)))


def find(module: str) -> Packaged | None:
    """A module that an installed package has, ``acme.film``; None when there is none.

    Raises:
        ReelError: E0217 two packages are called so, E0218 its files cannot be read.
    """
    name, _, file = module.partition(".")
    offer = _offer(name)
    if offer is None:
        return None
    files = _files(folder_of(offer))
    if not files:
        raise _broken(offer, "there are no .reel files in its folder")
    path = files.get(file)
    if path is None:
        return None
    try:
        read = read_source(path, f"{name}/{path.name}")
    except ReelError as error:
        raise _broken(offer, error.diagnostics[0].message) from None
    source = Source(f"{name}/{path.name}", read.text, library=True)
    return Packaged(source=source, name=name, package=offer.package, version=offer.version)


def modules(name: str) -> list[str]:
    """The modules that an installed package has under a name, ``acme.film``; none when it cannot be read."""
    try:
        offer = _offer(name)
        return [] if offer is None else [f"{name}.{file}" for file in sorted(_files(folder_of(offer)))]
    except ReelError:
        return []


def _offer(name: str) -> Offer | None:
    every = offers()
    for offer in every:
        if offer.name in RESERVED:
            message = f"{offer.whose} offers stages as `{offer.name}`, which is the name of {RESERVED[offer.name]}"
            raise _fault(PACKAGE_CLASH, message, f"uninstall {offer.package}, and ask its makers for another name")
    mine = [offer for offer in every if offer.name == name]
    if len(mine) > 1:
        whose = " and ".join(offer.whose for offer in mine)
        message = f"{whose} both offer stages as `{name}`"
        raise _fault(
            PACKAGE_CLASH,
            message,
            f"uninstall the one that is not meant: pip uninstall {mine[-1].package}",
            "or copy its files into `stages/` of the project, and write `use stages.NAME`",
        )
    return mine[0] if mine else None


def folder_of(offer: Offer) -> Path:
    """The folder that an offer's files lie in.

    Raises:
        ReelError: E0218.
    """
    module, _, inner = offer.value.partition(":")
    top, *below = [part.strip() for part in module.split(".")]
    below += [part.strip() for part in inner.split(".")] if inner.strip() else []
    if not all(part.isidentifier() for part in (top, *below)):
        raise _broken(offer, f"`{offer.value}` does not say where they lie")
    try:
        # Of a name without a dot nothing is imported.
        spec = find_spec(top)
    except (ImportError, ValueError, AttributeError):
        spec = None
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    for place in places:
        folder = Path(place, *below)
        if folder.is_dir():
            return folder
    raise _broken(offer, f"there is no folder {'/'.join((top, *below))} in the package")


def _files(folder: Path) -> dict[str, Path]:
    """The .reel files of a folder, by their names without the ending."""
    found: dict[str, Path] = {}
    try:
        for path in folder.iterdir():
            if path.name.endswith(SUFFIX) and path.is_file():
                found[path.name.removesuffix(SUFFIX)] = path
            if len(found) >= MOST_FILES:
                break
    except OSError:
        return {}
    return found


def _broken(offer: Offer, reason: str) -> ReelError:
    return _fault(
        BROKEN_PACKAGE,
        f"the stages `{offer.name}` of {offer.whose} cannot be used: {reason}",
        f"install another version of {offer.package}, or tell its makers",
    )


def _fault(code: Code, message: str, *help_: str) -> ReelError:
    return ReelError([Diagnostic(code=code, message=message, help=help_)])

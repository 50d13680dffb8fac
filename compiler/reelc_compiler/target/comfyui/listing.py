"""Which files a server has, as far as the choices in its ``/object_info`` tell."""

import posixpath
from weakref import WeakKeyDictionary

from reelc_compiler.catalog import Catalog, InputSchema
from reelc_compiler.target.comfyui.annotated import resolved
from reelc_dsl.records import dataclass

# Endings that a widget lists on every server. It may list more: what else counts as a picture is up to the machine.
_IMAGES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
_VIDEOS = frozenset({".avi", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"})
_LISTED = {"image": _IMAGES, "video": _VIDEOS, "audio": frozenset({".mp3", ".wav"}) | _VIDEOS}


@dataclass(frozen=True, slots=True)
class Listing:
    """The files that lie in the input folder itself, not in folders below it.

    Attributes:
        names: those that some widget lists.
        endings: of files that would be listed if they were there, in small letters with the dot.
    """

    names: frozenset[str]
    endings: frozenset[str]

    def there(self, name: str) -> bool | None:
        """Whether a file, or a folder, of this name is there; None where the lists cannot tell."""
        folder, path = resolved(name)
        if path is None:
            return False
        if folder != "input":
            return None
        if path == "." or path in self.names:
            return True
        if "/" in path or posixpath.splitext(path)[1].lower() not in self.endings:
            # Below a folder, a folder, or a file of a kind that nobody lists.
            return None
        return False


_known: WeakKeyDictionary[Catalog, Listing | None] = WeakKeyDictionary()


def known_files(catalog: Catalog) -> Listing | None:
    """What a server's own catalog says about its input folder.

    Returns:
        None when it says nothing: the package's catalogs list no files of any server.
    """
    if catalog not in _known:
        _known[catalog] = _listing(catalog)
    return _known[catalog]


def _listing(catalog: Catalog) -> Listing | None:
    names: set[str] = set()
    endings: set[str] = set()
    lists = [entry for name in catalog.mentioning('"upload"', '"validate"') for entry in _lists(catalog, name)]
    if not lists or any(entry.files and entry.present is None for entry in lists):
        # A catalog that was pulled to be kept names the folder, where it can, in place of the files of that day.
        return None
    for entry in lists:
        found = [c for c in (*(entry.choices or ()), *(entry.present or ())) if isinstance(c, str) and "." in c]
        names.update(found)
        endings.update(posixpath.splitext(c)[1].lower() for c in found if "/" not in c)
        endings |= _LISTED.get(entry.upload or "", frozenset())
    return Listing(frozenset(names), frozenset(endings))


def _lists(catalog: Catalog, class_type: str) -> list[InputSchema]:
    """The inputs of a class that list files of the input folder, or name it."""
    schema = catalog.get(class_type)
    found = schema.inputs if schema is not None else ()
    return [i for i in found if i.is_combo and i.files in (None, "input") and (i.upload or i.checked.endswith("file"))]

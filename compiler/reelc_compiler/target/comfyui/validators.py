"""The classes' own VALIDATE_INPUTS, as far as it is known what they ask."""

from collections.abc import Mapping
from typing import Any

from reelc_compiler.catalog import DYNAMIC_COMBO, Catalog, InputSchema, NodeSchema
from reelc_compiler.target.comfyui.annotated import exists, resolved
from reelc_compiler.target.comfyui.hints import Hints
from reelc_compiler.target.comfyui.links import is_link
from reelc_compiler.target.comfyui.listing import known_files
from reelc_compiler.target.comfyui.literals import Files, Problem, shown
from reelc_dsl.records import dataclass


class ServerError(Exception):
    """The server's validation raises: a dangling link, a bad slot, a validator that is called with nonsense."""

    def __init__(self, message: str, name: str | None) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Disk:
    """What is known about the server's files: all of them, or what its catalog lists, or nothing."""

    catalog: Catalog
    files: Files | None

    def there(self, name: str) -> bool | None:
        """Whether an input file (or folder) is there; None when that is not known."""
        if self.files is not None:
            return exists(name, self.files)
        listing = known_files(self.catalog)
        return None if listing is None else listing.there(name)

    def folder_there(self, name: str) -> bool | None:
        """Whether an input folder is there and has files; None when that is not known."""
        path = resolved(name)[1]
        if path is None:
            return False
        if self.files is not None:
            return any(path == "." or f.startswith(f"{path}/") for f in self.files.get("input", ()))
        # The lists are of files.
        return False if path != "." and self.there(name) is not None else None

    def is_folder(self, name: str) -> bool:
        """Whether the name is certainly that of a folder."""
        folder, path = resolved(name)
        if path is None or path == ".":
            return path == "."
        known = () if self.files is None else self.files.get(folder, ())
        return path not in known and any(f.startswith(f"{path}/") for f in known)

    def silent(self) -> bool:
        """Whether nothing at all is known, so that no file is missing."""
        return self.files is None and known_files(self.catalog) is None

    def names(self) -> list[str]:
        """The input files that are known."""
        if self.files is not None:
            return list(self.files.get("input", ()))
        listing = known_files(self.catalog)
        return [] if listing is None else sorted(listing.names)


def own_problems(
    schema: NodeSchema,
    inputs: Mapping[str, InputSchema],
    values: Mapping[str, Any],
    disk: Disk,
    hints: Hints,
) -> list[tuple[str, Problem]]:
    """What the class's validator says, each time with the input it is about.

    A validator that nothing is known about is taken to agree.

    Args:
        values: the node's inputs after the server's conversions.

    Raises:
        ServerError: the server cannot call it, or it raises.
    """
    if not (schema.validates or schema.validates_all or schema.validates_links):
        return []
    active = _dynamic(schema, inputs, values)
    strangers = active - schema.validates
    if strangers and not schema.validates_all:
        name = min(strangers)
        raise ServerError(f"{name}: the class's own validator does not know this input", name)
    found: tuple[str, Problem] | None = None
    for name in sorted(schema.validates):
        wanted = next((i for i in schema.inputs if i.name == name), None)
        if wanted is None or name in active:
            continue
        hollow = wanted.options is not None and not is_link(values.get(name))
        if name not in values or name not in inputs or hollow:
            if wanted.optional_check:
                continue
            raise ServerError(f"{name}: the class's own validator is called without this input", name)
        problem = _asked(wanted, values[name], disk, hints)
        found = found if problem is None else (name, problem)
    if found is None:
        return []
    return [found] * _calls(schema, inputs, values)


def _dynamic(schema: NodeSchema, inputs: Mapping[str, InputSchema], values: Mapping[str, Any]) -> set[str]:
    """The dynamic inputs that the validator is called with: each is one argument, whatever it holds."""
    found: set[str] = set()
    for declared in schema.inputs:
        if declared.autogrow is not None or (declared.inner is not None and declared.name in values):
            found.add(declared.name)
        elif declared.options is not None:
            key = values.get(declared.name)
            if isinstance(key, str) and key in declared.options:
                found.add(declared.name)
    return found


def _asked(wanted: InputSchema, value: Any, disk: Disk, hints: Hints) -> Problem | None:
    name = wanted.name
    # A link has no value yet.
    given = None if is_link(value) else value
    if not wanted.checked or (wanted.checked == "path" and given is None):
        return None
    if wanted.checked == "any_file" and (not given or given == "none"):
        return None
    if not isinstance(given, str):
        raise ServerError(f"{name}: the class's own validator fails on {shown(value)}", name)
    # A folder without a file in it is listed, and refused.
    listed = given in (*(wanted.choices or ()), *(wanted.present or ())) and (
        wanted.checked != "folder" or disk.files is None
    )
    if wanted.checked == "path" or listed:
        return None
    if wanted.checked in ("own_file", "folder") and resolved(given.strip().strip('"'))[1] is None:
        raise ServerError(f"{name}: {shown(given)} leads out of the input folder", name)
    folder = wanted.checked == "folder"
    if (disk.folder_there(given) if folder else disk.there(given)) is not False:
        return None
    kind = "no folder with files" if folder else "no file"
    text = f"{name}: there is {kind} {shown(given)} in the input folder"
    return Problem("custom_validation_failed", text, hints.near(given, disk.names()))


def _calls(schema: NodeSchema, inputs: Mapping[str, InputSchema], values: Mapping[str, Any]) -> int:
    """How often the server repeats the error: once for each argument that it passed."""
    passed = [
        name
        for name, value in values.items()
        if (name in inputs and inputs[name].type != DYNAMIC_COMBO) or is_link(value)
    ]
    named = [name for name in passed if name in schema.validates]
    hidden = [] if schema.v3 else [h for h in schema.hidden if h.name not in passed and h.type in _FILLED_IN]
    return len(passed) + len(hidden) if schema.validates_all else len(named) + schema.validates_links


_FILLED_IN = frozenset(
    {
        "PROMPT",
        "DYNPROMPT",
        "EXTRA_PNGINFO",
        "UNIQUE_ID",
        "AUTH_TOKEN_COMFY_ORG",
        "API_KEY_COMFY_ORG",
        "COMFY_USAGE_SOURCE",
    }
)

"""Changes between two catalogs, for people: by node pack and class."""

from collections.abc import Iterable, Iterator, Sequence

from reelc_compiler.catalog import Catalog
from reelc_compiler.catalog.diff import CatalogDiff, Change

# More names than this are a list that nobody reads.
NAMED = 8


def lines(diff: CatalogDiff, a: Catalog, b: Catalog, everything: bool) -> list[str]:
    """The changes, a blank line after each pack.

    Args:
        everything: also what breaks nothing.
    """
    groups: dict[str, list[str]] = {}
    for name in diff.classes:
        groups.setdefault(_group(name, diff, a, b), []).append(name)
    found: list[str] = []
    for group in sorted(groups, key=lambda g: (not g.startswith("ComfyUI itself"), g.casefold())):
        inner = [*_changed(groups[group], diff, everything), *_others(groups[group], diff, everything)]
        found += [group, *inner, ""] if inner else []
    if diff.left_out:
        found += [f"not compared, for they are described in a way that is not ComfyUI's: {_names(diff.left_out)}", ""]
    return found


def counts(diff: CatalogDiff, everything: bool) -> str:
    """One line: how much has changed."""
    if not diff.classes:
        return "nothing changed that matters to a graph"
    parts = [(len(diff.added), "new"), (len(diff.removed), "gone"), (len(diff.changed), "changed")]
    said = ", ".join(f"{count} {what}" for count, what in parts if count)
    breaking = len(diff.breaking)
    hidden = "" if everything or len(diff.breaking) == len(diff.classes) else "; --all shows the rest"
    return f"node classes: {said}; {breaking or 'none'} with changes that break graphs{hidden}"


def _group(name: str, diff: CatalogDiff, a: Catalog, b: Catalog) -> str:
    if diff.packs[name] != "core":
        return f"node pack {diff.packs[name]}"
    schema = b.get(name) or a.get(name)
    return "ComfyUI itself" + (", paid services" if schema is not None and schema.api else "")


def _changed(names: Sequence[str], diff: CatalogDiff, everything: bool) -> Iterator[str]:
    """Classes that both have."""
    for name in (n for n in names if n in diff.changed):
        changes = [c for c in diff.classes[name] if everything or c.breaking]
        if changes:
            yield f"  {name}"
            yield from (f"    {'!' if c.breaking else ' '} {_said(c, name)}" for c in changes)


def _said(change: Change, name: str) -> str:
    place = change.path.removeprefix(name).removeprefix(".")
    when = f" (with {_names(change.when, 3)})" if change.when else ""
    return f"{place} {change.text}{when}" if place else change.text


def _others(names: Sequence[str], diff: CatalogDiff, everything: bool) -> Iterator[str]:
    """Classes that are new, gone or renamed."""
    gone = [n for n in names if n in diff.removed and n in diff.breaking]
    renamed = [n for n in names if n in diff.removed and n not in diff.breaking]
    added = [n for n in names if n in diff.added]
    if gone:
        yield f"  ! gone: {_names(gone, len(gone) if everything else NAMED)}"
    if everything:
        yield from (f"    {n} {diff.classes[n][0].text}" for n in renamed)
        if added:
            yield f"    new: {_names(added, len(added))}"


def _names(names: Iterable[str], most: int = NAMED) -> str:
    all_ = list(names)
    rest = len(all_) - most
    return ", ".join(all_[:most]) + (f" and {rest} more" if rest > 0 else "")

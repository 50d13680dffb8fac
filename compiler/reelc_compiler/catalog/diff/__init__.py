"""What changed between two catalogs, and what of it breaks graphs.

Compared is what matters to a graph in API format. Not compared: which model files a server has, texts for people, the
order of inputs, what only the window shows, which pack a class comes from, and what older servers do not tell.
"""

from collections.abc import Collection, Mapping
from typing import Any

from reelc_compiler.catalog.diff.change import Change, literal
from reelc_compiler.catalog.diff.inputs import InputDiff
from reelc_compiler.catalog.diff.outputs import output_changes
from reelc_compiler.catalog.schema import NodeSchema
from reelc_compiler.catalog.store import Catalog
from reelc_dsl.records import dataclass

__all__ = ["CatalogDiff", "Change", "diff", "diff_class"]


@dataclass(frozen=True, slots=True)
class CatalogDiff:
    """What changed from one catalog to another.

    Args:
        classes: for each class that is new, gone or changed its changes, by name.
        packs: for each of these classes its node pack.
        left_out: classes of either that no catalog can hold, so that nothing is said of them.
    """

    classes: Mapping[str, tuple[Change, ...]]
    packs: Mapping[str, str]
    left_out: tuple[str, ...] = ()

    def of(self, *kinds: str) -> tuple[str, ...]:
        """The classes with a change of one of these kinds."""
        return tuple(name for name, changes in self.classes.items() if any(c.kind in kinds for c in changes))

    @property
    def added(self) -> tuple[str, ...]:
        """Classes that only the second has."""
        return self.of("class-added")

    @property
    def removed(self) -> tuple[str, ...]:
        """Classes that only the first has."""
        return self.of("class-removed", "class-renamed")

    @property
    def changed(self) -> tuple[str, ...]:
        """Classes that both have, and that differ."""
        new = {*self.added, *self.removed}
        return tuple(name for name in self.classes if name not in new)

    @property
    def breaking(self) -> tuple[str, ...]:
        """Classes with a change that breaks graphs."""
        return tuple(name for name, changes in self.classes.items() if any(c.breaking for c in changes))


def diff(a: Catalog, b: Catalog, only: Collection[str] | None = None) -> CatalogDiff:
    """What changed from one catalog to another.

    Args:
        a: before.
        b: after.
        only: the classes to compare; all when None.
    """
    names = sorted({*a.class_names(), *b.class_names()} if only is None else {n for n in only if n in a or n in b})
    left_out = {*a.left_out, *b.left_out}
    classes: dict[str, tuple[Change, ...]] = {}
    packs: dict[str, str] = {}
    for name in names:
        old, new = a.get(name), b.get(name)
        if name in left_out:
            continue
        found = diff_class(old, new) if old is not None and new is not None else (_came_or_went(name, old, new, b),)
        if found:
            classes[name] = found
            packs[name] = (new or old or NodeSchema(name, "")).pack
    return CatalogDiff(classes, packs, tuple(sorted(left_out if only is None else left_out & set(only))))


def diff_class(old: NodeSchema, new: NodeSchema) -> tuple[Change, ...]:
    """What changed in a class; empty when a graph cannot tell the two apart.

    A change is breaking when a graph that was right may now be refused, or its node fails or ignores what it is given.
    """
    inputs = InputDiff(new.class_type)
    inputs.compare(old.inputs, new.inputs)
    return (*inputs.changes, *output_changes(old, new), *_flags(old, new))


def _came_or_went(name: str, old: NodeSchema | None, new: NodeSchema | None, b: Catalog) -> Change:
    if old is None:
        return Change(name, "class-added", None, name, breaking=False, text="is new")
    renamed = b.replacements.get(name, {}).get("class")
    if renamed in b:
        text = f"is called {literal(renamed)} now; ComfyUI renames it in a graph"
        return Change(name, "class-renamed", name, renamed, breaking=False, text=text)
    return Change(name, "class-removed", name, None, breaking=True, text="is gone")


# Whether a class takes whole lists is not among them: ComfyUI 0.8.0 does not tell.
# Attribute, whether its coming and its going break graphs, and what is said then.
_FLAGS = (
    ("output_node", False, True, "is an output now", "is no output any more: ComfyUI runs nothing for it alone"),
    ("deprecated", False, False, "is deprecated now", "is no longer deprecated"),
    ("experimental", False, False, "is experimental now", "is no longer experimental"),
    ("api", False, False, "calls a paid service now", "calls no paid service any more"),
)


def _flags(old: NodeSchema, new: NodeSchema) -> tuple[Change, ...]:
    return tuple(
        Change(
            *(new.class_type, name.replace("_", "-"), before, after),
            breaking=coming if after else going,
            text=now if after else no_more,
        )
        for name, coming, going, now, no_more in _FLAGS
        if (before := bool(getattr(old, name))) != (after := bool(getattr(new, name)))
    )


def to_json(change: Change) -> dict[str, Any]:
    """A change as a JSON value."""
    return {
        "path": change.path,
        "kind": change.kind,
        "old": change.old,
        "new": change.new,
        "breaking": change.breaking,
        "when": list(change.when),
        "text": change.text,
    }

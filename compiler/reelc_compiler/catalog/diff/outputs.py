"""What changed in a class's outputs. A graph links to a slot's number, so a slot that moves is another."""

from collections.abc import Iterator

from reelc_compiler.catalog.diff.change import Change
from reelc_compiler.catalog.schema import ANY_TYPE, MATCH_TYPE, NodeSchema, OutputSchema, same_dialect, type_names


def output_changes(old: NodeSchema, new: NodeSchema) -> tuple[Change, ...]:
    """The changes, in the order of the slots."""
    return tuple(_changes(old, new))


def _changes(old: NodeSchema, new: NodeSchema) -> Iterator[Change]:
    moved = dict(_moves(old, new))
    for slot, before in enumerate(old.outputs):
        path = f"{new.class_type}.{before.name}"
        if slot in moved:
            text = f"is output {moved[slot]} now, and was {slot}: links to it lead elsewhere"
            yield Change(path, "output-moved", slot, moved[slot], breaking=True, text=text)
        elif slot >= len(new.outputs):
            yield Change(path, "output-removed", before.type, None, breaking=True, text="is no output any more")
        else:
            yield from _slot(path, slot, before, new.outputs[slot])
    came = [slot for slot in range(len(new.outputs)) if slot not in moved.values()]
    for slot in came:
        # In a moved slot's old place, or behind the last.
        if slot >= len(old.outputs) or slot in moved:
            output = new.outputs[slot]
            path, text = f"{new.class_type}.{output.name}", f"is a new output: {output.type}, number {slot}"
            yield Change(path, "output-added", None, output.type, breaking=False, text=text)


def _moves(old: NodeSchema, new: NodeSchema) -> Iterator[tuple[int, int]]:
    """Old slots whose output is found under its name and type in another."""
    for slot, before in enumerate(old.outputs):
        here = new.outputs[slot] if slot < len(new.outputs) else None
        if here is not None and here.name == before.name:
            continue
        there = [i for i, o in enumerate(new.outputs) if (o.name, o.type) == (before.name, before.type)]
        taken = [o.name for o in old.outputs].count(before.name) > 1
        if len(there) == 1 and not taken:
            yield slot, there[0]


def _slot(path: str, slot: int, old: OutputSchema, new: OutputSchema) -> Iterator[Change]:
    if old.name != new.name and old.type == new.type:
        text = f"is called `{new.name}` now (output {slot})"
        yield Change(path, "output-renamed", old.name, new.name, breaking=False, text=text)
    if old.type != new.type:
        text = f"gives {new.type} now, and gave {old.type} (output {slot})"
        yield Change(path, "output-type", old.type, new.type, breaking=not _still_fits(old.type, new.type), text=text)
    elif not same_dialect(old.dialect, new.dialect):
        text = f"gives a {new.type} of {new.dialect or 'ComfyUI'} now, and gave one of {old.dialect or 'ComfyUI'}"
        yield Change(path, "output-type", old.dialect, new.dialect, breaking=True, text=text)
    if old.is_list != new.is_list:
        text = f"gives {'a list' if new.is_list else 'one value'} now (output {slot})"
        yield Change(path, "output-list", old.is_list, new.is_list, breaking=True, text=text)


def _still_fits(old: str, new: str) -> bool:
    """Whether whatever the output was linked to still takes it: one type in common is enough."""
    names = type_names(new)
    return type_names(old) <= names or not names.isdisjoint((ANY_TYPE, MATCH_TYPE))

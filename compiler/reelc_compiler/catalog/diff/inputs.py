"""What changed in a class's inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

from reelc_compiler.catalog.diff.change import Change, interval, listed, literal, type_of
from reelc_compiler.catalog.schema import (
    ANY_TYPE,
    AUTOGROW,
    DYNAMIC_COMBO,
    MATCH_TYPE,
    InputSchema,
    same_dialect,
    type_names,
)


class InputDiff:
    """Compares inputs, those that choices add too; what is the same under several choices is said once.

    Attributes:
        changes: what was found.
    """

    def __init__(self, class_type: str) -> None:
        self._class = class_type
        self._found: list[Change] = []
        self._harmless = False

    @property
    def changes(self) -> tuple[Change, ...]:
        """What was found, in the inputs' order."""
        merged: dict[Any, Change] = {}
        for one in self._found:
            key = one.path, one.kind, one.text
            same = merged.get(key)
            when = one.when if same is None else (*same.when, *one.when)
            merged[key] = Change(one.path, one.kind, one.old, one.new, one.breaking, one.text, when)
        return tuple(merged.values())

    def compare(
        self, old: Sequence[InputSchema], new: Sequence[InputSchema], prefix: str = "", when: tuple[str, ...] = ()
    ) -> None:
        """Compare the inputs of a class, or those that a choice adds.

        Args:
            prefix: of their names in a graph.
            when: the choice.
        """
        before = {item.name: item for item in old}
        now = {item.name: item for item in new}
        for name, item in now.items():
            if name in before:
                self._both(before[name], item, f"{prefix}{name}", when)
            else:
                self._added(item, f"{prefix}{name}", when)
        for name, item in before.items():
            if name not in now:
                text = "is gone: a value for it is ignored, a link may fail"
                self._say(f"{prefix}{name}", "input-removed", type_of(item), None, True, text, when)

    def _say(self, name: str, kind: str, old: Any, new: Any, breaking: bool, text: str, when: tuple[str, ...]) -> None:
        path = f"{self._class}.{name}"
        self._found.append(Change(path, kind, old, new, breaking and not self._harmless, text, when))

    def _added(self, item: InputSchema, name: str, when: tuple[str, ...]) -> None:
        default = f", default {literal(item.default)}" if item.has_default and item.default is not None else ""
        required = item.required and (item.autogrow is None or item.autogrow.minimum > 0)
        text = f"is new and {'required' if required else 'optional'}: {type_of(item)}{default}"
        self._say(name, "input-added", None, type_of(item), required, text, when)

    def _both(self, old: InputSchema, new: InputSchema, name: str, when: tuple[str, ...]) -> None:
        if old.required != new.required:
            kind = "required" if new.required else "optional"
            before = "optional" if new.required else "required"
            self._say(name, f"input-{kind}", before, kind, new.required, f"is {kind} now, and was {before}", when)
        self._type(old, new, name, when)
        self._links(old, new, name, when)
        self._range(old, new, name, when)
        self._choices(old, new, name, when)
        self._default(old, new, name, when)
        self._inside(old, new, name, when)

    # -- the facts -----------------------------------------------------------------------------

    def _type(self, old: InputSchema, new: InputSchema, name: str, when: tuple[str, ...]) -> None:
        if old.type != new.type:
            text = f"is {type_of(new)} now, and was {type_of(old)}"
            if new.options is not None:
                added = sorted({f"{name}.{i.name}" for inner in new.options.values() for i in inner})
                text += f"; its choices add inputs: {', '.join(added)}" if added else ""
            self._say(name, "type", old.type, new.type, not _wider(old, new), text, when)
        elif old.allowed != new.allowed:
            gone = sorted(set(old.allowed) - set(new.allowed))
            breaking = bool(gone) and ANY_TYPE not in new.allowed
            text = f"takes {type_of(new)} now, and took {type_of(old)}"
            self._say(name, "type", list(old.allowed), list(new.allowed), breaking, text, when)
        elif not same_dialect(old.dialect, new.dialect):
            text = f"takes a {new.type} of {new.dialect or 'ComfyUI'} now, and took one of {old.dialect or 'ComfyUI'}"
            self._say(name, "type", old.dialect, new.dialect, True, text, when)

    def _links(self, old: InputSchema, new: InputSchema, name: str, when: tuple[str, ...]) -> None:
        links = old.takes_link
        if old.type == new.type and links != new.takes_link:
            text = "takes no links any more" if links else "takes links now"
            self._say(name, "links", links, not links, links, text, when)
        if old.is_combo and new.is_combo and old.listed != new.listed:
            text = f"takes {'no links' if new.listed else 'links'} from COMBO outputs now"
            self._say(name, "links", not old.listed, not new.listed, new.listed, text, when)
        gone = sorted(t for t in old.links_from if not new.accepts(t))
        if gone:
            text = f"takes no links from {', '.join(gone)} outputs any more"
            self._say(name, "links", gone, [], True, text, when)

    def _range(self, old: InputSchema, new: InputSchema, name: str, when: tuple[str, ...]) -> None:
        if not (_numeric(old) and _numeric(new)):
            return
        if (old.min, old.max) != (new.min, new.max):
            narrower = _above(new.min, old.min) or _above(_minus(new.max), _minus(old.max))
            text = f"takes {interval(new)} now, and took {interval(old)}"
            self._say(name, "range", [old.min, old.max], [new.min, new.max], narrower, text, when)
        if old.step != new.step:
            text = f"has the step {literal(new.step)} now, and had {literal(old.step)}"
            self._say(name, "step", old.step, new.step, False, text, when)

    def _choices(self, old: InputSchema, new: InputSchema, name: str, when: tuple[str, ...]) -> None:
        before, now = _values(old), _values(new)
        if before is None or now is None:
            return
        if old.files != new.files:
            text = f"takes {_folder(new)} now, and took {_folder(old)}"
            self._say(name, "files", old.files, new.files, new.files is None or old.files is not None, text, when)
        # Files come and go, and are no choices of the class.
        gone = [] if new.files is not None and old.files is None else [c for c in before if not _has(now, c)]
        came = [c for c in now if not _has(before, c)]
        words = [f"no longer takes {listed(gone)}"] if gone else []
        words += [f"also takes {listed(came)}"] if came else []
        if words:
            self._say(name, "choices", gone, came, bool(gone), ", and ".join(words), when)
        if old.multiselect != new.multiselect:
            text = f"takes {'several values' if new.multiselect else 'one value'} now"
            self._say(name, "links", old.multiselect, new.multiselect, old.multiselect, text, when)

    def _default(self, old: InputSchema, new: InputSchema, name: str, when: tuple[str, ...]) -> None:
        before, now = _default_of(old), _default_of(new)
        # A long default is not kept: only that there is one is known.
        unknown = (before is _UNKNOWN and now is not None) or (now is _UNKNOWN and before is not None)
        if not unknown and not _same(before, now) and old.type == new.type:
            text = f"has {_shown(now)} now, and had {_shown(before)}"
            self._say(name, "default", _json(before), _json(now), False, text, when)

    # -- inputs inside -------------------------------------------------------------------------

    def _inside(self, old: InputSchema, new: InputSchema, name: str, when: tuple[str, ...]) -> None:
        if old.options is not None and new.options is not None:
            self._each(old.options, new.options, f"{name}.", name, when)
        if old.autogrow is not None and new.autogrow is not None:
            gone = [n for n in old.autogrow.names if n not in new.autogrow.names]
            came = [n for n in new.autogrow.names if n not in old.autogrow.names]
            more = new.autogrow.minimum > old.autogrow.minimum and new.autogrow.element.required
            if gone or came or old.autogrow.minimum != new.autogrow.minimum:
                ends = [f"{g.names[0]} to {g.names[-1]}, at least {g.minimum}" for g in (new.autogrow, old.autogrow)]
                text = f"has the slots {ends[0]} now, and had {ends[1]}"
                self._say(name, "slots", ends[1], ends[0], bool(gone) or more, text, when)
            self._both(old.autogrow.element, new.autogrow.element, f"{name}.*", when)
        # What a pack adds in the window is nothing that ComfyUI looks at.
        self._harmless = True
        self._each(old.widgets, new.widgets, "", name, when)
        self._harmless = False

    def _each(
        self,
        old: Mapping[str, Sequence[InputSchema]],
        new: Mapping[str, Sequence[InputSchema]],
        prefix: str,
        name: str,
        when: tuple[str, ...],
    ) -> None:
        for key, inner in new.items():
            if key in old:
                self.compare(old[key], inner, prefix, (*when, f"{name} = {literal(key)}"))


_UNKNOWN = object()


def _default_of(item: InputSchema) -> Any:
    """The default; None for no default."""
    if not item.has_default:
        return None
    long = item.default is None or (isinstance(item.default, str) and len(item.default) > 120)
    return _UNKNOWN if long else item.default


def _shown(default: Any) -> str:
    if default is None:
        return "no default"
    return "a long default" if default is _UNKNOWN else f"the default {literal(default)}"


def _json(default: Any) -> Any:
    return None if default is _UNKNOWN else default


def _same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _has(values: Sequence[Any], value: Any) -> bool:
    """As ComfyUI looks for a value among choices: 1 is 1.0, and true is 1."""
    return value in values


def _wider(old: InputSchema, new: InputSchema) -> bool:
    """Whether everything that went into an input still goes in after its type changed."""
    if new.type in (ANY_TYPE, MATCH_TYPE):
        return not old.takes_literal or new.takes_literal
    plain = not {old.type, new.type} & {DYNAMIC_COMBO, AUTOGROW, "COMBO", ANY_TYPE, MATCH_TYPE}
    return plain and type_names(old.type) <= type_names(new.type)


def _numeric(item: InputSchema) -> bool:
    return not type_names(item.type).isdisjoint(("INT", "FLOAT"))


def _values(item: InputSchema) -> tuple[Any, ...] | None:
    """A combo's fixed choices, or a dynamic combo's keys."""
    return tuple(item.options) if item.options is not None else item.choices


def _folder(item: InputSchema) -> str:
    if item.files is None:
        return "none but its choices"
    kind = "folders" if item.folders else "files"
    return f"{kind} of the {item.files} folder"


def _above(low: int | float | None, before: int | float | None) -> bool:
    return low is not None and (before is None or low > before)


def _minus(value: int | float | None) -> int | float | None:
    return None if value is None else -value

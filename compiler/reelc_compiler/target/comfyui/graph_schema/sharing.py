"""Definitions: each content once, under a name for people, and only where that makes the document smaller."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import field
from typing import Any
from urllib.parse import quote

from reelc_dsl.records import dataclass


def pointer(name: str) -> str:
    """The reference to a definition."""
    return "#/$defs/" + quote(name.replace("~", "~0").replace("/", "~1"), safe="~:@!$&'()*+,;=-._")


def size(value: Any) -> int:
    """How many bytes a value takes as the document writes it."""
    return len(json.dumps(value, separators=(",", ":")))


@dataclass(slots=True)
class _Content:
    """A schema that stands in some places."""

    schema: Mapping[str, Any]
    hints: Counter[str] = field(default_factory=Counter[str])
    places: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass(slots=True)
class Definitions:
    """The document's ``$defs`` while it is being made."""

    made: dict[str, Any] = field(default_factory=dict[str, Any])
    _contents: dict[str, _Content] = field(default_factory=dict[str, _Content])
    _named: dict[str, str] = field(default_factory=dict[str, str])

    def define(self, name: str, schema: Mapping[str, Any]) -> str:
        """Add a definition, unless it is there; the reference to it."""
        self.made.setdefault(name, schema)
        return pointer(name)

    def content(self, hint: str, schema: Mapping[str, Any]) -> str:
        """Add a definition unless one has this content; the reference to it.

        Args:
            hint: its name; when another content has it, a number is added.
        """
        key = json.dumps(schema)
        if key not in self._named:
            self._named[key] = self.define(self._free(hint), schema)
        return self._named[key]

    def share(self, hint: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """A place for a schema; ``settle`` writes it there, or a reference to a definition that many places share.

        Args:
            hint: a name for that definition; the one that most places give is taken.
        """
        place: dict[str, Any] = {}
        content = self._contents.setdefault(json.dumps(schema), _Content(schema))
        content.hints[hint] += 1
        content.places.append(place)
        return place

    def settle(self) -> None:
        """Fill the places. What they hold is final; nothing is shared afterwards."""
        for content in self._contents.values():
            name = self._free(content.hints.most_common(1)[0][0])
            long, short = size(content.schema), size({"$ref": pointer(name)})
            apart, together = len(content.places) * long, len(content.places) * short + long + len(name) + 4
            written = {"$ref": self.define(name, content.schema)} if together < apart else content.schema
            for place in content.places:
                place.update(written)
        self._contents.clear()

    def sorted(self) -> dict[str, Any]:
        """All of them, by name."""
        return {name: self.made[name] for name in sorted(self.made)}

    def _free(self, hint: str) -> str:
        name, number = hint, 2
        while name in self.made:
            name, number = f"{hint}-{number}", number + 1
        return name

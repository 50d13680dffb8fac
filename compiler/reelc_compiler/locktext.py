"""The text of ``reel.lock``: TOML with one value a line, so that a change reads well in a diff and under an editor."""

import re
from collections.abc import Mapping
from typing import Any, cast

from reelc_compiler.facts import Facts
from reelc_compiler.lock import Lock, LockedCatalog, LockedInput, LockedModel, LockedPack, LockedStages, Settings
from reelc_compiler.texts import toml_text

VERSION = 1
SHA256 = re.compile(r"[0-9a-f]{64}")
ALLOWED = ("yes", "limited", "no")

HEAD = f"""\
# Written by `reelc models lock`; keep it with the programs. `url` and `sha256` of a model may be edited:
# renewing keeps them. What is not known is left out.
version = {VERSION}
"""


class BadLock(Exception):
    """A text that is no lock; the message says what is wrong."""


# -- writing ---------------------------------------------------------------------------------


def write(lock: Lock) -> str:
    """The text of a lock: the same for the same lock."""
    blocks = [HEAD]
    for name, settings in sorted(lock.programs.items()):
        values: list[tuple[str, Any]] = [("pipeline", settings.pipeline), ("set", dict(settings.overrides) or None)]
        blocks.append(_table(f"programs.{toml_text(name)}", values))
    catalog = lock.catalog
    blocks.append(_table("catalog", [("name", catalog.name), ("comfyui", catalog.comfyui), ("sha256", catalog.sha256)]))
    blocks.append(_table("std", [("sha256", lock.std)]))
    for name, used in sorted(lock.stages.items()):
        values = [("package", used.package), ("version", used.version), ("sha256", used.sha256)]
        blocks.append(_table(f"stages.{toml_text(name)}", values))
    for name, pack in sorted(lock.packs.items()):
        blocks.append(_table(f"packs.{toml_text(name)}", [("repo", pack.repo), ("commit", pack.commit)]))
    for _, model in sorted(lock.models.items()):
        size = model.bytes
        values = [
            ("folder", model.folder),
            ("file", model.file),
            ("url", model.url),
            ("sha256", model.sha256),
            ("bytes", size),
            ("rounded", None if size is None or model.exact else True),
            ("licence", model.licence),
            ("commercial", model.commercial),
        ]
        blocks.append(_table("[models]", values))
    for path, item in sorted(lock.inputs.items()):
        blocks.append(_table(f"inputs.{toml_text(path)}", _input_values(item)))
    return "\n".join(blocks)


def _input_values(item: LockedInput) -> list[tuple[str, Any]]:
    facts = item.facts.to_json()
    plain = Facts(kind=item.facts.kind).to_json()
    # What is as it mostly is goes without saying.
    said = [(name, value) for name, value in facts.items() if name == "kind" or value != plain.get(name)]
    return [("sha256", item.sha256), ("bytes", item.bytes), *said]


def _table(name: str, values: list[tuple[str, Any]]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in values if value is not None), ""])


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case dict():
            pairs = sorted(cast(dict[str, str], value).items())
            return "{ " + ", ".join(f"{toml_text(k)} = {toml_text(v)}" for k, v in pairs) + " }"
        case _:
            return toml_text(value)


# -- reading ---------------------------------------------------------------------------------


def read(text: str) -> Lock:
    """The lock of a text.

    Raises:
        BadLock: it is none.
    """
    import tomllib

    try:
        value: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLock(f"it is not TOML: {error}") from None
    version = value.get("version")
    if version != VERSION:
        raise BadLock(f"its version is {version!r}, and this reelc reads version {VERSION}")
    catalog = _Reader("catalog", value.get("catalog"))
    models = [_locked_model(_Reader(f"models[{i}]", v)) for i, v in enumerate(_list("models", value))]
    return Lock(
        programs={name: _settings(r) for name, r in _tables("programs", value)},
        catalog=LockedCatalog(
            name=catalog.need("name", str), comfyui=catalog.need("comfyui", str), sha256=catalog.hash("sha256")
        ),
        std=_Reader("std", value.get("std")).hash("sha256"),
        packs={n: LockedPack(repo=r.get("repo", str), commit=r.get("commit", str)) for n, r in _tables("packs", value)},
        models={(m.folder, m.file): m for m in models},
        inputs={path: _locked_input(r) for path, r in _tables("inputs", value)},
        stages={name: _locked_stages(r) for name, r in _tables("stages", value)},
    )


class _Reader:
    """A table, with where it stands for what is said about it."""

    def __init__(self, name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise BadLock(f"`{name}` is missing or not a table")
        self.name = name
        self.value = cast(dict[str, Any], value)

    def get(self, key: str, kind: type[Any]) -> Any:
        """A value of its kind, or None when there is none."""
        found = self.value.get(key)
        if found is not None and type(found) is not kind:
            raise BadLock(f"`{self.name}.{key}` is not {_KINDS[kind]}")
        if kind is int and found is not None and found < 0:
            raise BadLock(f"`{self.name}.{key}` is negative")
        return found

    def need(self, key: str, kind: type[Any]) -> Any:
        """A value that must be there."""
        found = self.get(key, kind)
        if found is None:
            raise BadLock(f"`{self.name}.{key}` is missing")
        return found

    def hash(self, key: str, *, optional: bool = False) -> Any:
        """A SHA-256."""
        found = self.get(key, str) if optional else self.need(key, str)
        if found is not None and not SHA256.fullmatch(found):
            raise BadLock(f"`{self.name}.{key}` is no SHA-256: 64 digits from 0 to f")
        return found


_KINDS: dict[type[Any], str] = {str: "a text", int: "a number", bool: "true or false", dict: "a table"}


def _tables(name: str, value: Mapping[str, Any]) -> list[tuple[str, _Reader]]:
    if name not in value:
        return []
    return [(key, _Reader(f"{name}.{key}", entry)) for key, entry in _Reader(name, value[name]).value.items()]


def _list(name: str, value: Mapping[str, Any]) -> list[Any]:
    found = value.get(name, [])
    if not isinstance(found, list):
        raise BadLock(f"`{name}` is not a list of tables: write [[{name}]]")
    return cast(list[Any], found)


def _locked_stages(reader: _Reader) -> LockedStages:
    return LockedStages(
        package=reader.need("package", str), version=reader.need("version", str), sha256=reader.hash("sha256")
    )


def _settings(reader: _Reader) -> Settings:
    overrides: dict[str, Any] = reader.get("set", dict) or {}
    if not all(isinstance(text, str) for text in overrides.values()):
        raise BadLock(f"`{reader.name}.set` holds something that is not a text")
    return Settings(pipeline=reader.get("pipeline", str), overrides=overrides)


def _locked_model(reader: _Reader) -> LockedModel:
    size = reader.get("bytes", int)
    commercial = reader.get("commercial", str)
    if commercial not in (None, *ALLOWED):
        raise BadLock(f"`{reader.name}.commercial` is none of {', '.join(ALLOWED)}")
    return LockedModel(
        folder=reader.need("folder", str),
        file=reader.need("file", str),
        url=reader.get("url", str),
        sha256=reader.hash("sha256", optional=True),
        bytes=size,
        exact=size is not None and not reader.get("rounded", bool),
        licence=reader.get("licence", str),
        commercial=commercial,
    )


def _locked_input(reader: _Reader) -> LockedInput:
    kind = reader.need("kind", str)
    facts = Facts(kind=kind).to_json()
    for key in (*facts, "seconds", "seekable"):
        wanted = {"frames": int, "width": int, "height": int, "alpha": bool, "seekable": bool}.get(key, str)
        found = reader.get(key, wanted)
        if found is not None:
            facts[key] = found
    try:
        return LockedInput(sha256=reader.hash("sha256"), bytes=reader.need("bytes", int), facts=Facts.from_json(facts))
    except (ValueError, ZeroDivisionError):
        raise BadLock(
            f"`{reader.name}.fps` is no rate such as 24 or 24000/1001, or `seconds` is no number such as 7 or 3/2"
        ) from None
